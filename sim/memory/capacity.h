/// \file
/// Whether a workload fits its memories, and which smallest changes would make it fit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hw/cost.h"
#include "sim/compiled_workload.h"
#include "sim/memory/memory_plan.h"
#include "sim/memory/patching.h"
#include "sim/memory/tensor_placement.h"

namespace cairn::sim {

/// What \p workload needs by kind of tensor. \param plan of the machine's library; null without
/// one: then tensors alone count.
[[nodiscard]] MemoryDemand demand_of(const CompiledWorkload& workload, const MemoryPlan* plan);

/// Changes of one thing that would each make the workload fit, the smallest of its kind: a weight
/// format, a batch, a context, patches, a capacity. Each is computed, none is guessed; a kind that
/// cannot help is left out. \p traits null: the machine has no library.
[[nodiscard]] std::vector<std::string> changes_that_fit(const CompiledWorkload& workload,
                                                        const MemoryDemand& demand,
                                                        const MemoryTiers& tiers,
                                                        const std::vector<Patching>& patchings);

/// What has no room, where, how many bytes over, and what would fit.
/// Precondition: `tiers.place(demand)` has a shortage.
[[nodiscard]] hw::Infeasible capacity_problem(const CompiledWorkload& workload,
                                              const MemoryDemand& demand, const MemoryTiers& tiers,
                                              const std::vector<Patching>& patchings);

}  // namespace cairn::sim
