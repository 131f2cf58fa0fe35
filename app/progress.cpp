#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace cairn::app {
namespace {

std::string time_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  return whole < 3600 ? fmt::format("{}:{:02} min", whole / 60, whole % 60)
                      : fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(double total, std::uint64_t done)
    : total_(total),
      start_done_(done),
      start_(Clock::now()),
      last_(start_),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::update(std::uint64_t done, std::size_t front) {
  const auto now = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000);
  if (now - last_ < pause) {
    return;
  }
  last_ = now;
  printed_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - start_done_) / seconds;
  const double left = rate > 0 ? (total_ - static_cast<double>(done)) / rate : 0.0;
  const std::string line =
      fmt::format("{} of {:.0f} points ({:.0f} %), {:.0f}/s, {} left, front {}", done, total_,
                  100.0 * static_cast<double>(done) / total_, rate, time_text(left), front);
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", line, terminal_ ? "" : "\n");
  std::fflush(stderr);
}

void Progress::finish() {
  if (terminal_ && printed_) {
    fmt::print(stderr, "\r\x1b[K");
  }
}

}  // namespace cairn::app
