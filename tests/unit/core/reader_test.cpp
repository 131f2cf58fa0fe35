#include "core/config/reader.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "sample_spec.h"

namespace cairn {
namespace {

using test::ArraySpec;
using test::Sample;

/// All messages, one a line: `line:column path: message (hint)`.
template <class T>
std::string problems_of(const std::string& text, const ReadOptions& options = {}) {
  Diagnostics diagnostics;
  T value;
  read(parse_yaml(text, "t.yaml", diagnostics), value, diagnostics, options);
  std::string result;
  for (const Diagnostic& d : diagnostics.sorted()) {
    result += std::to_string(d.at.line) + ":" + std::to_string(d.at.column) + " " + d.path + ": " +
              d.message + (d.hint.empty() ? "" : " (" + d.hint + ")") + "\n";
  }
  return result;
}

template <class T>
T good(const std::string& text) {
  Diagnostics diagnostics;
  T value;
  read(parse_yaml(text, "dir/t.yaml", diagnostics), value, diagnostics);
  diagnostics.throw_if_any();
  return value;
}

TEST_CASE("a map is read into a struct") {
  const auto array = good<ArraySpec>("rows: 16\ncols: 8\nclock: 800 MHz\n");
  CHECK(array.rows == 16);
  CHECK(array.cols == 8);
  CHECK(array.clock == Frequency{800e6});
  CHECK(array.dataflow == test::Dataflow::weight_stationary);
}

TEST_CASE("every type of member is read") {
  const auto sample = good<Sample>(R"(
enabled: true
small: -3
seed: 18446744073709551615
factor: 2.5e-1
name: 123
file: sub/../other.yaml
grid: 3x4
limit: 10
weights: [0, 0.5, 1]
caches: [{capacity: 1 KiB}, {capacity: 2 KiB, bandwidth: 1 GB/s}]
memories: {dram: {capacity: 8 GiB}, sram: {capacity: 64 KiB}}
devices: {a: {kind: systolic_array, rows: 4, cols: 4, clock: 1 GHz}, b: {kind: core, threads: 2}}
notes: ['$not a knob', plain]
)");
  CHECK(sample.enabled);
  CHECK(sample.small == -3);
  CHECK(sample.seed == 18446744073709551615U);
  CHECK(sample.factor == 0.25);
  CHECK(sample.name == "123");
  CHECK(sample.file == "dir/other.yaml");
  CHECK(sample.grid == test::Grid{3, 4});
  CHECK(sample.limit == 10);
  CHECK(sample.weights == std::vector<double>{0.0, 0.5, 1.0});
  REQUIRE(sample.caches.size() == 2);
  CHECK(!sample.caches[0].bandwidth);
  CHECK(sample.caches[1].bandwidth == Bandwidth{8e9});
  CHECK(sample.memories.names() == std::vector<std::string>{"dram", "sram"});
  CHECK(sample.memories.at("sram").capacity == bytes(64 * 1024));
  CHECK(sample.memories.find("rom") == nullptr);
  REQUIRE(sample.devices.size() == 2);
  CHECK(std::get<test::CoreSpec>(sample.devices.at("b")).threads == 2);
  CHECK(sample.notes == std::vector<std::string>{"$not a knob", "plain"});
}

TEST_CASE("null empties an optional field and is an error elsewhere") {
  CHECK(!good<Sample>("limit: ~\n").limit);
  CHECK(problems_of<Sample>("small:\nname: x\n") ==
        "1:1 small: expected a whole number, found nothing\n");
}

TEST_CASE("an unknown key names the nearest one, which is then not missing as well") {
  CHECK(problems_of<ArraySpec>("row: 16\ncols: 8\nclock: 800 MHz\n") ==
        "1:1 row: unknown key (did you mean 'rows'?)\n");
  CHECK(problems_of<ArraySpec>("rows: 16\ncols: 8\nclock: 1 GHz\ncolls: 8\n") ==
        "4:1 colls: unknown key (did you mean 'cols'?)\n");
  CHECK(problems_of<ArraySpec>("rows: 16\ncols: 8\nclock: 1 GHz\nbananas: 8\n") ==
        "4:1 bananas: unknown key (one of: kind, rows, cols, clock, dataflow)\n");
}

TEST_CASE("missing keys are reported at their map, with what they mean") {
  CHECK(problems_of<Sample>("caches: [{bandwidth: 1 GB/s}]\n") ==
        "1:10 caches[0].capacity: key is missing (what it holds)\n");
  CHECK(problems_of<ArraySpec>("cols: 1\n") ==
        "1:1 rows: key is missing (number of PE rows)\n"
        "1:1 clock: key is missing (array clock)\n");
}

TEST_CASE("all mistakes of a file are reported at once, in its order") {
  CHECK(problems_of<ArraySpec>("rows: many\nclock: 800\ncols: 256 KB\ndataflow: [x]\n") ==
        "1:7 rows: expected a whole number, found 'many'\n"
        "2:8 clock: unit is missing (one of: Hz, kHz, MHz, GHz)\n"
        "3:7 cols: expected a whole number, found '256 KB'\n"
        "4:11 dataflow: expected one of: weight_stationary, output_stationary, found a list\n");
}

TEST_CASE("the kind of a node must fit") {
  CHECK(problems_of<Sample>("caches: {a: 1}\n") == "1:9 caches: expected a list, found a map\n");
  CHECK(problems_of<Sample>("weights: 1\n") == "1:10 weights: expected a list, found '1'\n");
  CHECK(problems_of<Sample>("memories: [1]\n") ==
        "1:11 memories: expected a map of names, found a list\n");
  CHECK(problems_of<Sample>("memories: {a: 5}\n") ==
        "1:15 memories.a: expected a map, found '5'\n");
  CHECK(problems_of<Sample>("- 1\n") == "1:1 : expected a map, found a list\n");
  CHECK(problems_of<Sample>("name: {}\n") == "1:7 name: expected a text, found a map\n");
  CHECK(problems_of<Sample>("devices: {a: 1}\n") ==
        "1:14 devices.a: expected a map with a key 'kind', found '1'\n");
}

TEST_CASE("values of the wrong form are refused") {
  CHECK(problems_of<Sample>("enabled: yes\n") ==
        "1:10 enabled: expected true or false, found 'yes'\n");
  CHECK(problems_of<Sample>("small: 1.5\n") == "1:8 small: expected a whole number, found '1.5'\n");
  CHECK(problems_of<Sample>("small: 2147483648\n") ==
        "1:8 small: 2147483648 is out of range (from -2147483648 to 2147483647)\n");
  CHECK(problems_of<Sample>("factor: .inf\n") == "1:9 factor: expected a number, found '.inf'\n");
  CHECK(problems_of<Sample>("grid: 34\n") ==
        "1:7 grid: '34' is not a grid: the x is missing (3x4, with one digit each)\n");
  CHECK(problems_of<Sample>("grid: 10x4\n") ==
        "1:7 grid: '10x4' is not a grid (3x4, with one digit each)\n");
  CHECK(problems_of<Sample>("seed: -1\n") ==
        "1:7 seed: -1 is out of range (from 0 to 18446744073709551615)\n");
}

TEST_CASE("an unknown name of an enum suggests the nearest") {
  CHECK(problems_of<ArraySpec>("rows: 1\ncols: 1\nclock: 1 MHz\ndataflow: weight_stationery\n") ==
        "4:11 dataflow: unknown value 'weight_stationery' (did you mean 'weight_stationary'?)\n");
  CHECK(problems_of<ArraySpec>("rows: 1\ncols: 1\nclock: 1 MHz\ndataflow: row\n") ==
        "4:11 dataflow: unknown value 'row' (one of: weight_stationary, output_stationary)\n");
}

TEST_CASE("ranges hold at their ends and not beyond") {
  const auto with_rows = [](const std::string& rows) {
    return problems_of<ArraySpec>("rows: " + rows + "\ncols: 1\nclock: 1 kHz\n");
  };
  CHECK(with_rows("1").empty());
  CHECK(with_rows("65536").empty());
  CHECK(with_rows("0") == "1:7 rows: 0 is out of range (from 1 to 65536)\n");
  CHECK(with_rows("65537") == "1:7 rows: 65537 is out of range (from 1 to 65536)\n");
  CHECK(problems_of<ArraySpec>("rows: 1\ncols: 0\nclock: 10 GHz\n") ==
        "2:7 cols: 0 is out of range (more than 0)\n");
  CHECK(problems_of<ArraySpec>("rows: 1\ncols: 1\nclock: 10.1 GHz\n") ==
        "3:8 clock: 10.1 GHz is out of range (from 1 kHz to 10 GHz)\n");
  CHECK(problems_of<Sample>("factor: -1\n") == "1:9 factor: -1 is out of range (at least 0)\n");
  CHECK(problems_of<Sample>("weights: [0.5, 2]\n") ==
        "1:16 weights[1]: 2 is out of range (from 0 to 1)\n");
  CHECK(problems_of<Sample>("limit: 11\n") == "1:8 limit: 11 is out of range (from 0 to 10)\n");
  CHECK(problems_of<Sample>("caches: [{capacity: 0 B}]\n") ==
        "1:21 caches[0].capacity: 0 B is out of range (more than 0)\n");
}

TEST_CASE("a kind chooses the struct") {
  CHECK(problems_of<Sample>("devices: {a: {rows: 4}}\n") ==
        "1:14 devices.a.kind: key is missing (one of: systolic_array, core)\n");
  CHECK(problems_of<Sample>("devices: {a: {kind: systolic_aray}}\n") ==
        "1:21 devices.a.kind: unknown kind 'systolic_aray' (did you mean 'systolic_array'?)\n");
  CHECK(problems_of<Sample>("devices: {a: {kind: [core]}}\n") ==
        "1:21 devices.a.kind: expected one of: systolic_array, core, found a list\n");
  CHECK(problems_of<Sample>("devices: {a: {kind: core, rows: 4}}\n") ==
        "1:14 devices.a.threads: key is missing (hardware threads)\n"
        "1:27 devices.a.rows: unknown key (one of: kind, threads)\n");
  CHECK(problems_of<ArraySpec>("kind: core\nrows: 1\ncols: 1\nclock: 1 GHz\n") ==
        "1:7 kind: expected 'systolic_array', found 'core'\n");
}

TEST_CASE("a mistake of the whole struct stands at the field that it names") {
  CHECK(problems_of<ArraySpec>("cols: 4\nrows: 13\nclock: 1 GHz\n") ==
        "2:7 rows: thirteen rows do not divide anything (take 12)\n");
  CHECK(problems_of<Sample>("devices:\n  a: {kind: systolic_array, rows: 100, cols: 1, "
                            "clock: 1 GHz}\n") == "2:6 devices.a: far too tall\n");
}

TEST_CASE("the whole struct is not checked after a mistake inside") {
  CHECK(problems_of<ArraySpec>("cols: x\nrows: 13\nclock: 1 GHz\n") ==
        "1:7 cols: expected a whole number, found 'x'\n");
}

TEST_CASE("what is missing because a part was refused is not reported again") {
  CHECK(problems_of<ArraySpec>("x: &x {rows: 1}\n<<: *x\n") ==
        "1:1 x: unknown key (one of: kind, rows, cols, clock, dataflow)\n"
        "2:1 <<: merge key '<<' is not supported (use 'extends: FILE', or write the keys out)\n");
  CHECK(problems_of<ArraySpec>("a: b: c\n") ==
        "1:5 : not valid YAML: illegal map value (a text with ': ' needs quotes; a key must be "
        "indented as its siblings)\n");
}

TEST_CASE("a path can be put before all messages") {
  ReadOptions options;
  options.path = "system.devices.array";
  CHECK(problems_of<ArraySpec>("rows: 1\ncols: 1\n", options) ==
        "1:1 system.devices.array.clock: key is missing (array clock)\n");
}

TEST_CASE("a file name is relative to the file that says it unless it is absolute") {
  CHECK(good<Sample>("file: ../x.yaml\n").file == "x.yaml");
  CHECK(good<Sample>("file: /abs/x.yaml\n").file == "/abs/x.yaml");
}

struct Raw {
  Node anything;
  std::vector<bool> flags;
  template <class Archive>
  void fields(Archive& a) {
    a("anything", anything, "kept as it is");
    a("flags", flags, "switches", kOptional);
  }
};

TEST_CASE("a node can be kept as it is, and a list may be of switches") {
  const auto raw = good<Raw>("anything: {a: [1, $b]}\nflags: [true, false]\n");
  CHECK(raw.anything.find("a")->items[1].scalar == "$b");
  CHECK(raw.flags == std::vector<bool>{true, false});
}

}  // namespace
}  // namespace cairn
