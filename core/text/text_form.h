/// \file
/// How a type of ours is written as one piece of text in a file (a precision, a mapping).
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

/// Specialise it beside the type:
/// \code
/// template <>
/// struct TextForm<Precision> {
///   static constexpr std::string_view kWhat = "a number format";
///   static std::optional<Precision> parse(std::string_view text, std::string& why);
///   static std::string print(const Precision& value);   // parse(print(x)) == x
///   static std::string expected();                      // for hints: "fp16, int8, int4/g128, ..."
/// };
/// \endcode
/// `why` is filled when parse() fails: what is wrong, lower case, without the text itself if
/// there is nothing better to say than that it is not kWhat (then leave it empty).
template <class T>
struct TextForm;

template <class T>
concept HasTextForm = requires(std::string_view text, std::string& why, const T& value) {
  { TextForm<T>::kWhat } -> std::convertible_to<std::string_view>;
  { TextForm<T>::parse(text, why) } -> std::same_as<std::optional<T>>;
  { TextForm<T>::print(value) } -> std::same_as<std::string>;
  { TextForm<T>::expected() } -> std::same_as<std::string>;
};

}  // namespace cairn
