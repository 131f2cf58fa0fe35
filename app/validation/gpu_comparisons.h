/// \file
/// GPUs against measured kernels.
#pragma once

#include <filesystem>
#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Prices every row of \p table (columns device, m, n, k, median_s) as a matrix product in the
/// device's own format; one comparison a device.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_linear_layers(const std::filesystem::path& table);

/// All comparisons of GPU kernels.
[[nodiscard]] std::vector<Comparison> compare_gpu();

}  // namespace cairn::app
