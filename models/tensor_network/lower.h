/// \file
/// From an order of contraction to work that a device can be asked about: matrix products of
/// tensors as they lie in memory, and the reorderings between them.
///
/// The layouts of all intermediates are chosen together, by dynamic programming along the tree of
/// the order: for every layout that a tensor can have, the least price of the reorderings that led
/// to it. A tensor may be reordered to any layout before it is read, and the result at the end.
///
/// Assumes:    products cost the same whichever operand is transposed and whichever comes first
///             (gemm_step.h); a reordering that keeps longer runs together is never dearer.
/// Ignores:    reordering a tensor twice; for a step that has more pairs of layouts than
///             `most_pairs` (by default operands of eight indices and more): all but the cheapest
///             layouts of its operands.
/// Checked by: tests/unit/models/tensor_network/lower_test.cpp (all layouts of all tensors tried)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/gemm_step.h"

namespace cairn::models {

/// What it costs to reorder a tensor of `elements`, of which runs of `run` stay together.
using PermutePrice = std::function<double(std::int64_t elements, std::int64_t run)>;

struct LowerOptions {
  /// By term: whether it may lie in memory as its use wants (stored weights in inference). Those
  /// left out lie as the network lists their indices.
  std::vector<bool> free_layout;
  PermutePrice permute_price;  ///< none: the number of elements
  /// Pairs of layouts of a step's operands up to which all are tried.
  std::size_t most_pairs{6'000};
};

/// Numbers of tensors: the terms are 0 ... n - 1, the result of lowered step s is n + s.
struct LoweredStep {
  std::int32_t first{};
  std::int32_t second{-1};   ///< -1: `first` is reordered
  GemmStep product;          ///< of a product; neither operand is reordered any more
  std::int64_t elements{1};  ///< of the result
  std::int64_t run{1};       ///< elements that stay neighbours, of a reordering
  TensorIndices layout;      ///< of the result, with the indices of size 1
  [[nodiscard]] bool is_product() const { return second >= 0; }
};

struct LoweredOrder {
  std::vector<TensorIndices> terms;  ///< as every term lies in memory
  /// In the order given, each reordering right before the product that needs it; the last one's
  /// result lies as the network's output. Empty: the only term lies so.
  std::vector<LoweredStep> steps;
  double permute_price{};
};
/// Precondition: \p network is that of pairwise(), and \p order contracts it.
[[nodiscard]] LoweredOrder lower(const TensorNetwork& network, const ContractionOrder& order,
                                 const LowerOptions& options);

}  // namespace cairn::models
