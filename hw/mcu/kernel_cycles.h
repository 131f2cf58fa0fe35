/// \file
/// Cycles of one kernel on a microcontroller: loops of a library on the issue costs of a core.
///
/// A matrix kernel of P pixels, N filters and depth K in blocks of p x n:
///   blocks = ceil(P/p) ceil(N/n),  each  floor(K/d) steps + (K mod d) tails + block
///   + P N outputs + P K gathered elements + P runs + unpacked weights
/// Multiply-accumulates count as they are, all else times the library's `expansion` (which is in
/// the machine's issue costs here) and the kernel's.
///
/// Weights come from flash: once, if they stay in the cache or if the kernel keeps a block of
/// filters while the pixels pass; else once for every block of pixels. Each line that is missed
/// stops the core for its access time and the bus.
///
/// Several cores share the blocks: the slowest has ceil(blocks / cores) of them.
///
/// Assumes:    loops as the library file counts them, for padded and unpadded taps alike; the last
///             block of an odd number costs as a whole one; loops stay in the instruction cache.
/// Ignores:    order of instructions inside a loop, alignment, interrupts, prefetch of flash lines.
/// Reference:  Arm Cortex-M4, M7, M33 technical reference manuals (issue costs); L. Lai et al.,
///             "CMSIS-NN", arXiv:1801.06601 (loops); A. Garofalo et al., "PULP-NN",
///             Phil. Trans. R. Soc. A 378, 2020 (cluster).
/// Checked by: tests/unit/hw/mcu/kernel_cycles_test.cpp, tests/validation/mcu_test.cpp
#pragma once

#include <cstdint>

#include "hw/mcu/library_spec.h"

namespace cairn::hw {

/// A core with its memories, as the inner formulas need it. Cycles, bytes.
struct McuMachine {
  InstructionClasses issue{};  ///< with wait states, bank conflicts and the library's expansion
  double cores{1};
  double stall_per_byte{};  ///< cycles of one weight byte that misses the cache
  double cache_bytes{};     ///< data cache between core and flash; 0 without
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
[[nodiscard]] KernelCycles matrix_cycles(const McuMachine& machine, const McuKernelsSpec& kernels,
                                         const MatrixKernelSpec& kernel, const MatrixWork& work);

struct DepthwiseWork {
  std::int64_t pixels{1};    ///< of the output
  std::int64_t channels{1};  ///< of the output
  std::int64_t taps{1};      ///< products of one output
  double weight_bytes{1.0};
  bool unpacked{false};
};
[[nodiscard]] KernelCycles depthwise_cycles(const McuMachine& machine,
                                            const McuKernelsSpec& kernels,
                                            const DepthwiseKernelSpec& kernel,
                                            const DepthwiseWork& work);

/// \p elements times \p counts, shared by the cores.
[[nodiscard]] KernelCycles streaming_cycles(const McuMachine& machine,
                                            const InstructionClasses& counts, double elements);

}  // namespace cairn::hw
