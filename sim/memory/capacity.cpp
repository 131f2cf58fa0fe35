#include "sim/memory/capacity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"

namespace cairn::sim {
namespace {

using hw::TensorKind;

constexpr double kBitsPerByte = 8;

/// Formats to try, widest first; uniform integers without scales.
constexpr std::array kWeightFormats{
    std::pair{8.0, std::string_view{"int8"}}, std::pair{6.0, std::string_view{"int6"}},
    std::pair{4.0, std::string_view{"int4"}}, std::pair{3.0, std::string_view{"int3"}},
    std::pair{2.0, std::string_view{"int2"}}};

bool fits(const MemoryDemand& demand, const MemoryTiers& tiers) {
  return !tiers.place(demand).shortage;
}

std::string bytes_text(double bits) {
  return human_text(Bits{static_cast<std::int64_t>(std::ceil(bits / kBitsPerByte) * kBitsPerByte)});
}

/// Largest whole number below \p now for which \p fits_with holds, if it holds for smaller ones.
template <class Fits>
std::optional<std::int64_t> largest_that_fits(std::int64_t now, const Fits& fits_with) {
  if (now <= 1 || !fits_with(1)) {
    return std::nullopt;
  }
  std::int64_t good = 1;
  std::int64_t bad = now;
  while (bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (fits_with(middle) ? good : bad) = middle;
  }
  return good;
}

/// Keys each sequence attends to; 0 without attention.
std::int64_t context_of(const CompiledWorkload& workload) {
  for (const UniqueGroup& group : workload.unique) {
    if (const auto* a = std::get_if<models::Attention>(&group.anchor.shape)) {
      return a->context;
    }
  }
  return 0;
}

/// The next capacity of eight steps an octave that would do.
double sold_capacity(double bits) {
  const double step = std::exp2(std::floor(std::log2(bits)) - 3);
  return std::ceil(bits / step) * step;
}

}  // namespace

MemoryDemand demand_of(const CompiledWorkload& workload, const MemoryPlan* plan) {
  MemoryDemand demand;
  demand[TensorKind::activations] = plan != nullptr ? plan->ram_bits() : workload.activation_bits;
  demand[TensorKind::kv_cache] = workload.kv_bits;
  demand[TensorKind::weights] = plan != nullptr ? plan->flash_bits : workload.weight_bits;
  demand[TensorKind::weights] += workload.gradient_bits + workload.optimizer_bits;
  demand.idle_weights = workload.idle_bits;
  demand.gradients = workload.gradient_bits;
  demand.optimizer = workload.optimizer_bits;
  return demand;
}

std::vector<std::string> changes_that_fit(const CompiledWorkload& workload,
                                          const MemoryDemand& demand, const MemoryTiers& tiers,
                                          const std::vector<Patching>& patchings) {
  std::vector<std::string> changes;
  const double elements = workload.matrix_elements;
  for (const auto& [bits, name] : kWeightFormats) {
    const double change = elements * bits - workload.matrix_bits;
    MemoryDemand with = demand;
    with[TensorKind::weights] += change;
    with.idle_weights = std::min(with.idle_weights, with[TensorKind::weights]);
    if (change < 0 && fits(with, tiers)) {
      changes.push_back(fmt::format("{} weights", name));
      break;
    }
  }
  // A cache grows with each sequence; so do activations, but not what a library keeps.
  const auto of_batch = [&](std::int64_t batch) {
    const double share = static_cast<double>(batch) / static_cast<double>(workload.batch);
    MemoryDemand with = demand;
    with[TensorKind::kv_cache] *= share;
    with[TensorKind::activations] -= (1 - share) * workload.activation_bits;
    return fits(with, tiers);
  };
  if (const auto batch = largest_that_fits(workload.batch, of_batch)) {
    changes.push_back(fmt::format("batch {}", *batch));
  }
  // Of a decode step only the cache depends on the context.
  const std::int64_t context = context_of(workload);
  if (workload.phase == models::Phase::decode) {
    const auto of_context = [&](std::int64_t keys) {
      MemoryDemand with = demand;
      with[TensorKind::kv_cache] *= static_cast<double>(keys) / static_cast<double>(context);
      return fits(with, tiers);
    };
    if (const auto keys = largest_that_fits(context, of_context); keys && *keys > 1) {
      changes.push_back(fmt::format("context {}", *keys - 1));  // the new token is one of them
    }
  }
  const MemoryTiers::Tier& home = tiers.home(TensorKind::activations);
  double room = home.capacity_bits;
  for (const auto& [kind, text] : enum_names(TensorKind{})) {
    room -= kind != TensorKind::activations && &tiers.home(kind) == &home ? demand[kind] : 0.0;
  }
  if (demand[TensorKind::activations] > room) {
    if (const Patching* patched = patching_that_fits(patchings, room)) {
      changes.push_back(
          fmt::format("patch {0}x{0} over the first {1} layers", patched->grid, patched->layers));
    }
  }
  // The memory that is short, with room for what the tiers before it do not take.
  const PlacedTensors placed = tiers.place(demand);
  if (placed.shortage) {
    const MemoryTiers::Tier& tier = tiers.tiers()[placed.shortage->tier];
    changes.push_back(fmt::format(
        "capacity {}", human_text(Bits{static_cast<std::int64_t>(
                           sold_capacity(tier.capacity_bits + placed.shortage->over_bits))})));
  }
  return changes;
}

hw::Infeasible capacity_problem(const CompiledWorkload& workload, const MemoryDemand& demand,
                                const MemoryTiers& tiers, const std::vector<Patching>& patchings) {
  const Shortage shortage = *tiers.place(demand).shortage;
  const MemoryTiers::Tier& tier = tiers.tiers()[shortage.tier];
  // What this memory is the first choice of; of a later tier everything that may reach it.
  MemoryDemand here;
  for (const auto& [kind, name] : enum_names(TensorKind{})) {
    here[kind] = &tiers.home(kind) == &tier ? demand[kind] : 0.0;
  }
  if (here[shortage.kind] == 0) {
    here = demand;
  }
  const std::string what = here.total() == here[shortage.kind]
                               ? std::string{cairn::to_text(shortage.kind)} + " need"
                               : "the workload needs";
  std::string parts;
  for (const auto& [kind, name] : enum_names(TensorKind{})) {
    if (here[kind] > 0 && here[kind] < here.total()) {
      parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", name, bytes_text(here[kind]));
    }
  }
  if (here[TensorKind::weights] > 0 && demand.gradients + demand.optimizer > 0) {
    parts += fmt::format("{}of the weights gradients {}, state of the optimiser {}",
                         parts.empty() ? "" : "; ", bytes_text(demand.gradients),
                         bytes_text(demand.optimizer));
  }
  if (!parts.empty()) {
    parts = " (" + parts + ")";
  }
  std::string text =
      fmt::format("memories.{}.capacity: {} {}{}, {:.0f} bytes over", tier.name, what,
                  bytes_text(here.total()), parts, std::ceil(shortage.over_bits / kBitsPerByte));
  const std::vector<std::string> changes = changes_that_fit(workload, demand, tiers, patchings);
  if (!changes.empty()) {
    text += fmt::format("; would fit with: {}", fmt::join(changes, ", or "));
  }
  return {text, tier.name + ".capacity", shortage.over_bits / tier.capacity_bits};
}

}  // namespace cairn::sim
