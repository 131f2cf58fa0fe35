/// \file
/// Cycles of one kernel on a microcontroller: loops of a library on the issue costs of a core.
///
/// A kernel is its blocks (KernelBlocks): what one costs, how many there are, in which order they
/// read stored weights. A matrix kernel of P pixels, N filters and depth K in blocks of p x n:
///   blocks = ceil(P/p) ceil(N/n),  each  floor(K/d) steps + (K mod d) tails + block
///   + P N outputs + P K gathered elements + P runs + unpacked weights
/// Multiply-accumulates count as they are, all else times the library's `expansion` (which is in
/// the machine's issue costs here) and the kernel's. The cycle level walks the same blocks.
///
/// Weights come from flash: once, if they stay in the cache or if the kernel keeps a block of
/// filters while the pixels pass; else again for every block of pixels, all of them or the sets of
/// the cache that overflow. Rows of weights that are read side by side and are more than the cache
/// has lines push each other out: then every step fetches a line of its own. Each line that is
/// missed stops the core for its access time and the bus.
///
/// Several cores share the blocks: the slowest has ceil(blocks / cores) of them.
///
/// Assumes:    loops as the library file counts them, for padded and unpadded taps alike; the last
///             block of an odd number costs as a whole one; loops stay in the instruction cache;
///             the line read last in a cache's set stays longest.
/// Ignores:    order of instructions inside a loop, alignment, interrupts, prefetch of flash lines.
/// Reference:  Arm Cortex-M4, M7, M33 technical reference manuals (issue costs); L. Lai et al.,
///             "CMSIS-NN", arXiv:1801.06601 (loops); A. Garofalo et al., "PULP-NN",
///             Phil. Trans. R. Soc. A 378, 2020 (cluster).
/// Checked by: tests/unit/hw/mcu/kernel_cycles_test.cpp, tests/validation/mcu_test.cpp,
///             tests/unit/hw/mcu_cycle (against a cache line by line)
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/units.h"
#include "hw/mcu/library_spec.h"

namespace cairn::hw {

/// A core with its memories, as the inner formulas need it. Cycles, bytes.
struct McuMachine {
  InstructionClasses issue{};  ///< with wait states, bank conflicts and the library's expansion
  double cores{1};
  double stall_per_byte{};  ///< cycles of one weight byte that misses the cache
  double cache_bytes{};     ///< data cache between core and flash; 0: one line is held
  double line_bytes{1};     ///< that a miss brings
  std::int64_t ways{};      ///< of a set of the cache; 0: one set
  [[nodiscard]] std::int64_t cache_lines() const {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(cache_bytes / line_bytes));
  }
};

/// Cycles of one core after the work was shared, by what they are spent on.
struct KernelCycles {
  double products{};       ///< multiply-accumulates and the instructions around them
  double outputs{};        ///< bias, scaling, clamping, storing; streaming kernels
  double gather{};         ///< copies into a kernel's buffer
  double unpack{};         ///< narrow weights to operands
  double stall{};          ///< waiting for flash
  double fetched_bytes{};  ///< read from flash, by all cores together
  [[nodiscard]] double total() const { return products + outputs + gather + unpack + stall; }
};

/// How a kernel reads weights that lie in flash row after row: `together` rows side by side, in
/// steps, and all of it again for each pass.
struct WeightReads {
  std::int64_t rows{};  ///< 0: the kernel reads none
  double row_bytes{};   ///< 4.5 bits a weight are as good as 8
  std::int64_t together{1};
  double step_bytes{};  ///< of one row before the next one has its turn
  std::int64_t passes{1};
  bool group_passes{};  ///< each group of rows makes its passes before the next group begins
  bool across{};        ///< blocks follow the steps of one group, not the groups
  [[nodiscard]] double bytes() const { return static_cast<double>(rows) * row_bytes; }
};

/// A kernel as the blocks that cores share, `repeats` times with other weights each time.
struct KernelBlocks {
  std::int64_t repeats{1};
  std::int64_t pixels{};
  std::int64_t filters{1};
  std::int64_t block_pixels{1};
  std::int64_t block_filters{1};
  bool filters_outer{};    ///< all pixels pass before the next filters; else the other way round
  double products{};       ///< cycles of a block, its outputs apart
  double output{};         ///< cycles of one output
  double unpack{};         ///< cycles of unpacking for a block
  double gather{};         ///< cycles of each of `gathers`
  std::int64_t gathers{};  ///< copies that cores share: pixels, or blocks
  WeightReads reads;
  [[nodiscard]] std::int64_t pixel_blocks() const { return ceil_div(pixels, block_pixels); }
  [[nodiscard]] std::int64_t filter_blocks() const { return ceil_div(filters, block_filters); }
  [[nodiscard]] std::int64_t count() const { return pixel_blocks() * filter_blocks(); }
  /// Blocks of the busiest core, repeats included.
  [[nodiscard]] std::int64_t rounds(std::int64_t cores) const {
    return repeats * ceil_div(count(), cores);
  }
};

/// Bytes read from flash for \p reads.
[[nodiscard]] double fetched_bytes(const McuMachine& machine, const WeightReads& reads);
/// Cycles of the busiest core.
[[nodiscard]] KernelCycles cycles_of(const McuMachine& machine, const KernelBlocks& blocks);

/// A matrix product as a kernel sees it: one group of a convolution, or a whole product.
struct MatrixWork {
  std::int64_t pixels{1};
  std::int64_t filters{1};
  std::int64_t depth{1};
  std::int64_t runs{0};       ///< runs of adjacent inputs that are gathered for a pixel; 0: none
  double weight_bytes{1.0};   ///< of one weight as stored
  bool stored_weights{true};  ///< false: both operands are activations
  bool unpacked{false};       ///< weights are narrower than the kernel's format
};
[[nodiscard]] KernelBlocks matrix_blocks(const McuMachine& machine, const McuKernelsSpec& kernels,
                                         const MatrixKernelSpec& kernel, const MatrixWork& work);
[[nodiscard]] KernelCycles matrix_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                                         const MatrixKernelSpec& kernel, const MatrixWork& work);

struct DepthwiseWork {
  std::int64_t pixels{1};    ///< of the output
  std::int64_t channels{1};  ///< of the output
  std::int64_t taps{1};      ///< products of one output
  double weight_bytes{1.0};
  bool unpacked{false};
};
[[nodiscard]] KernelBlocks depthwise_blocks(const McuMachine& machine,
                                            const McuKernelsSpec& kernels,
                                            const DepthwiseKernelSpec& kernel,
                                            const DepthwiseWork& work);
[[nodiscard]] KernelCycles depthwise_cycles(const McuMachine& machine,
                                            const McuKernelsSpec& kernels,
                                            const DepthwiseKernelSpec& kernel,
                                            const DepthwiseWork& work);

/// \p elements times \p counts, shared by the cores.
[[nodiscard]] KernelBlocks streaming_blocks(const McuMachine& machine,
                                            const InstructionClasses& counts,
                                            std::int64_t elements);
[[nodiscard]] KernelCycles streaming_cycles(const McuMachine& machine,
                                            const InstructionClasses& counts,
                                            std::int64_t elements);

}  // namespace cairn::hw
