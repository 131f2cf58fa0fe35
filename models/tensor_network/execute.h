/// \file
/// Contracts tensors with numbers in them, and compares orders by their results.
///
/// Every step takes the indices of its operands apart: *batch* (in both and kept), *k* (in both and
/// summed), *m* and *n* (in one). The operands are reordered to batch, m, k and batch, k, n and
/// multiplied, one matrix product for each value of the batch indices.
///
/// Assumes:    double precision.
/// Ignores:    speed beyond that of one thread's matrix products; layouts that need no reordering.
/// Checked by: tests/unit/models/tensor_network/execute_test.cpp (sums over all indices, one by
///             one)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

/// The last dimension is contiguous.
struct DenseTensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};

/// A tensor for each term, of normal numbers. They are scaled so that those of the result have a
/// variance about 1, however many numbers are summed.
[[nodiscard]] std::vector<DenseTensor> random_tensors(const TensorNetwork& network,
                                                      std::uint64_t seed);

/// The product of \p tensors, its dimensions as `network.output`. Sums and diagonals of single
/// tensors come first, then the steps of \p order.
/// \param network as it was read (not that of pairwise()).
/// \param tensors one for each term, of its sizes; repeated indices are dimensions of their own.
/// \param sliced distinct indices that are fixed, value by value: each combination of values is
///               contracted by itself, in memory of its own.
/// Precondition: everything fits memory; see contraction_memory().
[[nodiscard]] DenseTensor contract(const TensorNetwork& network, const ContractionOrder& order,
                                   std::span<const DenseTensor> tensors,
                                   std::span<const IndexId> sliced = {});

/// \p network with every index of \p sliced fixed: without them, terms keep their positions.
[[nodiscard]] TensorNetwork without_indices(const TensorNetwork& network,
                                            std::span<const IndexId> sliced);

/// Bytes that contract() holds at once, at most: all terms, what steps made that is not used yet, a
/// reordered copy of both operands and the result of a step, the sum over slices.
[[nodiscard]] double contraction_memory(const TensorNetwork& network, const ContractionOrder& order,
                                        std::span<const IndexId> sliced = {});

/// An order to be run: with slices or without.
struct SlicedOrder {
  ContractionOrder order;
  TensorIndices sliced;
};
struct VerifyLimits {
  double bytes{4.0 * 1024 * 1024 * 1024};
  double multiplications{1e12};
  double slices{1e5};  ///< each takes some microseconds, however small
};
struct Verification {
  /// Largest difference of an element between both results, over the largest element; absent if a
  /// limit is passed.
  std::optional<double> difference;
  double bytes{};            ///< that the dearer one holds at once
  double multiplications{};  ///< of both, all slices
  std::string refusal;       ///< which limit, and how far over; empty if none
};
/// Contracts the same random tensors in both orders.
[[nodiscard]] Verification verify(const TensorNetwork& network, const SlicedOrder& order,
                                  const SlicedOrder& other, std::uint64_t seed,
                                  const VerifyLimits& limits = {});

}  // namespace cairn::models
