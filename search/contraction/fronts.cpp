#include "search/contraction/fronts.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "search/contraction/heuristics.h"

namespace cairn::search {
namespace {

/// Keeps what no other point beats in both; of equal ones the first.
std::vector<OrderInSlices> non_dominated(std::vector<OrderInSlices> points) {
  std::ranges::stable_sort(points, [](const OrderInSlices& a, const OrderInSlices& b) {
    return a.multiplications != b.multiplications ? a.multiplications < b.multiplications
                                                  : a.peak < b.peak;
  });
  std::vector<OrderInSlices> front;
  double peak = std::numeric_limits<double>::infinity();
  for (OrderInSlices& point : points) {
    if (point.peak < peak) {
      peak = point.peak;
      front.push_back(std::move(point));
    }
  }
  return front;
}

}  // namespace

std::vector<OrderInSlices> contraction_front(const models::TensorNetwork& network,
                                             const FrontOptions& options) {
  std::vector<OrderInSlices> points;
  // Half of the time for whole orders, half for slicing.
  for (const OrderObjective objective :
       {OrderObjective::flops, OrderObjective::size, OrderObjective::write}) {
    const double share = objective == OrderObjective::flops ? 0.25 : 0.125;
    HeuristicResult found =
        best_heuristic_order(network, {.price = {.objective = objective, .custom = {}},
                                       .outer_products = options.outer_products,
                                       .cpu_seconds = share * options.cpu_seconds,
                                       .seed = options.seed,
                                       .threads = options.threads});
    const models::OrderCost cost = models::cost_of(network, found.order);
    points.push_back({.sliced = {},
                      .slices = 1,
                      .order = std::move(found.order),
                      .multiplications = cost.multiplications,
                      .overhead = 1,
                      .peak = cost.peak});
  }
  const OrderInSlices whole =
      *std::ranges::min_element(points, {}, &OrderInSlices::multiplications);
  double limit = whole.peak;
  for (std::int32_t i = 0; i < options.limits; ++i) {
    limit /= 2;
    SlicingResult sliced =
        slice_order(network, whole.order,
                    {.most_elements = limit,
                     .outer_products = options.outer_products,
                     .trials = 8,
                     .cpu_seconds = 0.5 * options.cpu_seconds / static_cast<double>(options.limits),
                     .seed = options.seed});
    if (std::holds_alternative<SlicingRefusal>(sliced)) {
      break;
    }
    points.push_back(std::move(std::get<OrderInSlices>(sliced)));
  }
  std::vector<OrderInSlices> front = non_dominated(std::move(points));
  for (OrderInSlices& point : front) {
    point.overhead = point.multiplications / front.front().multiplications;
  }
  return front;
}

}  // namespace cairn::search
