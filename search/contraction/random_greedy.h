/// \file
/// Many greedy orders with noise; the best are kept.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/step_price.h"

namespace cairn::search {

struct RandomGreedyOptions {
  std::int64_t runs{128};  ///< run 0 has no noise
  std::size_t keep{1};     ///< how many of the best orders are given back
  std::uint64_t seed{0};
  std::int32_t threads{1};
};

struct FoundOrder {
  double total{};  ///< sum of the prices of its steps
  models::ContractionOrder order;
};

/// The best orders of different totals, best first. Every run draws its own alpha (uniform in
/// [0.1, 4]) and temperature (log-uniform in [0.001, 1]), and is given up once it passes the worst
/// that is kept. A run is decided by the seed and its number alone. If \p budget is spent, the
/// runs that were not started are left out (run 0 never is).
[[nodiscard]] std::vector<FoundOrder> random_greedy(const BitNetwork& network,
                                                    const OrderPrice& price,
                                                    const RandomGreedyOptions& options,
                                                    CpuBudget& budget);
/// The best of \p runs on this thread: an upper bound for exact search.
[[nodiscard]] FoundOrder random_greedy(const BitNetwork& network, const OrderPrice& price,
                                       std::int64_t runs, std::uint64_t seed);

}  // namespace cairn::search
