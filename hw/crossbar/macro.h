/// \file
/// One compute-in-memory macro: how weights lie in its cells, how long an input vector takes, and
/// what that costs.
///
/// A vector of k inputs (k rows) meets n weights a row. An input of b bits is applied in slices.
/// - `sum: digital`: every slice of every group of driven rows is converted by itself;
///   two neighbours take the longer of the one's conversions and the other's array (their sum
///   without a sample-and-hold).
/// - `sum: charge`: the p slices of a phase are integrated on the column's capacitor, slice s
///   2^(s x bits) times, and converted once: setup + (2^p - 1) periods + conversion for slices of
///   one bit. A later phase needs fewer output bits, as its sum weighs less.
/// - conversions: ceil(columns / converters) one after the other, each with `bits` steps (sar),
///   one (flash) or 2^bits (ramp).
/// - digital: a step takes the longest carry path, delay x (rows between registers + columns of a
///   weight + register) for a chain, delay x (log2(rows) + columns of a weight + register) for a
///   tree, and at least `period`.
///
/// Assumes:    all columns of a macro work on the same inputs at the same time; unused analogue
///             columns and rows are gated, a digital array is clocked whole.
/// Ignores:    data-dependent energy (figures are for average data), supply and temperature.
/// Reference:  A. Shafiee et al., "ISAAC", ISCA 2016, sections 4 to 6 (bit-serial inputs, shared
///             converters, sample-and-hold); W. Wan et al., Nature 608, 2022, figure 3 (charge
///             integration, two phases, conversion by binary search); H. Kim et al., "Colonnade",
///             IEEE JSSC 56(7), 2021 (digital chains of adders).
/// Checked by: tests/unit/hw/crossbar/macro_test.cpp (by hand), crossbar_comparisons.cpp (silicon)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hw/crossbar/crossbar_spec.h"
#include "models/operator.h"

namespace cairn::hw {

/// Where the weights of one operator's format lie.
struct MacroLayout {
  std::int64_t weight_rows{};         ///< weights in a column of a macro
  std::int64_t weight_cols{};         ///< weights in a row of a macro; 0: not even one fits
  std::int64_t rows_per_weight{1};    ///< cells above each other
  std::int64_t cols_per_weight{1};    ///< cells side by side, columns for carries included
  std::int64_t slices_per_weight{1};  ///< columns that are converted for one weight
};

/// How an input is applied.
struct InputSteps {
  std::int64_t slices{1};     ///< row pulses (trains) of one input
  std::int64_t periods{1};    ///< array periods of one input, or integrations
  std::int64_t phases{1};     ///< conversions of one column for one input
  std::int64_t decisions{1};  ///< converter steps of one column for one input
  double converter_joules{};  ///< of one column for one input
};

/// Time of a stream of input vectors through one macro: the first takes fill + interval.
struct MacroTime {
  double interval_s{};
  double fill_s{};
};

/// One step of a macro: the rows are driven, then the columns are converted.
struct MacroStep {
  double array_s{};
  double conversion_s{};
};

/// Steps of one input vector: `phases` of them for each of `groups` of driven rows.
struct MacroSchedule {
  static constexpr std::size_t kMostKinds = 16;  ///< phases of different length

  std::int64_t groups{1};
  std::int64_t phases{1};
  bool converts{};    ///< a digital macro does not
  bool overlapped{};  ///< a step is converted while the next one is driven
  double carry_s{};   ///< digital: registers on the way of a sum; further vectors follow behind
  std::size_t kinds{1};
  std::array<MacroStep, kMostKinds> of_kind{};
  [[nodiscard]] const MacroStep& step(std::int64_t phase) const {
    return of_kind.at(static_cast<std::size_t>(phase) % kinds);
  }
  /// A sampled step is converted while the next one is driven, so each pair of neighbours takes the
  /// longer of both: interval = groups x sum of max(array of the next, conversion of this).
  [[nodiscard]] MacroTime time() const;
};

/// Actions of some macros on some vectors, in joules.
struct MacroEnergy {
  double array{};       ///< cells and row drivers; digital: cells and adders
  double conversion{};  ///< sampling, integration, converters, shift-and-add
  [[nodiscard]] double total() const { return array + conversion; }
};

class CrossbarMacro {
 public:
  /// \param accumulate_energy J of adding one partial sum to another
  CrossbarMacro(const CrossbarSpec& spec, double accumulate_energy);

  [[nodiscard]] MacroLayout layout(const models::Precision& weights) const;
  [[nodiscard]] InputSteps steps(const models::Formats& formats) const;
  /// \p rows and \p cols in weights, at most those of a layout.
  [[nodiscard]] MacroSchedule schedule(const models::Formats& formats, std::int64_t rows,
                                       std::int64_t cols) const;
  [[nodiscard]] MacroTime time(const models::Formats& formats, std::int64_t rows,
                               std::int64_t cols) const;
  /// Of one vector of \p rows inputs against \p cols weights each.
  [[nodiscard]] MacroEnergy energy(const models::Formats& formats, std::int64_t rows,
                                   std::int64_t cols) const;
  /// Cells that hold a block of weights.
  [[nodiscard]] double cells(const models::Precision& weights, double rows, double cols) const;
  /// Steps of one conversion to \p bits.
  [[nodiscard]] std::int64_t converter_steps(std::int64_t bits) const;
  /// J of one conversion to \p bits.
  [[nodiscard]] double conversion_energy(std::int64_t bits) const;

 private:
  /// Steps of an input that are converted together.
  struct Phase {
    std::int64_t periods{};
    std::int64_t decisions{};
    double joules{};
  };
  struct Phases {
    std::int64_t count{1};
    std::size_t kinds{1};
    std::array<Phase, MacroSchedule::kMostKinds> of_kind{};
  };
  [[nodiscard]] Phases phases(const models::Formats& formats) const;
  [[nodiscard]] std::int64_t row_groups(std::int64_t rows) const;
  [[nodiscard]] bool digital() const { return spec_.converter.kind == ConverterKind::digital; }

  CrossbarSpec spec_;
  double accumulate_energy_{};
};

}  // namespace cairn::hw
