#include "report/store/progress_line.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace cairn::report {

namespace {

constexpr double kTerminalPause = 0.1;  ///< seconds between two pictures
constexpr double kLogPause = 10.0;
constexpr double kRatePause = 1.0;  ///< over which a rate is taken
constexpr double kSmoothing = 0.4;  ///< weight of the latest rate

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string human_duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(seconds, 0.0)));
  constexpr std::uint64_t kMinute = 60;
  constexpr std::uint64_t kHour = 3600;
  if (whole < kMinute) {
    return fmt::format("{} s", whole);
  }
  if (whole < kHour) {
    return fmt::format("{} min {:02} s", whole / kMinute, whole % kMinute);
  }
  return fmt::format("{} h {:02} min", whole / kHour, whole % kHour / kMinute);
}

std::string progress_text(const Progress& progress, double rate) {
  std::string text = grouped(progress.done);
  if (progress.total > 0) {
    // Never 100 % before the end.
    const auto percent = static_cast<std::uint64_t>(100.0 * static_cast<double>(progress.done) /
                                                    static_cast<double>(progress.total));
    text += fmt::format(" of {} ({} %)", grouped(progress.total), percent);
  }
  if (rate > 0.0) {
    text += fmt::format(", {} points/s", grouped(static_cast<std::uint64_t>(std::llround(rate))));
    if (progress.total > progress.done) {
      text += fmt::format(
          ", {} left", human_duration(static_cast<double>(progress.total - progress.done) / rate));
    }
  }
  return text + fmt::format(", front {}", grouped(progress.front));
}

ProgressLine::ProgressLine(std::ostream& out, bool terminal, std::uint64_t done_before,
                           double seconds_now)
    : out_(&out),
      terminal_(terminal),
      started_(seconds_now),
      shown_(seconds_now),
      first_done_(done_before),
      rated_done_(done_before),
      rated_at_(seconds_now) {}

void ProgressLine::update(const Progress& progress, double seconds_now) {
  if (seconds_now - rated_at_ >= kRatePause) {
    const double latest =
        static_cast<double>(progress.done - rated_done_) / (seconds_now - rated_at_);
    rate_ = rate_ == 0.0 ? latest : kSmoothing * latest + (1.0 - kSmoothing) * rate_;
    rated_done_ = progress.done;
    rated_at_ = seconds_now;
  }
  if (seconds_now - shown_ >= (terminal_ ? kTerminalPause : kLogPause)) {
    show(progress, seconds_now);
  }
}

void ProgressLine::show(const Progress& progress, double seconds_now) {
  shown_ = seconds_now;
  const std::string text = progress_text(progress, rate_);
  if (terminal_) {
    const std::size_t pad = width_ > text.size() ? width_ - text.size() : 0;
    *out_ << '\r' << text << std::string(pad, ' ') << std::flush;
    width_ = text.size();
  } else {
    *out_ << text << '\n' << std::flush;
  }
}

void ProgressLine::finish(const Progress& progress, double seconds_now) {
  const double elapsed = seconds_now - started_;
  rate_ = elapsed > 0.0 ? static_cast<double>(progress.done - first_done_) / elapsed : 0.0;
  show(progress, seconds_now);
  if (terminal_) {
    *out_ << '\n' << std::flush;
  }
}

}  // namespace cairn::report
