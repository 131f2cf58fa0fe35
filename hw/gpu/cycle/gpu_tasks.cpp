#include "hw/gpu/cycle/gpu_tasks.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace cairn::hw::cycle {

std::uint16_t TaskList::unit(SmUnit which) const {
  return static_cast<std::uint16_t>(sm_ * kUnitsOfSm + static_cast<std::size_t>(which));
}

std::uint64_t TaskList::add(Task task, std::span<const std::uint64_t> after) {
  std::size_t named = 0;
  for (const std::uint64_t number : after) {
    if (number == kNone) {
      continue;
    }
    const std::uint64_t distance = next_ - number;
    CAIRN_CHECK(named < Task::kMostPredecessors && distance <= Task::kLongestReach,
                "a task of a GPU waits for too many tasks or for one too far back");
    task.after.at(named++) = static_cast<std::uint32_t>(distance);
  }
  tasks_.push_back(task);
  return next_++;
}

std::uint64_t TaskList::compute(GpuActivity activity, double seconds,
                                std::span<const std::uint64_t> after, bool fence) {
  Task task;
  task.unit = unit(SmUnit::compute);
  std::vector<std::uint64_t> left(after.begin(), after.end());
  while (left.size() > Task::kMostPredecessors) {
    // The joining task is done before this one may start: they share the unit.
    const auto first = left.end() - static_cast<std::ptrdiff_t>(Task::kMostPredecessors);
    const std::vector<std::uint64_t> some(first, left.end());
    left.erase(first, left.end());
    task.activity = static_cast<std::uint16_t>(GpuActivity::wait);
    add(task, some);
  }
  task.activity = static_cast<std::uint16_t>(activity);
  task.duration = to_femtoseconds(seconds);
  task.fence = fence;
  return add(task, left);
}

std::uint64_t TaskList::transfer(SmUnit which, GpuActivity activity, const Transfer& what,
                                 double setup_s, std::uint64_t after) {
  Task task;
  task.kind = TaskKind::transfer;
  task.unit = unit(which);
  task.activity = static_cast<std::uint16_t>(activity);
  task.duration = to_femtoseconds(setup_s);
  task.transfer = what;
  return add(task, std::array{after});
}

std::uint64_t TaskList::delay(SmUnit which, GpuActivity activity, double seconds,
                              std::uint64_t after) {
  return transfer(which, activity, Transfer{.memory = -1, .bytes = 0}, seconds, after);
}

std::uint64_t TaskList::on_board(std::uint16_t board, double seconds) {
  Task task;
  task.unit = board;
  task.activity = static_cast<std::uint16_t>(GpuActivity::board_limit);
  task.duration = to_femtoseconds(seconds);
  return add(task, {});
}

void TaskList::barrier(bool at_once) {
  Task task;
  task.kind = TaskKind::barrier;
  task.activity = static_cast<std::uint16_t>(GpuActivity::wait);
  task.fence = !at_once;
  const std::uint64_t met = add(task, {});
  compute(GpuActivity::wait, 0, std::array{met}, /*fence=*/true);
}

void TaskList::pop(Task& task) {
  task = tasks_.front();
  tasks_.pop_front();
}

std::vector<std::int64_t> pieces_of(std::int64_t steps, std::int64_t most) {
  std::vector<std::int64_t> front;
  std::vector<std::int64_t> back;
  std::int64_t left = steps;
  for (std::int64_t size = 1; size < most && left >= 2 * size; size *= 2) {
    front.push_back(size);
    back.push_back(size);
    left -= 2 * size;
  }
  const std::int64_t middle = (left + most - 1) / most;
  for (std::int64_t i = 0; i < middle; ++i) {
    front.push_back(left * (i + 1) / middle - left * i / middle);
  }
  front.insert(front.end(), back.rbegin(), back.rend());
  std::vector<std::int64_t> ends;
  std::int64_t end = 0;
  for (const std::int64_t size : front) {
    end += size;
    ends.push_back(end);
  }
  return ends;
}

void BlockDispatcher::next(std::vector<std::int64_t>& blocks) {
  blocks.clear();
  const std::int64_t wave = asked_ / sms_ * sms_ * per_sm_;
  const std::int64_t place = asked_ % sms_;
  ++asked_;
  for (std::int64_t i = 0; i < per_sm_; ++i) {
    const std::int64_t block = wave + i * sms_ + place;
    if (block < blocks_) {
      blocks.push_back(block);
    }
  }
}

}  // namespace cairn::hw::cycle
