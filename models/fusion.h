/// \file
/// Proposals of operators that may run as one kernel, found in the graph of a workload.
#pragma once

#include <vector>

#include "models/workload.h"

namespace cairn::models {

/// Every matmul and convolution with the element-wise operators that can follow it in its
/// epilogue: each is the only reader of the one before, makes as many elements, and reads
/// otherwise only what was computed before the anchor (so of two branches that meet in a sum, the
/// later one takes the sum). Each operator is in one proposal at most.
[[nodiscard]] std::vector<FusionGroup> propose_epilogues(const Workload& workload);

}  // namespace cairn::models
