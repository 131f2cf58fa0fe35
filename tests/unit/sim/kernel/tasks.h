/// \file
/// Programs written out by hand, for tests.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "hw/cycle/program.h"

namespace cairn::tests {

/// The tasks of a list, one after the other.
class ListedStream final : public hw::cycle::Stream {
 public:
  explicit ListedStream(std::vector<hw::cycle::Task> tasks) : tasks_(std::move(tasks)) {}
  bool next(hw::cycle::Task& task) override {
    if (at_ == tasks_.size()) {
      return false;
    }
    task = tasks_[at_++];
    return true;
  }

 private:
  std::vector<hw::cycle::Task> tasks_;
  std::size_t at_{};
};

inline hw::cycle::Task compute(std::uint16_t unit, hw::cycle::Femtoseconds duration,
                               std::vector<std::uint32_t> after = {}) {
  hw::cycle::Task task;
  task.unit = unit;
  task.duration = duration;
  for (std::size_t i = 0; i < after.size(); ++i) {
    task.after.at(i) = after[i];
  }
  return task;
}

inline hw::cycle::Task transfer(std::uint16_t unit, std::int32_t memory, std::uint64_t address,
                                std::uint64_t bytes, std::vector<std::uint32_t> after = {}) {
  hw::cycle::Task task = compute(unit, 0, std::move(after));
  task.kind = hw::cycle::TaskKind::transfer;
  task.transfer = {.memory = memory, .write = false, .address = address, .bytes = bytes};
  return task;
}

inline hw::cycle::Program program(std::vector<std::vector<hw::cycle::Task>> streams) {
  hw::cycle::Program p;
  for (auto& tasks : streams) {
    p.streams.push_back(std::make_unique<ListedStream>(std::move(tasks)));
  }
  p.activities = {"work"};
  return p;
}

}  // namespace cairn::tests
