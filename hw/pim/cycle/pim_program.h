/// \file
/// Multipliers in, beside or outside a memory as a program for the cycle level.
///
/// Inside: the host starts the units and sends the inputs over the memory's interface; a channel
/// reads row after row into the units, command by command (pim_channel.h); arithmetic keeps step
/// with the columns, or follows from a buffer; vector work follows chunk by chunk; outputs leave
/// over the interface. Outside: loads, arithmetic, vector work and stores of chunks overlap.
///
/// Assumes:    channels advance in step, so that one stands for all; without timing of rows the
///             units read at a bandwidth.
/// Ignores:    mode switches around an operator (they belong to the schedule).
/// Reference:  S. Lee et al., ISCA 2021.
/// Checked by: tests/unit/hw/pim_cycle/pim_program_test.cpp
#pragma once

#include <span>

#include "hw/cycle/device_program.h"
#include "hw/pim/pim.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const Pim& model, std::span<const ResolvedMemory> memories);

[[nodiscard]] ProgramOrRefusal program_of(const Pim& model, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
