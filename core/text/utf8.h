/// \file
/// The little that messages need to know about UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

/// Characters (code points) of a text. Bytes that are not UTF-8 count one each.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// Columns of a terminal: wide characters (East Asian, emoji) take two, combining marks none.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Byte offset of character \p index (from 0); the size of the text if there are fewer.
[[nodiscard]] std::size_t byte_of_character(std::string_view text, std::size_t index);

/// Byte offset of the first byte that is not UTF-8, or is NUL.
[[nodiscard]] std::optional<std::size_t> find_not_text(std::string_view text);

/// At most \p limit characters, `...` when something was cut; control characters become spaces.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit = 60);

}  // namespace cairn
