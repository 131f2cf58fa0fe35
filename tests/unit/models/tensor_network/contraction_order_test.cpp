// Are the costs of an order those of the definition, and do paths keep what they say?
#include "models/tensor_network/contraction_order.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"
#include "models/tensor_network/einsum.h"
#include "tests/unit/models/tensor_network/random_network.h"

namespace cairn::models {
namespace {

TEST_CASE("the costs of a chain of two products are counted by hand") {
  // a = 2, b = 3, c = 5, d = 7: (ab,bc) makes ac with 2*3*5 = 30 multiplications, then (ac,cd)
  // makes ad with 2*5*7 = 70. Results: 10 and 14 elements; operands 6 + 15 and 10 + 35.
  const TensorNetwork network = read_einsum("ab,bc,cd->ad", "a=2,b=3,c=5,d=7");
  const OrderCost cost = cost_of(network, {{0, 1}, {2, 3}});
  CHECK(cost.multiplications == 100);
  CHECK(cost.largest_intermediate == 14);
  CHECK(cost.write == 24);
  CHECK(cost.traffic == 6 + 15 + 10 + 10 + 35 + 14);
  // Alive: 6 + 15 + 35 = 56 terms and the first result, then 10 + 35 and the last.
  CHECK(cost.peak == 66);
  CHECK(exact_multiplications(network, {{0, 1}, {2, 3}}) == "100");
  // The other way round: bd takes 3*5*7 = 105, ad 2*3*7 = 42.
  CHECK(cost_of(network, {{1, 2}, {0, 3}}).multiplications == 147);
}

TEST_CASE("an index is summed only when no other tensor nor the output has it") {
  // b stands in three terms: ab,bc keeps it, and the last step sums it.
  const TensorNetwork network = read_einsum("ab,bc,b->ac", "a=2,b=3,c=5");
  CHECK(tensors_of(network, {{0, 1}, {2, 3}})[3] == TensorIndices{0, 1, 2});
  CHECK(tensors_of(network, {{0, 1}, {2, 3}})[4] == TensorIndices{0, 2});
  CHECK(cost_of(network, {{0, 1}, {2, 3}}).multiplications == 30 + 30);
  // b with ab first: 2*3, then 2*3*5.
  CHECK(cost_of(network, {{0, 2}, {1, 3}}).multiplications == 6 + 30);
}

TEST_CASE("multiplications stay exact past 53 bits, and are rounded past 127") {
  // 2^32 * 2^32 * 3 = 55340232221128654848, and 2^93 + 2^93 with sizes of 2^31.
  const TensorNetwork network = read_einsum("ab,bc->ac", "a=4294967296,b=4294967296,c=3");
  CHECK(exact_multiplications(network, {{0, 1}}) == "55340232221128654848");
  const TensorNetwork huge =
      read_einsum("ab,bc,cd->ad", "a=2147483648,b=2147483648,c=2147483648,d=2147483648");
  CHECK(exact_multiplications(huge, {{0, 1}, {2, 3}}) == "19807040628566084398385987584");
  const TensorNetwork outer =
      read_einsum("a,b,c,d,e", "a=1073741824,b=1073741824,c=1073741824,d=1073741824,e=1073741824");
  CHECK(exact_multiplications(outer, {{0, 1}, {2, 5}, {3, 6}, {4, 7}}).find("e+45") !=
        std::string::npos);
}

TEST_CASE("a linear path and its order are the same order") {
  // Positions shift down when tensors leave: opt_einsum's example [(1, 2), (0, 1)] of three.
  CHECK(linear_path({{1, 2}, {0, 3}}, 3) == LinearPath{{1, 2}, {0, 1}});
  // Of four tensors 0 1 2 3: (0, 3) leaves 1 2 4; (1, 2) takes 2 and 4 and leaves 1 5.
  CHECK(linear_path({{0, 3}, {2, 4}, {1, 5}}, 4) == LinearPath{{0, 3}, {1, 2}, {0, 1}});
  Rng rng(derive_seed(20240611, "paths"));
  for (int trial = 0; trial < 200; ++trial) {
    const auto terms = static_cast<std::size_t>(rng.uniform_int(1, 40));
    const ContractionOrder order = random_order(terms, rng);
    check(order, terms);
    CHECK(order_of(linear_path(order, terms), terms) == order);
  }
}

TEST_CASE("a path that is none of its network is refused") {
  CHECK_THROWS_WITH(order_of({{0, 3}}, 3),
                    Catch::Contains("path[0]: (0, 3) are not two of the 3 tensors"));
  CHECK_THROWS_AS(order_of({{1, 1}, {0, 1}}, 3), ConfigError);
  CHECK_THROWS_AS(order_of({{-1, 1}, {0, 1}}, 3), ConfigError);
  CHECK_THROWS_WITH(order_of({{0, 1}}, 3), Catch::Contains("leaves 2 tensors instead of one"));
}

TEST_CASE("sums and diagonals of single terms are taken first and cost nothing") {
  // a of the first term is nowhere else; b stands twice in it; c in two terms and not in the
  // output.
  const PairwiseNetwork left = pairwise(read_einsum("abbc,cd->bd", "a=9,b=2,c=3,d=5"));
  CHECK(left.network.terms == std::vector<TensorIndices>{{1, 2}, {2, 3}});
  REQUIRE(left.unary.size() == 1);
  CHECK(left.unary[0].term == 0);
  CHECK(left.unary[0].diagonals == TensorIndices{1});
  CHECK(left.unary[0].sums == TensorIndices{0});
  CHECK(cost_of(left.network, {{0, 1}}).multiplications == 2 * 3 * 5);
  // A trace leaves a scalar; a batch index in the output stays.
  const PairwiseNetwork trace = pairwise(read_einsum("aa,b->b", "a=9,b=2"));
  CHECK(trace.network.terms == std::vector<TensorIndices>{{}, {1}});
  CHECK(pairwise(read_einsum("ab,ab->ab", "a=2,b=2")).unary.empty());
}

}  // namespace
}  // namespace cairn::models
