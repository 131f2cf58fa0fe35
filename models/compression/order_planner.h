/// \file
/// The order in which a tensorised layer is contracted: fixed, or asked of a planner.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "models/operator.h"
#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/lower.h"
#include "models/tensor_network/tensor_layer.h"

namespace cairn::models {

enum class TensorOrder : std::uint8_t {
  right_to_left,  ///< the input with the input's cores one after the other, then the output's
  bidirectional,  ///< both sides' cores merged from the outer ends, then the input with each
  reconstruct,    ///< all cores merged to the dense weight first
  flops,          ///< searched: fewest multiplications
  latency,        ///< searched: least time on the device
  energy,         ///< searched: least energy on the device
  edp,            ///< searched: least energy-delay product on the device
};
constexpr auto enum_names(TensorOrder /*tag*/) {
  using O = TensorOrder;
  using S = std::string_view;
  return std::array{std::pair{O::right_to_left, S{"right_to_left"}},
                    std::pair{O::bidirectional, S{"bidirectional"}},
                    std::pair{O::reconstruct, S{"reconstruct"}},
                    std::pair{O::flops, S{"flops"}},
                    std::pair{O::latency, S{"latency"}},
                    std::pair{O::energy, S{"energy"}},
                    std::pair{O::edp, S{"edp"}}};
}
[[nodiscard]] constexpr bool is_searched(TensorOrder order) {
  return order >= TensorOrder::flops;
}
[[nodiscard]] constexpr bool needs_device(TensorOrder order) {
  return order > TensorOrder::flops;
}

/// What a planner is asked. Term 0 of the network is the input and lies as listed; all other terms
/// are stored cores, which lie as the order wants them.
struct OrderRequest {
  const TensorLayer& layer;
  TensorOrder order{TensorOrder::flops};  ///< one of those that are searched
  Formats formats;                        ///< of the cores, the input and the result
  bool training{};  ///< gradients of the input and of every core are wanted too
};
/// An order, and its products and reorderings if the planner chose the layouts too (else they are
/// chosen to reorder the fewest elements).
struct PlannedOrder {
  ContractionOrder order;
  std::optional<LoweredOrder> lowered;
};
/// The same answer for the same request; asked once for each layer shape of a workload.
using OrderPlanner = std::function<PlannedOrder(const OrderRequest&)>;

/// How the orders of a workload are found.
struct OrderPlanning {
  OrderPlanner planner;  ///< none: an order that is searched is an InternalError
  bool training{};       ///< the pass is the forward pass of a training step
};

}  // namespace cairn::models
