#include "search/contraction/exact.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "networks.h"
#include "search/contraction/order_search.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

double cost_by(OrderObjective objective, const models::OrderCost& cost) {
  switch (objective) {
    case OrderObjective::flops:
      return cost.multiplications;
    case OrderObjective::size:
      return cost.largest_intermediate;
    case OrderObjective::write:
      return cost.write;
    case OrderObjective::traffic:
      return cost.traffic;
  }
  return 0;
}

/// The least cost of all orders, each tried; without outer products, only pairs that share an index
/// are contracted while there is one.
double least_of_all(const TensorNetwork& network, OrderObjective objective, bool outer_products) {
  double least = std::numeric_limits<double>::infinity();
  ContractionOrder order;
  std::vector<std::int32_t> left(network.terms.size());
  std::iota(left.begin(), left.end(), 0);
  const std::function<void()> extend = [&] {
    if (left.size() == 1) {
      least = std::min(least, cost_by(objective, models::cost_of(network, order)));
      return;
    }
    // Indices of the tensors so far; an unfinished order is finished only on paper.
    ContractionOrder whole = order;
    std::vector<std::int32_t> rest = left;
    while (rest.size() > 1) {
      whole.push_back({rest[rest.size() - 2], rest.back()});
      rest.resize(rest.size() - 2);
      rest.push_back(static_cast<std::int32_t>(network.terms.size() + whole.size() - 1));
    }
    const std::vector<models::TensorIndices> tensors = models::tensors_of(network, whole);
    const auto share = [&](std::int32_t a, std::int32_t b) {
      const models::TensorIndices& first = tensors[static_cast<std::size_t>(a)];
      const models::TensorIndices& second = tensors[static_cast<std::size_t>(b)];
      return std::ranges::any_of(first, [&](models::IndexId index) {
        return std::ranges::find(second, index) != second.end();
      });
    };
    bool any = false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        any = any || share(left[i], left[j]);
      }
    }
    const std::vector<std::int32_t> before = left;
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (!outer_products && any && !share(before[i], before[j])) {
          continue;
        }
        left = before;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(j));
        order.push_back({before[j], before[i]});
        left.push_back(static_cast<std::int32_t>(network.terms.size() + order.size() - 1));
        extend();
        order.pop_back();
      }
    }
    left = before;
  };
  extend();
  return least;
}

TEST_CASE("exact search finds the least of all orders of random networks, by every objective") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    TensorNetwork network = hyper_network(5, 6, seed);
    network.output = seed % 3 == 0 ? models::TensorIndices{} : models::TensorIndices{0, 2};
    const models::PairwiseNetwork pairs = models::pairwise(network);
    for (const auto& [objective, name] : enum_names(OrderObjective{})) {
      for (const bool outer_products : {false, true}) {
        CAPTURE(seed, name, outer_products);
        OrderOptions options;
        options.objective = objective;
        options.method = OrderMethod::optimal;
        options.outer_products = outer_products;
        const OrderResult found = search_order(pairs.network, options);
        models::check(found.order, network.terms.size());
        CHECK(found.optimal);
        CHECK(found.cost == cost_by(objective, models::cost_of(pairs.network, found.order)));
        CHECK(found.cost == least_of_all(pairs.network, objective, outer_products));
      }
    }
  }
}

TEST_CASE("an outer product that pays is found only where it is allowed") {
  // x (2) and y (2) both meet the matrix (2 x 2 x 100) -> (100): with x first 400 + 200
  // multiplications; the outer product x y first costs 4, and then 400.
  TensorNetwork network;
  network.indices = {{"i", 2}, {"j", 2}, {"k", 100}};
  network.terms = {{0}, {1}, {0, 1, 2}};
  network.output = {2};
  OrderOptions options;
  CHECK(search_order(network, options).cost == 600);
  options.outer_products = true;
  CHECK(search_order(network, options).cost == 404);
}

TEST_CASE("a bound that nothing is below is proven, and no order is given") {
  const TensorNetwork network = square_lattice(4, 2);
  ExactOptions options;
  options.upper_bound = 580;  // the optimum
  const ExactResult none = exact_order(network, options);
  CHECK(none.finished);
  CHECK_FALSE(none.order);
  CHECK(none.lower_bound == 580);
  options.upper_bound = 581;
  const ExactResult found = exact_order(network, options);
  REQUIRE(found.order);
  CHECK(found.cost == 580);
}

TEST_CASE("a search that is stopped gives a lower bound that holds") {
  const TensorNetwork network = square_lattice(6, 2);
  ExactOptions options;
  options.most_sets = 2000;
  const ExactResult stopped = exact_order(network, options);
  CHECK_FALSE(stopped.finished);
  CHECK_FALSE(stopped.order);
  CHECK(stopped.lower_bound > 0);
  CHECK(stopped.lower_bound <= 4548);  // the optimum
}

TEST_CASE("a network too large for exact search has the best found, and its gap") {
  const TensorNetwork network = square_lattice(12, 2);
  OrderOptions options;
  options.method = OrderMethod::optimal;
  options.cpu_seconds = 0.4;
  const OrderResult found = search_order(network, options);
  models::check(found.order, network.terms.size());
  CHECK_FALSE(found.optimal);
  CHECK(found.out_of_time);
  CHECK(found.lower_bound > 0);
  CHECK(found.lower_bound < found.cost);
  CHECK(found.gap() > 0);
  CHECK(found.gap() < 1);
}

TEST_CASE("parts that share no index are ordered one by one, the smallest results joined first") {
  // Three matrix products (2 x 3 x 2, 3 x 2 x 3 and 4 x 2 x 4) of 12, 18 and 32 multiplications;
  // their results (4, 9 and 16 elements) joined: 4 x 9, then 36 x 16.
  TensorNetwork network;
  network.indices = {{"a", 2}, {"b", 3}, {"c", 2}, {"d", 3}, {"e", 2},
                     {"f", 3}, {"g", 4}, {"h", 2}, {"i", 4}};
  network.terms = {{0, 1}, {3, 4}, {6, 7}, {1, 2}, {4, 5}, {7, 8}};
  network.output = {0, 2, 3, 5, 6, 8};
  const OrderResult found = search_order(network, {});
  models::check(found.order, network.terms.size());
  CHECK(found.optimal);
  CHECK(found.cost == 12 + 18 + 32 + 36 + 576);
  CHECK(found.cost == models::cost_of(network, found.order).multiplications);
}

TEST_CASE("networks of one and two terms have one order") {
  TensorNetwork network;
  network.indices = {{"a", 2}, {"b", 3}};
  network.terms = {{0, 1}};
  network.output = {0, 1};
  CHECK(search_order(network, {}).order.empty());
  CHECK(search_order(network, {}).optimal);
  network.terms = {{0, 1}, {1}};
  network.output = {0};
  const OrderResult two = search_order(network, {});
  CHECK(two.order.size() == 1);
  CHECK(two.cost == 6);
  CHECK(two.optimal);
}

TEST_CASE("more than 64 tensors are searched exactly, too") {
  const TensorNetwork network = three_chains(25, 4, 3, 2);
  const OrderResult found = search_order(network, {});
  CHECK(found.optimal);
  CHECK(found.cost == models::cost_of(network, found.order).multiplications);
  OrderOptions greedy;
  greedy.method = OrderMethod::random_greedy;
  CHECK(found.cost <= search_order(network, greedy).cost);
}

}  // namespace
}  // namespace cairn::search
