/// \file
/// The best order that greedy starts, bisections, annealing and windows find in a given CPU time.
#pragma once

#include <cstdint>

#include "models/tensor_network/contraction_order.h"
#include "search/contraction/order_search.h"
#include "search/contraction/step_price.h"

namespace cairn::search {

struct HeuristicOptions {
  OrderPrice price{};
  bool outer_products{false};  ///< whether tensors that share no index may be contracted early
  double cpu_seconds{5.0};     ///< of all threads together
  std::uint64_t seed{0};
  std::int32_t threads{1};
};

struct HeuristicResult {
  models::ContractionOrder order;
  double cost{};         ///< by the objective, or the sum of the custom prices
  OrderMethod method{};  ///< what made the tree: its start, or the annealing of an earlier one
  std::int64_t trials{};
  bool out_of_time{};  ///< the CPU time ended the search, not a long row of trials without a gain
};

/// Rounds of eight trials. A trial starts at noisy greedy orders, a bisection or the best order so
/// far, anneals it, and reorders its windows. Rounds grow longer, up to a length that the number of
/// terms and the CPU time set; they end when the CPU time is spent, or when the last gain was long
/// ago. From 250 terms on a tournament comes first: sixteen starts are annealed, the better half of
/// them again and twice as long, down to one, in 0.8 of the time. The trials are decided by the
/// options and their number: CPU time spent only decides how many of them there are, and threads
/// nothing.
/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] HeuristicResult best_heuristic_order(const models::TensorNetwork& network,
                                                   const HeuristicOptions& options);

/// The same by one method alone: greedy once, 4096 noisy greedy runs, a greedy order with its
/// windows reordered, 8 annealings of noisy greedy orders, or 32 bisections with their windows
/// reordered. `automatic` and `optimal` give best_heuristic_order().
[[nodiscard]] HeuristicResult heuristic_order(const models::TensorNetwork& network,
                                              OrderMethod method, const HeuristicOptions& options);

}  // namespace cairn::search
