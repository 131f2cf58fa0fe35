#include "core/log.h"

#include <array>
#include <memory>
#include <string>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace cairn::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::error:
      return spdlog::level::err;
    case Level::warn:
      return spdlog::level::warn;
    case Level::info:
      return spdlog::level::info;
    case Level::debug:
      return spdlog::level::debug;
    case Level::trace:
      return spdlog::level::trace;
  }
  return spdlog::level::trace;
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made{"cairn", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    made.set_pattern("%l: %v");
    made.set_level(spdlog::level::warn);
    return made;
  }();
  return instance;
}

}  // namespace

void set_level(Level level) {
  logger().set_level(to_spdlog(level));
}

bool set_level(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Level>, 5> kNames{{{"error", Level::error},
                                                                      {"warn", Level::warn},
                                                                      {"info", Level::info},
                                                                      {"debug", Level::debug},
                                                                      {"trace", Level::trace}}};
  for (const auto& [name, level] : kNames) {
    if (name == text) {
      set_level(level);
      return true;
    }
  }
  return false;
}

bool enabled(Level level) {
  return logger().should_log(to_spdlog(level));
}

void write(Level level, std::string_view text) {
  logger().log(to_spdlog(level), spdlog::string_view_t{text.data(), text.size()});
}

}  // namespace cairn::log
