/// \file
/// Comparisons between knobs that every point of a space must meet: `rows * cols <= 4096`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/config/node.h"
#include "core/diagnostics.h"
#include "search/space/knob.h"
#include "search/space/point_batch.h"

namespace cairn::search {

/// A chain of comparisons, compiled.
///
/// Grammar: `sum (op sum)+` with op one of <= >= < > == !=; sums and products of numbers (with or
/// without a unit), knobs that are numbers, and parentheses: + - * /, the usual precedence, unary
/// minus. Division is that of real numbers. Units are checked: `16 KiB <= rows` is an error.
/// Numbers that differ by less than one part in 10^12 count as equal.
class Requirement {
 public:
  /// Reports what is wrong with its place inside the text. \returns nothing after an error.
  [[nodiscard]] static std::optional<Requirement> parse(const Node& text,
                                                        std::span<const Knob> knobs,
                                                        Diagnostics& diagnostics);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const SourceSpan& at() const { return at_; }
  /// The knobs it speaks of, ascending.
  [[nodiscard]] const std::vector<std::size_t>& knobs() const { return knobs_; }

  /// \param numbers the value of every choice of every knob, in base units (empty for knobs that
  ///        are no numbers).
  [[nodiscard]] bool holds(PointView point, std::span<const std::vector<double>> numbers) const;

 private:
  friend class RequirementParser;

  enum class Action : std::uint8_t { number, knob, add, subtract, multiply, divide, negate };
  struct Step {
    Action action{};
    double number{};
    std::size_t knob{};
  };
  enum class Comparison : std::uint8_t { at_most, at_least, less, greater, equal, different };
  static constexpr std::size_t kDepth = 64;

  [[nodiscard]] static bool compare(double a, Comparison comparison, double b);
  [[nodiscard]] static double value(std::span<const Step> steps, PointView point,
                                    std::span<const std::vector<double>> numbers);

  std::string text_;
  SourceSpan at_;
  std::vector<std::size_t> knobs_;
  std::vector<std::vector<Step>> sums_;  ///< in reverse Polish order
  std::vector<Comparison> comparisons_;  ///< one fewer than sums
};

}  // namespace cairn::search
