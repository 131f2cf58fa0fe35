// Tensorised layers as studies see them: memory of what flows between the steps, and orders that
// depend on the machine.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/tensor_network/fixed_order.h"
#include "sim/compiled_workload.h"
#include "sim/memory/order_search.h"
#include "sim/point_model.h"

using namespace cairn;       // NOLINT(google-build-using-namespace)
using namespace cairn::sim;  // NOLINT(google-build-using-namespace)

namespace {

/// 32 rows through a norm, a matmul of 768 x 768 and an activation.
models::Workload block() {
  models::Workload w;
  w.name = "block";
  w.operators.resize(3);
  w.operators[0].name = "norm";
  w.operators[0].shape = models::Normalization{.rows = 32, .columns = 768};
  w.operators[1].name = "fc";
  w.operators[1].shape = models::MatMul{.m = 32, .n = 768, .k = 768};
  w.operators[1].parameters = 768 * 768;
  w.operators[2].name = "gelu";
  w.operators[2].shape =
      models::Elementwise{.kind = models::ElementwiseKind::gelu, .rows = 32, .columns = 768};
  w.parameters = 768 * 768;
  w.edges = {{.from = 0, .to = 1}, {.from = 1, .to = 2}};
  w.fusions = {{.kind = models::FusionKind::epilogue, .operators = {1, 2}}};
  w.repeats = {{.first = 0, .length = 3, .copies = 1}};
  return w;
}

models::Tensorize train(models::TensorOrder order) {
  return {.apply_to = {.name = "fc"},
          .decomposition = models::Decomposition::tensor_train,
          .rank = 10,
          .modes = {},
          .input_modes = {8, 8, 12},
          .output_modes = {12, 8, 8},
          .blocks = {},
          .order = order};
}

/// Two arrays, 32 and 64 rows, and a planner that decides by the array.
constexpr const char* kScenario = R"(
workloads:
  - {model: bert-base, phase: forward, context: 32}
compression:
  - {kind: quantize, weights: int8, activations: int8, kv_cache: int8}
  - {kind: tensorize, apply_to: {name: "*.query"}, rank: 10, order: ORDER}
system:
  extends: configs/hardware/edge_npu.yaml
  devices: {array: {rows: $rows}}
)";

struct Fixture {
  explicit Fixture(const std::string& order) {
    Diagnostics diagnostics;
    std::string yaml = kScenario;
    yaml.replace(yaml.find("ORDER"), 5, order);
    Node root = parse_yaml(yaml, "scenario.yaml", diagnostics);
    resolve_extends(root, "scenario.yaml", diagnostics);
    KnobChoices rows;
    rows.name = "rows";
    for (const char* text : {"32", "64"}) {
      rows.choices.push_back(parse_yaml(text, "choice", diagnostics));
    }
    model = std::make_unique<PointModel>(
        ScenarioNodes{*root.find("workloads"), *root.find("compression"), *root.find("system"),
                      Node{}, Node{}, Node{}},
        std::vector{rows}, WorkloadBuilder("configs/models"), TechnologyLibrary(), diagnostics);
    diagnostics.throw_if_any();
    model->select({*find_metric("latency", model->workload_labels())});
  }
  double latency(std::uint32_t rows) const {
    std::array<double, 1> metrics{};
    const std::array<std::uint32_t, 1> choices{rows};
    const PointStatus status = model->evaluate(choices, metrics);
    REQUIRE(status == PointStatus::feasible);
    return metrics[0];
  }
  std::unique_ptr<PointModel> model;
};

}  // namespace

TEST_CASE("what flows between the steps of a tensorised layer is alive while it is needed") {
  const CompiledWorkload c =
      compile(models::compress(block(), {train(models::TensorOrder::bidirectional)}), {});
  // The norm holds its input and its output, 32 x 768 each. After it the input's side, 8 x 12 x 10
  // and 768 x 10 elements, is made beside its output; then the result (32 x 768) stands beside the
  // output's side (768 x 10) and the rows (32 x 10): both are less.
  CHECK(c.activation_bits == 16.0 * (2 * 32 * 768));
  CHECK(c.weight_bits == 16.0 * 3440);
  CHECK(c.macs == 2 * (9'600 + 76'800 + 245'760));
}

TEST_CASE("the dense weight that is made for a product is alive with its input and result") {
  const CompiledWorkload c =
      compile(models::compress(block(), {train(models::TensorOrder::reconstruct)}), {});
  // The last core makes 768 x 768 of 6144 x 8 x 10: both are alive, and what the weight is made
  // for, the norm's result, waits.
  CHECK(c.activation_bits == 16.0 * (768 * 768 + 6144 * 8 * 10 + 32 * 768));
}

TEST_CASE("an order that depends on the machine is planned on each, and only there") {
  int planners = 0;
  int asked = 0;
  std::optional<double> small_peak;  // of the machine that is asked first
  const auto maker = [&](const hw::Machine* machine, hw::MappingObjective /*mappings*/) {
    ++planners;
    const models::Formats int8{
        .weights = models::kInt8, .activations = models::kInt8, .outputs = models::kInt8};
    const double peak = machine != nullptr ? machine->peak_macs_per_second(int8) : 0;
    return [&asked, &small_peak, peak](const models::OrderRequest& request) {
      ++asked;
      small_peak = small_peak.value_or(peak);
      return models::PlannedOrder{.order = peak > *small_peak
                                               ? models::reconstruct_order(request.layer.network)
                                               : models::right_to_left_order(request.layer.network),
                                  .lowered = {}};
    };
  };
  const Fixture searched("latency");
  searched.model->use_order_planner(maker);
  const double small = searched.latency(0);
  const double large = searched.latency(1);
  CHECK(small == Fixture("right_to_left").latency(0));
  CHECK(large == Fixture("reconstruct").latency(1));
  CHECK(searched.latency(0) == small);
  CHECK(planners == 2);
  CHECK(asked == 2);  // all twelve layers have one shape; the third point was known

  const Fixture counted("flops");
  counted.model->use_order_planner(maker);
  planners = asked = 0;
  static_cast<void>(counted.latency(0));
  static_cast<void>(counted.latency(1));
  CHECK(planners == 1);  // no machine decides, so one planner and one order serve both
  CHECK(asked == 1);

  const Fixture alone("flops");  // nobody to ask
  CHECK_THROWS_AS(alone.latency(0), InternalError);
}

TEST_CASE("layers that make their weights from cores are ordered one by one") {
  // Twelve blocks: the most alive is that of one, and the search still looks at one at a time.
  models::Workload w = block();
  const models::Workload one = w;
  for (std::int32_t copy = 1; copy < 12; ++copy) {
    const auto first = static_cast<std::int32_t>(w.operators.size());
    for (models::Operator op : one.operators) {
      op.name += "." + std::to_string(copy);
      op.group = op.name.substr(0, op.name.find('.'));
      w.operators.push_back(op);
      w.parameters += op.parameters;
    }
    w.edges.push_back({.from = first - 1, .to = first});
    w.edges.push_back({.from = first, .to = first + 1});
    w.edges.push_back({.from = first + 1, .to = first + 2});
  }
  w.fusions.clear();
  w.repeats = {{.first = 0, .length = static_cast<std::int32_t>(w.operators.size()), .copies = 1}};
  const models::Workload made = models::compress(w, {[] {
                                                   models::Tensorize scheme =
                                                       train(models::TensorOrder::bidirectional);
                                                   scheme.apply_to.name = "fc*";
                                                   return scheme;
                                                 }()});
  const CompiledWorkload c = compile(made, {});
  CHECK(c.activation_bits == 16.0 * (2 * 32 * 768));
  const ExecutionOrder order = best_order(c.activations);
  CHECK(order.search == OrderSearch::exact);
  CHECK(order.states < 12 * 100);
}
