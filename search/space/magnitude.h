/// \file
/// What the text of a choice is worth as a number, if it is one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/units.h"

namespace cairn::search {

/// A number in base units (bit, second, joule, metre, cycle, operation, volt) and their exponents;
/// all exponents are 0 for a plain number.
struct Magnitude {
  double value{};
  Dim dim;
};

/// Reads `12`, `0.5`, `16 KiB`, `800 MHz`; nothing for any other text. Whole units (bits, cycles,
/// operations) must come out whole.
[[nodiscard]] std::optional<Magnitude> parse_magnitude(std::string_view text);

/// The shortest text that parse_magnitude() reads back. Whole units are rounded to whole numbers.
[[nodiscard]] std::string print_magnitude(const Magnitude& magnitude);

/// True for bits, cycles and operations.
[[nodiscard]] bool counts_whole_units(Dim dim);

}  // namespace cairn::search
