// Does `cairn contract` answer what it is asked, in numbers that hold, and refuse what is wrong?
#include "app/contract_command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/contraction_answer.h"
#include "core/error.h"
#include "core/text/utf8.h"
#include "models/tensor_network/contraction_order.h"

namespace cairn::app {
namespace {

using Json = nlohmann::json;

ContractOptions einsum(const std::string& text, const std::string& sizes) {
  ContractOptions options;
  options.network = text;
  options.sizes = {sizes};
  return options;
}

ContractionAnswer answer_to(const ContractOptions& options) {
  const ContractionAnswers result = contraction_answers(options);
  REQUIRE(result.answers.size() == 1);
  return result.answers[0];
}

Json json_of(const ContractionAnswer& answer, bool explain = false) {
  return Json::parse(contraction_json(answer, explain));
}

std::string complaint(const ContractOptions& options) {
  try {
    static_cast<void>(contraction_answers(options));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("the answer to a chain of products is the one found by hand") {
  // ab with bc first: 64*2*64 = 8192, then 64*64*2 more. bc with cd first: 2*64*2 = 256 and then
  // ab with bd: 64*2*2 = 256.
  const Json json = json_of(answer_to(einsum("ab,bc,cd->ad", "a=64,b=2,c=64,d=2")), true);
  CHECK(json["path"] == Json::parse("[[1, 2], [0, 1]]"));
  CHECK(json["multiplications"] == 512);
  CHECK(json["largest_intermediate"] == 128);
  CHECK(json["write"] == 4 + 128);
  // All terms 128 + 128 + 128 and the first result of 4.
  CHECK(json["peak"] == 388);
  CHECK(json["optimal"] == true);
  CHECK(json["gap"] == 0);
  CHECK(json["seconds"].get<double>() > 0);
  CHECK(json["name"] == "ab,bc,cd->ad");
  CHECK_FALSE(json.contains("sliced"));
  REQUIRE(json["steps"].size() == 2);
  CHECK(json["steps"][0]["k"] == 64);
  CHECK(json["steps"][0]["multiplications"] == 256);
  CHECK(json["steps"][1]["shape"] == Json::parse("[64, 2]"));
}

TEST_CASE("both paths of an answer are the same order") {
  const ContractionAnswer answer =
      answer_to(einsum("ab,bc,cd,de,ef,fg->ag", "a=3,b=4,c=5,d=6,e=2,f=7,g=8"));
  const Json json = json_of(answer);
  models::LinearPath path;
  for (const Json& pair : json["path"]) {
    path.emplace_back(pair[0], pair[1]);
  }
  const models::ContractionOrder order = models::order_of(path, 6);
  REQUIRE(order.size() == json["ssa_path"].size());
  for (std::size_t s = 0; s < order.size(); ++s) {
    const std::int32_t first = json["ssa_path"][s][0];
    const std::int32_t second = json["ssa_path"][s][1];
    CHECK(std::min(first, second) == std::min(order[s].first, order[s].second));
    CHECK(std::max(first, second) == std::max(order[s].first, order[s].second));
  }
}

TEST_CASE("sums and traces of single terms are listed and cost nothing") {
  const Json json = json_of(answer_to(einsum("abbc,cd->bd", "a=9,b=2,c=3,d=5")), true);
  CHECK(json["multiplications"] == 2 * 3 * 5);
  CHECK(json["unary"] == Json::parse(
                             R"([{"term": 0, "einsum": "abbc->bc", "diagonals": ["b"],
                                  "sums": ["a"]}])"));
  CHECK(json["steps"][0]["batch"] == 1);
  CHECK(json["steps"][0]["k"] == 3);
  CHECK(json["steps"][0]["m"].get<int>() * json["steps"][0]["n"].get<int>() == 10);
  const Json trace = json_of(answer_to(einsum("aa->", "a=9")), true);
  CHECK(trace["path"] == Json::parse("[[0]]"));
  CHECK(trace["multiplications"] == 0);
  CHECK(trace["unary"][0]["diagonals"] == Json::parse(R"(["a"])"));
}

TEST_CASE("the sum over the explained steps is the answer's multiplications") {
  const ContractionAnswer answer =
      answer_to(einsum("bqa,bka,bkd,do->bqo", "a=4,b=3,d=6,k=7,o=8,q=5"));
  double sum = 0;
  for (const ExplainedStep& step : explained_steps(answer)) {
    CHECK(step.batch * step.m * step.n * step.k == step.multiplications);
    sum += step.multiplications;
  }
  CHECK(std::to_string(static_cast<std::int64_t>(sum)) == answer.multiplications);
}

TEST_CASE("multiplications beyond 64 bits stay whole in JSON") {
  const ContractionAnswer answer = answer_to(einsum("ab,bc->ac", "a=4294967296,b=4294967296,c=3"));
  CHECK(contraction_json(answer, false).find("\"multiplications\": 55340232221128654848,") !=
        std::string::npos);
}

TEST_CASE("a memory limit is kept by slices, and their result is that of the whole") {
  ContractOptions options = einsum("ab,bc,cd,de->ae", "a=8,b=8,c=8,d=8,e=8");
  options.verify = true;
  const Json whole = json_of(answer_to(options));
  // Four terms of 64 and a result of 64 elements of 4 bytes.
  CHECK(whole["peak"] == 320);
  options.max_memory = "1280 B";
  CHECK(json_of(answer_to(options))["slices"] == 1);
  CHECK(json_of(answer_to(options))["overhead"] == 1);
  for (const double bytes : {1279.0, 1000.0, 300.0, 100.0, 20.0}) {
    options.max_memory = std::to_string(static_cast<int>(bytes)) + " B";
    CAPTURE(bytes);
    const ContractionAnswer answer = answer_to(options);
    const Json json = json_of(answer);
    CHECK(answer.cost.peak * 4 <= bytes);
    CHECK(json["peak_bytes"] == answer.cost.peak * 4);
    CHECK(json["slices"] > 1);
    CHECK(json["overhead"].get<double>() ==
          Approx(json["multiplications"].get<double>() / whole["multiplications"].get<double>()));
    CHECK(json["optimal"] == (json["overhead"] == 1));
    REQUIRE(answer.verification);
    REQUIRE(answer.verification->difference);
    CHECK(*answer.verification->difference < 1e-12);
  }
}

TEST_CASE("a limit that no slice keeps is an answer, not an error") {
  ContractOptions options = einsum("ab,bc,cd->ad", "a=32,b=32,c=32,d=32");
  options.max_memory = "15 B";  // three numbers; three terms and a result are held at once
  const ContractionAnswer answer = answer_to(options);
  CHECK_FALSE(answer.refusal.empty());
  CHECK(json_of(answer)["infeasible"].is_string());
}

TEST_CASE("a file of networks is answered in its order, as a list") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cairn_networks_" + std::to_string(getpid()));
  std::ofstream(path) << R"([
    {"name": "second best", "terms": [["x","y"],["y","z"]], "output": ["x","z"],
     "sizes": {"x": 2, "y": 3, "z": 4}},
    {"terms": [["x"]], "output": ["x"], "sizes": {"x": 2}}])";
  ContractOptions options;
  options.network = path.string();
  const ContractionAnswers result = contraction_answers(options);
  std::filesystem::remove(path);
  CHECK(result.list);
  REQUIRE(result.answers.size() == 2);
  CHECK(json_of(result.answers[0])["name"] == "second best");
  CHECK(json_of(result.answers[0])["multiplications"] == 24);
  CHECK(json_of(result.answers[1])["path"] == Json::parse("[[0]]"));
}

TEST_CASE("text for the terminal fits 80 columns, with long paths and many steps") {
  std::string text;
  std::string sizes;
  for (char letter = 'a'; letter < 'w'; ++letter) {
    text += std::string{letter == 'a' ? "" : ","} + letter + static_cast<char>(letter + 1);
    sizes += std::string{letter} + "=1000,";
  }
  ContractOptions options = einsum(text + "->aw", sizes + "w=1000");
  options.verify = false;
  options.max_memory = "10 MB";
  const ContractionAnswers result = contraction_answers(options);
  for (const std::string& shown : {contraction_text(result.answers[0], true),
                                   contraction_table({result.answers[0], result.answers[0]})}) {
    std::size_t begin = 0;
    while (begin < shown.size()) {
      const std::size_t end = std::min(shown.find('\n', begin), shown.size());
      CHECK(display_width(std::string_view{shown}.substr(begin, end - begin)) <= 80);
      begin = end + 1;
    }
  }
}

TEST_CASE("every wrong flag is named at once, with what is expected") {
  ContractOptions options = einsum("ab,bc->ac", "a=2,b=3,c=4");
  options.minimize = "latency";
  options.method = "optimum";
  options.time = "5";
  options.max_memory = "0 B";
  const std::string text = complaint(options);
  CHECK(text.find("minimize: 'latency' is that of a machine, and none is named\n  hint: --on ") !=
        std::string::npos);
  CHECK(text.find("method: 'optimum' is unknown\n  hint: did you mean 'optimal'?") !=
        std::string::npos);
  CHECK(text.find("time: unit is missing") != std::string::npos);
  CHECK(text.find("max-memory: '0 B' is not above 0") != std::string::npos);
  ContractOptions unknown = einsum("ab,bc->ac", "a=2,b=3,c=4");
  unknown.minimize = "flop";
  CHECK(complaint(unknown).find("hint: did you mean 'flops'?") != std::string::npos);
}

TEST_CASE("mistakes in networks reach the user with their place") {
  CHECK(complaint(einsum("ab,bc->ad", "a=2,b=3,c=4"))
            .find("<einsum>:1:9: error: output index 'd' stands in no term") == 0);
  CHECK(complaint(einsum("ab,bc->ac", "a=2")).find("indices b, c have no size") !=
        std::string::npos);
  CHECK(complaint(einsum("ab,bc->ac", "a=2,b=3,b=4,c=2"))
            .find("size of 'b' is 4 here and 3 before") != std::string::npos);
  ContractOptions file = einsum("networks.json", "a=2");
  CHECK(complaint(file).find("sizes: is for an einsum") != std::string::npos);
  file.sizes.clear();
  CHECK_THROWS_AS(contraction_answers(file), IoError);
}

TEST_CASE("a network too large to be proven keeps its best order, with the gap") {
  // An 8 x 8 lattice of bonds of 2 needs far more than a millisecond.
  ContractOptions options;
  options.network = "tests/validation/contraction/lattices.json";
  options.method = "optimal";
  options.time = "10 ms";
  const ContractionAnswers result = contraction_answers(options);
  const auto hard = std::ranges::find(result.answers, "lattice_8x8_d2",
                                      [](const ContractionAnswer& a) { return a.network.name; });
  REQUIRE(hard != result.answers.end());
  models::check(hard->order, hard->network.terms.size());
  const Json json = json_of(*hard);
  CHECK(json["optimal"] == false);
  CHECK(json["gap"].get<double>() > 0);
  CHECK(json["gap"].get<double>() <= 1);
  CHECK(json["multiplications"].get<double>() < 1e9);
}

}  // namespace
}  // namespace cairn::app
