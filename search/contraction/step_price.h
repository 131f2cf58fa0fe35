/// \file
/// What one pairwise step costs, by the sizes of its operands and its result.
#pragma once

#include <cmath>
#include <functional>
#include <utility>

#include "search/contraction/order_search.h"

namespace cairn::search {

/// Elements of both operands, of the result, and of the union of the operands' indices. They
/// determine the step as a batched matrix product: m = united / second, n = united / first,
/// k = united / result, batch = first * second * result / united^2.
struct StepSizes {
  double first{};
  double second{};
  double result{};
  double united{};  ///< multiplications
};

/// A step's price by anything else, such as a device's latency; summed over the steps of an order.
/// Called from several threads at once.
using CustomPrice = std::function<double(const StepSizes&)>;

/// What the heuristics minimise: the sum over steps of a price.
struct OrderPrice {
  OrderObjective objective{OrderObjective::flops};
  CustomPrice custom{};  ///< takes the place of `objective` if it is set
};

/// Prices of the built-in objectives. The largest intermediate is searched by the sum of the fourth
/// powers of all intermediates: twice the largest one outweighs fifteen of half the size, and
/// orders that differ elsewhere only are told apart.
struct FlopsPrice {
  double operator()(const StepSizes& step) const { return step.united; }
};
struct SizePrice {
  double operator()(const StepSizes& step) const {
    const double square = step.result * step.result;
    return square * square;
  }
};
struct WritePrice {
  double operator()(const StepSizes& step) const { return step.result; }
};
struct TrafficPrice {
  double operator()(const StepSizes& step) const { return step.first + step.second + step.result; }
};

/// Calls \p use with the price as a function of its own type, so that loops inline it.
template <class Use>
decltype(auto) with_price(const OrderPrice& price, Use&& use) {
  if (price.custom) {
    return std::forward<Use>(use)(price.custom);
  }
  switch (price.objective) {
    case OrderObjective::size:
      return std::forward<Use>(use)(SizePrice{});
    case OrderObjective::write:
      return std::forward<Use>(use)(WritePrice{});
    case OrderObjective::traffic:
      return std::forward<Use>(use)(TrafficPrice{});
    case OrderObjective::flops:
      break;
  }
  return std::forward<Use>(use)(FlopsPrice{});
}

}  // namespace cairn::search
