/// \file
/// Orders by recursive bisection: the network is cut in two where few and small indices cross.
#pragma once

#include <cstdint>

#include "core/random.h"
#include "models/tensor_network/contraction_order.h"
#include "search/contraction/bit_network.h"

namespace cairn::search {

struct PartitionChoice {
  double imbalance{0.1};  ///< how much larger than half of the terms a part may be, as a share
  bool cliques{true};     ///< an index of several terms links all of them, or each to the next
  std::size_t small{10};  ///< parts of so many terms are ordered greedily
};
/// Imbalance uniform in [0.01, 1), cliques or chains, small parts of 4 to 16 terms.
[[nodiscard]] PartitionChoice draw_partition(Rng& rng);

/// Bisects (METIS: G. Karypis and V. Kumar, "A fast and high quality multilevel scheme for
/// partitioning irregular graphs", SIAM J. Sci. Comput. 20(1), 1998), weighing every link by the
/// logarithm of its indices' sizes, until parts are small; a part that falls apart is cut into its
/// pieces, so that tensors that share no index are joined last. The order's windows are not
/// optimised. Decided by \p rng; METIS has one global stream of random numbers, so that threads
/// take turns there.
[[nodiscard]] models::ContractionOrder partition_order(const BitNetwork& network,
                                                       const PartitionChoice& choice, Rng& rng);

}  // namespace cairn::search
