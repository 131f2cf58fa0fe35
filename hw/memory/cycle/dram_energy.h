/// \file
/// Names of the command energies beside the controller that counts them.
#pragma once

#include "hw/memory/dram_energy.h"

namespace cairn::hw::cycle {

using hw::DramCommandEnergies;
using hw::DramEnergy;
using hw::energies_of;

}  // namespace cairn::hw::cycle
