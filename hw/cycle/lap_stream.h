/// \file
/// A stream that writes its tasks lap by lap, and keeps one lap at a time.
#pragma once

#include <cstdint>

#include "hw/cycle/program.h"
#include "hw/cycle/task_queue.h"

namespace cairn::hw::cycle {

class LapStream : public Stream {
 public:
  /// \param laps that write_lap() is called for, 0, 1, ... in turn
  explicit LapStream(std::int64_t laps) : laps_(laps) {}

  bool next(Task& task) final {
    while (pending_.empty()) {
      if (!started_) {
        started_ = true;
        write_start();
      } else if (lap_ < laps_) {
        lap_begins_ = true;
        write_lap(lap_++);
        lap_begins_ = false;
      } else if (!ended_) {
        ended_ = true;
        write_end();
      } else {
        return false;
      }
    }
    task = pending_.take();
    return true;
  }
  void skip_laps(std::int64_t count) final { lap_ += count; }

 protected:
  virtual void write_start() {}
  virtual void write_lap(std::int64_t lap) = 0;
  virtual void write_end() {}

  /// Appends a task. \returns its number, counted without laps that were left out.
  TaskNumber add(Task task) {
    task.lap = lap_begins_;
    lap_begins_ = false;
    return pending_.add(task);
  }
  void wait_for(Task& task, TaskNumber earlier) const { pending_.wait_for(task, earlier); }
  [[nodiscard]] std::int64_t laps() const { return laps_; }

 private:
  std::int64_t laps_{};
  std::int64_t lap_{};
  bool started_{};
  bool ended_{};
  bool lap_begins_{};  ///< the next task is the first of a lap
  TaskQueue pending_;
};

}  // namespace cairn::hw::cycle
