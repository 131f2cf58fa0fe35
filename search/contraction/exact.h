/// \file
/// The best order of all, by dynamic programming over sets of tensors, cheapest sets first.
///
/// A set of tensors is contracted into one tensor; its cost is that of its best order. Sets leave a
/// queue in the order of their costs, so that each is final when it leaves (the generalisation of
/// shortest paths by D. E. Knuth, Information Processing Letters 6(1), 1977), and the search ends
/// when the set of all tensors leaves: no set dearer than the answer is ever looked at. A known
/// order sieves out what cannot lead to a better one.
///
/// Assumes:    the cost of a step depends on the index sets of its operands and result only.
/// Ignores:    layouts and machines (device_order.h has them).
/// Reference:  the search space (pairs of connected sets) is that of R. N. C. Pfeifer et al.,
///             "Faster identification of optimal contraction sequences for tensor networks",
///             Phys. Rev. E 90, 033315, 2014.
/// Checked by: tests/unit/search/contraction/exact_test.cpp, tests/validation/contraction_test.cpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "models/tensor_network/contraction_order.h"
#include "search/contraction/order_search.h"

namespace cairn::search {

struct ExactOptions {
  OrderObjective objective{OrderObjective::flops};
  /// Whether tensors that share no index may be contracted while others that do are left. Parts
  /// of the network that share no index are in any case joined last, the smallest first.
  bool outer_products{false};
  /// Cost of a known order: only cheaper ones are looked for.
  double upper_bound{std::numeric_limits<double>::infinity()};
  double cpu_seconds{std::numeric_limits<double>::infinity()};
  std::size_t most_sets{std::size_t{1} << 21U};  ///< about 500 bytes each
  /// Pairs of sets that may be looked at. The search ends as soon as what it took so far says that
  /// it will not end within them: what it takes grows as a power of the cost that it has reached.
  double most_work{std::numeric_limits<double>::infinity()};
};

struct ExactResult {
  /// An order cheaper than the bound; none when there is none, or the search was stopped.
  std::optional<models::ContractionOrder> order;
  double cost{};
  /// No order costs less; the bound itself or `cost` when the search ended.
  double lower_bound{};
  bool finished{};     ///< `order` (or the bound, if there is no order) is proven
  std::size_t sets{};  ///< that left the queue
};

/// Most tensors and most indices of a network that exact search takes.
inline constexpr std::size_t kMostExactTensors = 256;
inline constexpr std::size_t kMostExactIndices = 768;

/// Precondition: \p network is that of models::pairwise(), with at most kMostExactTensors terms and
/// kMostExactIndices indices.
[[nodiscard]] ExactResult exact_order(const models::TensorNetwork& network,
                                      const ExactOptions& options);

}  // namespace cairn::search
