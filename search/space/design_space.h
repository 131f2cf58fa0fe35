/// \file
/// All the design points of a study: what the knobs may be together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "search/rank.h"
#include "search/space/knob.h"
#include "search/space/point_batch.h"
#include "search/space/requirement.h"

namespace cairn::search {

/// A finite set of points, numbered from 0 (their rank) without listing them.
///
/// A knob whose conditions do not hold is inactive: it takes choice 0, so that two points never
/// differ in something that does not matter. Points that break a requirement are no members.
///
/// Numbering: knobs that speak of each other, through `when` or a requirement, form a group. The
/// admissible combinations of the knobs that are spoken of are listed in a table (at most
/// kMostRows rows), so ranks have no gaps and size() is exact; groups without such knobs are plain
/// digits. A requirement whose table would be larger is checked point by point: then size() counts
/// too many and at() skips. Groups are digits of a mixed-radix number, the group of the first knob
/// the slowest.
class DesignSpace {
 public:
  /// Most combinations of mutually dependent knobs that are listed.
  static constexpr std::size_t kMostRows = std::size_t{1} << 20U;

  /// \returns nothing after reporting what is wrong: conditions in a circle, too many dependent
  ///          knobs, requirements that nothing meets, more than 2^128 - 1 points.
  [[nodiscard]] static std::optional<DesignSpace> build(std::vector<Knob> knobs,
                                                        std::vector<Requirement> requirements,
                                                        Diagnostics& diagnostics);

  [[nodiscard]] const std::vector<Knob>& knobs() const { return knobs_; }
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;

  /// Ranks run from 0 to size() - 1.
  [[nodiscard]] Rank size() const { return size_; }
  /// False if some ranks stand for points that a requirement excludes.
  [[nodiscard]] bool size_is_exact() const { return filters_.empty(); }

  /// Writes the point of that rank. \param out one place for each knob.
  /// \returns false if a requirement excludes it (only when !size_is_exact()).
  [[nodiscard]] bool at(Rank rank, std::span<std::uint32_t> out) const;
  /// The rank of a canonical, admissible point; nothing for any other.
  [[nodiscard]] std::optional<Rank> rank_of(PointView point) const;

  /// Whether the knob matters at this point.
  [[nodiscard]] bool active(PointView point, std::size_t knob) const;
  /// No knob is ever inactive.
  [[nodiscard]] bool always_active() const { return always_active_; }
  /// Gives inactive knobs choice 0.
  void canonicalise(std::span<std::uint32_t> point) const;
  /// Whether all requirements hold. One that speaks of an inactive knob does not apply.
  [[nodiscard]] bool admits(PointView point) const;

  /// The choice as text; empty when the knob is inactive.
  [[nodiscard]] std::string_view text(PointView point, std::size_t knob) const;
  /// The choice as a number in base units. Only for knobs that are numbers.
  [[nodiscard]] double number(std::size_t knob, std::uint32_t choice) const {
    return numbers_[knob][choice];
  }

  /// Of all that decides what the ranks mean.
  [[nodiscard]] std::uint64_t hash() const;

 private:
  friend class SpaceBuilder;

  /// One knob's condition on another, with the conditions of that other one beside it.
  struct Gate {
    std::size_t knob{};
    std::vector<bool> opens;  ///< for each choice of that knob
  };
  struct Group {
    std::vector<std::size_t> core;     ///< knobs that others speak of, each after those it needs
    std::vector<std::size_t> rest;     ///< the others, ascending
    std::vector<std::uint32_t> table;  ///< rows of choices of `core`, in lexicographic order
    std::vector<Rank> starts;          ///< first rank of each row, and the size of the group
    bool uniform{true};                ///< every row holds the same number of points
  };

  template <class Number>
  void digits(Number rank, std::span<std::uint32_t> out) const;
  template <class Number>
  void write_group(const Group& group, Number local, std::span<std::uint32_t> out) const;
  [[nodiscard]] bool meets(const Requirement& requirement, PointView point) const;

  std::vector<Knob> knobs_;
  std::vector<Requirement> requirements_;
  std::vector<std::vector<double>> numbers_;
  std::vector<std::vector<Gate>> gates_;  ///< of each knob, all of which must be open
  std::vector<Group> groups_;
  std::vector<std::size_t> filters_;  ///< requirements that are checked point by point
  Rank size_{};
  bool always_active_{true};
};

}  // namespace cairn::search
