/// \file
/// The models against reference tables that come with the project.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

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

/// Relative errors of modelled times, (model - measured) / measured, over some rows.
struct ErrorSummary {
  std::string what;  ///< `all`, `10 to 99 tokens`, `under 10 us`
  std::size_t rows{};
  double mean_absolute{};
  double mean_signed{};
};

/// One GPU against measured times of linear layers.
struct GpuComparison {
  static constexpr double kMostAbsolute = 0.08;
  static constexpr double kMostSigned = 0.03;

  std::string device;               ///< name of a file in configs/hardware
  ErrorSummary all;                 ///< every row of equal weight
  std::vector<ErrorSummary> parts;  ///< by decade of tokens, then rows under 10 us
  [[nodiscard]] bool holds() const;
};

/// Prices every row of \p table (columns device, m, n, k, median_s) as an fp16 matrix product.
[[nodiscard]] std::vector<GpuComparison> compare_gpus(const std::filesystem::path& table);

}  // namespace cairn::app
