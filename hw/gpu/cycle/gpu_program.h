/// \file
/// A GPU at cycle level: each multiprocessor (SM) is a stream with a unit that computes, one that
/// copies operands and one that stores.
///
/// Thread blocks are handed out in the order of the closed form's raster, first come, first served:
/// an SM asks for its next round when its last one has left the registers. A round loads the tiles
/// of its operands through the L2, `stages` k-steps ahead of the main loop, and stores behind it;
/// so waves and their tails, what the L2 still holds of earlier waves, and the queues of slices and
/// channels come out of the simulation. What an SM alone needs for a step (tensor cores, decoding,
/// softmax, epilogue), launch, the gap between rounds and the reduction of a split are those of the
/// closed form, from the same functions.
///
/// Assumes:    operands lie tile after tile, each at the start of an L2 line; tags are kept for
///             lines of 4 or 8 KiB, which are also the requests; of more than 100,000 tiles several
///             k-steps are one task, but for the first and last of a block, which stay short; the
///             blocks of an SM advance together; stores pass by the L2's operands; the L2 keeps the
///             share of its capacity that the stack retains.
/// Ignores:    requests shorter than a line, and what banks of shared memory and schedulers do
///             inside an SM; partial sums of a split take the L2's bandwidth, not its lines; what
///             the L2 holds from the kernel before is read at its bandwidth, without requests.
/// Reference:  A. Kerr et al., "CUTLASS: fast linear algebra in CUDA C++", 2017 (rounds, pipeline).
/// Checked by: tests/unit/hw/gpu_cycle (by hand, and properties); against the closed form over
///             random operators and GPUs by `cairn validate --cross --only gpu`
#pragma once

#include <cstdint>
#include <span>

#include "hw/cycle/device_program.h"
#include "hw/gpu/gpu.h"

namespace cairn::hw::cycle {

/// Three units of every SM, in the order of SmUnit, and one of the board, whose power limit and
/// host may hold a kernel up.
[[nodiscard]] DeviceUnits units_of(const Gpu& gpu, std::span<const ResolvedMemory> memories);

/// \param closed_form price of the group: its kernels, tiles and splits are those simulated.
[[nodiscard]] ProgramOrRefusal program_of(const Gpu& gpu, const GroupView& group,
                                          const OperatorCost& closed_form,
                                          std::span<const ResolvedMemory> memories);

/// The same for kernels given directly.
[[nodiscard]] Program program_of(const Gpu& gpu, std::span<const GpuKernel> kernels,
                                 std::span<const ResolvedMemory> memories);

}  // namespace cairn::hw::cycle
