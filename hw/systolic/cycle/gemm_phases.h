/// \file
/// From the price of a group on a systolic array back to the loop nests that were priced.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "hw/systolic/nest.h"
#include "hw/systolic/systolic_array.h"

namespace cairn::hw::cycle {

/// One loop nest, the same on each of the cores that take part.
struct GemmPhase {
  GemmMachine machine;  ///< of one core
  GemmProblem problem;  ///< the share of one core
  Nest nest;
  std::int64_t cores{1};
  std::int64_t repeats{
      1};                 ///< runs one after the other, scratchpads filled and drained around each
  double softmax_bits{};  ///< of one core: read and written once more before the phase starts
};

/// The phases of a matmul, convolution or attention group that \p closed_form prices.
[[nodiscard]] std::variant<std::vector<GemmPhase>, Infeasible> gemm_phases(
    const SystolicArray& array, const GroupView& group, const OperatorCost& closed_form);

}  // namespace cairn::hw::cycle
