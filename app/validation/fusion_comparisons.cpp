#include "app/validation/fusion_comparisons.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/hash.h"

namespace cairn::app {
namespace {

/// Which half of the table a layer belongs to: the low bit of a seeded hash of its key.
bool held_out(const std::array<std::int64_t, 9>& key) {
  constexpr std::uint64_t kSeed = 2018;
  Hasher hasher(kSeed);
  for (const std::int64_t part : key) {
    hasher.add(part);
  }
  return (hasher.value() & 1U) != 0;
}

models::Operator layer_of(const std::array<std::int64_t, 9>& key) {
  const auto [in, out, height, kernel, stride, padding, groups, weight_bits, activation_bits] = key;
  models::Convolution c;
  c.height = height;
  c.width = height;
  c.channels = in;
  c.filters = out;
  c.kernel_height = kernel;
  c.kernel_width = kernel;
  c.stride_height = stride;
  c.stride_width = stride;
  c.pad_top = padding;
  c.pad_bottom = padding;
  c.pad_left = padding;
  c.pad_right = padding;
  c.groups = groups;
  models::Operator op;
  op.shape = c;
  op.formats.weights = models::integer_format(static_cast<int>(weight_bits));
  op.formats.activations = models::integer_format(static_cast<int>(activation_bits));
  op.formats.outputs = models::kInt32;  // results leave as they were accumulated
  return op;
}

}  // namespace

std::vector<Comparison> compare_fusion_layers(const std::filesystem::path& table) {
  constexpr std::array<const char*, 9> kKey{"in_channels", "out_channels", "height",
                                            "kernel",      "stride",       "padding",
                                            "groups",      "weight_bits",  "activation_bits"};
  ReferenceTable rows(
      table, {"in_channels", "out_channels", "height", "kernel", "stride", "padding", "groups",
              "weight_bits", "activation_bits", "latency_s", "energy_j"});
  MachineShelf machines;
  const hw::Machine& machine = machines.get("bitfusion");
  std::array<Comparison, 3> found;
  auto& [fitted, latency, energy] = found;
  while (rows.next()) {
    std::array<std::int64_t, 9> key{};
    for (std::size_t i = 0; i < kKey.size(); ++i) {
      key.at(i) = rows.integer(kKey.at(i));
    }
    const hw::OperatorCost cost = cost_of(machine, layer_of(key));
    ComparedRow row;
    row.name = fmt::format("{} to {}, {}x{}, kernel {}, stride {}, groups {}, W{}A{}", key[0],
                           key[1], key[2], key[2], key[3], key[4], key[6], key[7], key[8]);
    row.group = key[6] == 1 ? "pointwise" : fmt::format("depthwise {}x{}", key[3], key[3]);
    row.contest = fmt::format("{} {} {} {} {} {}", key[0], key[1], key[2], key[3], key[4], key[6]);
    row.contestant = fmt::format("W{}A{}", key[7], key[8]);
    row.predicted = cost.latency_s();
    row.measured = rows.positive("latency_s");
    (held_out(key) ? latency : fitted).rows.push_back(row);
    if (held_out(key)) {
      row.predicted = cost.energy.total();
      row.measured = rows.positive("energy_j");
      energy.rows.push_back(std::move(row));
    }
  }
  for (Comparison& c : found) {
    c.topic = "Layers of a precision-scalable array";
    c.family = "systolic_array";
    c.device = "bitfusion";
    c.table = table.filename().string();
    c.metric = "latency";
    c.unit = "s";
    c.truth = Truth::simulator;
  }
  fitted.id = "bitfusion_layers_fitted";
  fitted.topic += ", half the choice was made on";
  latency.id = "bitfusion_layers";
  latency.bars = {{Statistic::mean_absolute, 0.15}, {Statistic::kendall_tau, 0.95}};
  latency.note = "held-out half of the rows";
  energy.id = "bitfusion_layers_energy";
  energy.topic += ", energy";
  energy.metric = "energy";
  energy.unit = "J";
  energy.note = "printed only: arithmetic and buffers from this project's tables at 45 nm";
  return {found.begin(), found.end()};
}

std::vector<Comparison> compare_fusion() {
  return compare_fusion_layers(reference_file("bitfusion_layers.csv"));
}

}  // namespace cairn::app
