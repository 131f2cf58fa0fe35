/// \file
/// A random order of the ranks of a space that needs no memory.
#pragma once

#include <array>
#include <cstdint>

#include "search/rank.h"

namespace cairn::search {

/// A pseudo-random permutation of 0 ... size - 1: a Feistel network over the next power of four,
/// walked until it falls inside. On average fewer than four walks.
///
/// Reference:  M. Luby and C. Rackoff, "How to construct pseudorandom permutations from
/// pseudorandom
///             functions", SIAM J. Computing 17(2), 1988; cycle walking: J. Black and P. Rogaway,
///             "Ciphers with arbitrary finite domains", CT-RSA 2002.
/// Checked by: tests/unit/search/rank_permutation_test.cpp
class RankPermutation {
 public:
  /// \param size at least 1.
  RankPermutation(Rank size, std::uint64_t seed);

  [[nodiscard]] Rank size() const { return size_; }
  /// \param i less than size(). \returns the i-th rank of the order.
  [[nodiscard]] Rank operator()(Rank i) const;

 private:
  static constexpr std::size_t kRounds = 8;

  [[nodiscard]] Rank step(Rank x) const;

  Rank size_;
  unsigned half_bits_{};
  std::array<std::uint64_t, kRounds> keys_{};
};

}  // namespace cairn::search
