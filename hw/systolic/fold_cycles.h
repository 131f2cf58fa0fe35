/// \file
/// Cycles of a systolic array in closed form: the sum over all folds of their wavefronts.
///
/// A GEMM has two dimensions laid across the array and one that passes through it in time:
///
///   dataflow            rows (Sr)  columns (Sc)  time (T)
///   output stationary   m          n             k
///   weight stationary   k          n             m
///   input stationary    k          m             n
///
/// A serial fold of r x c active PEs takes r + c + T - 2 cycles when outputs stay (the last PE
/// starts r + c - 2 cycles after the first and works T cycles), and 2r + c + T - 2 when an operand
/// stays (r more to shift it in). Cycles count from the first operand at the edge of the array to
/// the last result at the foot of its column.
///
/// Folds that overlap come slice of time by slice, in each fold of columns by fold of columns, in
/// each of these fold of rows by fold of rows. Fold f + 1 starts after fold f by
///
///   operand stays, shifted in     max(T_f, r_(f+1)): its words shift in behind the present ones,
///                                 from the cycle on in which the fold before begins to use its own
///   operand stays, resident       T_f
///   outputs stay                  max(T_f, r_f + T_f - T_(f+1)): a column hands over one result a
///                                 cycle
///
/// and the run ends when the last result of any of them has left: mostly of the last fold, or of
/// the last one of the columns before, if the last columns are so few that they finish earlier.
/// Where an operand stays, results of all folds leave at the row of the tallest one.
///
/// Assumes:    operands arrive every cycle; serial folds wait for the wavefront to leave; a
///             pipelined array has a second register for the stationary operand, and one port in
///             each column for its words and one for results; a resident one has the operands of
///             all folds in the PEs' own buffers.
/// Ignores:    bank conflicts and memory stalls (added by the caller).
/// Reference:  A. Samajdar et al., "SCALE-Sim", arXiv:1811.02883, equations 1 to 3; SCALE-Sim
///             itself prints F(R+C+T-2)-1 and F(2R+C+T-2)-1 with full folds everywhere.
/// Checked by: tests/unit/hw/systolic/fold_cycles_test.cpp, tests/validation/scalesim_test.cpp,
///             tests/unit/hw/systolic_cycle/closed_form_test.cpp (PE by PE),
///             tests/rtl/systolic_array_test.cpp (against a hardware description)
#pragma once

#include <cstdint>

#include "hw/mapping.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

/// Which GEMM dimension lies along the rows, along the columns and in time.
struct ArrayAxes {
  Dimension rows{};
  Dimension cols{};
  Dimension time{};
};
[[nodiscard]] constexpr ArrayAxes axes_of(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::output_stationary:
      return {Dimension::m, Dimension::n, Dimension::k};
    case Dataflow::weight_stationary:
      return {Dimension::k, Dimension::n, Dimension::m};
    case Dataflow::input_stationary:
      break;
  }
  return {Dimension::k, Dimension::m, Dimension::n};
}

/// Extents of one GEMM as the array sees it, and the tiles it is cut into before folding.
struct FoldShape {
  std::int64_t rows_extent{};  ///< Sr
  std::int64_t cols_extent{};  ///< Sc
  std::int64_t time_extent{};  ///< T
  std::int64_t rows_tile{};    ///< tile of Sr held on chip
  std::int64_t cols_tile{};
  std::int64_t time_tile{};
};

/// Number of folds of an extent cut into tiles, each tile folded over \p pes.
[[nodiscard]] constexpr std::int64_t folds(std::int64_t extent, std::int64_t tile,
                                           std::int64_t pes) {
  const std::int64_t rest = extent % tile;
  return (extent / tile) * ((tile + pes - 1) / pes) + (rest + pes - 1) / pes;
}

/// Cycles with exact edge folds. \p stationary_operand is true for WS and IS.
[[nodiscard]] std::int64_t rtl_cycles(const FoldShape& shape, std::int64_t rows, std::int64_t cols,
                                      bool stationary_operand, FoldOverlap overlap);

/// Cycles as SCALE-Sim prints them; tiles play no part.
[[nodiscard]] std::int64_t scalesim_cycles(const FoldShape& shape, std::int64_t rows,
                                           std::int64_t cols, bool stationary_operand);

}  // namespace cairn::hw
