/// \file
/// All-reduce between GPUs against measured times.
#pragma once

#include "app/validation/comparison.h"

namespace cairn::app {

/// One comparison for each placement of ranks; those inside one node are scored.
[[nodiscard]] std::vector<Comparison> compare_all_reduce();

}  // namespace cairn::app
