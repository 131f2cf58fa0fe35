#include "sim/kernel/task_streams.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace cairn::sim::kernel {

using hw::cycle::Task;

TaskStream::TaskStream(std::unique_ptr<hw::cycle::Stream> source, std::uint32_t index,
                       TaskTaker& taker)
    : source_(std::move(source)), index_(index), taker_(taker), done_(kMemory, false) {}

void TaskStream::issue(const Task& task) {
  const std::uint64_t number = issued_++;
  CAIRN_CHECK(number - oldest_ < kMemory, "a stream runs too far ahead of its oldest task");
  done_[number & (kMemory - 1)] = false;
  ++outstanding_;
  if (task.lap) {
    taker_.lap_begins(index_);
  }
  if (task.kind == hw::cycle::TaskKind::barrier) {
    taker_.at_barrier({.task = task, .stream = index_, .number = number});
  } else {
    taker_.take({.task = task, .stream = index_, .number = number});
  }
}

void TaskStream::refill() {
  if (refilling_) {
    return;  // called back from a task that ended at once
  }
  refilling_ = true;
  while (outstanding_ < kWindow) {
    if (held_) {
      if (holds(fence_)) {
        break;
      }
      held_ = false;
      issue(fence_);
      continue;
    }
    if (ended_) {
      break;
    }
    Task task;
    if (!source_->next(task)) {
      ended_ = true;
      break;
    }
    if (task.fence && holds(task)) {
      fence_ = task;
      held_ = true;
      break;
    }
    issue(task);
  }
  refilling_ = false;
}

bool TaskStream::holds(const Task& fence) const {
  const bool names =
      std::any_of(fence.after.begin(), fence.after.end(), [](auto d) { return d != 0; });
  return names ? !ready({.task = fence, .stream = index_, .number = issued_}) : outstanding_ > 0;
}

void TaskStream::done(std::uint64_t number) {
  done_[number & (kMemory - 1)] = true;
  --outstanding_;
  while (oldest_ < issued_ && done_[oldest_ & (kMemory - 1)]) {
    ++oldest_;
  }
}

bool TaskStream::ready(const IssuedTask& task) const {
  for (const std::uint32_t distance : task.task.after) {
    if (distance != 0 && distance <= task.number && !is_done(task.number - distance)) {
      return false;
    }
  }
  return true;
}

std::uint64_t TaskStream::waits_for(const IssuedTask& task) const {
  for (const std::uint32_t distance : task.task.after) {
    if (distance != 0 && distance <= task.number && !is_done(task.number - distance)) {
      return task.number - distance;
    }
  }
  CAIRN_CHECK(false, "a task that is ready waits for nothing");
  return 0;
}

}  // namespace cairn::sim::kernel
