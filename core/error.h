/// \file
/// The three exceptions of the program, and positions in text files.
///
/// Who is to blame decides: the user's file or flag (ConfigError, exit code 2), the outside world
/// (IoError, exit code 3), or this program (InternalError, exit code 70). A design point that
/// cannot exist is none of these: it is an ordinary value.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

/// A place in a text file, with the line itself, so that a message can show it.
struct SourceSpan {
  std::string file;
  int line{};        ///< from 1; 0 when the whole file is meant
  int column{};      ///< from 1, in characters (not bytes)
  std::string text;  ///< the source line, or a part of it if it is very long
  int caret{};       ///< from 1, in characters of `text`; 0 means: the same as column
};

enum class Severity { error, warning };

/// One message about one place.
struct Diagnostic {
  Severity severity{Severity::error};
  SourceSpan at;
  std::string path;     ///< `device.array.rows`; may be empty
  std::string message;  ///< lower case, no full stop, says what was found and what was expected
  std::string hint;     ///< may be empty
};

/// The text of one diagnostic, several lines, without a newline at the end:
/// \code
/// hw/bad.yaml:4:5: error: device.array.colums: unknown key
///       colums: 16
///       ^
///   hint: did you mean 'cols'?
/// \endcode
[[nodiscard]] std::string render(const Diagnostic& diagnostic);

/// The user's file or flag is wrong. what() renders every diagnostic (at most the first hundred).
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// The outside world failed: `path: what: reason`, the reason from \p error_number (an errno; 0
/// when there is none).
class IoError : public std::runtime_error {
 public:
  IoError(std::string path, std::string_view what, int error_number);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int error_number() const { return error_number_; }

 private:
  std::string path_;
  int error_number_;
};

/// This program is wrong. Never thrown because of what a user wrote.
class InternalError : public std::logic_error {
 public:
  explicit InternalError(std::string_view text,
                         std::source_location where = std::source_location::current());
};

namespace detail {
[[noreturn]] void check_failed(const char* condition, std::string_view text,
                               std::source_location where = std::source_location::current());
}  // namespace detail

}  // namespace cairn

/// Throws InternalError with the place when \p cond is false. Only for what no input can cause.
#define CAIRN_CHECK(cond, text)                   \
  do {                                            \
    if (!(cond)) [[unlikely]] {                   \
      ::cairn::detail::check_failed(#cond, text); \
    }                                             \
  } while (false)
