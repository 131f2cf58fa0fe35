#include "models/tensor_network/tensor_network.h"

#include <algorithm>

#include "core/error.h"

namespace cairn::models {

void check(const TensorNetwork& network) {
  const auto count = static_cast<IndexId>(network.indices.size());
  std::vector<bool> seen(network.indices.size(), false);
  for (const TensorIndices& term : network.terms) {
    for (const IndexId index : term) {
      CAIRN_CHECK(index >= 0 && index < count, "an index of a term is in the network");
      seen[static_cast<std::size_t>(index)] = true;
    }
  }
  for (const TensorIndex& index : network.indices) {
    CAIRN_CHECK(index.size >= 1, "an index has at least one value");
  }
  for (const IndexId index : network.output) {
    CAIRN_CHECK(index >= 0 && index < count && seen[static_cast<std::size_t>(index)],
                "an index of the output stands in a term, and once in the output");
    seen[static_cast<std::size_t>(index)] = false;
  }
}

PairwiseNetwork pairwise(const TensorNetwork& network) {
  PairwiseNetwork result{.network = network, .unary = {}};
  // How many tensors, the output among them, have each index.
  std::vector<std::int32_t> holders(network.indices.size(), 0);
  for (TensorIndices& term : result.network.terms) {
    TensorIndices distinct;
    for (const IndexId index : term) {
      if (std::ranges::find(distinct, index) == distinct.end()) {
        distinct.push_back(index);
        ++holders[static_cast<std::size_t>(index)];
      }
    }
    term = std::move(distinct);
  }
  for (const IndexId index : network.output) {
    ++holders[static_cast<std::size_t>(index)];
  }
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    UnaryStep step{.term = static_cast<std::int32_t>(t), .diagonals = {}, .sums = {}};
    TensorIndices& term = result.network.terms[t];
    for (const IndexId index : term) {
      if (std::ranges::count(network.terms[t], index) > 1) {
        step.diagonals.push_back(index);
      }
      if (holders[static_cast<std::size_t>(index)] == 1) {
        step.sums.push_back(index);
      }
    }
    std::erase_if(term,
                  [&](IndexId index) { return holders[static_cast<std::size_t>(index)] == 1; });
    if (!step.diagonals.empty() || !step.sums.empty()) {
      result.unary.push_back(std::move(step));
    }
  }
  return result;
}

}  // namespace cairn::models
