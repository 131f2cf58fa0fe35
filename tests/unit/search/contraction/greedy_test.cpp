// Do greedy orders join what they should, and does their total say what they cost?
#include "search/contraction/greedy.h"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

#include "models/tensor_network/einsum.h"
#include "search/contraction/random_greedy.h"
#include "tests/unit/models/tensor_network/random_network.h"
#include "tests/unit/search/contraction/networks.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

TEST_CASE("the pair whose result is the least larger than its operands is joined first") {
  // ab: 2 x 100, bc: 100 x 3, cd: 3 x 50.
  // ab,bc: result 2 x 3 = 6, operands 200 + 300: score -494.
  // bc,cd: result 100 x 50 = 5000, operands 300 + 150: score 4550.
  const TensorNetwork network = models::read_einsum("cd,bc,ab->ad", "a=2,b=100,c=3,d=50");
  CHECK(greedy_order(network) == ContractionOrder{{1, 2}, {0, 3}});
}

TEST_CASE("tensors with the same indices are joined first, though another pair shrinks more") {
  // ab,ab: 4 elements each. xy,yz with y = 1000 shrinks from 2000 + 2000 to 4.
  const TensorNetwork network = models::read_einsum("xy,yz,ab,ab,ax->bz", "a=2,b=2,x=2,y=1000,z=2");
  const ContractionOrder order = greedy_order(network);
  CHECK(order.front() == models::PairwiseStep{2, 3});
}

TEST_CASE("parts that share no index are joined last, the smallest two first") {
  // Vectors of 5, 2 and 3: 2 x 3 = 6 first, then 5 x 6 = 30 multiplications; any other way 40
  // or 45.
  const TensorNetwork network = models::read_einsum("a,b,c->abc", "a=5,b=2,c=3");
  const ContractionOrder order = greedy_order(network);
  CHECK(models::cost_of(network, order).multiplications == 36);
}

TEST_CASE("an index of a thousand tensors is ordered without looking at all its pairs") {
  TensorNetwork network;
  network.terms.resize(1000);
  std::vector<std::size_t> all;
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    all.push_back(t);
    network.output.push_back(add_index(network, 1, {t}));
  }
  network.output.push_back(add_index(network, 7, all));
  const ContractionOrder order = greedy_order(network);
  models::check(order, network.terms.size());
  // Every step holds the common index and nothing else of size: 7 multiplications each.
  CHECK(models::cost_of(network, order).multiplications == 7 * 999);
}

TEST_CASE("a run's total is what its order costs, for every kind of network and objective") {
  Rng rng(20240501);
  for (int i = 0; i < 200; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 12, 16, 4)).network;
    const BitNetwork bits = bit_network(network);
    GreedySearch search(bits);
    const GreedyChoice choice{.alpha = 0.5, .temperature = i % 2 == 0 ? 0.0 : 1.0};
    const auto flops = search.run(choice, rng, FlopsPrice{});
    models::check(search.order(), network.terms.size());
    const models::OrderCost cost = models::cost_of(network, search.order());
    REQUIRE(flops.has_value());
    CHECK(*flops == Approx(cost.multiplications).epsilon(1e-12));
    const auto write = search.run(choice, rng, WritePrice{});
    CHECK(*write == Approx(models::cost_of(network, search.order()).write).epsilon(1e-12));
    const auto traffic = search.run(choice, rng, TrafficPrice{});
    CHECK(*traffic == Approx(models::cost_of(network, search.order()).traffic).epsilon(1e-12));
  }
}

TEST_CASE("a run is given up when it passes its limit, and not at the limit") {
  const TensorNetwork network = square_lattice(5, 2);
  const BitNetwork bits = bit_network(network);
  GreedySearch search(bits);
  Rng rng(0);
  const double total = search.run({}, rng, FlopsPrice{}).value();
  CHECK(search.run({}, rng, FlopsPrice{}, total) == total);
  CHECK_FALSE(search.run({}, rng, FlopsPrice{}, total - 1).has_value());
}

TEST_CASE("more runs of noise find cheaper orders than greedy, and never dearer ones") {
  const TensorNetwork network = square_lattice(6, 2);
  const BitNetwork bits = bit_network(network);
  const double greedy = models::cost_of(network, greedy_order(network)).multiplications;
  const FoundOrder one = random_greedy(bits, {}, 1, 3);
  const FoundOrder many = random_greedy(bits, {}, 500, 3);
  CHECK(one.total == greedy);
  CHECK(many.total < greedy);
  CHECK(many.total == models::cost_of(network, many.order).multiplications);
}

TEST_CASE("the orders that are kept are the same at any number of threads") {
  const BitNetwork bits = bit_network(regular_network(40, 3, 2, 11));
  RandomGreedyOptions options{.runs = 1000, .keep = 5, .seed = 9, .threads = 1};
  CpuBudget budget(1e6);
  const auto one = random_greedy(bits, {}, options, budget);
  REQUIRE(one.size() == 5);
  for (std::size_t i = 1; i < one.size(); ++i) {
    CHECK(one[i - 1].total < one[i].total);
  }
  for (const std::int32_t threads : {2, 5}) {
    options.threads = threads;
    const auto more = random_greedy(bits, {}, options, budget);
    REQUIRE(more.size() == one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(more[i].total == one[i].total);
      CHECK(more[i].order == one[i].order);
    }
  }
}

}  // namespace
}  // namespace cairn::search
