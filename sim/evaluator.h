/// \file
/// From a scenario to its cost: one workload on one machine, and the same for design points.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "hw/system.h"
#include "sim/coprocessing.h"
#include "sim/cost_report.h"
#include "sim/cycle/cycle_prices.h"
#include "sim/memory/capacity.h"
#include "sim/metrics.h"
#include "sim/price_cache.h"
#include "sim/scenario.h"

namespace cairn::sim {

/// One workload on one machine, in full.
struct WorkloadReport {
  WorkloadCost cost;
  std::vector<GroupRow> rows;
  MemoryDemand demand;
  std::optional<MemoryPlan> plan;  ///< under the library of the machine, if it has one
  MemoryTiers tiers;
  PlacedTensors placed;
  double weight_bits{};  ///< without code
  std::int64_t tokens{};
  std::int64_t batch{};
  double static_power{};
  std::int64_t mode_switches{};  ///< of devices that share the work, in the pass
};

/// Prices the groups of a workload through a cache.
class GroupPricer {
 public:
  explicit GroupPricer(std::size_t cache_places) : cache_(cache_places) {}

  /// Prices of `workload.unique` in order.
  /// \param key    hash of everything about the machine that a price depends on.
  /// \param machine called only on a miss: building a machine is the dear part.
  /// \returns nothing, or the refusal of the first group that cannot run.
  template <class MachineSource>
  std::optional<Refusal> price(std::uint64_t key, const CompiledWorkload& workload,
                               hw::MappingObjective objective, MachineSource&& machine,
                               std::vector<GroupPrice>& prices);

  /// The same on each of the devices that share the work. A group is refused when none can run it.
  template <class MachineSource>
  std::optional<Refusal> price_shared(std::uint64_t key, const CompiledWorkload& workload,
                                      hw::MappingObjective objective, std::size_t devices,
                                      MachineSource&& machine, DevicePrices& prices);

  [[nodiscard]] const PriceCache& cache() const { return cache_; }

 private:
  /// \param device of those that share the work; negative: the machine's own choice.
  const PriceCache::Entry& price_new(std::uint64_t key, const UniqueGroup& group,
                                     const hw::Machine& machine, hw::MappingObjective objective,
                                     int device = -1);
  PriceCache cache_;
};

/// Full breakdown, priced anew. \returns Infeasible if a group cannot run or memory is too small.
/// \param cycle prices of \p machine at cycle level, in place of the closed form's; null:
/// analytical.
///        Not for systems whose devices share the work (InternalError).
[[nodiscard]] std::variant<WorkloadReport, hw::Infeasible> report_workload(
    const CompiledWorkload& workload, const hw::Machine& machine, hw::MappingObjective objective,
    const hw::MappingConstraint& constraint = {}, CyclePrices* cycle = nullptr);

/// Cells of a device whose weights stay against what all operators of a pass keep there.
[[nodiscard]] std::optional<hw::Infeasible> residence_problem(const WorkloadCost& cost);

/// One kind of stage as a share of all: costs and rows times \p share, names with \p suffix.
void scale_report(WorkloadReport& report, double share, const std::string& suffix);
/// Adds the rows and costs of another kind of stage; memory is that of the larger.
void add_report(WorkloadReport& report, WorkloadReport more);

/// The timeline of a workload whose prices are known; at most \p most_steps operators.
[[nodiscard]] std::vector<ChainStep> chain_of(const CompiledWorkload& workload,
                                              std::span<const GroupPrice> prices,
                                              std::size_t most_steps);

/// What metrics tell of memory.
struct MemoryFigures {
  MemoryDemand demand;
  double weight_bits{};  ///< without code
};

/// One value of a metric for one workload.
[[nodiscard]] double metric_value(Metric metric, const WorkloadCost& cost,
                                  const MemoryFigures& memory, std::int64_t tokens,
                                  std::int64_t batch);

template <class MachineSource>
std::optional<Refusal> GroupPricer::price(std::uint64_t key, const CompiledWorkload& workload,
                                          hw::MappingObjective objective, MachineSource&& machine,
                                          std::vector<GroupPrice>& prices) {
  prices.resize(workload.unique.size());
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    const UniqueGroup& group = workload.unique[u];
    const std::uint64_t full_key = combine(key, group.hash);
    const PriceCache::Entry* entry = cache_.find(full_key);
    if (entry == nullptr) {
      entry = &price_new(full_key, group, machine(), objective);
    }
    if (entry->refusal >= 0) {
      return cache_.refusal(entry->refusal);
    }
    prices[u] = entry->price;
  }
  return std::nullopt;
}

template <class MachineSource>
std::optional<Refusal> GroupPricer::price_shared(std::uint64_t key,
                                                 const CompiledWorkload& workload,
                                                 hw::MappingObjective objective,
                                                 std::size_t devices, MachineSource&& machine,
                                                 DevicePrices& prices) {
  prices.assign(devices, std::vector<std::optional<GroupPrice>>(workload.unique.size()));
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    const UniqueGroup& group = workload.unique[u];
    bool possible = false;
    std::optional<Refusal> first;
    for (std::size_t d = 0; d < devices; ++d) {
      const std::uint64_t full_key = combine(combine(key, group.hash), d + 1);
      const PriceCache::Entry* entry = cache_.find(full_key);
      if (entry == nullptr) {
        entry = &price_new(full_key, group, machine(), objective, static_cast<int>(d));
      }
      if (entry->refusal < 0) {
        prices[d][u] = entry->price;
        possible = true;
      } else if (!first) {
        first = cache_.refusal(entry->refusal);
      }
    }
    if (!possible) {
      return first;
    }
  }
  return std::nullopt;
}

}  // namespace cairn::sim
