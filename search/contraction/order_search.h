/// \file
/// Finds an order in which a tensor network is contracted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::search {

/// What an order is chosen by.
enum class OrderObjective : std::uint8_t {
  flops,    ///< multiplications
  size,     ///< the largest intermediate
  write,    ///< elements of all results
  traffic,  ///< elements of operands and results of all steps
};
constexpr auto enum_names(OrderObjective /*tag*/) {
  using O = OrderObjective;
  using S = std::string_view;
  return std::array{std::pair{O::flops, S{"flops"}}, std::pair{O::size, S{"size"}},
                    std::pair{O::write, S{"write"}}, std::pair{O::traffic, S{"traffic"}}};
}

enum class OrderMethod : std::uint8_t {
  automatic,      ///< exact where that ends in time, the best of all others elsewhere
  optimal,        ///< exact search, or the best found with its gap
  greedy,         ///< the cheapest pair first
  random_greedy,  ///< many greedy orders with noise
  reconfigure,    ///< greedy, then windows of the tree reordered exactly
  anneal,         ///< simulated annealing of the tree
  partition,      ///< recursive bisection
};
constexpr auto enum_names(OrderMethod /*tag*/) {
  using M = OrderMethod;
  using S = std::string_view;
  return std::array{
      std::pair{M::automatic, S{"auto"}},          std::pair{M::optimal, S{"optimal"}},
      std::pair{M::greedy, S{"greedy"}},           std::pair{M::random_greedy, S{"random_greedy"}},
      std::pair{M::reconfigure, S{"reconfigure"}}, std::pair{M::anneal, S{"anneal"}},
      std::pair{M::partition, S{"partition"}}};
}

struct OrderOptions {
  OrderObjective objective{OrderObjective::flops};
  OrderMethod method{OrderMethod::automatic};
  bool outer_products{false};  ///< whether tensors that share no index may be contracted early
  double cpu_seconds{5.0};     ///< of all threads together, after which the best so far is given
  std::uint64_t seed{0};
  std::int32_t threads{1};
};

/// An order and what is known of it. Same bytes for the same options, unless time ran out.
struct OrderResult {
  models::ContractionOrder order;
  double cost{};         ///< by the objective
  double lower_bound{};  ///< no order is cheaper
  OrderMethod method{};  ///< what found it
  bool optimal{};        ///< proven (with outer products only if they were allowed)
  bool out_of_time{};
  /// How much cheaper the best order may be, as a share of `cost`.
  [[nodiscard]] double gap() const { return optimal || cost <= 0 ? 0 : 1 - lower_bound / cost; }
};

/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] OrderResult search_order(const models::TensorNetwork& network,
                                       const OrderOptions& options);

}  // namespace cairn::search
