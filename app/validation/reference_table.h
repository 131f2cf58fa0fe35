/// \file
/// A table of reference figures: columns by name, mistakes reported at their cell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "core/csv.h"

namespace cairn::app {

/// Rows of a file in configs/validation, one after the other.
class ReferenceTable {
 public:
  /// \throws ConfigError if a column of \p names is absent; IoError if the file is.
  ReferenceTable(const std::filesystem::path& path, std::initializer_list<const char*> names);

  /// Steps to the next row. \returns false after the last one.
  bool next() { return csv_.next(); }
  [[nodiscard]] int line() const { return csv_.line(); }
  [[nodiscard]] std::string_view text(const char* name) const;
  /// True if the cell is empty.
  [[nodiscard]] bool empty(const char* name) const { return text(name).empty(); }
  /// A positive whole number. \throws ConfigError.
  [[nodiscard]] std::int64_t count(const char* name) const;
  /// A whole number that may be zero or negative. \throws ConfigError.
  [[nodiscard]] std::int64_t integer(const char* name) const;
  /// A positive number in the unit that stands in the column's name. \throws ConfigError.
  [[nodiscard]] double positive(const char* name) const;
  /// Reports the cell. \throws ConfigError, always.
  [[noreturn]] void wrong(const char* name, const std::string& expected) const;

 private:
  CsvReader csv_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

/// configs/validation/NAME.
[[nodiscard]] std::filesystem::path reference_file(std::string_view name);

}  // namespace cairn::app
