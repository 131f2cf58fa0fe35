/// \file
/// Comma-separated tables: a fast reader over a whole file in memory, and the writing of cells.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cairn {

/// Reads a table with a header row. Cells are views, valid until the next row, trimmed of blanks; a
/// quoted cell (RFC 4180: `"a ""b"", c"`) may hold commas and line ends. Blank rows and rows that
/// start with `#` are skipped; so are empty columns at the end.
///
/// \code
/// CsvReader csv = CsvReader::from_file("ops.csv");
/// const auto m = csv.column("m");
/// while (csv.next()) { use(csv.cell(*m)); }
/// \endcode
class CsvReader {
 public:
  /// \throws ConfigError if there is no header or a name in it stands twice.
  CsvReader(std::string text, std::string file);
  /// \throws IoError, ConfigError
  [[nodiscard]] static CsvReader from_file(const std::string& path);

  // Cells are views into text_, whose address changes when it moves.
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;
  CsvReader(CsvReader&&) = delete;
  CsvReader& operator=(CsvReader&&) = delete;
  ~CsvReader() = default;

  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  /// Where a column stands, by its exact name.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;

  /// Moves to the next row. \returns false at the end.
  /// \throws ConfigError if the row has a cell outside the header or a quote that does not end.
  bool next();
  /// A cell of the row; empty if the row is shorter than the header.
  [[nodiscard]] std::string_view cell(std::size_t column) const { return cells_[column]; }
  /// From 1, of the row's first line.
  [[nodiscard]] int line() const { return row_line_; }
  /// The place of a cell, for a Diagnostic.
  [[nodiscard]] SourceSpan at(std::size_t column) const;

 private:
  bool read_row();
  void read_cells();
  std::string_view read_quoted();
  std::string_view read_plain();
  void skip_blanks();
  [[nodiscard]] SourceSpan span(std::size_t offset) const;
  [[noreturn]] void fail(std::size_t offset, const std::string& message,
                         const std::string& hint = {}) const;

  std::string text_;
  std::string file_;
  std::vector<std::string> header_;
  std::vector<std::string_view> cells_;
  std::vector<std::size_t> offsets_;   ///< where each cell begins in text_
  std::deque<std::string> unescaped_;  ///< cells of the row with a quote inside
  std::size_t used_ = 0;               ///< cells of the row
  std::size_t next_ = 0;               ///< offset of the first byte that is not read yet
  int row_line_ = 0;
  int next_line_ = 1;
};

/// Appends a cell, in quotes if it needs them.
void append_csv_cell(std::string& out, std::string_view cell);

}  // namespace cairn
