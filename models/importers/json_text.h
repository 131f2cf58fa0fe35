/// \file
/// A JSON document that still knows where its top-level keys stand, for diagnostics.
/// Private to the importers: it exposes nlohmann::json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/diagnostics.h"
#include "core/error.h"

namespace cairn::models {

/// Text, parsed value and positions of one file.
// NOLINTNEXTLINE(bugprone-exception-escape): the move of nlohmann::json only asserts
class JsonText {
 public:
  /// Reads and parses \p path. Reports an unreadable file or text that is not a JSON object to
  /// \p diagnostics and answers nothing.
  [[nodiscard]] static std::optional<JsonText> load(const std::filesystem::path& path,
                                                    Diagnostics& diagnostics);

  [[nodiscard]] const nlohmann::json& root() const { return root_; }
  /// Position of the value of a top-level key; of the start of the file if there is no such key.
  [[nodiscard]] SourceSpan at(std::string_view key) const;

 private:
  [[nodiscard]] SourceSpan span(std::size_t offset) const;

  std::string file_;
  std::string text_;
  nlohmann::json root_;
};

/// Whole content of a file; an unreadable one is reported as an error.
[[nodiscard]] std::optional<std::string> read_text(const std::filesystem::path& path,
                                                   Diagnostics& diagnostics);

}  // namespace cairn::models
