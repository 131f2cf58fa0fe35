/// \file
/// Whole passes of models priced for a comparison.
#pragma once

#include <string>
#include <vector>

#include "hw/system.h"
#include "models/compression/compression.h"
#include "sim/cost_report.h"
#include "sim/workload_spec.h"

namespace cairn::app {

/// One pass on a machine, in the machine's own format where \p schemes say nothing.
/// \throws ConfigError if the model cannot be cut so; InternalError if it does not fit.
[[nodiscard]] sim::WorkloadCost price_pass(const hw::Machine& machine,
                                           const sim::WorkloadSpec& spec,
                                           const std::vector<models::Scheme>& schemes = {});

/// Formats of a file in the k-quant mix `q4_k_m` of a model with \p layers blocks: 4.5 bits a
/// weight; 6.5625 bits in the output head and, in the first and last eighth of the blocks and every
/// third between them, in the value and down projections.
[[nodiscard]] std::vector<models::Scheme> k_quant_mix(std::int64_t layers);

/// A number format by its text. \throws InternalError if it is none.
[[nodiscard]] models::Precision format_of(const std::string& text);

}  // namespace cairn::app
