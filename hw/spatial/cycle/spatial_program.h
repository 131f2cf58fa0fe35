/// \file
/// A spatial array at cycle level: the loops around its outermost level, pass by pass.
///
/// A pass works on the tile that the outermost level holds: its weights and inputs are loaded when
/// the loops change them, the levels below take their closed form's share of the whole time, and
/// finished outputs go through the vector unit to the memory behind.
///
/// Assumes:    what happens below the outermost level as in loop_nest.h, evenly over the passes;
///             the rest as in hw/cycle/pass_stream.h.
/// Ignores:    which banks of a buffer a tile lies in.
/// Reference:  see loop_nest.h.
/// Checked by: tests/unit/hw/cycle/pass_stream_test.cpp, `cairn validate --cross`
#pragma once

#include <span>

#include "hw/cycle/device_program.h"
#include "hw/spatial/spatial_array.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const SpatialArray& array,
                                   std::span<const ResolvedMemory> memories);
[[nodiscard]] ProgramOrRefusal program_of(const SpatialArray& array, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
