/// \file
/// Compute-in-memory macros against published chips.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Throughput and efficiency over the bits of operands, each relative to one row of the same table
/// (the row itself is not scored) and as they are; energy by what spends it; a chip of many tiles.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_crossbars();

}  // namespace cairn::app
