/// \file
/// How far a run is: one line that renews itself on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

namespace cairn::app {

class Progress {
 public:
  /// \param total points in all; \param done points stored by an earlier part of the run.
  Progress(double total, std::uint64_t done);
  /// Prints if enough time has passed since the last time.
  void update(std::uint64_t done, std::size_t front);
  /// Ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  double total_;
  std::uint64_t start_done_;
  Clock::time_point start_;
  Clock::time_point last_;
  bool terminal_;
  bool printed_{};
};

}  // namespace cairn::app
