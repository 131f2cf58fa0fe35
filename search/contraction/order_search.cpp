#include "search/contraction/order_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "search/contraction/bit_network.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/exact.h"
#include "search/contraction/heuristics.h"
#include "search/contraction/parts.h"
#include "search/contraction/random_greedy.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

double cost_by(OrderObjective objective, const TensorNetwork& network,
               const ContractionOrder& order) {
  const models::OrderCost cost = models::cost_of(network, order);
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

/// A number that no order is below: every tensor is an operand, and the result is made.
double trivial_bound(OrderObjective objective, const BitNetwork& network) {
  const double result = product(network, network.output);
  if (objective == OrderObjective::size || objective == OrderObjective::write) {
    return result;
  }
  return std::max(result, *std::ranges::max_element(network.term_size));
}

/// Time taken since the start, of this thread; searches on other threads report to a budget.
class Clock {
 public:
  explicit Clock(double seconds) : seconds_(seconds), start_(thread_cpu_nanoseconds()) {}
  [[nodiscard]] double left() const {
    constexpr double kSecondsPerNanosecond = 1e-9;
    return seconds_ -
           kSecondsPerNanosecond * static_cast<double>(thread_cpu_nanoseconds() - start_);
  }

 private:
  double seconds_;
  std::int64_t start_;
};

OrderResult by_heuristic(const TensorNetwork& network, const OrderOptions& options,
                         OrderMethod method, double seconds) {
  HeuristicOptions heuristic;
  heuristic.price.objective = options.objective;
  heuristic.outer_products = options.outer_products;
  heuristic.cpu_seconds = seconds;
  heuristic.seed = options.seed;
  heuristic.threads = options.threads;
  HeuristicResult found = heuristic_order(network, method, heuristic);
  OrderResult result;
  result.cost = cost_by(options.objective, network, found.order);
  result.order = std::move(found.order);
  result.method = found.method;
  result.out_of_time = found.out_of_time;
  return result;
}

/// Exact search below the cost of a few greedy orders; heuristics where it does not end.
OrderResult by_exact(const TensorNetwork& network, const BitNetwork& bits,
                     const OrderOptions& options) {
  // What is left of the time when exact search has failed is for the others.
  constexpr double kShareOfExact = 0.8;
  constexpr double kWorkPerSecond = 5e8;  // pairs of sets, measured on a lattice of 8 x 8 tensors
  constexpr double kShortWork = 1e8;
  constexpr double kShareOfBound = 0.15;
  constexpr std::size_t kFewTerms = 8;  // exact search is faster than a bound for it
  const Clock clock(options.cpu_seconds);
  OrderResult best;
  best.cost = std::numeric_limits<double>::infinity();
  const auto keep = [&](OrderResult other) {
    if (best.order.empty() || other.cost < best.cost) {
      best.order = std::move(other.order);
      best.cost = other.cost;
      best.method = other.method;
    }
  };
  if (network.terms.size() > kFewTerms) {
    constexpr std::int64_t kMostRuns = 128;
    const auto runs =
        std::min(static_cast<std::int64_t>(2 * (network.terms.size() - kFewTerms)), kMostRuns);
    OrderPrice price;
    price.objective = options.objective;
    OrderResult greedy;
    greedy.order = random_greedy(bits, price, runs, options.seed).order;
    greedy.cost = cost_by(options.objective, network, greedy.order);
    greedy.method = OrderMethod::random_greedy;
    keep(std::move(greedy));
  }
  ExactOptions exact;
  exact.objective = options.objective;
  if (options.outer_products) {
    exact.outer_products = true;
    if (connected_parts(network).size() == 1) {
      OrderOptions without = options;
      without.outer_products = false;
      without.cpu_seconds = clock.left() / 4;
      keep(by_exact(network, bits, without));
    }
  }
  const auto run = [&](double work) {
    exact.upper_bound = best.cost;
    exact.cpu_seconds = std::max(kShareOfExact * clock.left(), 0.0);
    exact.most_work = work;
    ExactResult found = exact_order(network, exact);
    best.lower_bound =
        std::max({best.lower_bound, found.lower_bound, trivial_bound(options.objective, bits)});
    if (!found.finished) {
      return false;
    }
    if (found.order) {
      best.order = std::move(*found.order);
      best.cost = found.cost;
    }
    best.lower_bound = best.cost;
    best.method = OrderMethod::optimal;
    best.optimal = true;
    return true;
  };
  // What is left after a short search is worth a better bound.
  const double all_work = kWorkPerSecond * kShareOfExact * options.cpu_seconds;
  if (run(std::min(kShortWork, all_work))) {
    return best;
  }
  if (all_work > kShortWork) {
    keep(by_heuristic(network, options, OrderMethod::automatic, kShareOfBound * clock.left()));
    if (run(all_work)) {
      return best;
    }
  }
  keep(by_heuristic(network, options, OrderMethod::automatic, std::max(clock.left(), 0.0)));
  best.out_of_time = true;
  best.optimal = best.cost <= best.lower_bound;
  return best;
}

/// Of a network whose tensors are all joined, or that is searched with outer products.
OrderResult search_connected(const TensorNetwork& network, const OrderOptions& options) {
  OrderResult result;
  if (network.terms.size() < 2) {
    result.optimal = true;
    result.method = OrderMethod::optimal;
    return result;
  }
  const BitNetwork bits = bit_network(network);
  const bool exact =
      options.method == OrderMethod::automatic || options.method == OrderMethod::optimal;
  if (exact && bits.terms <= kMostExactTensors && bits.indices() <= kMostExactIndices) {
    return by_exact(network, bits, options);
  }
  result = by_heuristic(network, options, options.method, options.cpu_seconds);
  result.lower_bound = trivial_bound(options.objective, bits);
  result.optimal = result.cost <= result.lower_bound;
  return result;
}

/// Parts that share no index are ordered one by one, and their results joined.
OrderResult search_parts(const TensorNetwork& network, const std::vector<NetworkPart>& parts,
                         const OrderOptions& options) {
  const Clock clock(options.cpu_seconds);
  const auto join = [&](double a, double b) {
    return options.objective == OrderObjective::size ? std::max(a, b) : a + b;
  };
  OrderResult whole;
  whole.optimal = true;
  whole.method = OrderMethod::optimal;
  std::vector<ContractionOrder> orders;
  const auto add = [&](const TensorNetwork& part, bool outer_products, std::size_t left) {
    OrderOptions own = options;
    own.outer_products = outer_products;
    own.cpu_seconds = std::max(clock.left(), 0.0) / static_cast<double>(left);
    OrderResult result = search_connected(part, own);
    whole.cost = join(whole.cost, result.cost);
    whole.lower_bound = join(whole.lower_bound, result.lower_bound);
    whole.optimal = whole.optimal && result.optimal;
    whole.out_of_time = whole.out_of_time || result.out_of_time;
    if (result.method != OrderMethod::optimal) {
      whole.method = result.method;
    }
    return std::move(result.order);
  };
  for (std::size_t p = 0; p < parts.size(); ++p) {
    orders.push_back(add(parts[p].network, options.outer_products, parts.size() + 1 - p));
  }
  const ContractionOrder joins = add(network_of_results(network, parts), true, 1);
  whole.order = join_orders(network.terms.size(), parts, orders, joins);
  return whole;
}

}  // namespace

OrderResult search_order(const TensorNetwork& network, const OrderOptions& options) {
  const std::vector<NetworkPart> parts = connected_parts(network);
  if (parts.size() < 2) {
    return search_connected(network, options);
  }
  OrderResult result = search_parts(network, parts, options);
  if (options.outer_products) {
    // Joining parts before they are done may be cheaper still.
    OrderResult together = search_connected(network, options);
    if (together.cost < result.cost) {
      return together;
    }
    result.optimal = together.optimal;
    result.lower_bound = together.lower_bound;
  }
  return result;
}

}  // namespace cairn::search
