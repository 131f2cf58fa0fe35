/// \file
/// Where the time of a weight-stationary array goes, tile by tile: multiplying, waiting for weights
/// from the memory, shifting weights in, and all else.
///
/// Weights pass from the backing memory through the weight scratchpad, used as a queue of tiles,
/// into the array: a tile is fetched when the queue has room, shifted in row by row (behind the
/// present one where PEs hold two), and multiplied with all rows of the layer. A layer starts when
/// the one before has left the array and the vector unit: both its ends are barriers.
///
/// Vector operators that are groups of their own are layers too: operands and results pass the
/// activation scratchpad's ports while the array is idle.
///
/// Assumes:    one batch at a time: inputs of the first layer come from the host before it starts,
///             outputs of the last leave after it; activations stay on chip in between; tiles go
///             down the reduction first. An idle cycle counts as the first thing it waits for, in
///             the order: inputs, weights, shifting.
/// Ignores:    instruction issue, clock changes, layers whose activations do not fit.
/// Reference:  N. Jouppi et al., "In-datacenter performance analysis of a tensor processing unit",
///             ISCA 2017, sections 2 and 3 (queue of four tiles, 256 cycles to shift one in,
///             explicit synchronisation of dependent layers) and table 3 (the four shares).
/// Checked by: tests/unit/hw/systolic/time_shares_test.cpp (by hand),
///             tests/validation/tpu_test.cpp
#pragma once

#include <span>
#include <variant>

#include "hw/cost.h"
#include "hw/device.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw {

/// Seconds of a run; their sum is its length.
struct TimeShares {
  double active_s{};        ///< products pass through the array
  double weight_stall_s{};  ///< idle until weights arrive from the backing memory
  double weight_shift_s{};  ///< idle while weights are shifted in
  double other_s{};         ///< idle for anything else: inputs, results, the host
  std::int64_t macs{};      ///< useful multiply-accumulates

  [[nodiscard]] double total_s() const {
    return active_s + weight_stall_s + weight_shift_s + other_s;
  }
};

/// Runs \p groups (matmuls, convolutions and vector operators, with followers) in order on \p
/// array. Infeasible for another dataflow, or formats that the array cannot multiply.
[[nodiscard]] std::variant<TimeShares, Infeasible> time_shares(const SystolicArray& array,
                                                               std::span<const GroupView> groups);

}  // namespace cairn::hw
