/// \file
/// A pairwise step as a device is asked about it.
#pragma once

#include <cstdint>
#include <utility>

#include "models/tensor_network/gemm_step.h"

namespace cairn::models {

/// batch products of m x k with k x n; `weight`: the k x n operand is stored.
struct ProductShape {
  std::int64_t batch{1};
  std::int64_t m{1};
  std::int64_t n{1};
  std::int64_t k{1};
  bool weight{};
  friend bool operator==(const ProductShape&, const ProductShape&) = default;
};

/// A stored operand is the k x n one, whichever comes first in the step; of two alike the larger
/// side is m: a product and its transpose are the same work, so they have one price.
[[nodiscard]] inline ProductShape product_shape(const GemmStep& step, bool first_stored,
                                                bool second_stored) {
  ProductShape shape{.batch = step.batch,
                     .m = step.m,
                     .n = step.n,
                     .k = step.k,
                     .weight = first_stored || second_stored};
  if (first_stored == second_stored ? shape.m < shape.n : first_stored) {
    std::swap(shape.m, shape.n);
  }
  return shape;
}

}  // namespace cairn::models
