#include "core/error.h"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/text/utf8.h"

namespace cairn {

namespace {

constexpr std::size_t kMostShown = 100;

std::string render_all(const std::vector<Diagnostic>& diagnostics) {
  std::string result;
  const std::size_t shown = std::min(diagnostics.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) {
      result += '\n';
    }
    result += render(diagnostics[i]);
  }
  if (shown < diagnostics.size()) {
    result += fmt::format("\n... and {} more", diagnostics.size() - shown);
  }
  return result;
}

/// Blanks as wide as the text before the caret; tabs stay tabs, so that they line up.
std::string blanks_like(std::string_view text) {
  std::string result;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t tab = std::min(text.find('\t', begin), text.size());
    result.append(display_width(text.substr(begin, tab - begin)), ' ');
    if (tab == text.size()) {
      break;
    }
    result += '\t';
    begin = tab + 1;
  }
  return result;
}

std::string place(const SourceSpan& at) {
  if (at.file.empty()) {
    return {};
  }
  if (at.line <= 0) {
    return at.file + ": ";
  }
  return fmt::format("{}:{}:{}: ", at.file, at.line, at.column);
}

}  // namespace

std::string render(const Diagnostic& diagnostic) {
  std::string result = place(diagnostic.at);
  result += diagnostic.severity == Severity::error ? "error: " : "warning: ";
  if (!diagnostic.path.empty()) {
    result += diagnostic.path + ": ";
  }
  result += diagnostic.message;
  const SourceSpan& at = diagnostic.at;
  if (at.line > 0 && !at.text.empty()) {
    const int caret = at.caret > 0 ? at.caret : at.column;
    const std::size_t before =
        byte_of_character(at.text, static_cast<std::size_t>(std::max(caret, 1) - 1));
    result +=
        "\n  " + at.text + "\n  " + blanks_like(std::string_view{at.text}.substr(0, before)) + "^";
  }
  if (!diagnostic.hint.empty()) {
    result += "\n  hint: " + diagnostic.hint;
  }
  return result;
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(render_all(diagnostics)), diagnostics_(std::move(diagnostics)) {}

IoError::IoError(std::string path, std::string_view what, int error_number)
    : std::runtime_error(
          error_number == 0
              ? fmt::format("{}: {}", path, what)
              : fmt::format("{}: {}: {}", path, what,
                            std::error_code(error_number, std::generic_category()).message())),
      path_(std::move(path)),
      error_number_(error_number) {}

InternalError::InternalError(std::string_view text, std::source_location where)
    : std::logic_error(fmt::format("{}:{}: {}", where.file_name(), where.line(), text)) {}

namespace detail {
void check_failed(const char* condition, std::string_view text, std::source_location where) {
  throw InternalError(fmt::format("{} (not true: {})", text, condition), where);
}
}  // namespace detail

}  // namespace cairn
