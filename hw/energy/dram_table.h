/// \file
/// Energy of memory outside the chip, and what it takes on it.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/units.h"
#include "hw/energy/specs.h"

namespace cairn::hw {

/// One kind of memory outside the chip.
struct DramFigures {
  EnergyPerBit read{};
  EnergyPerBit write{};
  PowerPerBit background{};                     ///< standby and refresh, for each bit of capacity
  Area phy_area{};                              ///< on our die, of one interface
  Bandwidth phy_bandwidth{};                    ///< peak of one interface
  Confidence confidence{Confidence::measured};  ///< of the energies
  Confidence background_confidence{Confidence::measured};
  Confidence area_confidence{Confidence::measured};

  /// Area on our die of interfaces with this peak bandwidth together.
  [[nodiscard]] Area phy_for(Bandwidth peak) const {
    return Area{phy_area.count() * (peak / phy_bandwidth)};
  }
};

/// Currents (ampere), timings (second) and organisation (bit) of one device, from its data sheet.
struct DramCurrents {
  MemoryKind kind{};
  std::string part;
  double capacity{};
  double device_width{};
  double burst_length{};
  double page{};
  double clock_period{};
  double row_cycle{};           ///< tRC
  double row_active{};          ///< tRAS
  double refresh_cycle{};       ///< tRFC
  double refresh_interval{};    ///< tREFI
  double supply{};              ///< VDD, volt
  double activate_precharge{};  ///< IDD0
  double precharge_standby{};   ///< IDD2N
  double active_standby{};      ///< IDD3N
  double read{};                ///< IDD4R
  double write{};               ///< IDD4W
  double refresh{};             ///< IDD5AB
  std::string source;
  Confidence confidence{Confidence::assumed};
};

/// Reads dram_currents.csv. \throws IoError
[[nodiscard]] std::vector<DramCurrents> load_dram_currents(const std::filesystem::path& path,
                                                           Diagnostics& diagnostics);

/// Of the device alone, without its output drivers and our interface:
/// burst      VDD (IDD4 - IDD3N) x burst time / bits of a burst, two transfers a clock;
/// activation VDD (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS)) / bits of a page;
/// background VDD IDD3N + VDD (IDD5AB - IDD3N) tRFC / tREFI, over the capacity.
struct DeviceEnergy {
  double read{};        ///< joule for each bit, activation included
  double write{};       ///< joule for each bit, activation included
  double background{};  ///< watt for each bit
};
[[nodiscard]] DeviceEnergy device_energy(const DramCurrents& currents);

/// What is known of every kind.
///
/// Assumes:    streams that use every bit of an opened page; background power as if a row were
///             always open (the device never powers down).
/// Ignores:    row misses beyond one activation for each page, temperature, data values.
/// Reference:  Micron, TN-40-07 "Calculating memory power for DDR4 SDRAM"; dram.yaml names the
///             source of what comes from no data sheet.
/// Checked by: tests/unit/hw/energy/dram_table_test.cpp (by hand)
class DramTable {
 public:
  /// Reports kinds that lack a figure. \p file names dram.yaml in messages.
  DramTable(const DramSpec& spec, const std::vector<DramCurrents>& currents,
            const std::filesystem::path& file, Diagnostics& diagnostics);

  /// Empty for kinds on the chip and kinds that the table does not know.
  [[nodiscard]] const std::optional<DramFigures>& at(MemoryKind kind) const {
    return kinds_.at(static_cast<std::size_t>(kind));
  }

 private:
  std::array<std::optional<DramFigures>, static_cast<std::size_t>(MemoryKind::flash) + 1> kinds_{};
};

}  // namespace cairn::hw
