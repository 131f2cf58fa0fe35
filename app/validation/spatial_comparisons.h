/// \file
/// Row-stationary arrays: a fabricated chip on two networks, and grouped depthwise convolutions.
///
/// Checked by: tests/validation/spatial_validation_test.cpp
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// \throws ConfigError, IoError if a table or a model is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_spatial();

}  // namespace cairn::app
