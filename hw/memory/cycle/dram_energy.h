/// \file
/// Energy of DRAM commands, of one channel.
///
/// Assumes:    a command takes what the device's current exceeds standby while it works; standby
///             current depends on whether any bank of the rank is open.
/// Ignores:    data values, temperature, power-down.
/// Reference:  Micron, TN-40-07 "Calculating memory power for DDR4 SDRAM".
/// Checked by: tests/unit/hw/memory_cycle/dram_energy_test.cpp (by hand)
#pragma once

#include <optional>

#include "hw/memory/dram_part.h"

namespace cairn::hw::cycle {

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

}  // namespace cairn::hw::cycle
