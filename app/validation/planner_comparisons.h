/// \file
/// RAM and flash of networks under libraries, and classical kernels on a cluster.
#pragma once

#include <filesystem>
#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Plans the memory of every row of \p table (columns model, library, ram_bytes, flash_bytes,
/// held_out); an empty figure is not compared. Two comparisons a library: RAM and flash.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_library_memory(const std::filesystem::path& table);

/// Prices the kernels of \p table (columns method, samples, features, classes, ...) on eight cores
/// with floating-point units, on one, on a Cortex-M4 and with two emulations; the published means
/// stand beside every ratio and are not scored.
[[nodiscard]] std::vector<Comparison> compare_classical(const std::filesystem::path& table);

/// All comparisons of this file.
[[nodiscard]] std::vector<Comparison> compare_planner();

}  // namespace cairn::app
