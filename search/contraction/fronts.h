/// \file
/// Multiplications against peak memory.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_network/tensor_network.h"
#include "search/contraction/slicing.h"

namespace cairn::search {

struct FrontOptions {
  std::int32_t limits{12};     ///< memory limits tried, each half of the one before
  bool outer_products{false};  ///< whether tensors that share no index may be contracted early
  double cpu_seconds{5.0};     ///< of all threads together
  std::uint64_t seed{0};
  std::int32_t threads{1};
};

/// Orders, sliced or not, none of which needs both more multiplications and more memory than
/// another; the fewest multiplications first. They come from searches by multiplications, by the
/// largest intermediate and by elements written, and from slicing to falling limits.
/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] std::vector<OrderInSlices> contraction_front(const models::TensorNetwork& network,
                                                           const FrontOptions& options);

}  // namespace cairn::search
