#include "core/config/knobs.h"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "sample_spec.h"

namespace cairn {
namespace {

using test::ArraySpec;
using test::Sample;

/// A binder with one knob for every entry of `{name: [choices]}`.
KnobBinder binder_of(const std::string& text) {
  Diagnostics diagnostics;
  const Node space = parse_yaml(text, "space.yaml", diagnostics);
  diagnostics.throw_if_any();
  KnobBinder binder;
  for (const NodeEntry& entry : space.entries) {
    binder.declare(entry.key, entry.at, entry.value.items);
  }
  return binder;
}

std::string problems(const Diagnostics& diagnostics) {
  std::string result;
  for (const Diagnostic& d : diagnostics.sorted()) {
    result += d.at.file + ":" + std::to_string(d.at.line) + ":" + std::to_string(d.at.column) +
              " " + d.path + ": " + d.message + (d.hint.empty() ? "" : " (" + d.hint + ")") + "\n";
  }
  return result;
}

template <class T>
std::string read_with(const std::string& text, T& out, KnobBinder& binder) {
  Diagnostics diagnostics;
  const Node node = parse_yaml(text, "t.yaml", diagnostics);
  read(node, out, diagnostics, {.knobs = &binder, .path = ""});
  return problems(diagnostics);
}

TEST_CASE("a knob sets every member that names it, with typed values") {
  KnobBinder binder = binder_of("rows: [4, 8, 16]\nclock: [400 MHz, 1 GHz]\n");
  ArraySpec array;
  REQUIRE(read_with("rows: $rows\ncols: $rows\nclock: $clock\n", array, binder).empty());
  CHECK(array.rows == 4);
  CHECK(array.clock == Frequency{400e6});
  binder.set(0, 2);
  binder.set(1, 1);
  CHECK(array.rows == 16);
  CHECK(array.cols == 16);
  CHECK(array.clock == Frequency{1e9});
  CHECK(binder.unused().empty());
}

TEST_CASE("knobs stand inside lists, maps of names, optional values and kinds") {
  KnobBinder binder = binder_of(
      "c: [1 KiB, 2 KiB]\nb: [1 GB/s, ~]\nf: [weight_stationary, output_stationary]\n"
      "d: [{kind: core, threads: 1}, {kind: systolic_array, rows: 2, cols: 2, "
      "clock: 1 GHz}]\nw: [[0.5], [0.25, 1]]\nn: ['$quoted']\n");
  Sample sample;
  REQUIRE(read_with("caches: [{capacity: 1 B}, {capacity: $c, bandwidth: $b}]\n"
                    "memories: {m: {capacity: $c}}\n"
                    "devices: {a: {kind: systolic_array, rows: 1, cols: 1, clock: 1 GHz, "
                    "dataflow: $f}, z: $d}\nweights: $w\nname: $n\n",
                    sample, binder)
              .empty());
  CHECK(sample.caches[1].bandwidth == Bandwidth{8e9});
  CHECK(sample.name == "$quoted");
  for (std::size_t i = 0; i < 5; ++i) {
    binder.set(i, 1);
  }
  CHECK(sample.caches[1].capacity == bytes(2048));
  CHECK(!sample.caches[1].bandwidth);
  CHECK(sample.memories.at("m").capacity == bytes(2048));
  CHECK(std::get<ArraySpec>(sample.devices.at("a")).dataflow == test::Dataflow::output_stationary);
  CHECK(std::get<ArraySpec>(sample.devices.at("z")).rows == 2);
  CHECK(sample.weights == std::vector<double>{0.25, 1.0});
}

TEST_CASE("an unknown knob suggests the nearest") {
  KnobBinder binder = binder_of("rows: [4, 8]\n");
  ArraySpec array;
  CHECK(read_with("rows: $rowz\ncols: 1\nclock: 1 GHz\n", array, binder) ==
        "t.yaml:1:7 rows: unknown knob '$rowz' (did you mean '$rows'?)\n");
  CHECK(binder.unused() == std::vector<std::string>{"rows"});
}

TEST_CASE("a choice that does not fit is an error at the choice") {
  KnobBinder binder = binder_of("rows: [4, 0, eight]\n");
  ArraySpec array;
  CHECK(read_with("rows: $rows\ncols: 1\nclock: 1 GHz\n", array, binder) ==
        "space.yaml:1:11 rows: 0 is out of range (from 1 to 65536)\n"
        "space.yaml:1:14 rows: expected a whole number, found 'eight'\n");
  CHECK(binder.unused().empty());
}

TEST_CASE("a knob without a space is an error") {
  Diagnostics diagnostics;
  ArraySpec array;
  read(parse_yaml("rows: $rows\ncols: 1\nclock: 1 GHz\n", "t.yaml", diagnostics), array,
       diagnostics);
  CHECK(problems(diagnostics) ==
        "t.yaml:1:7 rows: knob '$rows' in a file without a space of knobs (only a study has "
        "knobs; put quotes around a text that starts with '$')\n");
}

TEST_CASE("a knob inside a choice is an error") {
  KnobBinder binder = binder_of("d: [{kind: core, threads: $t}]\nt: [1]\n");
  Sample sample;
  CHECK(read_with("devices: {a: $d}\n", sample, binder) ==
        "space.yaml:1:27 devices.a.threads: knob '$t' inside a choice of another knob\n");
}

TEST_CASE("a knob is declared once and has choices") {
  KnobBinder binder = binder_of("a: [1]\n");
  CHECK_THROWS_AS(binder.declare("a", {}, {Node{}}), InternalError);
  CHECK_THROWS_AS(binder.declare("b", {}, {}), InternalError);
  CHECK(binder.names() == std::vector<std::string>{"a"});
  CHECK(binder.find("a")->choices.size() == 1);
  CHECK(binder.find("b") == nullptr);
}

TEST_CASE("setting a knob costs nanoseconds", "[.][bench]") {
  KnobBinder binder = binder_of("rows: [4, 8, 16, 32]\n");
  ArraySpec array;
  REQUIRE(read_with("rows: $rows\ncols: 1\nclock: 1 GHz\n", array, binder).empty());
  constexpr int kTimes = 10'000'000;
  std::int64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) {
    binder.set(0, static_cast<std::size_t>(i) % 4);
    sum += array.rows;
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  CHECK(sum == std::int64_t{15} * kTimes);
  WARN("one setter: " << time.count() / kTimes << " ns");
}

}  // namespace
}  // namespace cairn
