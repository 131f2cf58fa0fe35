/// \file
/// The order of contraction that a machine runs best, layouts of all tensors included.
///
/// First the order whose products cost least, reorderings left out: sets of tensors leave a queue
/// in the order of their costs, as in exact.h, and a pair waits in the queue with a lower bound of
/// its step and is priced only when it is its turn, so that few steps are priced at all. Costs are
/// what is above the price of the cheapest step, which every order pays equally often. Where that
/// order needs no reordering it is the answer, proven; elsewhere it is a lower bound, and sets are
/// searched together with the layouts of their results.
///
/// A training step is planned with the forward pass: the gradient of a step's result with either
/// operand gives the gradient of the other, so one tree yields the result, the gradient of the
/// input and those of all cores, with every intermediate and every upstream gradient made once.
/// With C = A B all three products have the same multiplications, in other shapes.
///
/// Assumes:    what StepPrices assumes; layouts as gemm_step.h offers them; gradients lie as their
///             tensors do.
/// Ignores:    orders for gradients that differ from the forward order.
/// Checked by: tests/unit/search/contraction/device_order_test.cpp (all orders and layouts tried)
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/lower.h"
#include "search/contraction/step_prices.h"

namespace cairn::search {

enum class DeviceObjective : std::uint8_t { latency, energy, edp };
constexpr auto enum_names(DeviceObjective /*tag*/) {
  using O = DeviceObjective;
  using S = std::string_view;
  return std::array{std::pair{O::latency, S{"latency"}}, std::pair{O::energy, S{"energy"}},
                    std::pair{O::edp, S{"edp"}}};
}

struct DeviceOrderOptions {
  DeviceObjective objective{DeviceObjective::latency};
  bool training{false};      ///< all three products of every step count
  std::vector<bool> stored;  ///< by term: a weight; empty: none
  bool outer_products{false};
  double cpu_seconds{std::numeric_limits<double>::infinity()};
  std::size_t most_states{200'000};
  /// Sets and pairs of sets that are looked at; beyond, orders by other objectives are priced.
  std::size_t most_turns{20'000};
  std::size_t most_layout_steps{1'000};  ///< steps whose layouts are tried
};

/// What an order costs on a machine.
struct DeviceOrderCost {
  StepPrice price;     ///< of all steps
  StepPrice permutes;  ///< of these, reorderings
};

struct DeviceOrderResult {
  models::ContractionOrder order;
  DeviceOrderCost cost;
  double lower_bound{};  ///< of the objective: the cheapest products of all orders
  bool optimal{};        ///< it is reached: no order and no layouts are cheaper by these prices
  std::string refusal;   ///< why no order can run; then `order` is empty
};

/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] DeviceOrderResult search_device_order(const models::TensorNetwork& network,
                                                    const DeviceOrderOptions& options,
                                                    StepPrices& prices);

/// The steps of an order that is given, with the layouts that cost least by \p options.objective
/// (latency for `edp`), and what they cost.
struct PricedOrder {
  DeviceOrderCost cost;
  models::LoweredOrder lowered;
};
[[nodiscard]] PricedOrder price_order(const models::TensorNetwork& network,
                                      const models::ContractionOrder& order,
                                      const DeviceOrderOptions& options, StepPrices& prices);

}  // namespace cairn::search
