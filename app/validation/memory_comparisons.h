/// \file
/// DRAM figures derived from parts against what a cycle-level simulator finds on the same parts.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Bandwidth of long streams with refresh, and latency of single requests to a bank that has
/// another row open. \throws ConfigError, IoError if a table or part is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_memories();

}  // namespace cairn::app
