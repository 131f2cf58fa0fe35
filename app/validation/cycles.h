/// \file
/// Cycle counts of a systolic array against those of a simulator, row by row.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace cairn::app {

/// Cycle counts of a systolic array with `timing: scalesim` against those of SCALE-Sim.
struct CycleComparison {
  std::string table;  ///< file name
  std::size_t rows{};
  std::size_t equal{};
  std::string first_difference;  ///< `line 17: 32x32 ...: 1519 cycles, SCALE-Sim 1520`; or empty
  [[nodiscard]] bool holds() const { return rows > 0 && equal == rows; }
};

/// Prices every row of \p table (columns rows, cols, dataflow, m, n, k, cycles) with the model that
/// studies use.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] CycleComparison compare_cycles(const std::filesystem::path& table);

}  // namespace cairn::app
