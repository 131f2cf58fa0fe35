/// \file
/// The groups of a workload at both levels, each simulated once however often it occurs: for one
/// machine and one mapping constraint.
///
/// The evaluator asks for prices here instead of asking the machine when a scenario is evaluated at
/// cycle level; everything after the prices (totals, memory, energy of leakage) is the same code.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sim/compiled_workload.h"
#include "sim/cost_report.h"
#include "sim/cycle/cycle_pricer.h"
#include "sim/price_cache.h"

namespace cairn::sim {

using CycleEstimate = std::variant<CyclePrice, hw::Infeasible>;

class CyclePrices {
 public:
  /// Simulates one group: CyclePricer::price() of a machine.
  using Source = std::function<CycleEstimate(const hw::GroupView&, const hw::MappingConstraint&,
                                             hw::MappingObjective)>;
  /// Told before (true) and after (false) a group is simulated: the timeline needs its name.
  using Watcher = std::function<void(const UniqueGroup&, bool begins)>;

  explicit CyclePrices(Source source, Watcher watcher = {})
      : source_(std::move(source)), watcher_(std::move(watcher)) {}

  const CycleEstimate& price(const UniqueGroup& group, const hw::MappingConstraint& constraint,
                             hw::MappingObjective objective);

  /// Prices of `workload.unique` in order, at both levels, with the machine's own mappings.
  /// \returns nothing, or the refusal of the first group that cannot run.
  std::optional<Refusal> price(const CompiledWorkload& workload, const hw::Machine& machine,
                               hw::MappingObjective objective, std::vector<GroupPrice>& simulated,
                               std::vector<GroupPrice>& closed_form);

 private:
  Source source_;
  Watcher watcher_;
  std::unordered_map<std::uint64_t, CycleEstimate> known_;
};

}  // namespace cairn::sim
