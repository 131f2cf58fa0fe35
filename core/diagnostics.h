/// \file
/// Collects every mistake of an input, so that all are reported at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"

namespace cairn {

class Diagnostics {
 public:
  void error(SourceSpan at, std::string path, std::string message, std::string hint = {});
  void warning(SourceSpan at, std::string path, std::string message, std::string hint = {});

  /// No errors so far (warnings do not count).
  [[nodiscard]] bool ok() const { return errors_ == 0; }
  [[nodiscard]] std::size_t error_count() const { return errors_; }
  /// In the order of reporting.
  [[nodiscard]] const std::vector<Diagnostic>& items() const { return items_; }
  /// Sorted by file, line and column; equal ones once.
  [[nodiscard]] std::vector<Diagnostic> sorted() const;
  /// \throws ConfigError with sorted() if there is an error.
  void throw_if_any() const;

 private:
  std::vector<Diagnostic> items_;
  std::size_t errors_ = 0;
};

}  // namespace cairn
