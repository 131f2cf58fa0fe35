/// \file
/// Messages to stderr. Results never go here, and nothing inside an evaluation logs.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace cairn::log {

enum class Level { error, warn, info, debug, trace };

/// Messages above this level are dropped; at first, above `warn`.
void set_level(Level level);
/// `error`, `warn`, `info`, `debug` or `trace`. \returns false if it is none of them.
[[nodiscard]] bool set_level(std::string_view text);
[[nodiscard]] bool enabled(Level level);

/// One message as it is.
void write(Level level, std::string_view text);

namespace detail {
template <class... Args>
void format(Level level, fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(level)) {
    write(level, fmt::format(text, std::forward<Args>(args)...));
  }
}
}  // namespace detail

template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  detail::format(Level::error, text, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  detail::format(Level::warn, text, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  detail::format(Level::info, text, std::forward<Args>(args)...);
}
template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  detail::format(Level::debug, text, std::forward<Args>(args)...);
}
template <class... Args>
void trace(fmt::format_string<Args...> text, Args&&... args) {
  detail::format(Level::trace, text, std::forward<Args>(args)...);
}

}  // namespace cairn::log
