/// \file
/// Orders of a decomposed layer that are known without a search.
///
/// A core belongs to the input side if it has a mode of the input and none of the output; to the
/// output side if it is the other way round. A core without modes belongs to the side on which it
/// joins two tensors or more, and to the output side otherwise.
///
/// Reference:  right to left and bidirectional contraction of a tensor train: J. Tian et al.,
///             "Ultra memory-efficient on-FPGA training of transformers via tensor-compressed
///             optimization", arXiv:2501.06663.
/// Checked by: tests/unit/models/tensor_network/fixed_order_test.cpp
#pragma once

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_layer.h"

namespace cairn::models {

/// The input with one core after the other: those of the input side first, the last core first.
/// Cores that share an index with what was made so far come before those that share none.
[[nodiscard]] ContractionOrder right_to_left_order(const TensorNetwork& layer);

/// The cores of the input side from the last one, those of the output side from the first one, then
/// the input with the one and the result with the other.
/// Precondition: is_two_sided().
[[nodiscard]] ContractionOrder bidirectional_order(const TensorNetwork& layer);
/// Whether the cores of each side are joined without those of the other, and every core is on one.
[[nodiscard]] bool is_two_sided(Decomposition decomposition);

/// All cores from the first one, then the input with the dense weight.
[[nodiscard]] ContractionOrder reconstruct_order(const TensorNetwork& layer);

}  // namespace cairn::models
