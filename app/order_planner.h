/// \file
/// Orders of tensorised layers, searched for operations or on the study's own machine.
#pragma once

#include "hw/system.h"
#include "models/compression/order_planner.h"

namespace cairn::app {

/// \param machine that orders by latency, energy or energy-delay product are priced on; it must
///        outlive the planner. Null: those, too, are ordered by operations.
/// \param mappings how the machine chooses mappings.
/// The planner throws ConfigError where the machine can run no order. Not for several threads; its
/// copies share the prices they know.
[[nodiscard]] models::OrderPlanner make_order_planner(const hw::Machine* machine,
                                                      hw::MappingObjective mappings);

}  // namespace cairn::app
