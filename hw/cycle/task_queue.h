/// \file
/// Tasks that a stream has written and not yet handed out, with their numbers.
#pragma once

#include <cstdint>
#include <deque>

#include "core/error.h"
#include "hw/cycle/program.h"

namespace cairn::hw::cycle {

/// Number of a task of the stream; negative: none.
using TaskNumber = std::int64_t;
inline constexpr TaskNumber kNoTask = -1;

class TaskQueue {
 public:
  [[nodiscard]] bool empty() const { return pending_.empty(); }
  /// Number of the task that is written next.
  [[nodiscard]] TaskNumber next_number() const { return written_; }
  /// Appends a task. \returns its number, counted without laps that were left out.
  TaskNumber add(const Task& task) {
    pending_.push_back(task);
    return written_++;
  }
  /// Hands out the oldest. Precondition: not empty.
  Task take() {
    const Task task = pending_.front();
    pending_.pop_front();
    return task;
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
  /// The same for a task that a unit in between has waited for already, if it lies too far back to
  /// be named: units do their tasks in order, so it is done.
  void wait_for_unless_passed(Task& task, TaskNumber earlier) const {
    if (written_ - earlier <= std::int64_t{Task::kLongestReach}) {
      wait_for(task, earlier);
    }
  }

 private:
  std::deque<Task> pending_;
  TaskNumber written_{};
};

}  // namespace cairn::hw::cycle
