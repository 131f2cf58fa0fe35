/// \file
/// What compression did to one operator, effect by effect.
///
/// Assumes:    weights are decoded once for each time they are fetched; how often that is, and
///             which effects a device turns into time or energy, is the device's business.
/// Ignores:    codebook and lookup tables (kilobytes for each tensor).
/// Reference:  A. Tseng et al., "QTIP: quantization with trellises and incoherence processing",
///             NeurIPS 2024, arXiv:2406.11235, section 3: trellis codes decoded in 2 to 4
///             instructions per weight (3 for the code called 3INST).
/// Checked by: tests/unit/models/effects_test.cpp
#pragma once

#include "models/operator.h"

namespace cairn::models {

/// Arithmetic operations (one operation of a vector unit on one element) that turn a stored weight
/// into a number that a multiplier takes, conversions that a device does on the way aside:
/// 0 for plain integers and floats (a scale per tensor or channel goes to the result);
/// 1 for the scale of a group (a multiplication for each weight);
/// codebook: one table lookup for each vector; trellis: 3 (see above).
[[nodiscard]] double decode_operations_per_weight(const Precision& format);

/// Effects of compression on one operator; for attention the weights are keys and values.
struct Effects {
  double stored_bits{};        ///< weights in memory, metadata included
  double metadata_bits{};      ///< the share of stored_bits that says where the weights belong
  double moved_bits{};         ///< to read every stored weight once
  double effective_macs{};     ///< multiply-accumulates whose weight is not zero
  double dense_macs{};         ///< all of them
  double decode_operations{};  ///< to decode every stored weight once
};
[[nodiscard]] Effects effects(const Operator& op);

/// Length of one output's weights in storage: the reduction, along which zeros are indexed.
[[nodiscard]] std::int64_t reduction_length(const Shape& shape);

}  // namespace cairn::models
