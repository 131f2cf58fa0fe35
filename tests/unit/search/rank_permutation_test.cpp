#include "search/algorithms/rank_permutation.h"

#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace cairn::search {

TEST_CASE("every rank occurs exactly once, for sizes around powers of four") {
  for (const std::uint64_t size : {1U, 2U, 3U, 4U, 5U, 15U, 16U, 17U, 1000U, 4096U, 4097U}) {
    const RankPermutation order{size, 11};
    std::vector<bool> seen(size, false);
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto rank = static_cast<std::uint64_t>(order(i));
      REQUIRE(rank < size);
      CHECK_FALSE(seen[rank]);
      seen[rank] = true;
    }
  }
}

TEST_CASE("another seed gives another order, the same seed the same") {
  const RankPermutation a{100000, 1};
  const RankPermutation b{100000, 2};
  const RankPermutation again{100000, 1};
  int equal = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    equal += a(i) == b(i) ? 1 : 0;
    CHECK(a(i) == again(i));
  }
  CHECK(equal < 5);
}

TEST_CASE("the first ranks spread evenly over the space") {
  // 16,000 draws into 16 cells: 1,000 each, standard deviation sqrt(16000 x 1/16 x 15/16) = 31.
  const Rank size = Rank{1} << 90U;
  const RankPermutation order{size, 3};
  std::vector<int> cells(16, 0);
  for (std::uint64_t i = 0; i < 16000; ++i) {
    ++cells[static_cast<std::size_t>(order(i) >> 86U)];
  }
  for (const int count : cells) {
    CHECK(count > 1000 - 5 * 31);
    CHECK(count < 1000 + 5 * 31);
  }
}

TEST_CASE("the largest space has an order too") {
  const Rank size = ~Rank{0};
  const RankPermutation order{size, 3};
  std::set<Rank> seen;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Rank rank = order(i);
    CHECK((rank < size));
    seen.insert(rank);
  }
  CHECK(seen.size() == 100);
}

}  // namespace cairn::search
