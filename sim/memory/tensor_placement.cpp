#include "sim/memory/tensor_placement.h"

#include <algorithm>

namespace cairn::sim {
namespace {

using hw::TensorKind;

constexpr std::array kPlacingOrder{TensorKind::activations, TensorKind::kv_cache,
                                   TensorKind::weights};
/// Written when they are made, read when they are used.
constexpr double kActivationMoves = 2;

std::size_t at(TensorKind kind) {
  return static_cast<std::size_t>(kind);
}

}  // namespace

MemoryTiers::MemoryTiers(const hw::Machine& machine) {
  std::vector<std::int32_t> tier_of(machine.memories().size(), -1);
  for (const TensorKind kind : kPlacingOrder) {
    for (const std::uint32_t memory : machine.placement().of(kind)) {
      if (tier_of[memory] < 0) {
        const hw::ResolvedMemory& m = machine.memories()[memory];
        tier_of[memory] = static_cast<std::int32_t>(tiers_.size());
        tiers_.push_back(
            {m.name, m.capacity_bits, m.bandwidth, m.latency_s, m.read_energy, m.write_energy});
      }
      order_.at(at(kind)).push_back(static_cast<std::uint32_t>(tier_of[memory]));
    }
  }
}

const MemoryTiers::Tier& MemoryTiers::home(TensorKind kind) const {
  return tiers_.at(order_.at(at(kind)).front());
}

double MemoryTiers::capacity_of(TensorKind kind) const {
  double bits = 0;
  for (const std::uint32_t tier : order_.at(at(kind))) {
    bits += tiers_[tier].capacity_bits;
  }
  return bits;
}

PlacedTensors MemoryTiers::place(const MemoryDemand& demand) const {
  PlacedTensors placed;
  const auto used = [&placed](std::uint32_t tier) {
    double bits = 0;
    for (const PlacedPart& part : placed.view()) {
      bits += part.tier == tier ? part.bits : 0.0;
    }
    return bits;
  };
  for (const TensorKind kind : kPlacingOrder) {
    const std::vector<std::uint32_t>& order = order_[at(kind)];  // NOLINT: inner loop
    double left = demand[kind];
    double touched = kind == TensorKind::weights ? left - demand.idle_weights : left;
    for (std::size_t i = 0; i < order.size() && left > 0; ++i) {
      const std::uint32_t tier = order[i];
      const double room = tiers_[tier].capacity_bits - used(tier);
      const bool whole = kind == TensorKind::activations;
      const double bits = left <= room ? left : (whole ? 0.0 : std::max(0.0, room));
      if (bits > 0 && placed.count < PlacedTensors::kMostParts) {
        PlacedPart& part = placed.parts[placed.count++];  // NOLINT: inner loop
        part = {kind, tier, i > 0, bits, 0.0};
        const double busy = std::min(touched, bits);
        if (i > 0) {
          part.moved_bits = whole ? kActivationMoves * bits : busy;
        }
        touched -= busy;
        left -= bits;
      }
      if (i + 1 == order.size() && left > 0) {
        placed.shortage = Shortage{kind, tier, whole ? left - std::max(0.0, room) : left};
        return placed;
      }
    }
  }
  return placed;
}

void add_spills(const PlacedTensors& placed, const MemoryTiers& tiers, double static_power,
                double devices, WorkloadCost& cost) {
  double longest = 0;
  for (std::uint32_t t = 0; t < tiers.tiers().size(); ++t) {
    const MemoryTiers::Tier& tier = tiers.tiers()[t];
    double moved = 0;
    double energy = 0;
    for (const PlacedPart& part : placed.view()) {
      if (part.tier != t || !part.spilled) {
        continue;
      }
      moved += part.moved_bits;
      energy += part.kind == TensorKind::activations
                    ? part.bits * (tier.write_energy + tier.read_energy)
                    : part.moved_bits * tier.read_energy;
    }
    if (moved > 0) {
      longest = std::max(longest, tier.latency_s + moved / tier.bandwidth);
      cost.spilled_bits += devices * moved;
      cost.energy[hw::EnergyComponent::dram] += devices * energy;
    }
  }
  const double waits = std::max(0.0, longest - cost.latency_s);
  cost.spill_wait_s += waits;
  cost.time_by_bottleneck[static_cast<std::size_t>(hw::Bottleneck::dram)] += waits;  // NOLINT
  if (cost.latency_s > 0) {
    cost.utilization *= cost.latency_s / (cost.latency_s + waits);
  }
  cost.latency_s += waits;
  cost.energy[hw::EnergyComponent::leakage] += devices * static_power * waits;
}

}  // namespace cairn::sim
