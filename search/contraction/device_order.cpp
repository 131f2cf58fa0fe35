#include "search/contraction/device_order.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "search/contraction/layout_search.h"
#include "search/contraction/order_search.h"
#include "search/contraction/product_search.h"

namespace cairn::search {
namespace {

using device::Frame;
using device::LayoutSearch;
using device::ProductSearch;
using device::Steps;
using device::Weights;
using models::ContractionOrder;
using models::TensorNetwork;

/// Layouts tried for a step; more make the search slow and hardly ever better.
constexpr std::size_t kMostLayoutPairs = 100;

PricedOrder price_by(const TensorNetwork& network, const ContractionOrder& order,
                     const DeviceOrderOptions& options, StepPrices& prices,
                     const Weights& weights) {
  Steps steps(options, prices);
  PricedOrder priced;
  // Stored weights lie as their only use wants, and their gradients lie alike.
  priced.lowered = models::lower(network, order,
                                 {.free_layout = options.stored,
                                  .permute_price = [&](std::int64_t elements, std::int64_t run) {
                                    return weights.of(steps.permute(elements, run));
                                  }});
  for (const models::LoweredStep& step : priced.lowered.steps) {
    if (step.is_product()) {
      priced.cost.price +=
          steps.product(step.product, steps.stored(step.first), steps.stored(step.second));
    } else {
      priced.cost.permutes += steps.permute(step.elements, step.run);
    }
  }
  priced.cost.price += priced.cost.permutes;
  return priced;
}

/// The least weighted sum.
struct Found {
  ContractionOrder order;
  DeviceOrderCost cost;
  double lower_bound{};  ///< of the weighted sum
  [[nodiscard]] bool proven(const Weights& weights) const {
    constexpr double kRounding = 1e-9;
    return lower_bound >= weights.of(cost.price) * (1 - kRounding);
  }
};

/// The sets of terms that an order makes, sorted: the same for orders that differ in nothing but
/// which independent step comes first. Precondition: at most 64 terms.
std::vector<std::uint64_t> results_of(const ContractionOrder& order, std::size_t terms) {
  std::vector<std::uint64_t> sets;
  for (std::size_t t = 0; t < terms; ++t) {
    sets.push_back(std::uint64_t{1} << t);
  }
  for (const models::PairwiseStep& step : order) {
    sets.push_back(sets[static_cast<std::size_t>(step.first)] |
                   sets[static_cast<std::size_t>(step.second)]);
  }
  std::ranges::sort(sets);
  return sets;
}

Found least_sum(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
                const Weights& weights, const ContractionOrder& known) {
  Found best;
  if (network.terms.size() < 2) {
    return best;
  }
  if (network.terms.size() > device::kMostTerms || network.indices.size() > device::kMostIndices) {
    best.order = known;
    best.cost = price_by(network, known, options, prices, weights).cost;
    return best;
  }
  const Frame frame(network);
  Steps steps(options, prices);
  LayoutSearch layouts(network, frame, options, steps, weights);
  double bound = std::numeric_limits<double>::infinity();
  const auto follow = [&](const ContractionOrder& order) {
    const std::optional<LayoutSearch::Found> found = layouts.follow(order);
    if (found && weights.of(found->cost.price) < bound) {
      bound = weights.of(found->cost.price);
      best.order = found->order;
      best.cost = found->cost;
    }
  };
  follow(known);
  ProductSearch products(network, frame, options, steps, weights);
  const std::optional<ProductSearch::Found> cheapest = products.run(bound);
  if (!cheapest) {
    best.lower_bound = products.proven() ? bound : 0;
    if (!products.proven()) {
      // Too many sets: orders that are good at something else than multiplications are tried.
      for (const OrderObjective other : {OrderObjective::traffic, OrderObjective::write}) {
        OrderOptions cheap;
        cheap.objective = other;
        cheap.outer_products = options.outer_products;
        cheap.method = OrderMethod::reconfigure;
        follow(search_order(network, cheap).order);
      }
    }
    return best;
  }
  best.lower_bound = cheapest->cost;
  follow(cheapest->order);
  if (best.proven(weights)) {
    return best;
  }
  // Reorderings matter: orders and layouts together, then the layouts of whole orders once more.
  if (const std::optional<LayoutSearch::Found> found =
          layouts.run(products.pairs_within(bound), bound)) {
    best.order = found->order;
    best.cost = found->cost;
  }
  const auto relayed = [&](const ContractionOrder& order) {
    const DeviceOrderCost cost = price_by(network, order, options, prices, weights).cost;
    if (best.order.empty() || weights.of(cost.price) < weights.of(best.cost.price)) {
      best.order = order;
      best.cost = cost;
    }
  };
  // Where reorderings cost little, layouts as a whole are hardly better than those of the search.
  constexpr double kMuch = 0.1;
  if (best.order.empty() || weights.of(best.cost.permutes) > kMuch * weights.of(best.cost.price)) {
    relayed(ContractionOrder{best.order.empty() ? known : best.order});
  }
  // Of the order that was known, if its products leave room.
  if (best.order.empty() ||
      (results_of(known, network.terms.size()) != results_of(best.order, network.terms.size()) &&
       layouts.products_of(known) < weights.of(best.cost.price))) {
    relayed(known);
  }
  return best;
}

double product_of(const DeviceOrderCost& cost) {
  return cost.price.latency_s * cost.price.energy_j;
}

/// The least product of seconds and joules. A product is least at a corner of the convex hull of
/// all (latency, energy), and each corner is least by some weighted sum: from the two ends inwards,
/// a pair of corners is looked between while the lines through them leave room for a better one.
class LeastProduct {
 public:
  LeastProduct(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
               const ContractionOrder& known)
      : network_(network), options_(options), prices_(prices), known_(known) {}

  [[nodiscard]] Found run() {
    Found fast = least_sum(network_, options_, prices_, {1, 0}, known_);
    if (fast.order.empty()) {
      return fast;
    }
    const Found frugal = least_sum(network_, options_, prices_, {0, 1}, known_);
    best_ = product_of(frugal.cost) < product_of(fast.cost) ? frugal : fast;
    proven_ = fast.proven({1, 0}) && frugal.proven({0, 1});
    between(fast.cost.price, frugal.cost.price, kMostDepth);
    return best_;
  }
  [[nodiscard]] bool proven() const { return proven_; }

 private:
  static constexpr int kMostDepth = 12;

  /// \p fast has less latency and more energy than \p frugal.
  void between(const StepPrice& fast, const StepPrice& frugal, int depth) {
    const double time = frugal.latency_s - fast.latency_s;
    const double energy = fast.energy_j - frugal.energy_j;
    // Nothing between them is below both (their least time, their least energy).
    if (time <= 0 || energy <= 0 || fast.latency_s * frugal.energy_j >= product_of(best_.cost)) {
      return;
    }
    if (depth == 0) {
      proven_ = false;
      return;
    }
    const Weights weights{energy, time};
    const Found middle = least_sum(network_, options_, prices_, weights, known_);
    proven_ = proven_ && middle.proven(weights);
    if (product_of(middle.cost) < product_of(best_.cost)) {
      best_ = middle;
    }
    constexpr double kRounding = 1e-9;
    if (weights.of(middle.cost.price) >= weights.of(fast) * (1 - kRounding)) {
      return;  // the line through both ends is a side of the hull
    }
    between(fast, middle.cost.price, depth - 1);
    between(middle.cost.price, frugal, depth - 1);
  }

  const TensorNetwork& network_;
  const DeviceOrderOptions& options_;
  StepPrices& prices_;
  const ContractionOrder& known_;
  Found best_;
  bool proven_{true};
};

Weights weights_of(DeviceObjective objective) {
  return objective == DeviceObjective::energy ? Weights{0, 1} : Weights{1, 0};
}

}  // namespace

PricedOrder price_order(const TensorNetwork& network, const ContractionOrder& order,
                        const DeviceOrderOptions& options, StepPrices& prices) {
  return price_by(network, order, options, prices, weights_of(options.objective));
}

DeviceOrderResult search_device_order(const TensorNetwork& network,
                                      const DeviceOrderOptions& options, StepPrices& prices) {
  // Orders without a machine bound the search, and are the answer where it does not end.
  OrderOptions fewest;
  fewest.outer_products = options.outer_products;
  const ContractionOrder known = search_order(network, fewest).order;
  DeviceOrderResult result;
  Found found;
  if (options.objective == DeviceObjective::edp) {
    LeastProduct search(network, options, prices, known);
    found = search.run();
    result.optimal = search.proven();
    result.lower_bound = result.optimal ? product_of(found.cost) : 0;
  } else {
    const Weights weights = weights_of(options.objective);
    found = least_sum(network, options, prices, weights, known);
    result.optimal = found.proven(weights);
    result.lower_bound = found.lower_bound;
  }
  if (network.terms.size() > 1 && found.order.empty()) {
    result.refusal = prices.refusal();
    result.optimal = false;
    return result;
  }
  result.order = std::move(found.order);
  result.cost = found.cost;
  return result;
}

}  // namespace cairn::search
