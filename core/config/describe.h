/// \file
/// What fields() says, as rows of a table: for `cairn explain`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/config/reader.h"
#include "core/config/scalar_text.h"
#include "core/named_list.h"

namespace cairn {

/// One field. Parts of a list have `[]` in their path, parts of a map of names `<name>`, and those
/// of a struct chosen by kind `(kind)`: `devices.<name>(systolic_array).rows`.
struct FieldDoc {
  std::string path;
  std::string type;          ///< `a whole number`, `one of: a, b`, `a list of maps`
  std::string unit;          ///< of quantities: `Hz, kHz, MHz, GHz`
  std::string default_text;  ///< of fields that need not be given
  std::string range;         ///< `from 1 to 65536`, `more than 0`
  std::string help;
  bool required = false;
};

template <HasFields T>
[[nodiscard]] std::vector<FieldDoc> describe();

namespace detail {

template <class T>
struct TypeTag {};

template <class T>
[[nodiscard]] std::string type_text(TypeTag<T> /*tag*/) {
  if constexpr (std::same_as<T, Node>) {
    return "anything";
  } else if constexpr (QuantityType<T>) {
    return "a number with a unit";
  } else if constexpr (ScalarType<T>) {
    return scalar_type_name<T>();
  } else {
    return "a map";
  }
}
template <class T>
[[nodiscard]] std::string type_text(TypeTag<std::optional<T>> /*tag*/) {
  return type_text(TypeTag<T>{});
}
template <class T>
[[nodiscard]] std::string type_text(TypeTag<std::vector<T>> /*tag*/) {
  return "a list, each " + type_text(TypeTag<T>{});
}
template <class T>
[[nodiscard]] std::string type_text(TypeTag<NamedList<T>> /*tag*/) {
  return "a map of names, each " + type_text(TypeTag<T>{});
}
template <class... Ts>
[[nodiscard]] std::string type_text(TypeTag<std::variant<Ts...>> /*tag*/) {
  return ("a map with kind " + one_of(std::vector<std::string>{std::string{Ts::kKind}...}));
}

template <class T>
[[nodiscard]] std::optional<Dim> dim_of(TypeTag<T> /*tag*/) {
  if constexpr (QuantityType<T>) {
    return T::kDim;
  } else {
    return std::nullopt;
  }
}
template <class T>
[[nodiscard]] std::optional<Dim> dim_of(TypeTag<std::optional<T>> /*tag*/) {
  return dim_of(TypeTag<T>{});
}
template <class T>
[[nodiscard]] std::optional<Dim> dim_of(TypeTag<std::vector<T>> /*tag*/) {
  return dim_of(TypeTag<T>{});
}
template <class T>
[[nodiscard]] std::optional<Dim> dim_of(TypeTag<NamedList<T>> /*tag*/) {
  return dim_of(TypeTag<T>{});
}

/// The archive that lists the fields of one struct and of everything inside.
class FieldLister {
 public:
  FieldLister(std::vector<FieldDoc>& docs, std::string prefix)
      : docs_(&docs), prefix_(std::move(prefix)) {}

  template <class T, class... Tags>
  void operator()(std::string_view name, const T& member, std::string_view help,
                  const Tags&... tags) {
    const FieldRule rule = field_rule(tags...);
    FieldDoc doc;
    doc.path = prefix_ + std::string{name};
    doc.type = type_text(TypeTag<T>{});
    doc.required = rule.required;
    doc.help = help;
    const auto dim = dim_of(TypeTag<T>{});
    doc.unit = dim ? unit_names(*dim) : "";
    doc.range = range_text(rule, dim);
    if constexpr (requires { member.has_value(); }) {
      doc.required = false;
    }
    if (!doc.required) {
      if constexpr (ScalarType<T>) {
        doc.default_text = scalar_text(member);
      } else if constexpr (requires { member.has_value(); }) {
        doc.default_text = "none";
      }
    }
    std::string path = doc.path;
    docs_->push_back(std::move(doc));
    list_inside(TypeTag<T>{}, path);
  }

  template <class T>
  void list_inside(TypeTag<T> /*tag*/, const std::string& path) {
    if constexpr (HasFields<T> && !HasTextForm<T>) {
      FieldLister inner{*docs_, path + "."};
      T value{};
      value.fields(inner);
    }
  }
  template <class T>
  void list_inside(TypeTag<std::optional<T>> /*tag*/, const std::string& path) {
    list_inside(TypeTag<T>{}, path);
  }
  template <class T>
  void list_inside(TypeTag<std::vector<T>> /*tag*/, const std::string& path) {
    list_inside(TypeTag<T>{}, path + "[]");
  }
  template <class T>
  void list_inside(TypeTag<NamedList<T>> /*tag*/, const std::string& path) {
    list_inside(TypeTag<T>{}, path + ".<name>");
  }
  template <class... Ts>
  void list_inside(TypeTag<std::variant<Ts...>> /*tag*/, const std::string& path) {
    (list_inside(TypeTag<Ts>{}, path + "(" + std::string{Ts::kKind} + ")"), ...);
  }

 private:
  std::vector<FieldDoc>* docs_;
  std::string prefix_;
};

}  // namespace detail

/// The fields of T and of all structs inside, in the order of fields().
template <HasFields T>
std::vector<FieldDoc> describe() {
  std::vector<FieldDoc> docs;
  detail::FieldLister lister{docs, ""};
  T value{};
  value.fields(lister);
  return docs;
}

}  // namespace cairn
