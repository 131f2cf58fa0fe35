/// \file
/// The texts of an enum's values, listed once beside the enum:
/// \code
/// enum class Dataflow { weight_stationary, output_stationary };
/// constexpr auto enum_names(Dataflow) {
///   return std::array{std::pair{Dataflow::weight_stationary,
///   std::string_view{"weight_stationary"}},
///                     std::pair{Dataflow::output_stationary,
///                     std::string_view{"output_stationary"}}};
/// }
/// \endcode
/// (a `friend` when the enum is nested in a struct).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"

namespace cairn {

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  enum_names(e);
};

/// \throws InternalError if the value has no name.
template <NamedEnum E>
[[nodiscard]] constexpr std::string_view to_text(E value) {
  for (const auto& [item, name] : enum_names(value)) {
    if (item == value) {
      return name;
    }
  }
  throw InternalError("an enumerator has no name");
}

template <NamedEnum E>
[[nodiscard]] constexpr std::optional<E> enum_from_text(std::string_view text) {
  for (const auto& [item, name] : enum_names(E{})) {
    if (name == text) {
      return item;
    }
  }
  return std::nullopt;
}

/// All names, in the order of the list.
template <NamedEnum E>
[[nodiscard]] std::vector<std::string> enum_texts() {
  std::vector<std::string> result;
  for (const auto& item : enum_names(E{})) {
    result.emplace_back(item.second);
  }
  return result;
}

}  // namespace cairn
