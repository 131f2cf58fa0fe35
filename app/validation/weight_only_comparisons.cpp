#include "app/validation/weight_only_comparisons.h"

#include <array>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "app/validation/served_models.h"

namespace cairn::app {
namespace {

/// fp16 time under the default stack over the time with 4-bit weights under \p stack.
class SpeedUps {
 public:
  double of(const std::string& device, const std::string& stack, models::MatMul shape) {
    models::Operator op;
    op.shape = shape;
    const double plain = cost_of(machines_.get(device), op).latency_s();
    op.formats.weights = format_of("int4/g128");
    return plain / cost_of(machines_.get(device, stack), op).latency_s();
  }

 private:
  MachineShelf machines_;
};

Comparison compare_batches() {
  constexpr std::int64_t kOutputs = std::int64_t{72} * 1024;
  constexpr std::int64_t kInputs = std::int64_t{18} * 1024;
  ReferenceTable table(reference_file("weight_only_a10.csv"), {"batch", "marlin"});
  SpeedUps speed_ups;
  Comparison c;
  while (table.next()) {
    ComparedRow& row = c.rows.emplace_back();
    const std::int64_t batch = table.count("batch");
    row.name = fmt::format("batch {}", batch);
    row.measured = table.positive("marlin");
    row.predicted =
        speed_ups.of("a10", "marlin", models::MatMul{.m = batch, .n = kOutputs, .k = kInputs});
  }
  c.id = "marlin_a10";
  c.device = "a10";
  c.table = "weight_only_a10.csv";
  c.bars = {{Statistic::worst, 0.10}};
  return c;
}

/// Layers of a Llama model (and Falcon-180B) by the chart's names.
std::vector<models::MatMul> layers_of(std::string_view model, std::int64_t rows) {
  struct Sizes {
    std::string_view name;
    std::int64_t hidden;
    std::int64_t inner;
  };
  constexpr std::array<Sizes, 5> kSizes{{{"7b", 4096, 11008},
                                         {"13b", 5120, 13824},
                                         {"33b", 6656, 17920},
                                         {"65b", 8192, 22016},
                                         {"180b", 14848, 59392}}};
  for (const Sizes& s : kSizes) {
    if (s.name == model) {
      return {{.m = rows, .n = 3 * s.hidden, .k = s.hidden},
              {.m = rows, .n = s.hidden, .k = s.hidden},
              {.m = rows, .n = 2 * s.inner, .k = s.hidden},
              {.m = rows, .n = s.hidden, .k = s.inner}};
    }
  }
  return {};
}

std::vector<Comparison> compare_models() {
  constexpr std::int64_t kBatch = 16;
  ReferenceTable table(reference_file("weight_only_models.csv"), {"device", "model", "speedup"});
  MachineShelf machines;
  std::map<std::string, Comparison> by_device;
  const models::Precision four = format_of("int4/g128");
  while (table.next()) {
    const std::string device{table.text("device")};
    double plain = 0;
    double quantized = 0;
    for (const models::MatMul& shape : layers_of(table.text("model"), kBatch)) {
      models::Operator op;
      op.shape = shape;
      plain += cost_of(machines.get(device), op).latency_s();
      op.formats.weights = four;
      quantized += cost_of(machines.get(device, "marlin"), op).latency_s();
    }
    if (quantized <= 0) {
      table.wrong("model", "7b, 13b, 33b, 65b or 180b");
    }
    ComparedRow& row = by_device[device].rows.emplace_back();
    row.name = fmt::format("{} {}", device, table.text("model"));
    row.contest = std::string{table.text("model")};
    row.contestant = device;
    row.measured = table.positive("speedup");
    row.predicted = plain / quantized;
  }
  std::vector<Comparison> result;
  for (auto& [device, c] : by_device) {
    c.id = "marlin_models_" + device;
    c.device = device;
    c.table = "weight_only_models.csv";
    c.note = "printed without a bar; clocks of the measurement are not stated";
    result.push_back(std::move(c));
  }
  return result;
}

}  // namespace

std::vector<Comparison> compare_weight_only() {
  std::vector<Comparison> all = compare_models();
  all.insert(all.begin(), compare_batches());
  for (Comparison& c : all) {
    c.topic = c.id == "marlin_a10" ? "Speed-up of 4-bit weights by batch"
                                   : "Speed-up of 4-bit weights on models, batch 16";
    c.family = "gpu";
    c.stack = "marlin";
    c.metric = "speed-up";
    c.unit = "";
    c.truth = Truth::chart_read;
  }
  return all;
}

}  // namespace cairn::app
