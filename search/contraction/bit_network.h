/// \file
/// A tensor network as sets of bits, for searches that join and compare sets of indices.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::search {

/// A set of indices, 64 in a word.
using BitView = std::span<const std::uint64_t>;

/// Indices that stand in the same tensors are one here, of the product of their sizes: no order can
/// tell them apart.
struct BitNetwork {
  std::size_t terms{};
  std::size_t words{};                ///< 64-bit words of a set of indices, at least 1
  std::vector<double> size;           ///< of each index
  std::vector<std::uint64_t> legs;    ///< indices of each term, `words` each
  std::vector<std::uint64_t> output;  ///< indices of the result
  std::vector<double> term_size;      ///< elements of each term
  std::vector<std::int32_t> holders;  ///< how many terms, and the output, have each index
  std::vector<std::int32_t> group;    ///< by index of the network: its index here, -1 if in no term

  [[nodiscard]] std::size_t indices() const { return size.size(); }
  [[nodiscard]] BitView legs_of(std::size_t term) const {
    return BitView(legs).subspan(term * words, words);
  }
};

/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] BitNetwork bit_network(const models::TensorNetwork& network);

/// Calls \p visit with the position of every bit that is set, lowest first.
template <class Visit>
void for_bits(BitView set, Visit&& visit) {
  for (std::size_t w = 0; w < set.size(); ++w) {
    for (std::uint64_t rest = set[w]; rest != 0; rest &= rest - 1) {
      visit(w * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
    }
  }
}

/// Product of the sizes of the indices in a set.
[[nodiscard]] inline double product(const BitNetwork& network, BitView set) {
  double result = 1;
  for_bits(set, [&](std::size_t index) { result *= network.size[index]; });
  return result;
}

}  // namespace cairn::search
