#include "sim/point_model.h"

#include <array>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"

using cairn::Diagnostics;
using cairn::Node;
using namespace cairn::sim;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

constexpr const char* kScenario = R"(
workloads:
  - {model: llama-3.1-8b, phase: decode, batch: 1, context: 1024}
compression:
  - {kind: quantize, weights: $format, activations: int8, kv_cache: int8}
system:
  extends: configs/hardware/edge_npu.yaml
  devices: {array: {rows: $rows}}
)";

/// The scenario above with two knobs: rows 32 or 64, weights int8 or int4.
struct Fixture {
  explicit Fixture(const char* yaml = kScenario, std::array<const char*, 2> rows = {"32", "64"}) {
    Diagnostics diagnostics;
    Node root = cairn::parse_yaml(yaml, "scenario.yaml", diagnostics);
    cairn::resolve_extends(root, "scenario.yaml", diagnostics);
    const auto section = [&](const char* name) {
      const Node* node = root.find(name);
      return node != nullptr ? *node : Node{};
    };
    const auto knob = [&](const char* name, std::array<const char*, 2> texts) {
      KnobChoices k;
      k.name = name;
      for (const char* text : texts) {
        k.choices.push_back(cairn::parse_yaml(text, "choice", diagnostics));
      }
      return k;
    };
    model = std::make_unique<PointModel>(
        ScenarioNodes{section("workloads"), section("compression"), section("system"),
                      section("fusion"), section("mapping"), section("quality")},
        std::vector{knob("rows", rows), knob("format", {"int8", "int4"})},
        WorkloadBuilder("configs/models"), TechnologyLibrary(), diagnostics);
    diagnostics.throw_if_any();
    std::vector<MetricColumn> columns;
    for (const char* name : {"latency", "energy", "area", "throughput", "power"}) {
      columns.push_back(*find_metric(name, model->workload_labels()));
    }
    model->select(columns);
  }
  std::array<double, 5> at(std::uint32_t rows, std::uint32_t format) {
    std::array<double, 5> metrics{};
    const std::array<std::uint32_t, 2> choices{rows, format};
    REQUIRE(model->evaluate(choices, metrics) == PointStatus::feasible);
    return metrics;
  }
  std::unique_ptr<PointModel> model;
};

}  // namespace

TEST_CASE("a point's figures do not depend on the points before it") {
  Fixture fixture;
  const auto first = fixture.at(0, 0);
  const auto other = fixture.at(1, 1);
  CHECK(fixture.at(0, 0) == first);
  CHECK(fixture.at(1, 1) == other);
  CHECK(Fixture().at(1, 1) == other);
}

TEST_CASE("knobs do what they say") {
  Fixture fixture;
  const auto wide = fixture.at(1, 0);
  const auto narrow = fixture.at(1, 1);
  CHECK(narrow[0] < 0.7 * wide[0]);  // decode is bound by weights, then by loading them
  CHECK(narrow[2] == wide[2]);       // the array does not care
  CHECK(fixture.at(0, 0)[2] < wide[2]);
}

TEST_CASE("metrics agree with each other") {
  const auto m = Fixture().at(0, 0);
  CHECK(m[3] == Approx(1 / m[0]));  // one token a pass
  CHECK(m[4] == Approx(m[1] / m[0]));
}

TEST_CASE("the breakdown of a point adds up to its figures") {
  Fixture fixture;
  const auto metrics = fixture.at(1, 1);
  const std::array<std::uint32_t, 2> choices{1, 1};
  const auto detail = fixture.model->detail(choices);
  REQUIRE(std::holds_alternative<PointModel::Detail>(detail));
  const auto& d = std::get<PointModel::Detail>(detail);
  CHECK(d.workloads.front().cost.latency_s == metrics[0]);
  CHECK(d.workloads.front().cost.energy.total() == metrics[1]);
  double latency = -d.workloads.front().cost.prefetch_saved_s;
  double dynamic = 0;
  for (const GroupRow& row : d.workloads.front().rows) {
    latency += row.latency_s;
    dynamic += row.energy_j;
  }
  CHECK(latency == Approx(metrics[0]));
  CHECK(dynamic + d.workloads.front().static_power * metrics[0] == Approx(metrics[1]));
  double area = 0;
  for (const auto& part : d.area) {
    area += part.mm2;
  }
  CHECK(area == Approx(metrics[2]));
}

TEST_CASE("a model that does not fit says which memory and by how much") {
  Fixture fixture(R"(
workloads:
  - {model: llama-3.1-8b, phase: decode, batch: 1, context: 1024}
compression:
  - {kind: quantize, weights: $format, activations: int8, kv_cache: int8}
system:
  extends: configs/hardware/edge_npu.yaml
  memories: {dram: {channels: 1}}
  devices: {array: {rows: $rows}}
)");
  std::array<double, 5> metrics{};
  const std::array<std::uint32_t, 2> int8{0, 0};
  CHECK(fixture.model->evaluate(int8, metrics) == PointStatus::infeasible);
  CHECK(fixture.model->refusal().limit == "dram.capacity");
  CHECK(fixture.model->refusal().excess > 0.8);  // 7.5 GiB in 4
  const std::array<std::uint32_t, 2> int4{0, 1};
  CHECK(fixture.model->evaluate(int4, metrics) == PointStatus::feasible);
}

TEST_CASE("generated tokens are summed over their growing context") {
  const auto study = [](const std::string& workload) {
    return "workloads:\n  - " + workload + R"(
compression:
  - {kind: quantize, weights: $format, activations: int8, kv_cache: int8}
system:
  extends: configs/hardware/edge_npu.yaml
  devices: {array: {rows: $rows}}
)";
  };
  Fixture three(study("{model: llama-3.1-8b, phase: decode, context: 100, generate: 3}").c_str());
  double sum = 0;
  for (const int context : {100, 101, 102}) {
    Fixture one(
        study("{model: llama-3.1-8b, phase: decode, context: " + std::to_string(context) + "}")
            .c_str());
    sum += one.at(0, 0)[0];
  }
  CHECK(three.at(0, 0)[0] == Approx(sum).epsilon(1e-12));
}

namespace {

/// A small network on a chip that keeps its weights; `rows` is the knob of its macros.
constexpr const char* kResident = R"(
workloads:
  - {model: mlperf_tiny_kws, phase: forward, batch: 1}
compression:
  - {kind: quantize, weights: $format, activations: int8}
system:
  extends: configs/hardware/neurram.yaml
  devices: {cores: {copies: one, macros: $rows}}
)";

}  // namespace

TEST_CASE("layers that keep their weights overlap between passes") {
  Fixture fixture(kResident, {"12", "48"});
  std::vector<MetricColumn> columns{*find_metric("latency", fixture.model->workload_labels()),
                                    *find_metric("interval", fixture.model->workload_labels())};
  fixture.model->select(columns);
  std::array<double, 2> metrics{};
  const std::array<std::uint32_t, 2> choices{1, 0};
  REQUIRE(fixture.model->evaluate(choices, metrics) == PointStatus::feasible);
  CHECK(metrics[1] > 0);
  CHECK(metrics[1] < 0.5 * metrics[0]);
  // Without such weights the next pass waits for the end of this one.
  Fixture usual;
  columns = {*find_metric("latency", usual.model->workload_labels()),
             *find_metric("interval", usual.model->workload_labels())};
  usual.model->select(columns);
  REQUIRE(usual.model->evaluate(choices, metrics) == PointStatus::feasible);
  CHECK(metrics[1] == Approx(metrics[0]));
}

TEST_CASE("weights that stay must fit the device together") {
  // Every layer fits 12 macros alone; all of them do not.
  Fixture fixture(kResident, {"12", "48"});
  std::array<double, 5> metrics{};
  const std::array<std::uint32_t, 2> choices{0, 0};
  REQUIRE(fixture.model->evaluate(choices, metrics) == PointStatus::infeasible);
  CHECK(fixture.model->refusal().limit == "resident weights");
  CHECK(fixture.model->refusal().excess > 0);
}
