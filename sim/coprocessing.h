/// \file
/// The cost of a pass that several devices of one system share.
///
/// Every copy of a block is a small graph of groups; devices are chosen for it so that it ends
/// soonest (schedule/device_assignment.h), or as the system's rule says. Copies run one after the
/// other, as in a pass on one device. Under the rule `fastest` a pass never takes longer than on
/// the best single device: that is one of the choices.
///
/// Assumes:    a copy waits for the whole copy before it; a group's results are in the shared
/// memory
///             when it has ended.
/// Ignores:    weight prefetch between groups (a device alone has it), traffic of two devices on
///             one interface.
/// Checked by: tests/unit/sim/coprocessing_test.cpp
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/coprocessing.h"
#include "sim/compiled_workload.h"
#include "sim/cost_report.h"
#include "sim/schedule/device_assignment.h"

namespace cairn::sim {

/// Prices of `workload.unique` on each device that shares the work; empty where it cannot run.
using DevicePrices = std::vector<std::vector<std::optional<GroupPrice>>>;

struct SharedCost {
  WorkloadCost cost;
  /// Occurrences of each unique group on each device.
  std::vector<std::vector<std::int64_t>> placed;
  std::int64_t switches{};  ///< mode switches paid in the pass
  bool alone{};             ///< one device does all of it
};

/// \param static_power of one system, W; \p host_s host time of the pass, as in total_cost().
[[nodiscard]] SharedCost shared_cost(const CompiledWorkload& workload, const DevicePrices& prices,
                                     const hw::Coprocessing& shared, double static_power,
                                     double host_s);

/// `pim 24, xpu 8`: where the occurrences of a group run.
[[nodiscard]] std::string placement_text(const std::vector<std::int64_t>& placed,
                                         const hw::Coprocessing& shared);

}  // namespace cairn::sim
