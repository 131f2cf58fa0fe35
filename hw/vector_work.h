/// \file
/// Work of operators that have no multiply-accumulate core: primitive operations per element.
///
/// Assumes:    one primitive (add, multiply, compare, exponential by table and polynomial segment)
///             per lane and cycle; counts are those of the textbook formula of each function.
/// Ignores:    fused special-function units faster than one result per lane and cycle.
/// Reference:  counts derived beside each case in vector_work.cpp.
/// Checked by: tests/unit/sim/training_memory_test.cpp (gradients and updates)
#pragma once

#include <cstdint>

#include "models/operator.h"

namespace cairn::hw {

/// Primitive operations of an operator on a vector unit (0 for matmul and convolution; for
/// attention, those of the softmax over all visible pairs).
[[nodiscard]] std::int64_t vector_operations(const models::Shape& shape);

/// Times each input element is read from memory: 1, or 2 when a row that needs two passes
/// (normalisation, softmax) does not fit \p on_chip_bits.
[[nodiscard]] std::int64_t input_passes(const models::Shape& shape, double bits_per_element,
                                        double on_chip_bits);

/// Pieces in which a tensor of \p bits passes through a vector unit: of at least a kilobyte, so
/// that a piece keeps a channel busy for some bursts, and at most 256.
[[nodiscard]] double vector_chunks(double bits);

}  // namespace cairn::hw
