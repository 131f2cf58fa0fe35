#include "models/tensor_network/gemm_step.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "dense_tensor.h"

namespace cairn::models {
namespace {

/// Index ids of the hand-worked cases.
enum : IndexId { a, b, c, d, e };

TEST_CASE("a matrix times a matrix needs nothing reordered, whichever side is transposed") {
  GemmSteps steps({2, 3, 5});
  // ab,bc->ac and ba,cb->ac: m = 2, k = 3, n = 5, and the result as ac or as ca.
  for (const auto& [first, second] :
       {std::pair{TensorIndices{a, b}, TensorIndices{b, c}}, {{b, a}, {c, b}}}) {
    const auto ways = steps.ways(first, second, TensorIndices{a, c});
    REQUIRE(ways.size() == 2);
    for (const GemmStep& way : ways) {
      CHECK((way.batch == 1 && way.m == 2 && way.k == 3 && way.n == 5));
      CHECK_FALSE((way.permute_first || way.permute_second));
      CHECK((way.first_run == 6 && way.second_run == 15));
      CHECK((way.transpose_first == (first.front() == b)));
      CHECK((way.transpose_second == (second.front() == c)));
    }
    CHECK(ways[0].result == TensorIndices{a, c});
    CHECK(ways[1].result == TensorIndices{c, a});
  }
}

TEST_CASE("a summed index in the middle is moved, and the larger neighbourhood is kept") {
  GemmSteps steps({2, 3, 5, 7});
  // abc,bd->acd: k = b stands between a and c. As bac rows of c (5 elements) stay whole; as acb
  // nothing would.
  const auto ways = steps.ways(TensorIndices{a, b, c}, TensorIndices{b, d}, TensorIndices{a, c, d});
  REQUIRE(ways.size() == 2);
  CHECK(ways[0].permute_first);
  CHECK_FALSE(ways[0].permute_second);
  CHECK(ways[0].first == TensorIndices{b, a, c});
  CHECK(ways[0].first_run == 5);
  CHECK((ways[0].m == 10 && ways[0].k == 3 && ways[0].n == 7));
  CHECK(ways[0].result == TensorIndices{a, c, d});
  CHECK(ways[1].result == TensorIndices{d, a, c});
}

TEST_CASE("summed indices in two orders: either operand may be reordered") {
  GemmSteps steps({2, 3, 5, 7});
  // abc,cbd->ad: k is bc in the first and cb in the second.
  const auto ways = steps.ways(TensorIndices{a, b, c}, TensorIndices{c, b, d}, TensorIndices{a, d});
  REQUIRE(ways.size() == 4);
  CHECK((ways[0].permute_second && !ways[0].permute_first));
  CHECK(ways[0].second == TensorIndices{b, c, d});
  CHECK(ways[0].second_run == 7);
  CHECK((ways[2].permute_first && !ways[2].permute_second));
  CHECK(ways[2].first_run == 1);  // acb or cba: c is no longer last, and a never was
}

TEST_CASE("a batch index has to come first in both operands") {
  GemmSteps steps({2, 3, 5, 7});
  // abc,acd->abd is native with batch a; bac has b before the batch.
  const auto native =
      steps.ways(TensorIndices{a, b, c}, TensorIndices{a, c, d}, TensorIndices{a, b, d});
  REQUIRE(native.size() == 2);
  CHECK((native[0].batch == 2 && native[0].m == 3 && native[0].k == 5 && native[0].n == 7));
  CHECK(native[1].result == TensorIndices{a, d, b});
  const auto late =
      steps.ways(TensorIndices{b, a, c}, TensorIndices{a, c, d}, TensorIndices{a, b, d});
  REQUIRE(late.size() == 2);
  CHECK((late[0].permute_first && late[0].first_run == 5));
  CHECK(late[0].first == TensorIndices{a, b, c});
}

TEST_CASE("outer and elementwise products are products with k = 1") {
  GemmSteps steps({2, 3});
  const auto outer = steps.ways(TensorIndices{a}, TensorIndices{b}, TensorIndices{a, b});
  REQUIRE(outer.size() == 2);
  CHECK((outer[0].m == 2 && outer[0].n == 3 && outer[0].k == 1 && outer[0].batch == 1));
  const auto both = steps.ways(TensorIndices{a, b}, TensorIndices{b, a}, TensorIndices{a, b});
  REQUIRE(both.size() == 2);  // one of the two is reordered; m and n are missing, so no swap
  CHECK((both[0].batch == 6 && both[0].m == 1 && both[0].n == 1 && both[0].k == 1));
}

TEST_CASE("indices of size 1 hinder no product and stay in the result") {
  GemmSteps steps({2, 1, 3, 5, 1});
  // (a, b, c) (c, d, e), b and e of size 1 and kept.
  const auto ways =
      steps.ways(TensorIndices{c, b, a}, TensorIndices{c, e, d}, TensorIndices{a, b, d, e});
  REQUIRE(ways.size() == 2);
  CHECK_FALSE((ways[0].permute_first || ways[0].permute_second));
  CHECK(ways[0].result == TensorIndices{b, e, a, d});
}

TEST_CASE("of random operands, every way is a matrix product of the buffers and gives the sum") {
  Rng rng(derive_seed(7, "gemm steps"));
  for (int round = 0; round < 500; ++round) {
    const auto count = static_cast<std::size_t>(rng.uniform_int(1, 6));
    std::vector<std::int64_t> sizes;
    TensorIndices first;
    TensorIndices second;
    TensorIndices kept;
    for (std::size_t i = 0; i < count; ++i) {
      sizes.push_back(rng.uniform_int(1, 3));
      const auto part = rng.uniform_int(0, 3);  // batch, k, m, n
      const auto index = static_cast<IndexId>(i);
      if (part != 3) {
        first.push_back(index);
      }
      if (part != 2) {
        second.push_back(index);
      }
      if (part != 1) {
        kept.push_back(index);
      }
    }
    rng.shuffle(first);
    rng.shuffle(second);
    const auto random_tensor = [&](const TensorIndices& layout) {
      Dense tensor{layout, {}};
      for (std::int64_t i = elements(layout, sizes); i > 0; --i) {
        tensor.values.push_back(static_cast<double>(rng.uniform_int(-9, 9)));
      }
      return tensor;
    };
    const Dense x = random_tensor(first);
    const Dense y = random_tensor(second);
    TensorIndices all(count);
    std::iota(all.begin(), all.end(), 0);
    Dense expected{kept, std::vector<double>(static_cast<std::size_t>(elements(kept, sizes)), 0.0)};
    for_all(all, sizes, [&](const std::vector<std::int64_t>& at) {
      expected.values[offset(kept, sizes, at)] +=
          x.values[offset(first, sizes, at)] * y.values[offset(second, sizes, at)];
    });
    GemmSteps steps(sizes);
    const auto ways = steps.ways(first, second, kept);
    REQUIRE_FALSE(ways.empty());
    for (const GemmStep& way : ways) {
      // Integers: sums are exact in any order. Both layouts leave out indices of size 1.
      const Dense left = reordered(x, way.first, sizes);
      const Dense right = reordered(y, way.second, sizes);
      CHECK((way.permute_first || left.values == x.values));
      CHECK((way.permute_second || right.values == y.values));
      CHECK(way.batch * way.m * way.n * way.k == elements(all, sizes));
      const Dense product{way.result, multiply(way, left.values, right.values)};
      REQUIRE(reordered(product, kept, sizes).values == expected.values);
      CHECK(way.first_run == contiguous_run(first, way.first, sizes));
      CHECK(way.second_run == contiguous_run(second, way.second, sizes));
    }
  }
}

/// Whether a matrix product reads a tensor as it lies: some cut into batch | block | block.
bool readable(const TensorIndices& layout, const std::vector<IndexId>& batch,
              const std::vector<IndexId>& own) {
  std::string parts;  // b, o, s
  for (const IndexId index : layout) {
    parts += std::ranges::find(batch, index) != batch.end() ? 'b'
             : std::ranges::find(own, index) != own.end()   ? 'o'
                                                            : 's';
  }
  std::string sorted = parts;
  const std::string order_a = "bos";
  const std::string order_b = "bso";
  for (const std::string& order : {order_a, order_b}) {
    std::ranges::sort(sorted, {}, [&](char part) { return order.find(part); });
    if (sorted == parts) {
      return true;
    }
  }
  return false;
}

TEST_CASE("an operand is reordered only where no product could read both as they lie") {
  // All layouts of a first (batch 0, m 1 and 2, k 3 and 4) against all of a second (0, 3, 4, n 5).
  const std::vector<std::int64_t> sizes{2, 3, 5, 7, 11, 13};
  TensorIndices first{0, 1, 2, 3, 4};
  int natives = 0;
  GemmSteps steps(sizes);
  do {
    TensorIndices second{0, 3, 4, 5};
    do {
      const auto order_of_k = [](const TensorIndices& layout) {
        return std::ranges::find(layout, 3) < std::ranges::find(layout, 4);
      };
      const bool fits = readable(first, {0}, {1, 2});
      const bool other_fits = readable(second, {0}, {5});
      const bool native = fits && other_fits && order_of_k(first) == order_of_k(second);
      natives += native ? 1 : 0;
      const auto ways = steps.ways(first, second, TensorIndices{0, 1, 2, 5});
      for (const GemmStep& way : ways) {
        const int moved = (way.permute_first ? 1 : 0) + (way.permute_second ? 1 : 0);
        CHECK(moved == (native ? 0 : fits || other_fits ? 1 : 2));
        CHECK((!way.permute_first || !fits || other_fits));
      }
    } while (std::ranges::next_permutation(second).found);
  } while (std::ranges::next_permutation(first).found);
  // 2 forms x 2! x 2! of the first, 2 forms x 2! of the second, of which half agree on k: 8 x 4
  // / 2.
  CHECK(natives == 16);
}

}  // namespace
}  // namespace cairn::models
