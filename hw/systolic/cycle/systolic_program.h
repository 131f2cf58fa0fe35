/// \file
/// A systolic array at cycle level: what its engines do for one group, tile by tile.
///
/// Each core has a load engine for weights and one for inputs, the array, a vector unit and a store
/// engine. A pass over one tile loads the weights and inputs that the pass before did not hold,
/// computes, and hands finished outputs to the vector unit and the store engine; partial sums that
/// leave the chip are stored and loaded again. Scratchpads have places for a few tiles of each
/// tensor
/// (`buffer_places`), and a load waits for the pass that frees its place.
///
/// Assumes:    the wavefront of a tile in closed form (fold_cycles.h), proved PE by PE; operands
///             lie in memory tile by tile, as a compiler packs them; all cores of a group start
///             together.
/// Ignores:    scratchpads that are filled before work starts (`fill_first`); how words of a tile
/// fall on the banks of a
///             scratchpad: its ports are a bandwidth.
/// Reference:  J. E. Smith, "Decoupled access/execute computer architectures", ISCA 1982.
/// Checked by: tests/unit/hw/systolic_cycle/systolic_program_test.cpp (traffic and work equal the
///             closed form's), `cairn validate --cross`
#pragma once

#include <span>

#include "hw/cycle/device_program.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const SystolicArray& array,
                                   std::span<const ResolvedMemory> memories);
[[nodiscard]] ProgramOrRefusal program_of(const SystolicArray& array, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
