/// \file
/// One matmul as the contraction of its input with the cores of its weight. Private to compression.
///
/// Assumes:    cores are contracted anew in every pass, products of cores among themselves too;
///             what flows between the steps is stored in the format of activations.
/// Ignores:    fusing of steps; the format of a core that is the first operand of a product of two
///             cores (it is moved as an activation).
/// Checked by: tests/unit/models/tensorize_test.cpp
#pragma once

#include <optional>
#include <vector>

#include "models/compression/compression.h"
#include "models/compression/replacement.h"

namespace cairn::models {

/// The product that \p op is: of a matmul itself, of a 1x1 convolution of stride 1 without padding
/// and groups the pixels times the channels. Nothing for all others.
[[nodiscard]] std::optional<MatMul> as_matmul(const Shape& shape);

/// Why \p scheme cannot be applied to \p op, which is a matmul with weights or a convolution.
[[nodiscard]] std::optional<FieldProblem> tensorize_problem(const Tensorize& scheme,
                                                            const Operator& op);

/// Shape of the cores for a weight of \p matmul.
/// Precondition: no tensorize_problem().
[[nodiscard]] TensorLayerShape layer_shape(const Tensorize& scheme, const MatMul& matmul);

/// The layer of \p matmul, of grouped ones with an index of the experts in every tensor.
[[nodiscard]] TensorLayer layer_of(const TensorLayerShape& shape, const MatMul& matmul);

/// Makes replacements, each layer that occurs several times planned once.
class Tensorizer {
 public:
  explicit Tensorizer(const OrderPlanning& orders) : orders_(orders) {}
  [[nodiscard]] Replacement replacement(const Tensorize& scheme, const Operator& op);

 private:
  struct Known {
    TensorLayerShape shape;
    MatMul matmul;
    TensorOrder order{};
    Formats formats;
    Replacement made;  ///< of `op` without name, parameters of biases and densities
  };
  const OrderPlanning& orders_;
  std::vector<Known> known_;
};

}  // namespace cairn::models
