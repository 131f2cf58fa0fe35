// Do the heuristics find the known optima, keep to the rules, and repeat themselves?
#include "search/contraction/heuristics.h"

#include <cstdint>

#include <catch2/catch.hpp>

#include "models/tensor_network/einsum.h"
#include "tests/unit/models/tensor_network/random_network.h"
#include "tests/unit/search/contraction/networks.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

constexpr double kEnough = 1e6;  // CPU seconds: a search ends because nothing is gained any more

TEST_CASE("proven optima are found") {
  // Optima of the square lattices and of the two-layer ones are those of published exact searches.
  struct Known {
    TensorNetwork network;
    double optimum{};
  };
  const std::vector<Known> all{
      {square_lattice(4, 2), 580},           {square_lattice(5, 2), 1'988},
      {square_lattice(6, 2), 4'548},         {double_lattice(3, 4, 2), 354'336},
      {double_lattice(4, 4, 2), 38'346'784}, {three_chains(6, 16, 5, 2), 23'476}};
  for (const Known& known : all) {
    const HeuristicResult found = best_heuristic_order(known.network, {.cpu_seconds = 1});
    CHECK(found.cost == known.optimum);
    CHECK(models::cost_of(known.network, found.order).multiplications == found.cost);
  }
}

TEST_CASE("a lattice of 8 x 8 tensors takes fewer multiplications than the best published order") {
  const TensorNetwork network = square_lattice(8, 2);
  const HeuristicResult found = best_heuristic_order(network, {.cpu_seconds = 1});
  CHECK(found.cost < 28'864);
  CHECK(models::cost_of(network, found.order).multiplications == found.cost);
}

TEST_CASE("a search that ends by itself gives the same bytes at any number of threads") {
  for (const TensorNetwork& network : {square_lattice(4, 3), regular_network(24, 3, 2, 5)}) {
    HeuristicOptions options{.cpu_seconds = kEnough, .seed = 12};
    const HeuristicResult one = best_heuristic_order(network, options);
    CHECK_FALSE(one.out_of_time);
    for (const std::int32_t threads : {1, 2, 5}) {
      options.threads = threads;
      const HeuristicResult more = best_heuristic_order(network, options);
      CHECK(more.order == one.order);
      CHECK(more.cost == one.cost);
      CHECK(more.method == one.method);
      CHECK(more.trials == one.trials);
    }
  }
}

TEST_CASE("without any time there is still an order") {
  const TensorNetwork network = regular_network(200, 3, 2, 5);
  const HeuristicResult found = best_heuristic_order(network, {.cpu_seconds = 0});
  models::check(found.order, 200);
  CHECK(found.out_of_time);
  CHECK(found.cost == models::cost_of(network, found.order).multiplications);
}

TEST_CASE("the cost is that of the objective, and better than by another one's order") {
  const TensorNetwork network = regular_network(40, 4, 2, 6);
  const auto order = [&](OrderObjective objective) {
    return best_heuristic_order(
        network, {.price = {.objective = objective, .custom = {}}, .cpu_seconds = 0.3});
  };
  const HeuristicResult flops = order(OrderObjective::flops);
  const HeuristicResult size = order(OrderObjective::size);
  const HeuristicResult write = order(OrderObjective::write);
  const HeuristicResult traffic = order(OrderObjective::traffic);
  CHECK(flops.cost == models::cost_of(network, flops.order).multiplications);
  CHECK(size.cost == models::cost_of(network, size.order).largest_intermediate);
  CHECK(write.cost == models::cost_of(network, write.order).write);
  CHECK(traffic.cost == models::cost_of(network, traffic.order).traffic);
  CHECK(size.cost <= models::cost_of(network, flops.order).largest_intermediate);
  CHECK(write.cost <= models::cost_of(network, flops.order).write);
  CHECK(traffic.cost <= models::cost_of(network, flops.order).traffic);
}

TEST_CASE("every method orders every kind of network") {
  Rng rng(77);
  for (int i = 0; i < 30; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 16, 22, 3)).network;
    double best = 0;
    for (const OrderMethod method :
         {OrderMethod::automatic, OrderMethod::greedy, OrderMethod::random_greedy,
          OrderMethod::reconfigure, OrderMethod::anneal, OrderMethod::partition}) {
      const HeuristicResult found = heuristic_order(network, method, {.cpu_seconds = 0.02});
      models::check(found.order, network.terms.size());
      CHECK(found.cost ==
            Approx(models::cost_of(network, found.order).multiplications).epsilon(1e-12));
      if (method == OrderMethod::automatic) {
        best = found.cost;
      } else {
        CHECK(found.method == method);
      }
      if (method == OrderMethod::greedy) {
        CHECK(best <= found.cost);
      }
    }
  }
}

TEST_CASE("tensors that share no index are only joined early when that is allowed") {
  // Two vectors and a large matrix between them: x,xy,y. Without outer products xy is read once or
  // twice; with them the outer product of the vectors is one more step of the same size.
  const TensorNetwork network = models::read_einsum("abx,a,b,cx->c", "a=2,b=2,x=1000,c=1000");
  const HeuristicResult without = best_heuristic_order(network, {});
  const HeuristicResult with = best_heuristic_order(network, {.outer_products = true});
  CHECK(with.cost <= without.cost);
  const auto tensors = models::tensors_of(network, without.order);
  for (const models::PairwiseStep& step : without.order) {
    models::TensorIndices shared;
    std::ranges::set_intersection(tensors[static_cast<std::size_t>(step.first)],
                                  tensors[static_cast<std::size_t>(step.second)],
                                  std::back_inserter(shared));
    CHECK_FALSE(shared.empty());
  }
  // abx with a, then with b: 4000 + 2000. The outer product first: 4 + 4000. Then x with cx: 1e6.
  CHECK(without.cost == 1'006'000);
  CHECK(with.cost == 1'004'004);
}

}  // namespace
}  // namespace cairn::search
