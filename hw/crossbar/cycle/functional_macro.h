/// \file
/// A macro that computes: integer products of a matrix and vectors through sliced cells, row by row
/// group, bit by bit, with the converter's steps and limits and the devices' variation.
///
/// A weight of `weight_slices` x c bits lies in as many cells; a signed one is a pair of columns,
/// one for each sign. An input is applied in slices. For every group of driven rows, input slice
/// and column: sum over rows of input x (level + programming error + reading error), rounded to
/// the converter's codes and clipped to its range, shifted and added. Without errors and with a
/// code for every possible sum the result is the exact integer product.
///
/// Assumes:    Gaussian errors of conductances, relative to the largest one: those of programming
///             stay, those of reading are drawn for every step; as in noise.h.
/// Ignores:    wire resistance (noise.h has it), correlation of errors, drift.
/// Reference:  S. K. Gonugondla et al., ICCAD 2020; A. Shafiee et al., ISCA 2016 (slices).
/// Checked by: tests/unit/hw/crossbar_cycle/functional_macro_test.cpp (exact products; the variance
///             of its errors against noise.h)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "hw/crossbar/noise.h"

namespace cairn::hw::cycle {

class FunctionalMacro {
 public:
  /// \param column       cells, slices, converter and errors; `column.rows` rows are driven at once
  /// \param weights      rows x columns whole numbers, row after row; a differential macro takes
  ///                     signed ones, another from 0 to 2^bits - 1
  /// \param random       programming errors are drawn from it here, reading errors in multiply()
  /// Precondition: weights fit their bits; weights.size() == rows x columns.
  FunctionalMacro(const ColumnSpec& column, std::int64_t rows, std::int64_t columns,
                  std::span<const std::int64_t> weights, Rng random);

  /// One input for each row, from 0 to 2^bits - 1. \returns one sum for each column: whole where
  /// the converter's step is, else to its resolution.
  [[nodiscard]] std::vector<double> multiply(std::span<const std::int64_t> inputs);

  /// Conversions since the macro was made: columns x slices x groups of rows for each vector.
  [[nodiscard]] std::int64_t conversions() const { return conversions_; }
  [[nodiscard]] std::int64_t clipped() const { return clipped_; }

 private:
  /// What the converter makes of a column's sum.
  [[nodiscard]] double convert(double sum);

  ColumnSpec spec_;
  std::int64_t rows_{};
  std::int64_t columns_{};
  double step_{};    ///< 0: exact
  double lowest_{};  ///< of the converter's range
  double highest_{};
  std::vector<double> cells_;  ///< net conductance of a cell or pair: row, column, slice
  Rng random_;
  std::int64_t conversions_{};
  std::int64_t clipped_{};
};

}  // namespace cairn::hw::cycle
