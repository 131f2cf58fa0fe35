/// \file
/// In which order to execute a graph so that least memory is alive at once.
///
/// The graph is cut where a single tensor connects everything before with everything after: pieces
/// are independent of each other, so each is ordered alone and the peak is the largest of theirs.
/// A piece is searched exactly over the sets of nodes that may have run (downsets), best first, so
/// that the first complete order has the least peak. Beyond a limit of such sets, a beam over the
/// same sets keeps the most promising ones and the answer says that it is a heuristic's.
///
/// Assumes:    a tensor is alive from the start of the node that makes it to the end of the last
///             node that reads it, whole; a result is alive to the end; nodes run one at a time.
/// Ignores:    sharing of a part of a tensor (views, concatenation without copies).
/// Reference:  M. Kessler, A. Bednarski, "A dynamic programming approach to optimal code
///             generation", LCTES 2001 (search over downsets); B. Ahn et al., "Ordering chaos",
///             MLSys 2020 (memory-optimal order of irregular networks, cutting at single tensors);
///             J. Lin et al., "MCUNet", NeurIPS 2020 (depthwise convolution in place).
/// Checked by: tests/unit/sim/order_search_test.cpp (by hand, and against every order of random
///             graphs)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/memory/activation_graph.h"

namespace cairn::sim {

enum class OrderSearch : std::uint8_t {
  exact,  ///< no order has a lower peak
  beam,   ///< the best that a limited search found
  none,   ///< the order in which the graph is written
};
constexpr auto enum_names(OrderSearch /*tag*/) {
  return std::array{std::pair{OrderSearch::exact, std::string_view{"exact"}},
                    std::pair{OrderSearch::beam, std::string_view{"beam"}},
                    std::pair{OrderSearch::none, std::string_view{"written"}}};
}

struct OrderLimits {
  std::size_t most_states{1U << 14U};  ///< downsets of one piece that the exact search looks at
  std::size_t beam_width{64};
};

struct ExecutionOrder {
  std::vector<std::int32_t> order;  ///< every node once
  double peak_bits{};               ///< most alive at once, scratch included
  std::int32_t peak_node{-1};       ///< the node that runs then
  OrderSearch search{OrderSearch::exact};
  std::size_t states{};  ///< downsets looked at
};

/// An order of least peak. Of several, always the same one.
[[nodiscard]] ExecutionOrder best_order(const ActivationGraph& graph,
                                        const OrderLimits& limits = {});

/// The order in which the nodes stand, as frameworks run them.
[[nodiscard]] ExecutionOrder written_order(const ActivationGraph& graph);

/// The position in \p order at which each node's output is read last; its length for a result.
[[nodiscard]] std::vector<std::int32_t> last_uses(const ActivationGraph& graph,
                                                  const std::vector<std::int32_t>& order);

/// What is alive while each node of \p order runs, in the same order; bits.
[[nodiscard]] std::vector<double> live_bits(const ActivationGraph& graph,
                                            const std::vector<std::int32_t>& order);

/// The input whose place the output of \p node takes when it runs at \p position of an order with
/// last readers \p last_use (by node, as positions), or -1. The largest that dies is taken.
[[nodiscard]] std::int32_t overwritten_input(const ActivationGraph& graph, std::int32_t node,
                                             std::int32_t position,
                                             const std::vector<std::int32_t>& last_use);

}  // namespace cairn::sim
