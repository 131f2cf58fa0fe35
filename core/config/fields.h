/// \file
/// What a struct says about its members, once, for reading, writing, hashing and documentation:
/// \code
/// struct ArraySpec {
///   std::int64_t rows{};
///   Frequency clock{};
///   std::string note;
///
///   template <class Archive>
///   void fields(Archive& a) {
///     a("rows", rows, "number of PE rows", Range{1, 65536});
///     a("clock", clock, "array clock", Range{"1 kHz", "10 GHz"});
///     a("note", note, "free text", kOptional);
///   }
///   std::vector<FieldProblem> problems() const;  // optional: what fields cannot say alone
/// };
/// \endcode
/// Member types: bool, whole numbers, double, std::string, std::filesystem::path (relative to the
/// file that says it), quantities, enums with enum_names(), types with TextForm, Node (kept as it
/// is), std::optional, std::vector and NamedList of those, structs with fields(), and
/// std::variant of structs with `static constexpr std::string_view kKind`, chosen by `kind:`.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cairn {

/// A field must be given unless it is tagged kOptional or its type is std::optional.
struct RequiredTag {};
struct OptionalTag {};
inline constexpr RequiredTag kRequired{};
inline constexpr OptionalTag kOptional{};

/// One end of a range: a number in the base unit (bit, second, joule, ...) or a text with a unit.
class Bound {
 public:
  // Implicit, so that Range{1, 8} and Range{"1 kHz", "1 GHz"} read naturally.
  template <class N>
  requires std::is_arithmetic_v<N>
  constexpr Bound(N number)  // NOLINT(google-explicit-constructor)
      : number_(static_cast<double>(number)) {}
  constexpr Bound(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr double number() const { return number_; }
  /// Empty when the bound is a number.
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  double number_{};
  std::string_view text_{};
};

/// Both ends belong to the range. For lists and optional values it holds for each value inside.
struct Range {
  Bound min;
  Bound max;
};
struct AtLeast {
  Bound min;
};
struct Positive {};
struct NotNegative {};
inline constexpr Positive kPositive{};
inline constexpr NotNegative kNotNegative{};

/// A mistake that only the values together show. `field` is the name of a field of the struct
/// (or a path below it: `memories.dram`); the reader finds its place in the file. An empty field
/// means the struct itself.
struct FieldProblem {
  std::string field;
  std::string message;
  std::string hint;
  /// The field is not there. Not reported when the file has it after all: another mistake, reported
  /// by itself, then kept it from being read.
  bool absent = false;
};

/// All tags of one field.
struct FieldRule {
  bool required = true;
  std::optional<Bound> min;
  std::optional<Bound> max;
  bool above_min = false;  ///< the minimum itself does not belong to the range
};

namespace detail {
constexpr void apply_tag(FieldRule& rule, RequiredTag /*tag*/) {
  rule.required = true;
}
constexpr void apply_tag(FieldRule& rule, OptionalTag /*tag*/) {
  rule.required = false;
}
constexpr void apply_tag(FieldRule& rule, Range range) {
  rule.min = range.min;
  rule.max = range.max;
}
constexpr void apply_tag(FieldRule& rule, AtLeast tag) {
  rule.min = tag.min;
}
constexpr void apply_tag(FieldRule& rule, Positive /*tag*/) {
  rule.min = Bound{0};
  rule.above_min = true;
}
constexpr void apply_tag(FieldRule& rule, NotNegative /*tag*/) {
  rule.min = Bound{0};
}

/// Accepts everything; only asks whether fields() exists.
struct ProbeArchive {
  template <class... Args>
  void operator()(Args&&... /*args*/) {}
};
}  // namespace detail

template <class... Tags>
[[nodiscard]] constexpr FieldRule field_rule(const Tags&... tags) {
  FieldRule rule;
  (detail::apply_tag(rule, tags), ...);
  return rule;
}

template <class T>
concept HasFields = requires(T& value, detail::ProbeArchive& archive) {
  value.fields(archive);
};

template <class T>
concept HasKind = requires {
  { T::kKind } -> std::convertible_to<std::string_view>;
};

/// Shows the fields of a constant to an archive that only looks.
template <HasFields T, class Archive>
void visit_fields(const T& value, Archive& archive) {
  // fields() is written once, for readers too, so it cannot be const; this archive changes nothing.
  const_cast<T&>(value).fields(archive);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace cairn
