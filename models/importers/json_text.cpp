#include "models/importers/json_text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "core/text/utf8.h"

namespace cairn::models {
namespace {

constexpr std::size_t kLongLine = 120;

/// Offset just after the string that starts at \p begin (a quote).
std::size_t skip_string(std::string_view text, std::size_t begin) {
  std::size_t i = begin + 1;
  while (i < text.size() && text[i] != '"') {
    i += text[i] == '\\' ? 2U : 1U;
  }
  return std::min(i + 1, text.size());
}

std::size_t skip_space(std::string_view text, std::size_t i) {
  return std::min(text.find_first_not_of(" \t\r\n", i), text.size());
}

/// Offset of the value of top-level key \p key in valid JSON; the last one if it is given twice,
/// as parsers keep it.
std::optional<std::size_t> find_value(std::string_view text, std::string_view key) {
  std::optional<std::size_t> found;
  int depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == '"') {
      const std::size_t end = skip_string(text, i);
      const std::size_t colon = skip_space(text, end);
      if (depth == 1 && colon < text.size() && text[colon] == ':' &&
          text.substr(i + 1, end - i - 2) == key) {
        found = skip_space(text, colon + 1);
      }
      i = end;
      continue;
    }
    ++i;
  }
  return found;
}

}  // namespace

std::optional<std::string> read_text(const std::filesystem::path& path, Diagnostics& diagnostics) {
  std::error_code error;
  std::string reason;
  if (std::filesystem::is_directory(path, error)) {
    reason = "is a directory";
  } else {
    const std::ifstream in(path, std::ios::binary);
    if (in) {
      std::ostringstream buffer;
      buffer << in.rdbuf();
      if (!in.bad() && !buffer.bad()) {
        return std::move(buffer).str();
      }
    }
    reason = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): importing is single-threaded
  }
  diagnostics.error(SourceSpan{.file = path.string(), .text = {}}, "",
                    fmt::format("cannot read the file: {}", reason));
  return std::nullopt;
}

SourceSpan JsonText::span(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const std::string_view before = std::string_view{text_}.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 == 0
  const std::size_t end = std::min(text_.find('\n', offset), text_.size());
  const std::string_view whole_line = std::string_view{text_}.substr(start, end - start);
  const auto column = count_characters(whole_line.substr(0, offset - start)) + 1;
  SourceSpan result{.file = file_,
                    .line = static_cast<int>(line),
                    .column = static_cast<int>(column),
                    .text = std::string{whole_line}};
  if (whole_line.size() > kLongLine) {  // a file without line breaks: show what stands here
    result.text = shorten(whole_line.substr(offset - start), kLongLine);
    result.caret = 1;
  }
  return result;
}

SourceSpan JsonText::at(std::string_view key) const {
  return span(find_value(text_, key).value_or(0));
}

std::optional<JsonText> JsonText::load(const std::filesystem::path& path,
                                       Diagnostics& diagnostics) {
  std::optional<std::string> text = read_text(path, diagnostics);
  if (!text) {
    return std::nullopt;
  }
  JsonText json;
  json.file_ = path.string();
  json.text_ = *std::move(text);
  try {
    json.root_ = nlohmann::json::parse(json.text_);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    diagnostics.error(json.span(offset), "", "not valid JSON here",
                      "a Hugging Face config.json is expected");
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {  // a number that no double holds
    diagnostics.error(json.span(0), "", "not valid JSON: a number is out of range");
    return std::nullopt;
  }
  if (!json.root_.is_object()) {
    diagnostics.error(json.span(0), "",
                      fmt::format("expected a JSON object, found {}", json.root_.type_name()),
                      "a Hugging Face config.json is expected");
    return std::nullopt;
  }
  return json;
}

}  // namespace cairn::models
