/// \file
/// Where a command's answer goes: standard output, or a file that appears only when complete.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace cairn::app {

/// Collects text and writes it in large pieces.
class Output {
 public:
  /// \param path empty for standard output. \throws IoError.
  explicit Output(std::string path);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  Output(Output&&) = delete;
  Output& operator=(Output&&) = delete;
  /// Removes the unfinished file if finish() was not reached.
  ~Output();

  [[nodiscard]] std::string& text() { return text_; }
  /// Writes what was collected once there is much of it. \throws IoError.
  void flush_if_large();
  /// Writes the rest and gives the file its name. \throws IoError.
  void finish();

 private:
  void flush();
  std::string path_;
  std::string temporary_;
  std::FILE* file_{};
  std::string text_;
};

}  // namespace cairn::app
