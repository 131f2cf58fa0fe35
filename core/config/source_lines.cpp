#include "core/config/source_lines.h"

#include <algorithm>
#include <utility>

#include "core/text/utf8.h"

namespace cairn {

namespace {

constexpr std::size_t kLongestShown = 160;  // characters
constexpr std::size_t kShownBefore = 60;    // characters before the caret in a long line

}  // namespace

SourceLines::SourceLines(std::string_view text, std::string file) : file_(std::move(file)) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines_.push_back(line);
    begins_.push_back(begin);
    if (end == text.size()) {
      break;
    }
    begin = end + 1;
  }
}

SourceSpan SourceLines::span(std::size_t line, std::size_t byte) const {
  if (line >= lines_.size()) {
    line = lines_.size() - 1;
    byte = lines_[line].size();
  }
  const std::string_view text = lines_[line];
  byte = std::min(byte, text.size());
  SourceSpan result;
  result.file = file_;
  result.line = static_cast<int>(line) + 1;
  // In a line of megabytes even counting characters would be slow for every node: a column counts
  // characters exactly in the first kilobytes and bytes from there on.
  constexpr std::size_t kCounted = 4096;
  const std::size_t counted = std::min(byte, kCounted);
  const std::size_t column = count_characters(text.substr(0, counted)) + (byte - counted);
  result.column = static_cast<int>(column) + 1;
  if (text.size() <= kLongestShown) {
    result.text = text;
    return result;
  }
  std::size_t first = byte > kShownBefore ? byte - kShownBefore : 0;
  const auto inside_character = [text](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  while (first > 0 && inside_character(first)) {
    --first;
  }
  std::size_t last = std::min(first + kLongestShown, text.size());
  while (last < text.size() && inside_character(last)) {
    ++last;
  }
  const std::string before = first > 0 ? "..." : "";
  result.text = before + std::string{text.substr(first, last - first)};
  if (last < text.size()) {
    result.text += "...";
  }
  result.caret =
      static_cast<int>(before.size() + count_characters(text.substr(first, byte - first))) + 1;
  return result;
}

SourceSpan SourceLines::span_at(std::size_t offset) const {
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
  const auto line = static_cast<std::size_t>(after - begins_.begin()) - 1;
  return span(line, offset - begins_[line]);
}

}  // namespace cairn
