#include "core/config/writer.h"

#include <cmath>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/hash.h"
#include "core/random.h"
#include "sample_spec.h"

namespace cairn {
namespace {

using test::Sample;

std::string random_text(Rng& rng) {
  const std::vector<std::string> pieces{"a",  "B1", " ", ":", ": ", " #", "'",    "\"",   "\\",
                                        "\n", "\t", "$", "-", "é",  "日", "[",    "]",    "{",
                                        "}",  ",",  "~", "&", "*",  "!",  "%",    "@",    "`",
                                        "?",  "|",  ">", "x", "0",  "\r", "\x01", "null", "---"};
  std::string result;
  const std::int64_t count = rng.uniform_int(0, 6);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto piece =
        static_cast<std::size_t>(rng.uniform_int(0, static_cast<std::int64_t>(pieces.size()) - 1));
    result += pieces[piece];
  }
  return result;
}

test::MemorySpec random_memory(Rng& rng) {
  test::MemorySpec memory;
  memory.capacity = Bits{rng.uniform_int(1, 1'000'000'000'000)};
  if (rng.uniform01() < 0.5) {
    memory.bandwidth = Bandwidth{std::pow(10.0, 12.0 * rng.uniform01())};
  }
  return memory;
}

Sample random_sample(Rng& rng) {
  Sample sample;
  sample.enabled = rng.uniform01() < 0.5;
  sample.small = static_cast<int>(rng.uniform_int(-2147483648LL, 2147483647LL));
  sample.seed = rng();
  sample.factor = std::pow(10.0, 40.0 * rng.uniform01() - 20.0);
  sample.name = random_text(rng);
  sample.file = rng.uniform01() < 0.5 ? "a b/c.yaml" : "/x/y.csv";
  sample.grid = {static_cast<int>(rng.uniform_int(0, 9)), static_cast<int>(rng.uniform_int(0, 9))};
  if (rng.uniform01() < 0.5) {
    sample.limit = rng.uniform_int(0, 10);
  }
  for (std::int64_t i = rng.uniform_int(0, 3); i > 0; --i) {
    sample.weights.push_back(rng.uniform01());
    sample.caches.push_back(random_memory(rng));
    sample.notes.push_back(random_text(rng));
    sample.memories.add("m" + std::to_string(i) + random_text(rng), random_memory(rng));
    test::ArraySpec array;
    array.rows = 2 * rng.uniform_int(1, 30);
    array.cols = 3;
    array.clock = Frequency{1e3 + 9e9 * rng.uniform01()};
    array.dataflow = test::Dataflow::output_stationary;
    sample.devices.add("d" + std::to_string(i), array);
    sample.devices.add("e" + std::to_string(i), test::CoreSpec{7});
  }
  return sample;
}

TEST_CASE("what is written reads back to an equal struct") {
  Rng rng{42};
  for (int i = 0; i < 500; ++i) {
    const Sample sample = random_sample(rng);
    const Node node = to_node(sample);
    Diagnostics diagnostics;
    Sample from_node;
    read(node, from_node, diagnostics);
    const std::string text = write_yaml(node);
    INFO(text);
    Sample from_text;
    const Node parsed = parse_yaml(text, "", diagnostics);
    read(parsed, from_text, diagnostics);
    diagnostics.throw_if_any();
    CHECK(parsed == node);
    CHECK(from_node == sample);
    CHECK(from_text == sample);
    CHECK(stable_hash(from_text) == stable_hash(sample));
    CHECK(stable_hash(random_sample(rng)) != stable_hash(sample));
  }
}

TEST_CASE("defaults are written, an empty optional field is not") {
  CHECK(write_yaml(to_node(test::MemorySpec{bytes(1024), {}})) == "capacity: 1 KiB\n");
  test::ArraySpec array;
  array.rows = 4;
  array.cols = 2;
  array.clock = Frequency{1e9};
  CHECK(write_yaml(to_node(array)) ==
        "kind: systolic_array\nrows: 4\ncols: 2\nclock: 1 GHz\ndataflow: weight_stationary\n");
}

TEST_CASE("file names can be written relative to a folder") {
  const std::filesystem::path file{"configs/models/a.yaml"};
  CHECK(to_node(file).scalar == "configs/models/a.yaml");
  CHECK(to_node(file, {.folder = "configs/studies"}).scalar == "../models/a.yaml");
}

}  // namespace
}  // namespace cairn
