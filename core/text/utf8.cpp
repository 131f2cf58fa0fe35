#include "core/text/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace cairn {

namespace {

struct Decoded {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

/// One code point (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
Decoded decode(std::string_view text, std::size_t i) {
  const std::uint8_t lead = byte_at(text, i);
  if (lead < 0x80U) {
    return {lead, 1, true};
  }
  std::size_t length = 0;
  char32_t code = 0;
  char32_t smallest = 0;
  if ((lead & 0xE0U) == 0xC0U) {
    length = 2;
    code = lead & 0x1FU;
    smallest = 0x80;
  } else if ((lead & 0xF0U) == 0xE0U) {
    length = 3;
    code = lead & 0x0FU;
    smallest = 0x800;
  } else if ((lead & 0xF8U) == 0xF0U) {
    length = 4;
    code = lead & 0x07U;
    smallest = 0x10000;
  } else {
    return {lead, 1, false};
  }
  if (i + length > text.size()) {
    return {lead, 1, false};
  }
  for (std::size_t k = 1; k < length; ++k) {
    const std::uint8_t next = byte_at(text, i + k);
    if ((next & 0xC0U) != 0x80U) {
      return {lead, 1, false};
    }
    code = (code << 6U) | (next & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest || surrogate || code > 0x10FFFF) {
    return {lead, 1, false};
  }
  return {code, length, true};
}

struct CodeRange {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool within(char32_t code, const std::array<CodeRange, N>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

/// The large blocks of Unicode 15 with East_Asian_Width W or F.
constexpr std::array kWide{
    CodeRange{0x1100, 0x115F},   CodeRange{0x2E80, 0x303E},   CodeRange{0x3041, 0x33FF},
    CodeRange{0x3400, 0x4DBF},   CodeRange{0x4E00, 0x9FFF},   CodeRange{0xA000, 0xA4CF},
    CodeRange{0xAC00, 0xD7A3},   CodeRange{0xF900, 0xFAFF},   CodeRange{0xFE30, 0xFE6F},
    CodeRange{0xFF00, 0xFF60},   CodeRange{0xFFE0, 0xFFE6},   CodeRange{0x1F300, 0x1F64F},
    CodeRange{0x1F900, 0x1F9FF}, CodeRange{0x20000, 0x3FFFD},
};
/// The common blocks of combining marks and zero-width characters.
constexpr std::array kZeroWidth{
    CodeRange{0x0300, 0x036F}, CodeRange{0x1AB0, 0x1AFF}, CodeRange{0x1DC0, 0x1DFF},
    CodeRange{0x200B, 0x200F}, CodeRange{0x20D0, 0x20FF}, CodeRange{0xFE00, 0xFE0F},
    CodeRange{0xFE20, 0xFE2F},
};

}  // namespace

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += decode(text, i).length) {
    ++count;
  }
  return count;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Decoded character = decode(text, i);
    i += character.length;
    if (within(character.code, kZeroWidth)) {
      continue;
    }
    width += within(character.code, kWide) ? 2U : 1U;
  }
  return width;
}

std::size_t byte_of_character(std::string_view text, std::size_t index) {
  std::size_t i = 0;
  for (; index > 0 && i < text.size(); --index) {
    i += decode(text, i).length;
  }
  return i;
}

std::optional<std::size_t> find_not_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Decoded character = decode(text, i);
    if (!character.valid || character.code == 0) {
      return i;
    }
    i += character.length;
  }
  return std::nullopt;
}

std::string shorten(std::string_view text, std::size_t limit) {
  std::string result{text.substr(0, byte_of_character(text, limit))};
  const bool cut = result.size() < text.size();
  std::replace_if(
      result.begin(), result.end(),
      [](char c) {
        const auto code = static_cast<std::uint8_t>(c);
        return code < 0x20U || code == 0x7FU;
      },
      ' ');
  return cut ? result + "..." : result;
}

}  // namespace cairn
