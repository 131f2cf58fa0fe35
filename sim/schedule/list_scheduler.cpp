#include "sim/schedule/list_scheduler.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "core/error.h"

namespace cairn::sim {
namespace {

/// A ready task in the queue of its resource: earliest ready first, then lowest number.
struct Ready {
  double at{};
  std::int32_t task{};
  friend bool operator>(const Ready& a, const Ready& b) {
    return a.at != b.at ? a.at > b.at : a.task > b.task;
  }
};
using ReadyQueue = std::priority_queue<Ready, std::vector<Ready>, std::greater<>>;

}  // namespace

Schedule schedule(const std::vector<Task>& tasks, const std::vector<std::string>& resources) {
  std::vector<std::int32_t> waiting(tasks.size(), 0);
  std::vector<std::vector<std::int32_t>> followers(tasks.size());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    CAIRN_CHECK(
        tasks[t].resource >= 0 && static_cast<std::size_t>(tasks[t].resource) < resources.size(),
        "a task names a resource that does not exist");
    for (const std::int32_t before : tasks[t].after) {
      CAIRN_CHECK(before >= 0 && static_cast<std::size_t>(before) < t,
                  "a task depends on itself or a later one");
      followers[static_cast<std::size_t>(before)].push_back(static_cast<std::int32_t>(t));
      ++waiting[t];
    }
  }
  std::vector<ReadyQueue> queues(resources.size());
  std::vector<double> free_at(resources.size(), 0.0);
  std::vector<double> ready_at(tasks.size(), 0.0);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (waiting[t] == 0) {
      queues[static_cast<std::size_t>(tasks[t].resource)].push({0.0, static_cast<std::int32_t>(t)});
    }
  }
  Schedule result;
  result.slots.resize(tasks.size());
  for (std::size_t done = 0; done < tasks.size(); ++done) {
    // The next task to start anywhere; ties go to the lower resource number.
    std::size_t best = resources.size();
    double best_start = 0;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (queues[r].empty()) {
        continue;
      }
      const double start = std::max(free_at[r], queues[r].top().at);
      if (best == resources.size() || start < best_start) {
        best = r;
        best_start = start;
      }
    }
    CAIRN_CHECK(best < resources.size(), "no task can start although some remain");
    const auto t = static_cast<std::size_t>(queues[best].top().task);
    queues[best].pop();
    const double end = best_start + tasks[t].duration.count();
    free_at[best] = end;
    result.slots[t] = {Seconds{best_start}, Seconds{end}};
    result.makespan = std::max(result.makespan, Seconds{end});
    for (const std::int32_t next : followers[t]) {
      const auto n = static_cast<std::size_t>(next);
      ready_at[n] = std::max(ready_at[n], end);
      if (--waiting[n] == 0) {
        queues[static_cast<std::size_t>(tasks[n].resource)].push({ready_at[n], next});
      }
    }
  }
  return result;
}

}  // namespace cairn::sim
