// Are windows of a tree reordered to the best tree, and does a tree always say what it costs?
#include "search/contraction/reconfigure.h"

#include <limits>

#include <catch2/catch.hpp>

#include "models/tensor_network/einsum.h"
#include "search/contraction/anneal.h"
#include "search/contraction/exact.h"
#include "search/contraction/greedy.h"
#include "search/contraction/parts.h"
#include "tests/unit/models/tensor_network/random_network.h"
#include "tests/unit/search/contraction/networks.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

constexpr double kRounding = 1e-9;

double by_objective(const models::OrderCost& cost, OrderObjective objective) {
  switch (objective) {
    case OrderObjective::size:
      return cost.largest_intermediate;
    case OrderObjective::write:
      return cost.write;
    case OrderObjective::traffic:
      return cost.traffic;
    case OrderObjective::flops:
      break;
  }
  return cost.multiplications;
}

constexpr std::array kObjectives{OrderObjective::flops, OrderObjective::size, OrderObjective::write,
                                 OrderObjective::traffic};

TEST_CASE("a tree costs what its order costs, whatever the network, the order and the objective") {
  Rng rng(7);
  for (int i = 0; i < 200; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 10, 14, 4)).network;
    const ContractionOrder order = models::random_order(network.terms.size(), rng);
    const BitNetwork bits = bit_network(network);
    for (const OrderObjective objective : kObjectives) {
      const OrderPrice price{.objective = objective, .custom = {}};
      const ContractionTree tree(bits, order, price);
      CHECK(value_of(tree, price).cost ==
            Approx(by_objective(models::cost_of(network, order), objective)).epsilon(kRounding));
    }
  }
}

TEST_CASE("the steps of a tree are put in the order that needs the least memory at once") {
  Rng rng(8);
  for (int i = 0; i < 100; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 10, 14, 4)).network;
    const ContractionOrder order = models::random_order(network.terms.size(), rng);
    const BitNetwork bits = bit_network(network);
    const ContractionOrder steps = ContractionTree(bits, order, {}).order();
    models::check(steps, network.terms.size());
    const models::OrderCost cost = models::cost_of(network, steps);
    CHECK(cost.multiplications == Approx(models::cost_of(network, order).multiplications));
    // The same tree again, with the operands' numbers turned round, gives the same bytes.
    ContractionOrder turned = order;
    for (models::PairwiseStep& step : turned) {
      std::swap(step.first, step.second);
    }
    CHECK(ContractionTree(bits, turned, {}).order() == steps);
  }
  // Two subtrees: ab,bc (result 2 x 2 = 4) and de,ef (result 8 x 8 = 64), joined at the end. With
  // the large result first, 64 wait while 4 are made; the small one first, 4 wait beside 64: then
  // the peak is inputs + 4 + 64 either way, less what was used: de, ef hold 8 x 9 x 2 = 144, ab, bc
  // 2 x 3 x 2 = 12. Large first: max(156 + 64, 156 + 64 - 144 + 4, ...) = 220; small first:
  // 156 + 4 - 12 + 64 = 212.
  const TensorNetwork network = models::read_einsum("de,ef,ab,bc->acdf", "a=2,b=3,c=2,d=8,e=9,f=8");
  const ContractionOrder large_first{{0, 1}, {2, 3}, {4, 5}};
  const BitNetwork bits = bit_network(network);
  const ContractionOrder steps = ContractionTree(bits, large_first, {}).order();
  CHECK(steps.front() == models::PairwiseStep{2, 3});
}

TEST_CASE("a window over the whole of a small network gives the proven optimum") {
  Rng rng(21);
  for (int i = 0; i < 60; ++i) {
    // Connected networks, so that both searches have the same orders to choose from.
    const TensorNetwork whole = models::pairwise(models::random_network(rng, 8, 14, 4)).network;
    for (const NetworkPart& part : connected_parts(whole)) {
      const TensorNetwork& network = part.network;
      const std::size_t terms = network.terms.size();
      if (terms < 3) {
        continue;
      }
      const BitNetwork bits = bit_network(network);
      for (const OrderObjective objective :
           {OrderObjective::flops, OrderObjective::write, OrderObjective::traffic}) {
        for (const bool outer : {false, true}) {
          const OrderPrice price{.objective = objective, .custom = {}};
          Reconfigurer windows(bits, price, {.leaves = terms, .outer_products = outer});
          ContractionTree tree(bits, greedy_order(network), price);
          CpuBudget budget(1e6);
          CpuBudget::Use use(budget);
          windows.run(tree, rng, use);
          const ExactResult exact =
              exact_order(network, {.objective = objective, .outer_products = outer});
          CHECK(tree.total() == Approx(exact.cost).epsilon(kRounding));
          CHECK(by_objective(models::cost_of(network, tree.order()), objective) ==
                Approx(tree.total()).epsilon(kRounding));
        }
      }
    }
  }
}

TEST_CASE("windows never make a tree dearer, and say what they gained") {
  Rng rng(5);
  for (const OrderObjective objective : kObjectives) {
    const OrderPrice price{.objective = objective, .custom = {}};
    const TensorNetwork network = regular_network(60, 4, 2, 3);
    const BitNetwork bits = bit_network(network);
    const ContractionOrder order = greedy_order(network);
    Reconfigurer windows(bits, price, {.leaves = 7, .random_sweeps = 1});
    ContractionTree tree(bits, order, price);
    const double before = tree.total();
    CpuBudget budget(1e6);
    CpuBudget::Use use(budget);
    const double gain = windows.run(tree, rng, use);
    CHECK(gain > 0);
    CHECK(tree.total() == Approx(before - gain));
    // Every node that the windows changed says what the order says.
    const ContractionTree again(bits, tree.order(), price);
    CHECK(again.total() == Approx(tree.total()).epsilon(kRounding));
  }
}

TEST_CASE("a price of one's own takes the place of the objective") {
  const TensorNetwork network = regular_network(30, 3, 2, 4);
  const BitNetwork bits = bit_network(network);
  const OrderPrice own{.objective = OrderObjective::size,
                       .custom = [](const StepSizes& step) { return step.united; }};
  const auto reordered = [&](const OrderPrice& price) {
    ContractionTree tree(bits, greedy_order(network), price);
    Reconfigurer windows(bits, price, {});
    Rng rng(1);
    CpuBudget budget(1e6);
    CpuBudget::Use use(budget);
    windows.run(tree, rng, use);
    return tree.order();
  };
  CHECK(reordered(own) == reordered({}));
}

TEST_CASE("the sizes of a step say which matrix product it is") {
  // b m k, b k n -> b m n with b = 2, m = 3, k = 5, n = 7.
  const TensorNetwork network = models::read_einsum("bmk,bkn->bmn", "b=2,m=3,k=5,n=7");
  StepSizes seen;
  const OrderPrice price{.objective = OrderObjective::flops, .custom = [&](const StepSizes& step) {
                           seen = step;
                           return step.united;
                         }};
  const BitNetwork bits = bit_network(network);
  const ContractionTree tree(bits, {{0, 1}}, price);
  CHECK(seen.first == 2 * 3 * 5);
  CHECK(seen.second == 2 * 5 * 7);
  CHECK(seen.result == 2 * 3 * 7);
  CHECK(seen.united == 2 * 3 * 5 * 7);
}

TEST_CASE("annealing keeps every node of the tree right, and shares of an index together") {
  Rng rng(3);
  for (int i = 0; i < 40; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 14, 20, 4)).network;
    const BitNetwork bits = bit_network(network);
    for (const OrderObjective objective : kObjectives) {
      const OrderPrice price{.objective = objective, .custom = {}};
      ContractionTree tree(bits, greedy_order(network), price);
      CpuBudget budget(1e6);
      CpuBudget::Use use(budget);
      anneal(tree, price, {.hot = 4, .cold = 1, .sweeps = 20, .outer_products = true}, rng, use);
      const ContractionTree again(bits, tree.order(), price);
      CHECK(again.total() == Approx(tree.total()).epsilon(kRounding));
    }
  }
}

TEST_CASE("cold annealing never makes a tree dearer, a hot start finds the optimum of a lattice") {
  const TensorNetwork network = square_lattice(4, 2);
  const BitNetwork bits = bit_network(network);
  Rng rng(3);
  CpuBudget budget(1e6);
  CpuBudget::Use use(budget);
  ContractionTree cold(bits, greedy_order(network), {});
  const double before = cold.total();
  anneal(cold, {}, {.hot = 1e-6, .cold = 1e-6, .sweeps = 50}, rng, use);
  CHECK(cold.total() <= before);
  ContractionTree hot(bits, greedy_order(network), {});
  anneal(hot, {}, {.hot = 2, .cold = 0.05, .sweeps = 3000}, rng, use);
  CHECK(hot.total() == 580);  // proven optimum of 4 x 4 tensors, bonds of 2
}

}  // namespace
}  // namespace cairn::search
