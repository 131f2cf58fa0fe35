/// \file
/// The cost of one pass of a workload on a machine.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hw/cost.h"
#include "sim/compiled_workload.h"
#include "sim/schedule/chain.h"

namespace cairn::sim {

/// What totals need of a priced group; small, because it is what the price cache keeps.
struct GroupPrice {
  ChainStep step{};
  double dram_read_bits{};
  double dram_write_bits{};
  double fused_bits_saved{};
  double macs{};
  double peak_macs_per_second{};
  double resident_share{};
  hw::EnergyBreakdown energy{};
  hw::Bottleneck bottleneck{};
  std::uint32_t mappings_considered{};
};
[[nodiscard]] GroupPrice price_of(const hw::OperatorCost& cost, double peak_macs_per_second);

/// Sums over one pass, of all devices that share it. Energy includes leakage over the makespan;
/// total() of it is the energy.
struct WorkloadCost {
  double latency_s{};
  /// At cycle level: latency_s as the closed form has it. 0 when nothing was simulated.
  double closed_form_latency_s{};
  double prefetch_saved_s{};  ///< what weight prefetch across operators saved
  hw::EnergyBreakdown energy{};
  double dram_read_bits{};
  double dram_write_bits{};
  double fused_bits_saved{};
  double spilled_bits{};  ///< moved between the device and tiers behind its memories
  double spill_wait_s{};  ///< time of latency_s in which only those tiers worked
  double macs{};
  double utilization{};
  double resident_share{};  ///< of the device's weight cells; more than 1 cannot be
  /// Between passes that follow each other: operators with cells of their own work on successive
  /// passes at the same time, all others one after the other.
  double interval_s{};
  std::array<double, hw::kBottlenecks> time_by_bottleneck{};
  void add(const WorkloadCost& other, double times = 1);
};

/// \param prices one for each of `workload.unique`, of one device.
/// \param static_power of one device, W.
/// \param host_s host time of the pass: it runs beside the device, and the longer one counts.
[[nodiscard]] WorkloadCost total_cost(const CompiledWorkload& workload,
                                      std::span<const GroupPrice> prices, double static_power,
                                      double host_s = 0);

/// From one device to all that share the workload, with the static energy of the pass.
void scale_to_ranks(const CompiledWorkload& workload, WorkloadCost& total, double static_power);

/// simulated / closed form - 1, how far two models of one thing are apart; NaN without both.
[[nodiscard]] double disagreement(double simulated_s, double closed_form_s);

/// One line of a per-operator breakdown, over all devices that share the pass.
struct GroupRow {
  std::string name;
  std::string kind;
  std::int64_t count{};
  double latency_s{};  ///< all occurrences, each alone
  /// At cycle level: latency_s as the closed form has it. 0 when nothing was simulated.
  double closed_form_latency_s{};
  bool simulated{};   ///< at cycle level; false: only the closed form knows this operator
  double energy_j{};  ///< dynamic, all occurrences
  double utilization{};
  double dram_bits{};
  double operations{};  ///< 2 x MACs, all occurrences
  double fused_bits_saved{};
  std::string bottleneck;
  std::string mapping;
  std::string device;   ///< where several share the work: `pim`, or `xpu 2, pim 6`
  std::string formats;  ///< weights, activations, outputs
};

}  // namespace cairn::sim
