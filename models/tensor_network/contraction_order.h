/// \file
/// The order in which the tensors of a network are contracted in pairs, and what it costs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

/// Contracts two tensors. Numbers are those of static single assignment: the terms are 0 ... n - 1,
/// the result of step s is n + s.
struct PairwiseStep {
  std::int32_t first{};
  std::int32_t second{};
  friend bool operator==(const PairwiseStep&, const PairwiseStep&) = default;
};
/// n - 1 steps (none for one term); each number is used once, after it was made.
using ContractionOrder = std::vector<PairwiseStep>;

/// Throws InternalError unless \p order contracts \p terms tensors to one.
void check(const ContractionOrder& order, std::size_t terms);

/// The same order as positions in the list of tensors that are left, where the two are taken out
/// and the result put at the end (the path format of opt_einsum and numpy). The smaller position
/// stands first. For one term: no steps (callers print `[[0]]`).
using LinearPath = std::vector<std::pair<std::int32_t, std::int32_t>>;
[[nodiscard]] LinearPath linear_path(const ContractionOrder& order, std::size_t terms);
/// \throws ConfigError if a position is out of range, or the path does not end in one tensor.
[[nodiscard]] ContractionOrder order_of(const LinearPath& path, std::size_t terms);

/// Indices of every tensor of an order: of the terms, then of each step's result, sorted by id. An
/// index is summed as soon as no other tensor that is left, nor the output, has it.
/// Precondition: \p network is that of pairwise().
[[nodiscard]] std::vector<TensorIndices> tensors_of(const TensorNetwork& network,
                                                    const ContractionOrder& order);

/// Counts of an order; doubles, since those of large networks pass any integer.
struct OrderCost {
  double multiplications{};       ///< sum over steps of the sizes of the union of both operands
  double largest_intermediate{};  ///< elements of the largest result of a step, the last included
  double write{};                 ///< elements of all results
  double traffic{};               ///< elements of both operands and the result of every step
  double peak{};  ///< most elements alive at once: terms until they are used, operands and result
};
/// Precondition: \p network is that of pairwise().
[[nodiscard]] OrderCost cost_of(const TensorNetwork& network, const ContractionOrder& order);
/// The multiplications as an exact decimal number, while they fit 127 bits; else rounded.
/// \param times how often the order is run: the slices of a network.
[[nodiscard]] std::string exact_multiplications(const TensorNetwork& network,
                                                const ContractionOrder& order,
                                                std::int64_t times = 1);

}  // namespace cairn::models
