/// \file
/// The streams of a running program: which tasks were handed out, and which are done.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hw/cycle/program.h"

namespace cairn::sim::kernel {

using hw::cycle::Femtoseconds;

/// A task in the hands of a unit.
struct IssuedTask {
  hw::cycle::Task task;
  std::uint32_t stream{};
  std::uint64_t number{};  ///< place in its stream, from 0
};

/// What a stream needs of the machine.
class TaskTaker {
 public:
  TaskTaker() = default;
  TaskTaker(const TaskTaker&) = delete;
  TaskTaker& operator=(const TaskTaker&) = delete;
  TaskTaker(TaskTaker&&) = delete;
  TaskTaker& operator=(TaskTaker&&) = delete;
  virtual ~TaskTaker() = default;
  /// Queues a task at its unit.
  virtual void take(const IssuedTask& task) = 0;
  /// The first task of a lap of \p stream was handed out.
  virtual void lap_begins(std::uint32_t stream) = 0;
  /// A stream has come to a barrier.
  virtual void at_barrier(const IssuedTask& task) = 0;
};

class TaskStream {
 public:
  TaskStream(std::unique_ptr<hw::cycle::Stream> source, std::uint32_t index, TaskTaker& taker);

  /// Hands out tasks until enough are on their way, a fence holds, or the stream ends.
  void refill();
  void done(std::uint64_t number);
  /// Whether all that \p task names is done.
  [[nodiscard]] bool ready(const IssuedTask& task) const;
  /// The first of those that is not; precondition: !ready(task).
  [[nodiscard]] std::uint64_t waits_for(const IssuedTask& task) const;
  [[nodiscard]] bool finished() const { return ended_ && outstanding_ == 0 && !held_; }
  [[nodiscard]] std::uint64_t issued() const { return issued_; }
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }
  hw::cycle::Stream& source() { return *source_; }

 private:
  static constexpr std::uint64_t kWindow = 256;
  static constexpr std::uint64_t kMemory = 16384;  ///< a power of two above kLongestReach + kWindow
  [[nodiscard]] bool is_done(std::uint64_t number) const {
    return number < oldest_ || done_[number & (kMemory - 1)];
  }
  void issue(const hw::cycle::Task& task);
  /// Whether \p fence has to wait.
  [[nodiscard]] bool holds(const hw::cycle::Task& fence) const;

  std::unique_ptr<hw::cycle::Stream> source_;
  std::uint32_t index_{};
  TaskTaker& taker_;
  std::vector<bool> done_;
  std::uint64_t issued_{};       ///< tasks handed out
  std::uint64_t oldest_{};       ///< all before it are done
  std::uint64_t outstanding_{};  ///< handed out and not done
  bool ended_{};
  bool held_{};  ///< a fence that waits
  hw::cycle::Task fence_;
  bool refilling_{};
};

}  // namespace cairn::sim::kernel
