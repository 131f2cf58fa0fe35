/// \file
/// Typed cells of a CSV table of constants, with every mistake reported at its place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/csv.h"
#include "core/diagnostics.h"
#include "core/text/enum_names.h"

namespace cairn::hw {

/// The cells of the row that \p csv is at. A mistake goes into the diagnostics and gives a default
/// value, so that all mistakes of a table are reported together.
class CsvRow {
 public:
  CsvRow(const CsvReader& csv, Diagnostics& diagnostics) : csv_(&csv), diagnostics_(&diagnostics) {}

  /// A positive number.
  [[nodiscard]] double positive(std::string_view column) const;
  [[nodiscard]] std::string text(std::string_view column) const;
  template <NamedEnum E>
  [[nodiscard]] E name(std::string_view column) const {
    const std::optional<std::size_t> at = find(column);
    if (!at) {
      return E{};
    }
    const std::optional<E> value = enum_from_text<E>(csv_->cell(*at));
    if (!value) {
      unknown_name(*at, column, enum_texts<E>());
    }
    return value.value_or(E{});
  }

 private:
  [[nodiscard]] std::optional<std::size_t> find(std::string_view column) const;
  void unknown_name(std::size_t at, std::string_view column,
                    const std::vector<std::string>& names) const;

  const CsvReader* csv_;
  Diagnostics* diagnostics_;
};

/// Reports every name of \p columns that the header lacks. \returns whether none was lacking.
bool has_columns(const CsvReader& csv, const std::string& file,
                 std::initializer_list<std::string_view> columns, Diagnostics& diagnostics);

}  // namespace cairn::hw
