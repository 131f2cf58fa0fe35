/// \file
/// Text in columns and paragraphs for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::app {

/// As wide as the oldest terminals.
inline constexpr std::size_t kTerminalWidth = 80;

/// Paragraph of \p text, each line after \p indent blanks and at most \p width columns wide; breaks
/// at blanks only, so a word that is too long stands out. Ends with a line end unless empty.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent,
                                  std::size_t width = kTerminalWidth);

/// Rows of equally many cells under each other, two blanks between columns; the last column wraps.
/// Columns whose index is in \p right are aligned to the right.
[[nodiscard]] std::string columns(const std::vector<std::vector<std::string>>& rows,
                                  const std::vector<std::size_t>& right = {},
                                  std::size_t width = kTerminalWidth);

}  // namespace cairn::app
