/// \file
/// Quantities as text: a number and its unit, `800 MHz`, `256 KiB`, `1.2 pJ/op`.
///
/// The unit is mandatory. Prefixes are f p n u m k M G T P (powers of 1000) and, for data, Ki Mi Gi
/// Ti (powers of 1024); `kB` is 1000 bytes, `KiB` 1024, `KB` is refused. `b` is a bit and `B` a
/// byte of 8 bits; 1 MAC = 2 op and 1 FLOP = 1 op. Units divide by `/`: `pJ/b`, `mm2`, `B/cycle`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/units.h"

namespace cairn {

/// Why a text could not be read: for a Diagnostic.
struct TextProblem {
  std::string message;
  std::string hint;
};

namespace detail {
[[nodiscard]] std::optional<double> parse_real_quantity(std::string_view text, Dim dim,
                                                        TextProblem& problem);
[[nodiscard]] std::optional<std::int64_t> parse_count_quantity(std::string_view text, Dim dim,
                                                               TextProblem& problem);
[[nodiscard]] std::string print_real_quantity(double value, Dim dim);
[[nodiscard]] std::string print_count_quantity(std::int64_t value, Dim dim);
[[nodiscard]] std::string human_quantity(double value, Dim dim, int digits);
}  // namespace detail

/// The usual units of a dimension: `Hz, kHz, MHz, GHz`.
/// \throws InternalError for a dimension without a row in the table of quantity_text.cpp.
[[nodiscard]] std::string unit_names(Dim dim);

/// \returns nullopt and fills \p problem if \p text is not one number with a fitting unit, or (for
///          counts) not a whole number of base units.
template <class Q>
[[nodiscard]] std::optional<Q> parse_quantity(std::string_view text, TextProblem& problem) {
  if constexpr (std::is_integral_v<typename Q::rep>) {
    const auto value = detail::parse_count_quantity(text, Q::kDim, problem);
    return value ? std::optional<Q>{Q{*value}} : std::nullopt;
  } else {
    const auto value = detail::parse_real_quantity(text, Q::kDim, problem);
    return value ? std::optional<Q>{Q{*value}} : std::nullopt;
  }
}

/// The shortest text that reads back to the same value.
template <Dim D, class Rep>
[[nodiscard]] std::string to_text(Quantity<D, Rep> value) {
  if constexpr (std::is_integral_v<Rep>) {
    return detail::print_count_quantity(value.count(), D);
  } else {
    return detail::print_real_quantity(value.count(), D);
  }
}

/// For people: \p digits significant digits and the unit that keeps the number between 1 and 1000.
template <Dim D, class Rep>
[[nodiscard]] std::string human_text(Quantity<D, Rep> value, int digits = 4) {
  return detail::human_quantity(static_cast<double>(value.count()), D, digits);
}
template <Dim D>
[[nodiscard]] std::string human_text(Quantity<D, double> value, int digits = 4) {
  return detail::human_quantity(value.count(), D, digits);
}

}  // namespace cairn
