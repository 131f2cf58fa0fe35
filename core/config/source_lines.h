/// \file
/// Byte positions of a text as SourceSpans.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cairn {

/// Keeps views into \p text, which must live as long. Very long lines are shown in part.
class SourceLines {
 public:
  SourceLines(std::string_view text, std::string file);

  /// \p line and \p byte count from 0; what lies behind the end becomes the end.
  [[nodiscard]] SourceSpan span(std::size_t line, std::size_t byte) const;
  /// By offset in the whole text.
  [[nodiscard]] SourceSpan span_at(std::size_t offset) const;
  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  [[nodiscard]] std::string_view line(std::size_t index) const { return lines_[index]; }

 private:
  std::string file_;
  std::vector<std::string_view> lines_;
  std::vector<std::size_t> begins_;  ///< offset of each line
};

}  // namespace cairn
