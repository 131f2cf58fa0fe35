#include "app/cost_command.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::app {
namespace {

using Row = std::map<std::string, std::string>;

/// Prices a table on the edge NPU; the answer as rows by column name.
class Priced {
 public:
  explicit Priced(const std::string& table, CostOptions options = {}) {
    options.hardware = "configs/hardware/edge_npu.yaml";
    options.operators = folder_.write("ops.csv", table);
    options.out = folder_.path("priced.csv");
    code_ = run_cost(options);  // NOLINT(cppcoreguidelines-prefer-member-initializer)
    text_ = read_text_file(options.out);
    if (!options.json) {
      CsvReader csv{text_, options.out};
      header_ = csv.header();
      while (csv.next()) {
        Row& row = rows_.emplace_back();
        for (std::size_t i = 0; i < header_.size(); ++i) {
          row[header_[i]] = csv.cell(i);
        }
      }
    }
  }
  [[nodiscard]] ExitCode code() const { return code_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] const Row& row(std::size_t i) const { return rows_.at(i); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] double number(std::size_t i, const std::string& column) const {
    return parse_double(rows_.at(i).at(column)).value();
  }

 private:
  test::ScratchFolder folder_;
  ExitCode code_{};
  std::string text_;
  std::vector<std::string> header_;
  std::vector<Row> rows_;
};

CostOptions with(const std::vector<std::string>& overrides) {
  CostOptions options;
  options.overrides = overrides;
  return options;
}

TEST_CASE("rows are answered in their order with the figures appended") {
  const Priced priced("note,kind,m,n,k\n\"a, b\",matmul,128,256,512\nsecond,softmax,8,64,\n");
  CHECK(priced.code() == ExitCode::success);
  CHECK(priced.header() == std::vector<std::string>{"note", "kind", "m", "n", "k", "latency_s",
                                                    "cycles", "energy_j", "utilization",
                                                    "bottleneck", "dram_read_bytes",
                                                    "dram_write_bytes", "error"});
  REQUIRE(priced.size() == 2);
  CHECK(priced.row(0).at("note") == "a, b");
  CHECK(priced.row(1).at("note") == "second");
  // int8: both operands are read once, the result is written once.
  CHECK(priced.number(0, "dram_read_bytes") == 128 * 512 + 512 * 256);
  CHECK(priced.number(0, "dram_write_bytes") == 128 * 256);
}

TEST_CASE("a count multiplies totals and leaves the utilization") {
  const Priced priced("kind,m,n,k,count\nmatmul,128,256,512,1\nmatmul,128,256,512,3\n");
  for (const char* total :
       {"latency_s", "cycles", "energy_j", "dram_read_bytes", "dram_write_bytes"}) {
    INFO(total);
    CHECK(priced.number(1, total) == Approx(3 * priced.number(0, total)).epsilon(1e-12));
  }
  CHECK(priced.row(1).at("utilization") == priced.row(0).at("utilization"));
  CHECK(priced.row(1).at("bottleneck") == priced.row(0).at("bottleneck"));
}

TEST_CASE("a row that cannot run has empty figures and its reason") {
  const Priced priced(
      "kind,m,n,k,mapping\nmatmul,1,2,,\nmatmul,4096,4096,4096,tile m4096 n4096 "
      "k4096\nmatmul,1,2,3,\n");
  CHECK(priced.code() == ExitCode::success);
  CHECK(priced.row(0).at("error") == "k is missing");
  CHECK(priced.row(0).at("latency_s").empty());
  CHECK(priced.row(0).at("dram_write_bytes").empty());
  CHECK(!priced.row(1).at("error").empty());
  CHECK(priced.row(1).at("cycles").empty());
  CHECK(priced.row(2).at("error").empty());
}

TEST_CASE("totals beyond 63 bits are an error of the row") {
  const Priced priced("kind,m,n,k,count\nmatmul,65536,65536,65536,1099511627776\n");
  CHECK(priced.row(0).at("error") == "count is so large that the cycles exceed 63 bits");
}

TEST_CASE("no row that can run is exit code 1, no row at all is not") {
  CHECK(Priced("kind,m\nsoftmax,1\n").code() == ExitCode::no_feasible_point);
  CHECK(Priced("kind,m\n").code() == ExitCode::success);
}

TEST_CASE("a value set on the command line prices like one in the file") {
  const Priced usual("kind,m,n,k\nmatmul,512,512,512\n");
  const Priced slow("kind,m,n,k\nmatmul,512,512,512\n", with({"memories.dram.channels=1"}));
  CHECK(slow.number(0, "latency_s") > usual.number(0, "latency_s"));
}

TEST_CASE("a SCALE-Sim layer takes the cycles that the tool prints") {
  // 224 x 224 x 3 by 32 filters of 3 x 3, stride 2: 111 x 111 outputs, so m = 12,321, n = 32,
  // k = 27. On 64 x 64, weights stationary: F = 1, 2 * 64 + 64 + 12,321 - 2 - 1 = 12,510.
  const Priced priced(
      "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
      "Strides,\n\nConv1, 224, 224, 3, 3, 3, 32, 2,\n\n",
      with({"devices.array.timing=scalesim"}));
  REQUIRE(priced.size() == 1);
  CHECK(priced.row(0).at("cycles") == "12510");
}

TEST_CASE("the mapping of an answer, fed back, gives the same bytes") {
  CostOptions options;
  options.mappings = true;
  const Priced found("kind,m,n,k,mapping\nmatmul,300,700,500,\nmatmul,1,4096,4096,\n", options);
  const Priced again("kind,m,n,k,mapping\nmatmul,300,700,500,\"" + found.row(0).at("mapping") +
                         "\"\nmatmul,1,4096,4096,\"" + found.row(1).at("mapping") + "\"\n",
                     options);
  CHECK(again.text() == found.text());
}

TEST_CASE("JSON has a row an operator, numbers as numbers") {
  CostOptions options;
  options.json = true;
  const Priced priced("kind,m,n,k,weights\nmatmul,128,256,512,int4\nmatmul,1,2,,\n", options);
  const nlohmann::json json = nlohmann::json::parse(priced.text());
  REQUIRE(json.size() == 2);
  CHECK(json[0]["m"] == 128);
  CHECK(json[0]["weights"] == "int4");
  CHECK(json[0]["latency_s"].get<double>() > 0);
  CHECK(json[0]["mapping"].get<std::string>().find("tile") != std::string::npos);
  CHECK(json[1]["error"] == "k is missing");
  CHECK(!json[1].contains("latency_s"));
}

TEST_CASE("JSON says what crosses between an array and its scratchpads") {
  // 128 x 256 x 512 on 64 x 64 with `timing: scalesim`, folded whole, weights stay: each weight
  // once, inputs for 256 / 64 = 4 folds of columns, outputs for 512 / 64 = 8 folds of rows; twice.
  CostOptions options = with({"devices.array.timing=scalesim"});
  options.json = true;
  const Priced priced("kind,m,n,k,count\nmatmul,128,256,512,2\nsoftmax,4,64,,1\n", options);
  const nlohmann::json json = nlohmann::json::parse(priced.text());
  const nlohmann::json& words = json.at(0).at("scratchpad_words");
  CHECK(words.at("weight_reads") == 2 * 256 * 512);
  CHECK(words.at("activation_reads") == 2 * 128 * 512 * 4);
  CHECK(words.at("output_writes") == 2 * 128 * 256 * 8);
  CHECK(words.at("output_reads") == 2 * 128 * 256 * 7);
  CHECK(!json.at(1).contains("scratchpad_words"));
}

TEST_CASE("an empty answer is valid JSON") {
  CostOptions options;
  options.json = true;
  CHECK(nlohmann::json::parse(Priced("kind,m\n", options).text()).empty());
}

TEST_CASE("a table that turns out wrong half-way leaves no file") {
  const test::ScratchFolder folder;
  CostOptions options;
  options.hardware = "configs/hardware/edge_npu.yaml";
  options.operators = folder.write("ops.csv", "kind,m,n\nsoftmax,1,2\nsoftmax,1,2,3,4\n");
  options.out = folder.path("priced.csv");
  CHECK_THROWS_AS(run_cost(options), ConfigError);
  CHECK(!std::filesystem::exists(options.out));
  const std::filesystem::directory_iterator left{folder.path("")};
  CHECK(std::distance(begin(left), end(left)) == 1);
}

}  // namespace
}  // namespace cairn::app
