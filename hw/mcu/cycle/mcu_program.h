/// \file
/// A microcontroller's program for the cycle level.
///
/// One core: its blocks in the order of the kernel's loops; weights that miss the cache
/// (flash_lines.h) come from flash while the core waits. A few hundred stretches of the loops stand
/// for single instructions: nothing else uses core or flash.
///
/// A cluster: a stream for each core; the first one also gives the DMA engine its transfers and the
/// convolution unit its tiles. At the start of a tile all cores meet, then its loads are there and
/// the stores of the tile before may begin. Every core does the blocks that fall to it
/// (core_share.h), so a tile takes as long as its slowest core; loads and stores of all tensors
/// wait for one engine. With known banks the waits of a load or store are played through
/// (bank_conflicts.h) at the density of this operator's accesses.
///
/// Kernels, counts and tiles are those of the closed form (Mcu::plan_of).
///
/// Assumes:    a core does nothing while it waits for flash; tiles cut an operator in equal parts.
/// Ignores:    instruction fetches; what the convolution unit and the cores contend for in banks.
/// Reference:  see hw/mcu/kernel_cycles.h, hw/mcu/tile_pipeline.h.
/// Checked by: tests/unit/hw/mcu_cycle/mcu_program_test.cpp
#pragma once

#include "hw/cycle/device_program.h"
#include "hw/mcu/mcu.h"

namespace cairn::hw::cycle {

[[nodiscard]] DeviceUnits units_of(const Mcu& mcu, std::span<const ResolvedMemory> memories);

/// Precondition: \p closed_form is the price of \p group on \p mcu.
[[nodiscard]] ProgramOrRefusal program_of(const Mcu& mcu, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
