/// \file
/// A stream that writes its tasks lap by lap, and keeps one lap at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/error.h"
#include "hw/cycle/program.h"

namespace cairn::hw::cycle {

/// Number of a task of the stream; negative: none.
using TaskNumber = std::int64_t;
inline constexpr TaskNumber kNoTask = -1;

class LapStream : public Stream {
 public:
  /// \param laps that write_lap() is called for, 0, 1, ... in turn
  explicit LapStream(std::int64_t laps) : laps_(laps) {}

  bool next(Task& task) final {
    while (at_ == pending_.size()) {
      pending_.clear();
      at_ = 0;
      if (!started_) {
        started_ = true;
        write_start();
      } else if (lap_ < laps_) {
        const std::size_t first = pending_.size();
        write_lap(lap_++);
        if (first < pending_.size()) {
          pending_[first].lap = true;
        }
      } else if (!ended_) {
        ended_ = true;
        write_end();
      } else {
        return false;
      }
    }
    task = pending_[at_++];
    return true;
  }
  void skip_laps(std::int64_t count) final { lap_ += count; }

 protected:
  virtual void write_start() {}
  virtual void write_lap(std::int64_t lap) = 0;
  virtual void write_end() {}

  /// Appends a task. \returns its number, counted without laps that were left out.
  TaskNumber add(const Task& task) {
    pending_.push_back(task);
    return written_++;
  }
  /// Makes the task that is written next wait for \p earlier, if there is such a task.
  void wait_for(Task& task, TaskNumber earlier) const {
    if (earlier < 0) {
      return;
    }
    const std::int64_t distance = written_ - earlier;
    CAIRN_CHECK(distance > 0 && distance <= std::int64_t{Task::kLongestReach},
                "a task waits for one that is too far back");
    for (std::uint32_t& place : task.after) {
      if (place == 0) {
        place = static_cast<std::uint32_t>(distance);
        return;
      }
    }
    CAIRN_CHECK(false, "a task waits for more than it can name");
  }
  [[nodiscard]] std::int64_t laps() const { return laps_; }

 private:
  std::int64_t laps_{};
  std::int64_t lap_{};
  bool started_{};
  bool ended_{};
  std::vector<Task> pending_;
  std::size_t at_{};
  TaskNumber written_{};
};

}  // namespace cairn::hw::cycle
