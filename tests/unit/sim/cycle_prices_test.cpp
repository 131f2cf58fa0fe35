// What an evaluation at cycle level makes of prices, whatever the simulation says: here it is a
// closed form that was stretched, so that every total is known beforehand.
#include "sim/cycle/cycle_prices.h"

#include <array>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "sim/evaluator.h"
#include "sim/point_model.h"

namespace cairn::sim {
namespace {

constexpr const char* kScenario = R"(
workloads:
  - {name: prefill, model: llama-3.1-8b, phase: prefill, context: 64}
  - {name: decode, model: llama-3.1-8b, phase: decode, context: 64, weight: 2}
compression:
  - {kind: quantize, weights: int8, activations: int8, kv_cache: int8}
system: {extends: configs/hardware/edge_npu.yaml, devices: {array: {rows: $rows}}}
)";

/// Every part of a group's time by a factor.
hw::OperatorCost stretched(hw::OperatorCost cost, double factor) {
  for (double* part :
       {&cost.weight_fill_s, &cost.input_fill_s, &cost.busy_s, &cost.drain_s, &cost.stream_s}) {
    *part *= factor;
  }
  return cost;
}

CyclePrices::Source stretching(const hw::Machine& machine, double factor, int* calls) {
  return
      [&machine, factor, calls](const hw::GroupView& group, const hw::MappingConstraint& constraint,
                                hw::MappingObjective objective) -> CycleEstimate {
        ++*calls;
        hw::Estimate estimate = machine.price(group, constraint, objective);
        if (auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
          return std::move(*refused);
        }
        const auto& cost = std::get<hw::OperatorCost>(estimate);
        CyclePrice price;
        price.cost = stretched(cost, factor);
        price.closed_form = cost;
        price.simulated = true;
        return price;
      };
}

struct Fixture {
  Fixture() {
    Diagnostics diagnostics;
    Node root = parse_yaml(kScenario, "scenario.yaml", diagnostics);
    resolve_extends(root, "scenario.yaml", diagnostics);
    KnobChoices rows;
    rows.name = "rows";
    rows.choices = {parse_yaml("32", "choice", diagnostics),
                    parse_yaml("64", "choice", diagnostics)};
    model = std::make_unique<PointModel>(
        ScenarioNodes{
            *root.find("workloads"), *root.find("compression"), *root.find("system"), {}, {}, {}},
        std::vector{rows}, WorkloadBuilder("configs/models"), TechnologyLibrary(), diagnostics);
    diagnostics.throw_if_any();
    std::vector<MetricColumn> columns;
    for (const char* name : {"latency", "prefill.latency", "decode.latency", "disagreement",
                             "decode.disagreement", "peak_memory"}) {
      columns.push_back(*find_metric(name, model->workload_labels()));
    }
    model->select(columns);
  }
  std::array<double, 6> at(std::uint32_t rows) {
    std::array<double, 6> metrics{};
    const std::array<std::uint32_t, 1> choices{rows};
    REQUIRE(model->evaluate(choices, metrics) == PointStatus::feasible);
    return metrics;
  }
  std::unique_ptr<PointModel> model;
};

}  // namespace

TEST_CASE("disagreement is simulated over closed form, minus one, and unknown without both") {
  CHECK(disagreement(1.5, 1.0) == Approx(0.5));
  CHECK(disagreement(0.75, 1.0) == Approx(-0.25));
  CHECK(std::isnan(disagreement(1.0, 0.0)));
}

TEST_CASE(
    "a point at cycle level has the simulated latency and says how far the levels are apart") {
  Fixture fixture;
  const auto closed = fixture.at(1);
  CHECK(std::isnan(closed[3]));  // nothing was simulated
  int calls = 0;
  int machines = 0;
  std::unique_ptr<hw::Machine> machine;
  fixture.model->use_cycle_level([&](const hw::SystemSpec& spec, const hw::Technology& technology) {
    ++machines;
    machine = std::make_unique<hw::Machine>(spec, technology);
    return std::make_unique<CyclePrices>(stretching(*machine, 1.25, &calls));
  });
  const auto cycle = fixture.at(1);
  CHECK(cycle[1] == Approx(1.25 * closed[1]));
  CHECK(cycle[2] == Approx(1.25 * closed[2]));
  CHECK(cycle[0] == Approx(1.25 * closed[0]));
  CHECK(cycle[3] == Approx(0.25));
  CHECK(cycle[4] == Approx(0.25));
  CHECK(cycle[5] == closed[5]);  // memory is the same
  // A group is simulated once a machine; another point of the same machine asks for nothing.
  const int first = calls;
  CHECK(fixture.at(1) == cycle);
  CHECK(calls == first);
  CHECK(machines == 1);
  CHECK(fixture.at(0)[3] == Approx(0.25));
  CHECK(machines == 2);
}

TEST_CASE("a report at cycle level has both times of every operator") {
  Fixture fixture;
  static_cast<void>(fixture.at(1));
  const hw::Machine machine(fixture.model->scenario().system,
                            TechnologyLibrary().load(fixture.model->scenario().system.technology));
  const WorkloadBuilder builder("configs/models");
  const CompiledWorkload workload =
      compile(models::compress(builder.build(fixture.model->scenario().workloads[1]),
                               fixture.model->scenario().compression),
              {});
  const auto objective = hw::MappingObjective::energy_delay;
  const auto plain = std::get<WorkloadReport>(report_workload(workload, machine, objective));
  int calls = 0;
  std::vector<std::string> told;
  CyclePrices prices(stretching(machine, 2.0, &calls), [&](const UniqueGroup& group, bool begins) {
    told.push_back((begins ? "+" : "-") + group.label);
  });
  const auto report =
      std::get<WorkloadReport>(report_workload(workload, machine, objective, {}, &prices));
  REQUIRE(report.rows.size() == plain.rows.size());
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    CHECK(report.rows[i].simulated);
    CHECK(report.rows[i].latency_s == Approx(2 * plain.rows[i].latency_s));
    CHECK(report.rows[i].closed_form_latency_s == Approx(plain.rows[i].latency_s));
    CHECK_FALSE(plain.rows[i].simulated);
    CHECK(plain.rows[i].closed_form_latency_s == 0);
  }
  CHECK(report.cost.latency_s == Approx(2 * plain.cost.latency_s));
  CHECK(report.cost.closed_form_latency_s == Approx(plain.cost.latency_s));
  CHECK(calls == static_cast<int>(workload.unique.size()));
  REQUIRE(told.size() == 2 * workload.unique.size());
  CHECK(told[0] == "+" + workload.unique[0].label);
  CHECK(told[1] == "-" + workload.unique[0].label);
}

}  // namespace cairn::sim
