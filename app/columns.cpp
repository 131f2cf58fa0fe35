#include "app/columns.h"

#include <algorithm>

#include "core/text/utf8.h"

namespace cairn::app {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 20;  ///< of the last column, however wide the others are

std::vector<std::string> lines_of(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) {
      break;
    }
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) {
      line += ' ';
    }
    line += word;
  }
  if (!line.empty()) {
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  for (const std::string& line : lines_of(text, width > indent ? width - indent : 1)) {
    out.append(indent, ' ');
    out += line;
    out += '\n';
  }
  return out;
}

std::string columns(const std::vector<std::vector<std::string>>& rows,
                    const std::vector<std::size_t>& right, std::size_t width) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::size_t last_start = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    last_start += widths[i] + kGap;
  }
  const std::size_t last_width = width > last_start + kNarrowest ? width - last_start : kNarrowest;
  std::string out;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const std::string padding(widths[i] - display_width(row[i]), ' ');
      const bool to_right = std::find(right.begin(), right.end(), i) != right.end();
      line += to_right ? padding + row[i] : row[i] + padding;
      line.append(kGap, ' ');
    }
    if (!row.empty()) {
      const std::size_t last = row.size() - 1;
      const bool to_right = std::find(right.begin(), right.end(), last) != right.end();
      if (to_right) {
        line.append(widths[last] - display_width(row[last]), ' ');
        line += row[last];
      } else {
        bool first = true;
        for (const std::string& part : lines_of(row[last], last_width)) {
          if (!first) {
            line += '\n';
            line.append(last_start, ' ');
          }
          first = false;
          line += part;
        }
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  }
  return out;
}

}  // namespace cairn::app
