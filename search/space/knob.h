/// \file
/// A knob: one thing that a study may vary, with its finite list of choices.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "search/space/magnitude.h"

namespace cairn::search {

/// The index that stands for "this knob does not matter at this point" where that is written down.
inline constexpr std::uint32_t kInactive = std::numeric_limits<std::uint32_t>::max();

/// A knob matters only where another one has certain choices.
struct Condition {
  std::size_t knob{};                  ///< index of the other knob
  std::vector<std::uint32_t> choices;  ///< ascending; the knob is active if the other has one
};

struct Knob {
  std::string name;
  SourceSpan at;
  std::vector<Node> choices;  ///< what the study reader puts in place of `$name`; not empty
  /// Of each choice, in one line; all different. A map with a `name` goes by it.
  std::vector<std::string> texts;
  std::vector<Magnitude>
      magnitudes;               ///< of each choice, when all are numbers of one unit; or empty
  std::vector<Condition> when;  ///< all must hold; empty: always active

  [[nodiscard]] std::size_t size() const { return choices.size(); }
  [[nodiscard]] bool is_number() const { return !magnitudes.empty(); }
};

/// Fills `texts` and `magnitudes` from `choices`.
void describe_choices(Knob& knob);

/// A knob of plain texts, for tests and programs.
[[nodiscard]] Knob make_knob(std::string name, const std::vector<std::string>& choices);

/// YAML in one line: `{scheme: quantize, bits: 8}`.
[[nodiscard]] std::string one_line(const Node& node);

}  // namespace cairn::search
