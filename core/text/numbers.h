/// \file
/// Numbers as text, independent of the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

/// The whole text is one whole number, `-12`; no sign `+`, no blanks, no fraction.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

/// As parse_int(), for the numbers from 0 to 2^64 - 1.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text);

/// The whole text is one finite decimal number, `-1.5e-3`; no `inf`, `nan`, hexadecimal or `+`.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

/// The shortest text that reads back to the same double (`inf`, `-inf`, `nan` for the others).
void append_double(std::string& out, double value);
[[nodiscard]] std::string print_double(double value);
void append_int(std::string& out, std::int64_t value);

/// For people: \p digits significant digits, `1234`, `0.00123`, `1.23e+08`.
[[nodiscard]] std::string human_double(double value, int digits = 4);

/// Without blanks, tabs and line ends on both sides.
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace cairn
