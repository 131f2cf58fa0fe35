/// \file
/// Collectives, multi-GPU serving, weight-only kernels and board power against measurements.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

[[nodiscard]] std::vector<Comparison> compare_serving();

}  // namespace cairn::app
