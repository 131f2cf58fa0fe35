#include "search/contraction/order_search.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "search/contraction/exact.h"
#include "search/contraction/parts.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

OrderResult search_part(const TensorNetwork& network, const OrderOptions& options) {
  const ExactResult exact = exact_order(
      network, {.objective = options.objective, .outer_products = options.outer_products});
  OrderResult result;
  result.order = *exact.order;
  result.cost = exact.cost;
  result.lower_bound = exact.lower_bound;
  result.optimal = exact.finished;
  result.method = OrderMethod::optimal;
  return result;
}

}  // namespace

OrderResult search_order(const TensorNetwork& network, const OrderOptions& options) {
  return search_part(network, options);
}

}  // namespace cairn::search
