/// \file
/// Cycles of kernels without a neural network (support vectors, k-means, ...) on cores that compute
/// one number at a time, in floating point or in its emulation.
///
/// Shared work is divided into equal chunks; the core with the most chunks is waited for. Each
/// parallel section starts and ends with a barrier, partial results of the cores are merged by
/// one of them, and what cannot be divided is done by one while the others wait.
///
/// Assumes:    two numbers are loaded for a product and addresses count on; loops are unrolled by
///             four. An exponential is 24 floating-point operations (reduction of the argument,
///             a polynomial of degree 6, scaling), a division or square root is ten.
/// Ignores:    registers that keep a vector over several products, DMA, data-dependent shortcuts.
/// Reference:  E. Tabanelli, G. Tagliavini, L. Benini, "DNN is not all you need: parallelizing
///             non-neural ML algorithms on ultra-low-power IoT processors", ACM TECS 22(3), 2023.
/// Checked by: tests/unit/hw/mcu/classical_cycles_test.cpp (by hand)
#pragma once

#include "hw/mcu/instruction_classes.h"
#include "models/classical.h"

namespace cairn::hw {

/// Instructions of \p counts, in the classes of a core.
[[nodiscard]] InstructionClasses instructions_of(const models::OperationCounts& counts);

/// \param issue cycles of each class. \param fork cycles of starting all cores and their barrier.
[[nodiscard]] double classical_cycles(const models::ClassicalKernel& kernel,
                                      const InstructionClasses& issue, double cores, double fork);

}  // namespace cairn::hw
