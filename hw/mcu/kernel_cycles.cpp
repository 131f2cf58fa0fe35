#include "hw/mcu/kernel_cycles.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

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

}  // namespace

KernelCycles matrix_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                           const MatrixKernelSpec& kernel, const MatrixWork& work) {
  const InstructionClasses& issue = machine.issue;
  const std::int64_t pixel_blocks = ceil_div(work.pixels, kernel.pixels);
  const std::int64_t filter_blocks = ceil_div(work.filters, kernel.filters);
  const std::int64_t blocks = pixel_blocks * filter_blocks;
  const double one_block =
      real(work.depth / kernel.depth) * compiled(kernel.step, issue, kernel.expansion) +
      real(work.depth % kernel.depth) * compiled(kernel.tail, issue, kernel.expansion) +
      kernel.expansion * issue_cycles(kernel.block, issue);

  const double share = busiest_share(machine, blocks);
  const double pixels = real(work.pixels);
  KernelCycles cycles;
  cycles.products = share * real(blocks) * one_block;
  cycles.outputs = share * pixels * real(work.filters) * issue_cycles(kernels.output, issue);
  if (work.runs > 0) {
    cycles.gather = busiest_share(machine, work.pixels) * pixels *
                    (real(work.depth) * issue_cycles(kernel.gather, issue) +
                     real(work.runs) * issue_cycles(kernel.gather_run, issue));
  }
  const double weights = real(work.filters) * real(work.depth);
  if (work.unpacked) {
    cycles.unpack = share * weights * real(pixel_blocks) * issue_cycles(kernels.unpack, issue);
  }
  if (work.stored_weights) {
    const double bytes = weights * work.weight_bytes;
    const double kept =
        kernel.filters_outer ? real(kernel.filters) * real(work.depth) * work.weight_bytes : bytes;
    const double passes = kept <= machine.cache_bytes ? 1.0 : real(pixel_blocks);
    cycles.fetched_bytes = bytes * passes;
    cycles.stall = cycles.fetched_bytes * machine.stall_per_byte;
  }
  return cycles;
}

KernelCycles depthwise_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                              const DepthwiseKernelSpec& kernel, const DepthwiseWork& work) {
  const InstructionClasses& issue = machine.issue;
  const std::int64_t channel_blocks = ceil_div(work.channels, kernel.lanes);
  const std::int64_t blocks = work.pixels * channel_blocks;
  const double share = busiest_share(machine, blocks);
  const double products = real(blocks) * real(kernel.lanes) * real(work.taps);
  const double outputs = real(work.pixels) * real(work.channels);
  KernelCycles cycles;
  cycles.products = share * (products * compiled(kernel.product, issue, kernel.expansion) +
                             real(blocks) * kernel.expansion * issue_cycles(kernel.block, issue));
  cycles.outputs = share * outputs * issue_cycles(kernels.output, issue);
  if (kernel.gathers) {
    cycles.gather =
        share * (outputs * real(work.taps) * issue_cycles(kernel.gather, issue) +
                 real(work.pixels) * real(work.taps) * issue_cycles(kernel.gather_run, issue));
  }
  if (work.unpacked) {
    cycles.unpack = share * products * issue_cycles(kernels.unpack, issue);
  }
  const double bytes = real(work.channels) * real(work.taps) * work.weight_bytes;
  const double passes =
      bytes <= machine.cache_bytes || kernel.channels_outer ? 1.0 : real(work.pixels);
  cycles.fetched_bytes = bytes * passes;
  cycles.stall = cycles.fetched_bytes * machine.stall_per_byte;
  return cycles;
}

KernelCycles streaming_cycles(const McuMachine& machine, const InstructionClasses& counts,
                              double elements) {
  KernelCycles cycles;
  cycles.outputs = std::ceil(elements / machine.cores) * issue_cycles(counts, machine.issue);
  return cycles;
}

}  // namespace cairn::hw
