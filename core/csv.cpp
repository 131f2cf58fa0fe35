#include "core/csv.h"

#include <algorithm>
#include <utility>

#include "core/config/source_lines.h"
#include "core/diagnostics.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "core/text/utf8.h"

namespace cairn {

CsvReader::CsvReader(std::string text, std::string file)
    : text_(std::move(text)), file_(std::move(file)) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.starts_with(kByteOrderMark)) {
    next_ = kByteOrderMark.size();
  }
  if (!read_row()) {
    Diagnostics diagnostics;
    diagnostics.error({file_, 0, 0, "", 0}, "", "the table has no header");
    diagnostics.throw_if_any();
  }
  for (std::size_t i = 0; i < used_; ++i) {
    if (!cells_[i].empty() && column(cells_[i])) {
      fail(offsets_[i], "column '" + shorten(cells_[i]) + "' stands twice in the header");
    }
    header_.emplace_back(cells_[i]);
  }
}

CsvReader CsvReader::from_file(const std::string& path) {
  return CsvReader{read_text_file(path), path};
}

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - header_.begin());
}

bool CsvReader::next() {
  if (!read_row()) {
    return false;
  }
  if (used_ > header_.size()) {
    fail(offsets_[header_.size()],
         "a cell outside the table: the header has " + std::to_string(header_.size()) + " columns");
  }
  if (cells_.size() < header_.size()) {
    cells_.resize(header_.size());
    offsets_.resize(header_.size());
  }
  for (std::size_t i = used_; i < header_.size(); ++i) {
    cells_[i] = {};
    offsets_[i] = used_ > 0 ? offsets_[used_ - 1] : 0;
  }
  return true;
}

bool CsvReader::read_row() {
  while (next_ < text_.size()) {
    row_line_ = next_line_;
    if (text_[next_] == '#') {
      next_ = std::min(text_.find('\n', next_), text_.size() - 1) + 1;
      ++next_line_;
      continue;
    }
    read_cells();
    while (used_ > 0 && cells_[used_ - 1].empty()) {
      --used_;
    }
    if (used_ > 0) {
      return true;
    }
  }
  return false;
}

void CsvReader::read_cells() {
  used_ = 0;
  unescaped_.clear();
  while (true) {
    skip_blanks();
    const std::size_t begin = next_;
    const bool quoted = next_ < text_.size() && text_[next_] == '"';
    const std::string_view cell = quoted ? read_quoted() : read_plain();
    if (used_ < cells_.size()) {
      cells_[used_] = cell;
      offsets_[used_] = begin;
    } else {
      cells_.push_back(cell);
      offsets_.push_back(begin);
    }
    ++used_;
    if (next_ >= text_.size()) {
      return;
    }
    const char end = text_[next_++];
    if (end == '\n') {
      ++next_line_;
      return;
    }
  }
}

void CsvReader::skip_blanks() {
  while (next_ < text_.size() &&
         (text_[next_] == ' ' || text_[next_] == '\t' || text_[next_] == '\r')) {
    ++next_;
  }
}

/// Up to the comma or the line end.
std::string_view CsvReader::read_plain() {
  const std::string_view text = text_;
  const std::size_t begin = next_;
  std::size_t end = begin;
  while (end < text.size() && text[end] != ',' && text[end] != '\n') {
    ++end;
  }
  next_ = end;
  while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r')) {
    --end;
  }
  return text.substr(begin, end - begin);
}

std::string_view CsvReader::read_quoted() {
  const std::size_t open = next_;
  const int open_line = next_line_;
  bool doubled = false;
  std::size_t i = open + 1;
  while (true) {
    if (i >= text_.size()) {
      row_line_ = open_line;
      fail(open, "the quote is not closed");
    }
    if (text_[i] == '\n') {
      ++next_line_;
    }
    if (text_[i] == '"') {
      if (i + 1 < text_.size() && text_[i + 1] == '"') {
        doubled = true;
        ++i;
      } else {
        break;
      }
    }
    ++i;
  }
  std::string_view cell = std::string_view{text_}.substr(open + 1, i - open - 1);
  next_ = i + 1;
  skip_blanks();
  if (next_ < text_.size() && text_[next_] != ',' && text_[next_] != '\n') {
    fail(next_, "text behind a closed quote", "double a quote that belongs to the text");
  }
  if (doubled) {
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t k = 0; k < cell.size(); ++k) {
      plain += cell[k];
      if (cell[k] == '"') {
        ++k;
      }
    }
    cell = plain;
  }
  return cell;
}

SourceSpan CsvReader::span(std::size_t offset) const {
  // Only for messages: counts the lines again, so that the reader itself need not.
  return SourceLines{text_, file_}.span_at(offset);
}

SourceSpan CsvReader::at(std::size_t column) const {
  return span(column < offsets_.size() ? offsets_[column] : next_);
}

void CsvReader::fail(std::size_t offset, const std::string& message,
                     const std::string& hint) const {
  Diagnostics diagnostics;
  diagnostics.error(span(offset), "", message, hint);
  throw ConfigError(diagnostics.sorted());
}

void append_csv_cell(std::string& out, std::string_view cell) {
  const bool padded = !cell.empty() && (trim(cell).size() != cell.size() || cell.front() == '#');
  const auto special = [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; };
  if (!padded && std::none_of(cell.begin(), cell.end(), special)) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    out += c;
    if (c == '"') {
      out += '"';
    }
  }
  out += '"';
}

}  // namespace cairn
