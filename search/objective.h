/// \file
/// What a study wants (objectives) and what it insists on (constraints), over rows of metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::search {

enum class Direction : std::uint8_t { minimize, maximize };
constexpr auto enum_names(Direction) {
  using S = std::string_view;
  return std::array{std::pair{Direction::minimize, S{"minimize"}},
                    std::pair{Direction::maximize, S{"maximize"}}};
}

/// One thing to minimise or maximise.
struct Objective {
  std::string metric;    ///< name in the study: `latency`
  std::size_t column{};  ///< its place in a row of metrics
  Direction direction{Direction::minimize};
};

enum class Bound : std::uint8_t { at_most, at_least };
constexpr auto enum_names(Bound) {
  using S = std::string_view;
  return std::array{std::pair{Bound::at_most, S{"at_most"}},
                    std::pair{Bound::at_least, S{"at_least"}}};
}

/// A bound on a metric. A point that breaks it is infeasible, not worse.
struct Constraint {
  std::string metric;    ///< name in the study: `area`
  std::size_t column{};  ///< its place in a row of metrics
  Bound bound{Bound::at_most};
  double value{};    ///< in the metric's base unit
  std::string unit;  ///< of `value`, for messages

  /// Relative excess, (x - value) / |value| for at_most and (value - x) / |value| for at_least;
  /// the plain difference when value is 0. 0 when the constraint holds, infinity for NaN.
  [[nodiscard]] double violation(double x) const;

  /// `area at_most`: the name that infeasible points are counted by.
  [[nodiscard]] std::string limit_name() const;

  /// `area is 1.31 mm2, allowed at most 1 mm2`: one sentence for a point's row.
  [[nodiscard]] std::string reason(double x) const;
};

/// The constraint that a row of metrics breaks most.
struct Violation {
  std::size_t constraint{};  ///< index into the list
  double excess{};           ///< of that constraint, > 0
};

/// \returns the largest violation, the first of equals, or nothing when all constraints hold.
[[nodiscard]] std::optional<Violation> worst_violation(std::span<const Constraint> constraints,
                                                       std::span<const double> metrics);

/// Writes the objectives of a row as numbers to minimise (those to maximise change sign).
/// \param out as many places as there are objectives.
/// \returns false if one of them is NaN: such a point takes no part in a front.
bool to_minimized(std::span<const Objective> objectives, std::span<const double> metrics,
                  std::span<double> out);

}  // namespace cairn::search
