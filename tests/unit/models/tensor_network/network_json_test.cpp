// Do networks in JSON read as they are written, and does each mistake name its place and path?
#include "models/tensor_network/network_json.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn::models {
namespace {

std::string complaint(const std::string& text) {
  try {
    static_cast<void>(parse_networks(text, "n.json"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("one network is read, whatever else the file says") {
  const NetworkFile file = parse_networks(
      R"({"name": "tiny", "peers": {"other": [1, {"x": null}]}, "terms": [["a","r1"],["r1","a"],[]],
          "output": [], "sizes": {"a": 3, "r1": 4, "unused": 5}})",
      "n.json");
  CHECK_FALSE(file.list);
  REQUIRE(file.networks.size() == 1);
  CHECK(file.networks[0].name == "tiny");
  CHECK(file.networks[0].indices == std::vector<TensorIndex>{{"a", 3}, {"r1", 4}});
  CHECK(file.networks[0].terms == std::vector<TensorIndices>{{0, 1}, {1, 0}, {}});
  CHECK(file.networks[0].output.empty());
}

TEST_CASE("a list keeps its order, and a list of one is a list") {
  const std::string one = R"({"terms": [["a"]], "output": ["a"], "sizes": {"a": 2}})";
  CHECK(parse_networks("[" + one + "]", "n.json").list);
  CHECK(parse_networks("[" + one + "," + one + "]", "n.json").networks.size() == 2);
  CHECK(parse_networks("[]", "n.json").networks.empty());
}

TEST_CASE("names with escapes are the characters that they stand for") {
  const NetworkFile file = parse_networks(
      R"([{"terms": [["\u03b1","a\"b"]], "output": ["α"], "sizes": {"α": 2, "a\"b": 3}}])", "n");
  CHECK(file.networks[0].indices == std::vector<TensorIndex>{{"α", 2}, {"a\"b", 3}});
}

TEST_CASE("mistakes in JSON networks have line, column and path") {
  CHECK(
      complaint("[\n  {\"terms\": [[\"a\"]], \"output\": [\"b\"],\n   \"sizes\": {\"a\": 2}}\n]") ==
      "n.json:2:33: error: [0].output[0]: output index 'b' stands in no term\n"
      "    {\"terms\": [[\"a\"]], \"output\": [\"b\"],\n"
      "                                  ^\n  hint: one of: a");
  CHECK(complaint(R"({"terms": [["a","b","c"]], "output": [], "sizes": {"b": 2}})")
            .find("error: sizes: indices a, c have no size") != std::string::npos);
  CHECK(complaint(R"({"terms": [["a"]], "output": [], "sizes": {"a": 2, "a": 3}})")
            .find("n.json:1:57: error: sizes.a: the size is 3 here and 2 before") == 0);
  CHECK(complaint(R"({"terms": [["a"]], "output": ["a", "a"], "sizes": {"a": 2}})")
            .find("output[1]: output index 'a' stands twice") != std::string::npos);
  CHECK(complaint(R"({"terms": [["a"]], "output": [], "sizes": {"a": 2.5}})")
            .find("sizes.a: expected a whole number from 1") != std::string::npos);
  CHECK(complaint(R"({"terms": ["ab"], "output": [], "sizes": {}})")
            .find("terms[0]: expected a list of indices, found the text \"ab\"") !=
        std::string::npos);
  CHECK(complaint(R"({"terms": [["a", 3]], "output": [], "sizes": {"a": 2}})")
            .find("terms[0][1]: expected the name of an index, found 3") != std::string::npos);
  CHECK(complaint(R"({"terms": [["a"]], "outputs": [], "sizes": {"a": 2}})")
            .find("'output' is missing\n") != std::string::npos);
  CHECK(complaint(R"({"terms": [["a"]], "outputs": [], "sizes": {"a": 2}})")
            .find("hint: is 'outputs' meant to be 'output'?") != std::string::npos);
  CHECK(complaint(R"({"terms": [], "output": [], "sizes": {}})")
            .find("terms: a network needs a term") != std::string::npos);
  CHECK(complaint("[3]").find("n.json:1:2: error: [0]: expected a network, found 3") == 0);
  CHECK(complaint("{\"terms\": [[\"a\"],\n}").find("n.json:2:1: error: not valid JSON here") == 0);
  CHECK(complaint(std::string(5000, '[') + std::string(5000, ']')).find("nested deeper than 200") !=
        std::string::npos);
}

}  // namespace
}  // namespace cairn::models
