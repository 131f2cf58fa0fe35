/// \file
/// Products with 4-bit weights against fp16 ones.
#pragma once

#include "app/validation/comparison.h"

namespace cairn::app {

[[nodiscard]] std::vector<Comparison> compare_weight_only();

}  // namespace cairn::app
