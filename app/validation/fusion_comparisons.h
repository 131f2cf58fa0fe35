/// \file
/// Systolic arrays against reference tables: layers of a precision-scalable array, applications of
/// an accelerator of a data centre, die areas.
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

[[nodiscard]] std::vector<Comparison> compare_fusion();

}  // namespace cairn::app
