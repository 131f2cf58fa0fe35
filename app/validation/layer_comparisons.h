/// \file
/// One layer of a transformer on several GPUs against its measured operators.
#pragma once

#include "app/validation/comparison.h"

namespace cairn::app {

/// GPT-3 on four A100: prompt and token, twelve operators each; the bar is on the sum.
[[nodiscard]] std::vector<Comparison> compare_transformer_layers();

}  // namespace cairn::app
