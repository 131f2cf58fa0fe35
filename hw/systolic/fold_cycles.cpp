#include "hw/systolic/fold_cycles.h"

#include <algorithm>

namespace cairn::hw {
namespace {

constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Sum over the folds of two cut extents of max(time of the slice, rows of the fold): with
/// double-buffered operands a fold cannot end before the next operand has been shifted in.
std::int64_t paced_sum(const FoldShape& s, std::int64_t rows, std::int64_t row_folds) {
  const std::int64_t full_slices = s.time_extent / s.time_tile;
  const std::int64_t last_slice = s.time_extent % s.time_tile;
  const std::int64_t edge_rows = s.rows_extent - (row_folds - 1) * rows;
  // Cuts that do not follow the array leave more than one short fold; count them as full ones.
  const std::int64_t last_rows = edge_rows > 0 ? edge_rows : rows;
  const auto column = [&](std::int64_t slice) {
    return (row_folds - 1) * std::max(slice, rows) + std::max(slice, last_rows);
  };
  return full_slices * column(s.time_tile) + (last_slice > 0 ? column(last_slice) : 0);
}

}  // namespace

std::int64_t rtl_cycles(const FoldShape& s, std::int64_t rows, std::int64_t cols,
                        bool stationary_operand, FoldOverlap overlap) {
  const std::int64_t row_folds = folds(s.rows_extent, s.rows_tile, rows);
  const std::int64_t col_folds = folds(s.cols_extent, s.cols_tile, cols);
  const std::int64_t slices = ceil_divide(s.time_extent, s.time_tile);
  const std::int64_t loads = stationary_operand ? 2 : 1;
  if (overlap == FoldOverlap::resident) {  // every fold streams its time, behind the one before
    const std::int64_t first_rows = std::min({rows, s.rows_extent, s.rows_tile});
    const std::int64_t first_cols = std::min({cols, s.cols_extent, s.cols_tile});
    return row_folds * col_folds * s.time_extent + first_rows + first_cols - 2;
  }
  if (overlap == FoldOverlap::pipelined) {
    const std::int64_t first_rows = std::min({rows, s.rows_extent, s.rows_tile});
    const std::int64_t first_cols = std::min({cols, s.cols_extent, s.cols_tile});
    return col_folds * paced_sum(s, rows, row_folds) + loads * first_rows + first_cols - 2;
  }
  // Sum over folds (i, j) and slices t of loads * r_i + c_j + T_t - 2, where the r_i add up to Sr
  // in every column of folds, the c_j to Sc in every row, and the T_t to T.
  return slices * (col_folds * loads * s.rows_extent + row_folds * s.cols_extent) +
         row_folds * col_folds * (s.time_extent - 2 * slices);
}

std::int64_t scalesim_cycles(const FoldShape& s, std::int64_t rows, std::int64_t cols,
                             bool stationary_operand) {
  const std::int64_t fold_count =
      ceil_divide(s.rows_extent, rows) * ceil_divide(s.cols_extent, cols);
  const std::int64_t loads = stationary_operand ? 2 : 1;
  return fold_count * (loads * rows + cols + s.time_extent - 2) - 1;
}

}  // namespace cairn::hw
