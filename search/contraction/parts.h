/// \file
/// The parts of a network that share no index, each a network of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::search {

/// One part, with the names of its tensors in the whole.
struct NetworkPart {
  models::TensorNetwork network;
  std::vector<std::int32_t> terms;  ///< position in the whole of each of its terms
};
/// In the order of their first terms.
[[nodiscard]] std::vector<NetworkPart> connected_parts(const models::TensorNetwork& network);

/// The network of the results of \p parts: one term each, nothing to sum.
[[nodiscard]] models::TensorNetwork network_of_results(const models::TensorNetwork& whole,
                                                       const std::vector<NetworkPart>& parts);

/// The order of the whole: those of the parts one after the other, then \p joins of their results.
[[nodiscard]] models::ContractionOrder join_orders(
    std::size_t terms, const std::vector<NetworkPart>& parts,
    const std::vector<models::ContractionOrder>& orders, const models::ContractionOrder& joins);

}  // namespace cairn::search
