/// \file
/// The finite list of values that a range in a study stands for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/node.h"
#include "core/diagnostics.h"

namespace cairn::search {

enum class Scale : std::uint8_t {
  linear,         ///< equal differences: `step`, or `steps` values; whole numbers step by 1
  powers_of_two,  ///< each value twice the one before
  log,            ///< `steps` values with equal ratios
};
constexpr auto enum_names(Scale) {
  using S = std::string_view;
  return std::array{std::pair{Scale::linear, S{"linear"}},
                    std::pair{Scale::powers_of_two, S{"powers_of_two"}},
                    std::pair{Scale::log, S{"log"}}};
}

/// `{range: [a, b], scale: ..., step: x | steps: n}` of one knob.
struct RangeSpec {
  Node range;  ///< the list of two ends
  Scale scale{Scale::linear};
  std::optional<Node> step;           ///< difference of neighbours; must divide b - a
  std::optional<std::int64_t> steps;  ///< how many values, both ends included
  SourceSpan steps_at;                ///< where `steps` stands
};

/// Most choices that one knob may have.
inline constexpr std::int64_t kMostChoices = 100'000;

/// Every value from a to b, both included, as nodes that stand where the range stands. Ends that
/// are whole numbers give whole numbers; `log` rounds whole numbers to the nearest (bits to whole
/// bytes when both ends are) and others to six significant digits, and refuses `steps` so many
/// that two values become equal.
/// \param path of the knob, for messages. \returns nothing after an error.
[[nodiscard]] std::vector<Node> expand_range(const RangeSpec& spec, const std::string& path,
                                             Diagnostics& diagnostics);

}  // namespace cairn::search
