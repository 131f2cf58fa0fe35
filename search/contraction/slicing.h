/// \file
/// Orders under a limit of memory: some indices are taken out, and the rest is contracted once for
/// each of their values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::search {

struct SlicingOptions {
  double most_elements{};      ///< limit on models::OrderCost::peak of one slice
  bool outer_products{false};  ///< whether tensors that share no index may be contracted early
  std::int64_t trials{16};     ///< ways of choosing the indices that are tried
  double cpu_seconds{5.0};
  std::uint64_t seed{0};
};

/// models::without_indices(network, sliced) is contracted in `order`, `slices` times; results that
/// differ in a summed index are added up, those that differ in an index of the output stand side by
/// side.
struct OrderInSlices {
  std::vector<models::IndexId> sliced;  ///< by number
  double slices{1};                     ///< product of their sizes
  models::ContractionOrder order;
  double multiplications{};  ///< of all slices together
  double overhead{1};        ///< these, over those of the order that was given
  double peak{};             ///< most elements alive at once within a slice
};

/// There is no way: even with every index taken out, one number of each tensor must be held.
struct SlicingRefusal {
  std::string reason;
  double least_peak{};  ///< elements
};
using SlicingResult = std::variant<OrderInSlices, SlicingRefusal>;

/// Takes out one index after the other: among those of the tensors alive at the peak, the one that
/// costs the fewest multiplications for what it takes off the peak; windows are reordered in
/// between. Repeated with noise, from the given order and from one of small intermediates; indices
/// that turn out not to be needed are put back. The fewest multiplications win.
///
/// Assumes:    a slice's operands are cut before it starts, its result is taken away at its end.
/// Ignores:    where whole operands and the collected result are kept meanwhile.
/// Checked by: tests/unit/search/contraction/slicing_test.cpp
///
/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] SlicingResult slice_order(const models::TensorNetwork& network,
                                        const models::ContractionOrder& order,
                                        const SlicingOptions& options);

}  // namespace cairn::search
