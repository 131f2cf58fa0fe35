#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/config/yaml_file.h"

namespace cairn {

namespace {

bool is_plain_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  constexpr std::string_view kOthers = "_./+-$%()<>=;^* ";
  return letter || static_cast<std::uint8_t>(c) >= 0x80U ||
         kOthers.find(c) != std::string_view::npos;
}

/// Stands for itself without quotes, in lists in brackets too.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
  if (std::find(kNull.begin(), kNull.end(), text) != kNull.end()) {
    return false;
  }
  constexpr std::string_view kNotFirst = "-%*>=<() ";
  const bool negative_number =
      text.size() > 1 && text[0] == '-' && text[1] >= '0' && text[1] <= '9';
  if (kNotFirst.find(text.front()) != std::string_view::npos && !negative_number) {
    return false;
  }
  return text.back() != ' ' && text != "..." &&
         std::all_of(text.begin(), text.end(), is_plain_character);
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (code < 0x20U || code == 0x7FU) {
      result += fmt::format("\\x{:02x}", code);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string text_of(const Node& node) {
  if (node.is_null()) {
    return "null";
  }
  // A quoted `$name` is a text, a plain one a knob.
  const bool knob_like = node.quoted && node.scalar.starts_with('$');
  return is_plain(node.scalar) && !knob_like ? node.scalar : quote(node.scalar);
}

bool is_simple(const Node& node) {
  return node.is_scalar() || node.is_null() || (node.is_map() && node.entries.empty()) ||
         (node.is_sequence() && node.items.empty());
}

/// Everything without children, and lists of that, on one line.
std::string inline_text(const Node& node) {
  if (node.is_map()) {
    return "{}";
  }
  if (!node.is_sequence()) {
    return text_of(node);
  }
  std::string result = "[";
  for (const Node& item : node.items) {
    result += (result.size() > 1 ? ", " : "") + inline_text(item);
  }
  return result + "]";
}

bool fits_inline(const Node& node) {
  return is_simple(node) ||
         (node.is_sequence() && std::all_of(node.items.begin(), node.items.end(), is_simple));
}

/// Writes a block whose first line starts where the caller stands.
void write_block(const Node& node, std::size_t indent, std::string& out) {
  const std::string blanks(indent, ' ');
  bool first = true;
  const auto start_line = [&out, &first, &blanks]() {
    if (!first) {
      out += blanks;
    }
    first = false;
  };
  if (fits_inline(node)) {
    out += inline_text(node) + "\n";
    return;
  }
  for (const NodeEntry& entry : node.entries) {
    start_line();
    out += (is_plain(entry.key) ? entry.key : quote(entry.key)) + ":";
    if (fits_inline(entry.value)) {
      out += " " + inline_text(entry.value) + "\n";
    } else {
      out += "\n" + std::string(indent + 2, ' ');
      write_block(entry.value, indent + 2, out);
    }
  }
  for (const Node& item : node.items) {
    start_line();
    out += "- ";
    write_block(item, indent + 2, out);
  }
}

}  // namespace

std::string write_yaml(const Node& node) {
  std::string result;
  write_block(node, 0, result);
  return result;
}

}  // namespace cairn
