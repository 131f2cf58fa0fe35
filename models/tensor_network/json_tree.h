/// \file
/// A JSON document whose values know where they stand, for diagnostics. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/diagnostics.h"
#include "core/error.h"

namespace cairn::models {

struct JsonNode {
  enum class Kind : std::uint8_t { object, array, string, other };
  Kind kind{Kind::other};
  std::size_t offset{};  ///< of its first byte in the text
  std::string text;      ///< of a string: its value; of numbers, true, false and null: as written
  std::vector<JsonNode> items;    ///< of an array; of an object: its values
  std::vector<std::string> keys;  ///< of an object, beside its values; equal ones stay

  /// The last value of a key, as parsers keep it; nullptr if there is none.
  [[nodiscard]] const JsonNode* find(std::string_view key) const;
  /// `an object`, `a list`, `the text "x"`, `true`: for messages.
  [[nodiscard]] std::string described() const;
};

/// Parses \p text; what is wrong is reported with line and column of \p file.
[[nodiscard]] std::optional<JsonNode> parse_json(std::string_view text, const std::string& file,
                                                 Diagnostics& diagnostics);

/// Line and column of a byte of the text, with that line (a part of it if it is very long).
[[nodiscard]] SourceSpan place_in(std::string_view text, const std::string& file,
                                  std::size_t offset);

}  // namespace cairn::models
