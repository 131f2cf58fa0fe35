/// \file
/// A whole matrix product on the PE-by-PE array: folds, skewed operands, partial sums.
///
/// A controller at the first row and column says what starts; rows and columns behind them follow
/// a cycle later each, as the operands do. Folds come in the order of fold_cycles.h: slices of the
/// time dimension outside, then folds of columns, then folds of rows. The controller knows no cycle
/// counts in advance, only:
///
///   serial      a fold starts when the last result of the one before has left the array
///   pipelined   a fold streams when the one before has entered and its own words are in place;
///               words shift in as soon as the swap has made room; where outputs stay, a fold waits
///               until its first result finds the bus of the column free
///   resident    a fold streams when the one before has entered; its words lie in the elements
///
/// Results of a serial array leave at the last row of their fold. With several folds in flight the
/// row is that of the tallest fold, or a short fold's results would collide with those before.
///
/// Assumes:    scratchpads deliver a word for each row and column in every cycle and add partial
///             sums of later folds to what they hold (one read, one write).
/// Ignores:    refills of the scratchpads.
/// Checked by: tests/unit/hw/systolic_cycle/pe_array_test.cpp,
///             tests/unit/hw/systolic_cycle/closed_form_test.cpp
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hw/mapping.h"
#include "hw/systolic/systolic_spec.h"

namespace cairn::hw {

/// Row by row.
struct IntegerMatrix {
  std::int64_t rows{};
  std::int64_t cols{};
  std::vector<std::int32_t> values;

  IntegerMatrix(std::int64_t row_count, std::int64_t col_count)
      : rows(row_count), cols(col_count), values(static_cast<std::size_t>(row_count * col_count)) {}
  [[nodiscard]] std::int32_t& at(std::int64_t row, std::int64_t col) {
    return values[static_cast<std::size_t>(row * cols + col)];
  }
  [[nodiscard]] std::int32_t at(std::int64_t row, std::int64_t col) const {
    return values[static_cast<std::size_t>(row * cols + col)];
  }
};

struct PeProductSpec {
  std::int64_t rows{};
  std::int64_t cols{};
  Dataflow dataflow{};
  FoldOverlap overlap{};
  /// Tiles along the rows, the columns and time, each folded by itself; 0: the whole extent.
  std::int64_t rows_tile{};
  std::int64_t cols_tile{};
  std::int64_t time_tile{};
  /// Cycles by which a pipelined fold starts before it may: shows what then collides.
  std::int64_t too_early{0};
};

/// Words that crossed between array and scratchpads.
struct ScratchpadWords {
  std::int64_t weights{};
  std::int64_t activations{};
  std::int64_t output_writes{};
  std::int64_t output_reads{};  ///< partial sums, to add to
};

struct PeProductRun {
  IntegerMatrix outputs;  ///< m x n
  std::int64_t cycles{};  ///< from the first operand at the edge to the last result at a foot
  ScratchpadWords words;
  std::int64_t unsound{};  ///< results for which words met that do not belong together; 0
};

/// Synchronous: one call of clock() is one cycle.
class PeProduct {
 public:
  /// \param activations m x k; \param weights k x n. Precondition: they fit together, and sums fit
  /// 32 bits. Output stationary arrays know no `resident`.
  PeProduct(const PeProductSpec& spec, const IntegerMatrix& activations,
            const IntegerMatrix& weights);
  ~PeProduct();
  PeProduct(PeProduct&&) noexcept;
  PeProduct& operator=(PeProduct&&) noexcept;
  PeProduct(const PeProduct&) = delete;
  PeProduct& operator=(const PeProduct&) = delete;

  /// True when the last result has left the array.
  [[nodiscard]] bool done() const;
  void clock();
  [[nodiscard]] const PeProductRun& run() const;

 private:
  class Controller;
  std::unique_ptr<Controller> controller_;
};

/// Clocks a product until it is done, or until a result is unsound.
[[nodiscard]] PeProductRun run_product(const PeProductSpec& spec, const IntegerMatrix& activations,
                                       const IntegerMatrix& weights);

/// The same with a SystemC clock of \p period_fs and one clocked process.
/// \param elapsed_fs simulated time until the process saw the product done.
/// Precondition: the first elaboration of this process.
[[nodiscard]] PeProductRun run_product_in_systemc(const PeProductSpec& spec,
                                                  const IntegerMatrix& activations,
                                                  const IntegerMatrix& weights,
                                                  std::int64_t period_fs, std::int64_t& elapsed_fs);

}  // namespace cairn::hw
