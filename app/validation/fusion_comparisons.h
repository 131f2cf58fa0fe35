/// \file
/// Systolic arrays against reference tables: layers of a precision-scalable array, applications of
/// an accelerator of a data centre; and areas of dies.
#pragma once

#include <filesystem>
#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Layers of a precision-scalable array (configs/hardware/bitfusion.yaml), a simulator's output.
/// The array's free figures were chosen on the first half of the rows, `fitted`; the second half is
/// held out. Rows are dealt by a seeded hash of their key.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_fusion_layers(const std::filesystem::path& table);

/// Shares of time and TOPS of applications on a weight-stationary array (configs/hardware/
/// tpu_v1.yaml), built as `layers` equal square layers of `weights` in all.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_applications(const std::filesystem::path& table);

/// Areas of dies worked out from their descriptions: built ones, then designs of papers.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_die_areas(const std::filesystem::path& table);

[[nodiscard]] std::vector<Comparison> compare_fusion();

}  // namespace cairn::app
