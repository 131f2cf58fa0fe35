/// \file
/// How far a run is: one line that is rewritten on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace cairn::report {

struct Progress {
  std::uint64_t done{};   ///< evaluations stored
  std::uint64_t total{};  ///< planned; 0 when unknown
  std::uint64_t feasible{};
  std::uint64_t front{};  ///< points in the front
};

/// `1,234,567`.
[[nodiscard]] std::string grouped(std::uint64_t number);
/// `8 s`, `3 min 05 s`, `2 h 14 min`.
[[nodiscard]] std::string human_duration(double seconds);
/// `524,288 of 1,000,000 (52 %), 81,234 points/s, 6 s left, front 312`.
/// \param rate evaluations a second; 0 when not known yet: then rate and time left are missing.
[[nodiscard]] std::string progress_text(const Progress& progress, double rate);

/// Shows progress from time to time. The clock decides only when a line appears, never a result.
class ProgressLine {
 public:
  /// \param terminal rewrite one line ten times a second; else a new line every ten seconds.
  /// \param done_before evaluations of an earlier run that this one resumes: not counted as rate.
  ProgressLine(std::ostream& out, bool terminal, std::uint64_t done_before, double seconds_now);
  /// \param seconds_now of a steady clock.
  void update(const Progress& progress, double seconds_now);
  /// The last state; the cursor ends on a new line.
  void finish(const Progress& progress, double seconds_now);

 private:
  void show(const Progress& progress, double seconds_now);

  std::ostream* out_;
  bool terminal_;
  double started_;
  double shown_;
  double rate_{};
  std::uint64_t first_done_;
  std::uint64_t rated_done_;
  double rated_at_;
  std::size_t width_{};  ///< of the line on the terminal
};

}  // namespace cairn::report
