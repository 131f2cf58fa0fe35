#include "app/validation/layer_comparisons.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"

namespace cairn::app {
namespace {

constexpr std::int64_t kBatch = 8;
constexpr std::int64_t kRanks = 4;
constexpr std::int64_t kHidden = 12288;  // GPT-3: 96 heads of 128
constexpr std::int64_t kHeads = 96 / kRanks;
constexpr std::int64_t kHeadSize = 128;
constexpr std::int64_t kInner = 4 * kHidden / kRanks;

/// The operators of one rank as the benchmark runs them, attention as two products and a softmax.
std::map<std::string, models::Shape, std::less<>> operators_of(std::int64_t queries,
                                                               std::int64_t keys) {
  using models::MatMul;
  const std::int64_t tokens = kBatch * queries;
  const auto linear = [&](std::int64_t n, std::int64_t k) {
    return MatMul{.m = tokens, .n = n, .k = k};
  };
  const auto heads = [&](std::int64_t n, std::int64_t k) {
    return MatMul{.batch = kBatch * kHeads,
                  .m = queries,
                  .n = n,
                  .k = k,
                  .weight = false,
                  .distinct_weights = true};
  };
  const models::Normalization norm{
      .kind = models::NormalizationKind::layer_norm, .rows = tokens, .columns = kHidden};
  const models::Collective sum{
      .kind = models::CollectiveKind::all_reduce, .elements = tokens * kHidden, .ranks = kRanks};
  return {
      {"qkv_proj", linear(kHeads * kHeadSize, kHidden)},
      {"scores", heads(keys, kHeadSize)},
      {"values", heads(kHeadSize, keys)},
      {"out_proj", linear(kHidden, kHeads * kHeadSize)},
      {"up_proj", linear(kInner, kHidden)},
      {"down_proj", linear(kHidden, kInner)},
      {"softmax", models::Softmax{.rows = kBatch * kHeads * queries, .columns = keys}},
      {"layer_norm_1", norm},
      {"layer_norm_2", norm},
      {"gelu",
       models::Elementwise{
           .kind = models::ElementwiseKind::gelu, .rows = tokens, .columns = kInner, .inputs = 1}},
      {"all_reduce_1", sum},
      {"all_reduce_2", sum}};
}

}  // namespace

std::vector<Comparison> compare_transformer_layers() {
  ReferenceTable table(reference_file("gpt3_layer_a100.csv"), {"phase", "operator", "time_s"});
  MachineShelf machines;
  const hw::Machine& machine = machines.get("a100_llmcompass");
  const auto prompt = operators_of(2048, 2048);
  const auto token = operators_of(1, 3072);
  std::map<std::string, Comparison> by_phase;
  while (table.next()) {
    const std::string phase{table.text("phase")};
    const auto& operators = phase == "prefill" ? prompt : token;
    const auto found = operators.find(table.text("operator"));
    if (found == operators.end()) {
      table.wrong("operator", "an operator of the layer");
    }
    models::Operator op;
    op.formats = default_formats(machine);
    op.shape = found->second;
    ComparedRow& row = by_phase[phase].rows.emplace_back();
    row.name = fmt::format("{} {}", phase, found->first);
    row.measured = table.positive("time_s");
    // Query, key and value projections run one after the other: their time is three times that of
    // the output projection, which has as many weights.
    const double times = found->first == "qkv_proj" ? 3 : 1;
    row.predicted = times * cost_of(machine, op).latency_s();
  }
  std::vector<Comparison> result;
  for (auto& [phase, c] : by_phase) {
    c.id = "gpt3_layer_" + phase;
    c.topic = "A layer of GPT-3 on four A100";
    c.family = "gpu";
    c.device = "a100_llmcompass";
    c.stack = "llmcompass_pytorch";
    c.table = "gpt3_layer_a100.csv";
    c.metric = "latency";
    c.unit = "s";
    c.truth = Truth::silicon;
    c.bars = {{Statistic::total_error, 0.06}};
    result.push_back(std::move(c));
  }
  return result;
}

}  // namespace cairn::app
