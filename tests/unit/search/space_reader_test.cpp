#include "search/space/space_reader.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/error.h"

namespace cairn::search {

namespace {

DesignSpace space_of(const std::string& yaml) {
  Diagnostics diagnostics;
  const Node node = parse_yaml(yaml, "space.yaml", diagnostics);
  auto space = read_space(node, diagnostics);
  diagnostics.throw_if_any();
  REQUIRE(space);
  return std::move(*space);
}

std::vector<std::string> texts(const std::string& spec) {
  return space_of("knob: " + spec).knobs().at(0).texts;
}

/// `line:column: path: message` of every error.
std::vector<std::string> mistakes(const std::string& yaml) {
  Diagnostics diagnostics;
  const Node node = parse_yaml(yaml, "space.yaml", diagnostics);
  CAPTURE(yaml);
  CHECK_FALSE(read_space(node, diagnostics));
  std::vector<std::string> result;
  for (const Diagnostic& d : diagnostics.sorted()) {
    result.push_back(std::to_string(d.at.line) + ":" + std::to_string(d.at.column) + ": " + d.path +
                     ": " + d.message);
  }
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("ranges become finite lists") {
  CHECK(texts("{range: [4, 32], scale: powers_of_two}") == Texts{"4", "8", "16", "32"});
  CHECK(texts("{range: [3, 6]}") == Texts{"3", "4", "5", "6"});
  CHECK(texts("{range: [10, 40], step: 15}") == Texts{"10", "25", "40"});
}

TEST_CASE("ranges carry units") {
  CHECK(texts("{range: [16 KiB, 1 MiB], scale: powers_of_two}") ==
        Texts{"16 KiB", "32 KiB", "64 KiB", "128 KiB", "256 KiB", "512 KiB", "1 MiB"});
  CHECK(texts("{range: [0.6 V, 0.9 V], step: 0.1 V}") == Texts{"0.6 V", "0.7 V", "0.8 V", "0.9 V"});
  CHECK(texts("{range: [400 MHz, 800 MHz], step: 200 MHz}") ==
        Texts{"400 MHz", "600 MHz", "800 MHz"});
  CHECK(texts("{range: [1 ms, 3 ms], steps: 3}") == Texts{"1 ms", "2 ms", "3 ms"});
}

TEST_CASE("real ranges stay tidy: no trace of binary arithmetic") {
  CHECK(texts("{range: [0.1, 0.7], step: 0.1}") ==
        Texts{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"});
}

TEST_CASE("log ranges keep whole numbers whole") {
  CHECK(texts("{range: [1, 1000], scale: log, steps: 4}") == Texts{"1", "10", "100", "1000"});
  CHECK(texts("{range: [2, 20], scale: log, steps: 3}") == Texts{"2", "6", "20"});  // 6.32
  CHECK(texts("{range: [1.0, 4.0], scale: log, steps: 3}") == Texts{"1", "2", "4"});
}

TEST_CASE("a range of one value is one choice") {
  CHECK(texts("{range: [8, 8], scale: powers_of_two}") == Texts{"8"});
  CHECK(texts("{range: [8, 8]}") == Texts{"8"});
}

TEST_CASE("choices are any YAML") {
  CHECK(texts("{choices: [int8, int4/g128, {scheme: prune, pattern: \"2:4\"}, [1, 2]]}") ==
        Texts{"int8", "int4/g128", "{scheme: prune, pattern: 2:4}", "[1, 2]"});
}

TEST_CASE("no knobs are a space of one point") {
  CHECK((space_of("{}").size() == 1));
}

TEST_CASE("wrong ranges are errors at their place") {
  CHECK(mistakes("k: {range: [32, 4], scale: powers_of_two}") ==
        Texts{"1:13: space.k: the range is upside down: 32 is more than 4"});
  CHECK(mistakes("k: {range: [4, 33], step: 4}") ==
        Texts{"1:27: space.k: step 4 does not divide the range from 4 to 33"});
  CHECK(mistakes("k: {range: [4, 24], scale: powers_of_two}") ==
        Texts{"1:16: space.k: 24 is not a power of two"});
  CHECK(mistakes("k: {range: [4], scale: log, steps: 3}") ==
        Texts{"1:12: space.k: expected a list of two numbers, [from, to], found a list of 1"});
  CHECK(mistakes("k: {range: [4, few]}") ==
        Texts{"1:16: space.k: expected a number, with or without a unit, found 'few'"});
  CHECK(mistakes("k: {range: [4 KiB, 16 MHz], scale: powers_of_two}") ==
        Texts{"1:20: space.k: '4 KiB' and '16 MHz' have different units"});
  CHECK(mistakes("k: {range: [4, 8], step: 0}") ==
        Texts{"1:26: space.k: step must be more than 0, found 0"});
  CHECK(mistakes("k: {range: [0.5, 0.7]}") ==
        Texts{"1:12: space.k: a linear range of numbers that are not whole needs a step"});
  CHECK(mistakes("k: {range: [1, 4], scale: log, steps: 9}") ==
        Texts{"1:39: space.k: 9 steps from 1 to 4 give 1 twice"});
  CHECK(mistakes("k: {range: [0, 4], scale: log, steps: 3}") ==
        Texts{"1:13: space.k: a log range starts above 0"});
  CHECK(mistakes("k: {range: [0, 1000000]}") ==
        Texts{"1:12: space.k: 1000001 choices are too many"});
  CHECK(mistakes("k: {range: [1, 8], steps: 4}").size() == 1);  // 1, 3.33, ...
}

TEST_CASE("wrong knobs are errors, all at once") {
  CHECK(mistakes("a: {choices: []}\n"
                 "b: {choices: [1, 2, 1]}\n"
                 "c: {choices: [1 KiB, 1024 B]}\n"
                 "d: {choose: [1]}\n"
                 "e: {}\n"
                 "f: {choices: [1], range: [1, 2]}\n"
                 "g: {choices: [1], step: 2}\n"
                 "h: 12\n") == Texts{"1:14: space.a: a knob needs at least one choice",
                                     "2:21: space.b: choice '1' stands twice",
                                     "3:22: space.c: choices '1 KiB' and '1024 B' are the same",
                                     "4:5: space.d.choose: unknown key",
                                     "5:4: space.e: choices or range is missing",
                                     "6:4: space.f: choices and range exclude each other",
                                     "7:25: space.g: step belongs to a range, not to choices",
                                     "8:4: space.h: expected a map, found '12'"});
}

TEST_CASE("wrong conditions are errors") {
  CHECK(mistakes("a: {choices: [x, y]}\n"
                 "b: {choices: [1, 2], when: {aa: x}}\n"
                 "c: {choices: [1, 2], when: {a: z}}\n"
                 "d: {choices: [1, 2], when: {a: [x, x]}}\n"
                 "e: {choices: [1, 2], when: {a: []}}\n") ==
        Texts{"2:33: space.b.when: unknown knob 'aa'",
              "3:32: space.c.when.a: 'z' is no choice of 'a'",
              "4:36: space.d.when.a: 'x' stands twice",
              "5:32: space.e.when.a: an empty list: the knob never matters"});
  CHECK(mistakes("a: {choices: [1, 2], when: {c: 1}}\n"
                 "b: {choices: [1, 2], when: {a: 1}}\n"
                 "c: {choices: [1, 2], when: {b: 1}}\n") ==
        Texts{"1:1: space.a: the conditions go in a circle: a -> c -> b -> a"});
}

TEST_CASE("requirements are read and their mistakes placed inside the text") {
  const DesignSpace space = space_of(
      "rows: {choices: [4, 8]}\ncols: {choices: [4, 8]}\nrequire: [rows >= cols, \"rows <= 8\"]\n");
  CHECK((space.size() == 3));
  CHECK(mistakes("rows: {choices: [4, 8]}\nrequire: [rows >= 4, rows >= colls]\n") ==
        Texts{"2:30: space.require: unknown knob 'colls'"});
  CHECK(mistakes("rows: {choices: [4, 8]}\nrequire: [\"rows > 8\"]\n") ==
        Texts{"2:11: space.require: no combination of choices meets this"});
  CHECK(mistakes("rows: {choices: [4, 8]}\nrequire: rows > 8\n") ==
        Texts{"2:10: space.require: expected a list of comparisons, found 'rows > 8'"});
}

TEST_CASE("a space that cannot be numbered is refused") {
  std::string yaml;
  for (int i = 0; i < 129; ++i) {
    yaml += "k" + std::to_string(i) + ": {choices: [a, b]}\n";
  }
  const auto errors = mistakes(yaml);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].find("more than 2^128 points") != std::string::npos);
}

TEST_CASE("knobs are declared to the study reader in the order of the space") {
  const DesignSpace space =
      space_of("b: {choices: [1, 2]}\na: {range: [4, 8], scale: powers_of_two}\n");
  KnobBinder binder;
  declare_knobs(space, binder);
  CHECK(binder.names() == Texts{"b", "a"});
  CHECK(binder.find("a")->choices.size() == 2);
}

TEST_CASE("a choice that is a map with a name goes by its name") {
  const DesignSpace space =
      space_of("machine: {choices: [{name: small, rows: 4}, {name: large, rows: 8}, {rows: 2}]}\n");
  CHECK(space.knobs()[0].texts == Texts{"small", "large", "{rows: 2}"});
  CHECK(mistakes("machine: {choices: [{name: a, rows: 4}, {name: a, rows: 8}]}\n") ==
        Texts{"1:41: space.machine: choice 'a' stands twice"});
}

}  // namespace cairn::search
