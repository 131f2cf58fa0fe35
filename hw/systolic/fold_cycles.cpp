#include "hw/systolic/fold_cycles.h"

#include <algorithm>

namespace cairn::hw {
namespace {

constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Size of fold \p at of an extent cut as in folds().
constexpr std::int64_t fold_size(std::int64_t extent, std::int64_t tile, std::int64_t pes,
                                 std::int64_t at) {
  const std::int64_t in_tile = ceil_divide(tile, pes);
  const std::int64_t whole_tiles = extent / tile;
  if (at < whole_tiles * in_tile) {
    return std::min(pes, tile - at % in_tile * pes);
  }
  return std::min(pes, extent % tile - (at - whole_tiles * in_tile) * pes);
}

/// Sum over the folds of an extent of max(\p least, size of the fold).
constexpr std::int64_t paced_sum(std::int64_t extent, std::int64_t tile, std::int64_t pes,
                                 std::int64_t least) {
  const auto tile_sum = [&](std::int64_t size) {
    const std::int64_t rest = size % pes;
    return size / pes * std::max(least, pes) + (rest > 0 ? std::max(least, rest) : 0);
  };
  return extent / tile * tile_sum(tile) + tile_sum(extent % tile);
}

/// What folds in flight at the same time have in common.
struct Pipeline {
  const FoldShape& shape;
  std::int64_t rows{};
  std::int64_t cols{};
  std::int64_t row_folds{};
  std::int64_t col_folds{};
  std::int64_t slices{};
  std::int64_t last_slice{};
  std::int64_t first_rows{};  ///< of the first fold
  std::int64_t last_rows{};   ///< of the last fold
  std::int64_t most_rows{};   ///< of the tallest fold

  Pipeline(const FoldShape& s, std::int64_t pe_rows, std::int64_t pe_cols)
      : shape(s),
        rows(pe_rows),
        cols(pe_cols),
        row_folds(folds(s.rows_extent, s.rows_tile, pe_rows)),
        col_folds(folds(s.cols_extent, s.cols_tile, pe_cols)),
        slices(ceil_divide(s.time_extent, s.time_tile)),
        last_slice(s.time_extent - (slices - 1) * s.time_tile),
        first_rows(fold_size(s.rows_extent, s.rows_tile, pe_rows, 0)),
        last_rows(fold_size(s.rows_extent, s.rows_tile, pe_rows, row_folds - 1)),
        most_rows(std::min({pe_rows, s.rows_tile, s.rows_extent})) {}

  /// Sum over the folds of rows, for one fold of columns, of max(\p least, rows of the fold).
  [[nodiscard]] std::int64_t column(std::int64_t least) const {
    return paced_sum(shape.rows_extent, shape.rows_tile, rows, least);
  }
  /// The same of all slices but the last.
  [[nodiscard]] std::int64_t all_but_last_slice() const {
    return slices > 1 ? (slices - 1) * col_folds * column(shape.time_tile) : 0;
  }
  /// The last columns to finish: those of the last fold, or wider ones before, of which each
  /// starts \p column_cycles before the next.
  [[nodiscard]] std::int64_t last_columns(std::int64_t column_cycles) const {
    std::int64_t latest = 0;
    for (std::int64_t back = 0; back < col_folds && back * column_cycles < cols; ++back) {
      const std::int64_t width =
          fold_size(shape.cols_extent, shape.cols_tile, cols, col_folds - 1 - back);
      latest = std::max(latest, width - back * column_cycles);
      if (width == cols) {
        break;
      }
    }
    return latest;
  }
};

std::int64_t resident_cycles(const Pipeline& p) {
  return p.row_folds * p.col_folds * p.shape.time_extent + p.most_rows +
         p.last_columns(p.row_folds * p.last_slice) - 2;
}

std::int64_t shifted_cycles(const Pipeline& p) {
  const std::int64_t column = p.column(p.last_slice);
  const std::int64_t start = p.first_rows + p.all_but_last_slice() + p.col_folds * column -
                             std::max(p.last_slice, p.first_rows);
  return start + p.last_slice + p.most_rows + p.last_columns(column) - 2;
}

std::int64_t outputs_stay_cycles(const Pipeline& p) {
  const std::int64_t column = p.column(p.last_slice);
  std::int64_t start =
      p.all_but_last_slice() + p.col_folds * column - std::max(p.last_slice, p.last_rows);
  if (p.slices > 1) {  // the shorter slice has its first result earlier after its start
    const std::int64_t whole = p.shape.time_tile;
    start += std::max(whole, p.last_rows + whole - p.last_slice) - std::max(whole, p.last_rows);
  }
  return start + p.last_slice + p.last_rows + p.last_columns(column) - 2;
}

}  // namespace

std::int64_t rtl_cycles(const FoldShape& s, std::int64_t rows, std::int64_t cols,
                        bool stationary_operand, FoldOverlap overlap) {
  if (overlap != FoldOverlap::serial) {
    const Pipeline p(s, rows, cols);
    if (!stationary_operand) {
      return outputs_stay_cycles(p);
    }
    return overlap == FoldOverlap::resident ? resident_cycles(p) : shifted_cycles(p);
  }
  const std::int64_t row_folds = folds(s.rows_extent, s.rows_tile, rows);
  const std::int64_t col_folds = folds(s.cols_extent, s.cols_tile, cols);
  const std::int64_t slices = ceil_divide(s.time_extent, s.time_tile);
  const std::int64_t loads = stationary_operand ? 2 : 1;
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
