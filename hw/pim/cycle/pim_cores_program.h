/// \file
/// Cores beside the banks of a memory as a program for the cycle level.
///
/// The host starts the program and sends the inputs; then the busiest core works: its engine moves
/// portions between bank and scratchpad, one transfer at a time, its pipeline issues the
/// instructions of those threads that have a portion, and a thread's own instructions are
/// `reissue_cycles` apart; then the host collects the outputs.
///
/// Assumes:    the other cores, which have as much work or less, end before the busiest one;
/// threads
///             take portions in turn.
/// Ignores:    the order of instructions within a portion.
/// Reference:  J. Gomez-Luna et al., IEEE Access 10, 2022, sections 3 and 4 (pipeline and engine).
/// Checked by: tests/unit/hw/pim_cycle/pim_cores_program_test.cpp
#pragma once

#include <span>

#include "hw/cycle/device_program.h"
#include "hw/pim/pim_cores.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const PimCores& model, std::span<const ResolvedMemory> memories);

[[nodiscard]] ProgramOrRefusal program_of(const PimCores& model, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
