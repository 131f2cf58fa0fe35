/// \file
/// Every type that a file writes as one piece of text: how to read, print and describe it.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"
#include "core/text/text_form.h"
#include "core/text/utf8.h"
#include "core/units.h"

namespace cairn {

namespace detail {
template <class T>
inline constexpr bool kIsQuantity = false;
template <Dim D, class Rep>
inline constexpr bool kIsQuantity<Quantity<D, Rep>> = true;
}  // namespace detail

template <class T>
concept QuantityType = detail::kIsQuantity<T>;
template <class T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;
template <class T>
concept ScalarType = std::same_as<T, bool> || WholeNumber<T> || std::same_as<T, double> ||
    std::same_as<T, std::string> || std::same_as<T, std::filesystem::path> || QuantityType<T> ||
    NamedEnum<T> || HasTextForm<T>;

/// What is expected, for messages: `a whole number`, `a number with a unit (Hz, kHz, MHz, GHz)`.
template <ScalarType T>
[[nodiscard]] std::string scalar_type_name() {
  if constexpr (HasTextForm<T>) {
    return std::string{TextForm<T>::kWhat};
  } else if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (WholeNumber<T>) {
    return "a whole number";
  } else if constexpr (std::same_as<T, double>) {
    return "a number";
  } else if constexpr (std::same_as<T, std::string>) {
    return "a text";
  } else if constexpr (std::same_as<T, std::filesystem::path>) {
    return "a file";
  } else if constexpr (QuantityType<T>) {
    return "a number with a unit (" + unit_names(T::kDim) + ")";
  } else {
    return one_of(enum_texts<T>());
  }
}

/// The shortest text that reads back to the same value.
template <ScalarType T>
[[nodiscard]] std::string scalar_text(const T& value) {
  if constexpr (HasTextForm<T>) {
    return TextForm<T>::print(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (WholeNumber<T>) {
    return std::to_string(value);
  } else if constexpr (std::same_as<T, double>) {
    return print_double(value);
  } else if constexpr (std::same_as<T, std::string>) {
    return value;
  } else if constexpr (std::same_as<T, std::filesystem::path>) {
    return value.generic_string();
  } else {
    return std::string{to_text(value)};
  }
}

namespace detail {
template <ScalarType T>
std::nullopt_t not_what_was_expected(std::string_view text, TextProblem& problem) {
  problem.message = fmt::format("expected {}, found '{}'", scalar_type_name<T>(), shorten(text));
  return std::nullopt;
}

template <WholeNumber T>
std::optional<T> parse_whole(std::string_view text, TextProblem& problem) {
  if constexpr (std::same_as<T, std::uint64_t>) {  // seeds and hashes use all 64 bits
    if (const auto value = parse_unsigned(text)) {
      return *value;
    }
  }
  const auto value = parse_int(text);
  if (!value) {
    return not_what_was_expected<T>(text, problem);
  }
  if (!std::in_range<T>(*value)) {
    problem = {
        fmt::format("{} is out of range", *value),
        fmt::format("from {} to {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max())};
    return std::nullopt;
  }
  return static_cast<T>(*value);
}
}  // namespace detail

/// \returns nullopt and fills \p problem if the text is not such a value.
template <ScalarType T>
[[nodiscard]] std::optional<T> parse_scalar(std::string_view text, TextProblem& problem) {
  if constexpr (HasTextForm<T>) {
    std::string why;
    auto value = TextForm<T>::parse(text, why);
    if (!value) {
      problem.message = fmt::format("'{}' is not {}", shorten(text), TextForm<T>::kWhat);
      if (!why.empty()) {
        problem.message += ": " + why;
      }
      problem.hint = TextForm<T>::expected();
    }
    return value;
  } else if constexpr (std::same_as<T, bool>) {
    if (text == "true" || text == "false") {
      return text == "true";
    }
    return detail::not_what_was_expected<T>(text, problem);
  } else if constexpr (WholeNumber<T>) {
    return detail::parse_whole<T>(text, problem);
  } else if constexpr (std::same_as<T, double>) {
    if (const auto value = parse_double(text)) {
      return *value;
    }
    return detail::not_what_was_expected<T>(text, problem);
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::filesystem::path>) {
    return T{text};
  } else if constexpr (QuantityType<T>) {
    return parse_quantity<T>(text, problem);
  } else {
    const auto value = enum_from_text<T>(text);
    if (!value) {
      problem = {fmt::format("unknown value '{}'", shorten(text)), suggest(text, enum_texts<T>())};
    }
    return value;
  }
}

}  // namespace cairn
