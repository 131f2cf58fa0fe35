/// \file
/// How the weights of one operator are spread over macros.
///
/// An image is one copy of the weights: ceil(k / rows) x ceil(n / columns) macros for each group.
/// Groups smaller than a macro (grouped and depthwise convolutions) share one along its diagonal:
/// each has rows and columns of its own, and the other cells of its rows stay unused.
///
/// Checked by: tests/unit/hw/crossbar/placement_test.cpp (by hand)
#pragma once

#include <cstdint>

#include "hw/crossbar/crossbar_spec.h"
#include "hw/crossbar/macro.h"

namespace cairn::hw {

/// `instances` products of `vectors` x k by k x n, each with its own weights.
struct WeightBlock {
  std::int64_t instances{1};
  std::int64_t vectors{1};
  std::int64_t n{1};
  std::int64_t k{1};
};

struct CrossbarPlacement {
  std::int64_t groups_per_macro{1};
  std::int64_t row_tiles{1};
  std::int64_t col_tiles{1};
  std::int64_t image_macros{1};  ///< macros of one copy of all weights
  std::int64_t copies{1};
  std::int64_t rounds{1};  ///< times the macros are filled anew because an image does not fit
  std::int64_t vectors_per_copy{1};
  std::int64_t macro_rows{};  ///< weights above each other in the fullest macro
  std::int64_t macro_cols{};  ///< weights side by side in the fullest macro
};

/// Precondition: layout.weight_cols and weight_rows are positive.
[[nodiscard]] CrossbarPlacement place(const WeightBlock& block, const MacroLayout& layout,
                                      const CrossbarSpec& spec);

}  // namespace cairn::hw
