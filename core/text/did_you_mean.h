/// \file
/// The word that a misspelt one was probably meant to be.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cairn {

/// Single letters to insert, drop, replace or swap with a neighbour, to make one word of the other
/// (optimal string alignment), ignoring case and reading `-` and a blank as `_`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest candidate, the first of several, if it is near enough to be meant: at most a third
/// of the longer word's letters differ (at least one may).
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// For hints: `did you mean 'x'?`, else `one of: a, b, c` (the first twelve), else nothing.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string> candidates);

/// `one of: a, b, c`, at most twelve.
[[nodiscard]] std::string one_of(std::span<const std::string> candidates);

}  // namespace cairn
