#include "search/algorithms/rank_permutation.h"

#include "core/error.h"
#include "core/random.h"

namespace cairn::search {

namespace {

/// The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

}  // namespace

RankPermutation::RankPermutation(Rank size, std::uint64_t seed) : size_(size) {
  CAIRN_CHECK(size > 0, "an empty space has no order");
  unsigned bits = 0;
  while (bits < 128 && ((size - 1) >> bits) != 0) {
    ++bits;
  }
  half_bits_ = (bits + 1) / 2;
  std::uint64_t round = 0;
  for (std::uint64_t& key : keys_) {
    key = derive_seed(seed, "rank_permutation", round++);
  }
}

Rank RankPermutation::step(Rank x) const {
  const std::uint64_t mask =
      half_bits_ == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << half_bits_) - 1;
  auto left = static_cast<std::uint64_t>(x >> half_bits_) & mask;
  auto right = static_cast<std::uint64_t>(x) & mask;
  for (const std::uint64_t key : keys_) {
    const std::uint64_t next = left ^ (scramble(right ^ key) & mask);
    left = right;
    right = next;
  }
  return (Rank{left} << half_bits_) | right;
}

Rank RankPermutation::operator()(Rank i) const {
  if (half_bits_ == 0) {
    return 0;
  }
  Rank x = step(i);
  while (x >= size_) {  // ends: the cycle of i comes back to i, which is inside
    x = step(x);
  }
  return x;
}

}  // namespace cairn::search
