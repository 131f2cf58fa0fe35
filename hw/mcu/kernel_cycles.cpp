#include "hw/mcu/kernel_cycles.h"

#include <cmath>

namespace cairn::hw {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Share of the work that the busiest core has.
double busiest_share(const McuMachine& machine, std::int64_t units) {
  const double most = std::ceil(real(units) / machine.cores);
  return units > 0 ? most / real(units) : 0.0;
}

/// Multiply-accumulates as counted, all else as compiled.
double compiled(const InstructionClasses& counts, const InstructionClasses& issue,
                double expansion) {
  return multiply_cycles(counts, issue) + expansion * other_cycles(counts, issue);
}

/// Bytes that a further pass over \p bytes misses in a cache that replaces the line used longest
/// ago: a set with more lines than ways has lost each before its turn comes again.
double missed_again(const McuMachine& machine, double bytes) {
  const std::int64_t held = machine.cache_lines();
  const std::int64_t ways = machine.ways > 0 ? std::min(machine.ways, held) : held;
  const std::int64_t sets = held / ways;
  if (bytes <= real(held) * machine.line_bytes) {
    return 0.0;
  }
  const double lines = bytes / machine.line_bytes;
  const double too_full = std::ceil(lines) - real(sets * ways);
  return too_full >= real(sets) ? bytes
                                : std::min(lines, too_full * real(ways + 1)) * machine.line_bytes;
}

}  // namespace

double fetched_bytes(const McuMachine& machine, const WeightReads& reads) {
  const double bytes = reads.bytes();
  if (reads.together > machine.cache_lines()) {
    const double steps = std::max(1.0, machine.line_bytes / reads.step_bytes);
    return bytes * steps * real(reads.passes);
  }
  if (reads.group_passes) {
    const double kept = real(reads.together) * reads.row_bytes;
    const double share = missed_again(machine, kept) / std::max(kept, 1e-9);
    return bytes * (1.0 + share * real(reads.passes - 1));
  }
  return bytes + missed_again(machine, bytes) * real(reads.passes - 1);
}

KernelCycles cycles_of(const McuMachine& machine, const KernelBlocks& blocks) {
  const double count = real(blocks.count());
  const double share = busiest_share(machine, blocks.count()) * real(blocks.repeats);
  KernelCycles cycles;
  cycles.products = share * count * blocks.products;
  cycles.outputs = share * real(blocks.pixels) * real(blocks.filters) * blocks.output;
  cycles.unpack = share * count * blocks.unpack;
  cycles.gather = busiest_share(machine, blocks.gathers) * real(blocks.repeats) *
                  real(blocks.gathers) * blocks.gather;
  if (blocks.reads.rows > 0) {
    cycles.fetched_bytes = real(blocks.repeats) * fetched_bytes(machine, blocks.reads);
    cycles.stall = cycles.fetched_bytes * machine.stall_per_byte;
  }
  return cycles;
}

KernelBlocks matrix_blocks(const McuMachine& machine, const McuKernelsSpec& kernels,
                           const MatrixKernelSpec& kernel, const MatrixWork& work) {
  const InstructionClasses& issue = machine.issue;
  KernelBlocks blocks;
  blocks.pixels = work.pixels;
  blocks.filters = work.filters;
  blocks.block_pixels = kernel.pixels;
  blocks.block_filters = kernel.filters;
  blocks.filters_outer = kernel.filters_outer;
  blocks.products =
      real(work.depth / kernel.depth) * compiled(kernel.step, issue, kernel.expansion) +
      real(work.depth % kernel.depth) * compiled(kernel.tail, issue, kernel.expansion) +
      kernel.expansion * issue_cycles(kernel.block, issue);
  blocks.output = issue_cycles(kernels.output, issue);
  if (work.runs > 0) {
    blocks.gathers = work.pixels;
    blocks.gather = real(work.depth) * issue_cycles(kernel.gather, issue) +
                    real(work.runs) * issue_cycles(kernel.gather_run, issue);
  }
  if (work.unpacked) {
    blocks.unpack = real(work.filters) * real(work.depth) * issue_cycles(kernels.unpack, issue) /
                    real(blocks.filter_blocks());
  }
  if (work.stored_weights) {
    blocks.reads = {.rows = work.filters,
                    .row_bytes = real(work.depth) * work.weight_bytes,
                    .together = std::min(kernel.filters, work.filters),
                    .step_bytes = real(kernel.depth) * work.weight_bytes,
                    .passes = blocks.pixel_blocks(),
                    .group_passes = kernel.filters_outer};
  }
  return blocks;
}

KernelCycles matrix_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                           const MatrixKernelSpec& kernel, const MatrixWork& work) {
  return cycles_of(machine, matrix_blocks(machine, kernels, kernel, work));
}

KernelBlocks depthwise_blocks(const McuMachine& machine, const McuKernelsSpec& kernels,
                              const DepthwiseKernelSpec& kernel, const DepthwiseWork& work) {
  const InstructionClasses& issue = machine.issue;
  KernelBlocks blocks;
  blocks.pixels = work.pixels;
  blocks.filters = work.channels;
  blocks.block_filters = kernel.lanes;
  blocks.filters_outer = kernel.channels_outer;
  const double products = real(kernel.lanes) * real(work.taps);
  blocks.products = products * compiled(kernel.product, issue, kernel.expansion) +
                    kernel.expansion * issue_cycles(kernel.block, issue);
  blocks.output = issue_cycles(kernels.output, issue);
  if (kernel.gathers) {
    const double pixel =
        real(work.channels) * real(work.taps) * issue_cycles(kernel.gather, issue) +
        real(work.taps) * issue_cycles(kernel.gather_run, issue);
    blocks.gathers = blocks.count();
    blocks.gather = pixel / real(blocks.filter_blocks());
  }
  if (work.unpacked) {
    blocks.unpack = products * issue_cycles(kernels.unpack, issue);
  }
  const double row = work.weight_bytes;
  if (kernel.channels_outer) {
    // The window of a channel is read once and stays in registers while all pixels pass.
    blocks.reads = {.rows = work.channels,
                    .row_bytes = real(work.taps) * row,
                    .step_bytes = real(work.taps) * row,
                    .group_passes = true};
  } else {
    blocks.reads = {.rows = work.taps,
                    .row_bytes = real(work.channels) * row,
                    .together = work.taps,
                    .step_bytes = real(kernel.lanes) * row,
                    .passes = work.pixels,
                    .across = true};
  }
  return blocks;
}

KernelCycles depthwise_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                              const DepthwiseKernelSpec& kernel, const DepthwiseWork& work) {
  return cycles_of(machine, depthwise_blocks(machine, kernels, kernel, work));
}

KernelBlocks streaming_blocks(const McuMachine& machine, const InstructionClasses& counts,
                              std::int64_t elements) {
  KernelBlocks blocks;
  blocks.pixels = elements;
  blocks.output = issue_cycles(counts, machine.issue);
  return blocks;
}

KernelCycles streaming_cycles(const McuMachine& machine, const InstructionClasses& counts,
                              std::int64_t elements) {
  return cycles_of(machine, streaming_blocks(machine, counts, elements));
}

}  // namespace cairn::hw
