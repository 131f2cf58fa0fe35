/// \file
/// Energy, leakage, area and access time of on-chip SRAM.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/units.h"
#include "hw/energy/node_scaling.h"
#include "hw/energy/specs.h"

namespace cairn::hw {

/// One memory at the nominal voltage.
struct SramFigures {
  EnergyPerBit read{};
  EnergyPerBit write{};
  Watts leakage{};   ///< of the whole memory
  Area area{};       ///< of the whole memory
  Seconds access{};  ///< from address to data
  Confidence confidence{Confidence::measured};
};

/// One row of the SRAM table.
struct SramPoint {
  double node{};  ///< metre
  CellType cell{};
  double capacity{};  ///< bit
  double width{};     ///< bit
  double read{};      ///< joule for each access
  double write{};     ///< joule for each access
  double leakage{};   ///< watt
  double area{};      ///< square metre
  double access{};    ///< second
  std::string source;
  Confidence confidence{Confidence::assumed};
};

/// Reads sram_cacti.csv. \throws IoError
[[nodiscard]] std::vector<SramPoint> load_sram_points(const std::filesystem::path& path,
                                                      Diagnostics& diagnostics);

/// The table at one node and cell type: log-log between capacities, widths and nodes, exact at the
/// rows of the table.
///
/// Marked extrapolated:
///  - below the smallest capacity (register files) the nearest slope of the table goes on;
///  - below the smallest width an access costs as much as one of the smallest width;
///  - above the largest capacity the memory is banked: area and leakage grow with the number of
///    largest banks, energy and access time go on with the last slope (longer wires);
///  - above the largest width it is that many narrower memories side by side;
///  - below the smallest node the values of that node are multiplied by the SRAM functions of
///    NodeScaling.
///
/// Assumes:    one read-write port, one bank up to the largest capacity, as CACTI lays it out.
/// Ignores:    sleep modes, error correction, redundancy.
/// Reference:  N. Muralimanohar, R. Balasubramonian, N. Jouppi, CACTI 6.0, HPL-2009-85, and CACTI 7
///             (R. Balasubramonian et al., ACM TACO 14(2), 2017).
/// Checked by: tests/unit/hw/energy/sram_table_test.cpp
class SramTable {
 public:
  /// \p points as load_sram_points() gives them; \p node in metres.
  SramTable(const std::vector<SramPoint>& points, CellType cell, const NodeScaling& scaling,
            double node);

  /// \p capacity of the whole memory, \p width of one access (both positive). Does not allocate.
  [[nodiscard]] SramFigures at(Bits capacity, Bits width) const;

 private:
  static constexpr std::size_t kQuantities = 5;  ///< read, write, leakage, area, access
  struct GridPoint {
    std::array<double, kQuantities> logs{};
    Confidence confidence{Confidence::measured};
  };
  [[nodiscard]] const GridPoint& grid(std::size_t width, std::size_t capacity) const {
    return grid_[width * capacities_.size() + capacity];
  }
  [[nodiscard]] GridPoint& grid(std::size_t width, std::size_t capacity) {
    return grid_[width * capacities_.size() + capacity];
  }

  std::vector<double> capacities_;  ///< bit, ascending
  std::vector<double> widths_;      ///< bit, ascending
  std::vector<double> log_capacities_;
  std::vector<double> log_widths_;
  std::vector<GridPoint> grid_;
};

}  // namespace cairn::hw
