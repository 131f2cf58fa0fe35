/// \file
/// A tensor network: tensors that share indices, and the indices of their product.
///
/// The product is the sum, over all values of every index that is not in `output`, of the product
/// of the tensors' elements (an einsum). An index may stand in any number of tensors (a hyperedge),
/// several times in one tensor (its diagonal), in one tensor only (summed alone) or in the output
/// beside several tensors (a batch index).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cairn::models {

/// Position in TensorNetwork::indices.
using IndexId = std::int32_t;
/// The indices of a tensor in the order of its dimensions, the last one contiguous in memory.
using TensorIndices = std::vector<IndexId>;

struct TensorIndex {
  std::string name;
  std::int64_t size{1};
  friend bool operator==(const TensorIndex&, const TensorIndex&) = default;
};

struct TensorNetwork {
  std::string name;
  std::vector<TensorIndex> indices;
  std::vector<TensorIndices> terms;
  TensorIndices output;  ///< distinct; each stands in a term
  friend bool operator==(const TensorNetwork&, const TensorNetwork&) = default;
};

/// Throws InternalError if an index is out of range, of a size below 1, or in the output twice or
/// without a term (our own bug: readers report a user's).
void check(const TensorNetwork& network);

/// What is done to one tensor by itself before any pair is contracted; counts no multiplications.
struct UnaryStep {
  std::int32_t term{};
  TensorIndices diagonals;  ///< indices that stood there more than once
  TensorIndices sums;       ///< indices of no other term and not of the output
};

/// The network that is left for pairs: every term holds distinct indices, and each of them stands
/// in another term or in the output. Terms keep their positions.
struct PairwiseNetwork {
  TensorNetwork network;
  std::vector<UnaryStep> unary;  ///< what made it so, by term
};
[[nodiscard]] PairwiseNetwork pairwise(const TensorNetwork& network);

}  // namespace cairn::models
