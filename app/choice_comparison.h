/// \file
/// What one knob is worth in a run: pairs of points that differ in it alone, and the ratio of their
/// metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/store/result_store.h"

namespace cairn::app {

/// Places of knobs, choices and metrics in the run's schema.
struct ComparisonQuestion {
  std::size_t knob{};
  std::uint32_t baseline{};  ///< choice that the others are divided by
  std::vector<std::size_t> metrics{};
  std::vector<std::size_t> by{};  ///< knobs, none of them `knob`: figures for each of their choices
};

/// One ratio and the points that it comes from.
struct RatioAt {
  double ratio{};
  std::uint64_t id{};           ///< of the point with the choice
  std::uint64_t baseline_id{};  ///< of its partner
};

/// Ratios of one metric, choice / baseline, over the pairs in which both points are feasible.
struct RatioSummary {
  std::size_t ratios{};
  std::size_t differ{};  ///< ratios that are more than kSameWithin from 1
  /// Pairs without a ratio: a value is unknown, of either sign, or zero beside one that is not.
  std::size_t undefined{};
  double geometric_mean{};  ///< this and what follows only if `ratios` > 0
  double median{};          ///< of an even number the geometric mean of the two in the middle
  RatioAt least{};          ///< the first of several
  RatioAt most{};
};
inline constexpr double kSameWithin = 1e-3;

/// One choice against the baseline within one group.
struct ChoiceComparison {
  std::vector<std::uint32_t>
      group;  ///< choices of the knobs `by`; kInactive where they are not used
  std::uint32_t choice{};
  std::size_t pairs{};                ///< both feasible
  std::size_t only_choice{};          ///< feasible, and its partner at the baseline is not
  std::size_t only_baseline{};        ///< the other way round
  std::size_t neither{};              ///< both evaluated, none feasible
  std::size_t without_partner{};      ///< its partner was never evaluated
  std::vector<RatioSummary> metrics;  ///< as asked
};

struct ComparisonAnswer {
  std::vector<ChoiceComparison> rows;  ///< by group, then by choice; the baseline has none
  std::size_t knob_unused{};           ///< points in which the knob does not matter
};

/// Compares the points that the search evaluated; of one that it evaluated twice the first counts.
///
/// Reads the run twice. Keeps every point at the baseline (its choices and metrics) and every
/// ratio, 8 bytes a pair and metric.
[[nodiscard]] ComparisonAnswer compare_choices(const report::ResultReader& results,
                                               const ComparisonQuestion& question);

}  // namespace cairn::app
