/// \file
/// A chip of compute-in-memory macros as a program for the cycle level.
///
/// Copies of the weights work on vectors of their own; up to four lanes stand for them, each with
/// an array, converters, and engines that fetch inputs and weights and store outputs. All lanes
/// share the buffer's port, the vector unit and the backing memory. Where it is not too much, every
/// step of a vector is a task: rows are driven while the step before is converted (one sample is
/// held), input bits are read from the buffer as they are applied. With several rounds of
/// programming, or thousands of steps a vector, a chunk of vectors is one task of their interval.
///
/// Assumes:    copies that share a lane advance in step; a vector's steps are those of the fullest
///             macro.
/// Ignores:    conflicts in the network between buffer and macros.
/// Reference:  A. Shafiee et al., "ISAAC", ISCA 2016, figure 4 (stages of a vector).
/// Checked by: tests/unit/hw/crossbar_cycle/crossbar_program_test.cpp (steps by hand, traffic)
#pragma once

#include <span>

#include "hw/crossbar/crossbar.h"
#include "hw/cycle/device_program.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const Crossbar& model, std::span<const ResolvedMemory> memories);

[[nodiscard]] ProgramOrRefusal program_of(const Crossbar& model, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
