/// \file
/// Whole files as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn {

/// \throws IoError if the file cannot be read, is a directory or is larger than \p most_bytes.
[[nodiscard]] std::string read_text_file(const std::string& path,
                                         std::int64_t most_bytes = std::int64_t{1} << 32U);

/// Writes beside the target and renames, so that the file is either the old one or complete.
/// \throws IoError
void write_text_file(const std::string& path, std::string_view text);

}  // namespace cairn
