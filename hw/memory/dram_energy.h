/// \file
/// Energy of DRAM commands, of one channel.
///
/// Assumes:    a command takes what the device's current exceeds standby while it works; standby
///             current depends on whether any bank of the rank is open.
/// Ignores:    data values, temperature, power-down.
/// Reference:  Micron, TN-40-07 "Calculating memory power for DDR4 SDRAM".
/// Checked by: tests/unit/hw/memory/dram_energy_test.cpp (by hand)
#pragma once

#include <optional>

#include "hw/energy/dram_table.h"
#include "hw/memory/dram_part.h"

namespace cairn::hw {

/// Joules and watts of one channel: of all devices that a command reaches.
struct DramCommandEnergies {
  double activate{};      ///< activate and the precharge that follows
  double read{};          ///< one access
  double write{};         ///< one access
  double refresh_all{};   ///< of one rank or pseudo-channel
  double refresh_bank{};  ///< of one bank
  double closed{};        ///< watts of one rank, all banks closed
  double open{};          ///< watts of one rank, any bank open
};

struct DramEnergy {
  double activate{};
  double read{};
  double write{};
  double refresh{};
  double background{};
  [[nodiscard]] double total() const { return activate + read + write + refresh + background; }
};

/// From the part's powers, if it states them.
[[nodiscard]] std::optional<DramCommandEnergies> energies_of(const DramPartSpec& part);

/// Of a part without: what its kind takes for each bit of a stream, split between the activate that
/// opens a row and its accesses, and what it takes for each bit of capacity, split between refresh
/// and standby. Both splits are assumed: the activate's 0.3 is near HBM2's (M. O'Connor et al.,
/// MICRO 2017), the refresh's 0.15 what the currents of DDR4 give.
[[nodiscard]] DramCommandEnergies energies_of(const DramPartSpec& part, const DramFigures& figures);

/// Of a stream that uses whole rows: accesses, and an activate for each row.
struct DramStreamEnergy {
  double read{};        ///< joule for each bit
  double write{};       ///< joule for each bit
  double background{};  ///< watts of a channel that is always open, refreshes included
};
[[nodiscard]] DramStreamEnergy stream_energy(const DramPartSpec& part,
                                             const DramCommandEnergies& energies);

}  // namespace cairn::hw
