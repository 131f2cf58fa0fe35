/// \file
/// Cycles of a convolution unit that computes a square of outputs at once, weights bit by bit.
///
/// For each tile of outputs, each group of filters and each group of input channels: the input
/// patch is loaded, then every filter takes its weights in, `weight_bits` of each a cycle; at the
/// end of the reduction the outputs are scaled and stored. With stride s a tile of side t keeps
/// ceil(t / s) outputs a side.
///
/// Assumes:    loads and stores do not overlap with products (one port to the scratchpad).
/// Ignores:    contention with cores on the scratchpad.
/// Reference:  F. Conti et al., "Marsellus", IEEE JSSC 59(1), 2024 (RBE: the same organisation).
/// Checked by: tests/unit/hw/mcu/convolution_unit_test.cpp, tests/validation/mcu_test.cpp
#pragma once

#include <cstdint>

#include "hw/mcu/mcu_spec.h"
#include "models/operator.h"

namespace cairn::hw {

/// Whether the unit computes \p shape at all: square 1 x 1 or kernel x kernel, dense or depthwise
/// with one filter per channel, no dilation.
[[nodiscard]] bool unit_computes(const McuEngineSpec& unit, const models::Convolution& shape);

/// Cycles of the unit without its setup, formats in bits.
[[nodiscard]] double unit_cycles(const McuEngineSpec& unit, const models::Convolution& shape,
                                 double weight_bits, double input_bits, double output_bits);

/// Squares of outputs that the unit does one after the other, each in the same time.
[[nodiscard]] std::int64_t unit_tiles(const McuEngineSpec& unit, const models::Convolution& shape);

/// Multiply-accumulates a cycle at best, with weights of \p weight_bits.
[[nodiscard]] double unit_peak(const McuEngineSpec& unit, double weight_bits);

}  // namespace cairn::hw
