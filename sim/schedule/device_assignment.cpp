#include "sim/schedule/device_assignment.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace cairn::sim {
namespace {

constexpr std::size_t kMostExhaustive = 10;  ///< tasks with a choice that are all tried out
constexpr std::size_t kMostPaired = 32;      ///< tasks with a choice that are also moved in pairs
constexpr int kMostSweeps = 6;

bool is_link(const SharedTask& task) {
  return task.on_links > 0;
}

/// Whether each task pays a mode switch.
std::vector<bool> switches_of(std::span<const SharedTask> tasks, const SharedDevices& devices,
                              const std::vector<std::uint8_t>& device) {
  std::vector<bool> pays(tasks.size(), false);
  if (!devices.concurrent) {  // whatever stands between two tasks of a device ends its run
    std::int32_t running = -1;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (!is_link(tasks[t])) {
        pays[t] = running != device[t] && devices.mode_switch[device[t]] > 0;
        running = device[t];
      }
    }
    return pays;
  }
  std::vector<std::int32_t> last(devices.mode_switch.size(), -1);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (is_link(tasks[t])) {
      continue;
    }
    const std::size_t d = device[t];
    std::int32_t& before = last[d];
    bool pay = before < 0;
    for (const std::int32_t a : tasks[t].after) {
      const auto from = static_cast<std::size_t>(a);
      pay = pay || (a > before && device[from] != device[t]);
    }
    pays[t] = pay && devices.mode_switch[d] > 0;
    before = static_cast<std::int32_t>(t);
  }
  return pays;
}

/// Tasks of the list scheduler for one set of shared tasks; only resources and times change.
class Timeline {
 public:
  Timeline(std::span<const SharedTask> shared, const SharedDevices& devices)
      : shared_(shared), devices_(devices) {
    for (std::size_t d = 0; d < devices.mode_switch.size(); ++d) {
      resources_.emplace_back("device");
    }
    resources_.emplace_back("links");
    tasks_.resize(shared.size());
    for (std::size_t t = 0; t < shared.size(); ++t) {
      tasks_[t].after = shared[t].after;
    }
  }
  /// Sets resources and times. \returns the switches paid.
  std::int64_t place(const std::vector<std::uint8_t>& device) {
    const std::vector<bool> pays = switches_of(shared_, devices_, device);
    std::int64_t paid = 0;
    for (std::size_t t = 0; t < shared_.size(); ++t) {
      if (is_link(shared_[t])) {
        tasks_[t].resource = static_cast<std::int32_t>(devices_.mode_switch.size());
        tasks_[t].duration = Seconds{shared_[t].on_links};
        continue;
      }
      const std::size_t d = device[t];
      tasks_[t].resource = static_cast<std::int32_t>(d);
      tasks_[t].duration =
          Seconds{shared_[t].seconds[d] + (pays[t] ? devices_.mode_switch[d] : 0.0)};
      paid += pays[t] ? 1 : 0;
    }
    return paid;
  }
  [[nodiscard]] Schedule run() const { return schedule(tasks_, resources_); }
  [[nodiscard]] double sum() const {
    double total = 0;
    for (const Task& task : tasks_) {
      total += task.duration.count();
    }
    return total;
  }
  /// \returns the makespan under \p device.
  double length(const std::vector<std::uint8_t>& device, std::int64_t& switches) {
    switches = place(device);
    return devices_.concurrent ? run().makespan.count() : sum();
  }

 private:
  std::span<const SharedTask> shared_;
  const SharedDevices& devices_;
  std::vector<Task> tasks_;
  std::vector<std::string> resources_;
};

/// Devices that a task may run on.
std::vector<std::uint8_t> allowed(const SharedTask& task) {
  std::vector<std::uint8_t> found;
  for (std::size_t d = 0; d < task.seconds.size(); ++d) {
    if (task.seconds[d] < kCannotRun &&
        (task.only < 0 || static_cast<std::size_t>(task.only) == d)) {
      found.push_back(static_cast<std::uint8_t>(d));
    }
  }
  if (found.empty() && task.only >= 0) {  // the rule's device cannot: any that can
    for (std::size_t d = 0; d < task.seconds.size(); ++d) {
      if (task.seconds[d] < kCannotRun) {
        found.push_back(static_cast<std::uint8_t>(d));
      }
    }
  }
  return found;
}

class Search {
 public:
  Search(std::span<const SharedTask> tasks, const SharedDevices& devices)
      : tasks_(tasks), devices_(devices), timeline_(tasks, devices) {
    for (const SharedTask& task : tasks) {
      choices_.push_back(is_link(task) ? std::vector<std::uint8_t>{kOnLinks} : allowed(task));
      possible_ = possible_ && !choices_.back().empty();
      several_ += choices_.back().size() > 1 ? 1U : 0U;
    }
  }
  DeviceAssignment run() {
    if (!possible_) {
      best_.makespan = kCannotRun;
      return best_;
    }
    best_.makespan = kCannotRun;
    if (several_ <= kMostExhaustive) {
      std::vector<std::uint8_t> device(tasks_.size());
      try_all(device, 0);
      return best_;
    }
    if (!devices_.concurrent) {
      consider(shortest_path());
    }
    consider(fastest());
    for (std::size_t d = 0; d < devices_.mode_switch.size(); ++d) {
      consider(all_on(static_cast<std::uint8_t>(d)));
    }
    if (devices_.concurrent) {
      // From several starts: what is a dead end for one is a step for another.
      DeviceAssignment found = best_;
      for (const std::vector<std::uint8_t>& start : {earliest_finish(), fastest(), best_.device}) {
        best_ = evaluate(start);
        improve();
        if (best_.makespan < found.makespan) {
          found = best_;
        }
      }
      best_ = found;
    }
    return best_;
  }

 private:
  DeviceAssignment evaluate(const std::vector<std::uint8_t>& device) {
    DeviceAssignment a{device, 0, 0};
    a.makespan = timeline_.length(device, a.switches);
    return a;
  }
  bool consider(const std::vector<std::uint8_t>& device) {
    std::int64_t switches = 0;
    const double length = timeline_.length(device, switches);
    if (length < best_.makespan * (1.0 - 1e-12)) {
      best_ = {device, length, switches};
      return true;
    }
    return false;
  }
  void try_all(std::vector<std::uint8_t>& device, std::size_t t) {
    if (t == tasks_.size()) {
      consider(device);
      return;
    }
    for (const std::uint8_t d : choices_[t]) {
      device[t] = d;
      try_all(device, t + 1);
    }
  }
  [[nodiscard]] std::uint8_t fastest_of(std::size_t t) const {
    return *std::min_element(choices_[t].begin(), choices_[t].end(),
                             [&](std::uint8_t a, std::uint8_t b) {
                               return tasks_[t].seconds[a] < tasks_[t].seconds[b];
                             });
  }
  [[nodiscard]] std::vector<std::uint8_t> fastest() const {
    std::vector<std::uint8_t> device(tasks_.size(), kOnLinks);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (!is_link(tasks_[t])) {
        device[t] = fastest_of(t);
      }
    }
    return device;
  }
  [[nodiscard]] std::vector<std::uint8_t> all_on(std::uint8_t wanted) const {
    std::vector<std::uint8_t> device = fastest();
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (std::find(choices_[t].begin(), choices_[t].end(), wanted) != choices_[t].end()) {
        device[t] = wanted;
      }
    }
    return device;
  }
  [[nodiscard]] std::vector<std::uint8_t> earliest_finish() const {
    std::vector<std::uint8_t> device(tasks_.size(), kOnLinks);
    std::vector<double> end(tasks_.size(), 0.0);
    std::vector<double> free(devices_.mode_switch.size() + 1, 0.0);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      double ready = 0;
      for (const std::int32_t a : tasks_[t].after) {
        ready = std::max(ready, end[static_cast<std::size_t>(a)]);
      }
      if (is_link(tasks_[t])) {
        end[t] = std::max(ready, free.back()) + tasks_[t].on_links;
        free.back() = end[t];
        continue;
      }
      double soonest = kCannotRun;
      for (const std::uint8_t d : choices_[t]) {
        // A device that has to wait for others leaves its mode meanwhile.
        const double turn = ready > free[d] || free[d] == 0 ? devices_.mode_switch[d] : 0.0;
        const double ends = std::max(ready, free[d]) + turn + tasks_[t].seconds[d];
        if (ends < soonest) {
          soonest = ends;
          device[t] = d;
        }
      }
      end[t] = soonest;
      free[device[t]] = soonest;
    }
    return device;
  }
  /// One device at a time: the chain in its order, a switch wherever a run begins.
  [[nodiscard]] std::vector<std::uint8_t> shortest_path() const {
    const std::size_t count = devices_.mode_switch.size();
    std::vector<double> cost(count, kCannotRun);
    std::vector<std::vector<std::uint8_t>> from(tasks_.size(), std::vector<std::uint8_t>(count, 0));
    bool first = true;
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (is_link(tasks_[t])) {
        for (std::size_t d = 0; d < count; ++d) {
          from[t][d] = static_cast<std::uint8_t>(d);
        }
        continue;
      }
      std::vector<double> next(count, kCannotRun);
      for (const std::uint8_t d : choices_[t]) {
        for (std::size_t b = 0; b < count; ++b) {
          const double before =
              first ? devices_.mode_switch[d] : cost[b] + (b == d ? 0.0 : devices_.mode_switch[d]);
          const double total = before + tasks_[t].seconds[d];
          if (total < next[d]) {
            next[d] = total;
            from[t][d] = static_cast<std::uint8_t>(b);
          }
        }
      }
      cost = next;
      first = false;
    }
    std::vector<std::uint8_t> device(tasks_.size(), kOnLinks);
    auto at = static_cast<std::size_t>(std::min_element(cost.begin(), cost.end()) - cost.begin());
    for (std::size_t t = tasks_.size(); t-- > 0;) {
      if (!is_link(tasks_[t])) {
        device[t] = static_cast<std::uint8_t>(at);
        at = from[t][at];
      }
    }
    return device;
  }
  /// Moves single tasks, and tasks with their only follower, while that helps.
  void improve() {
    std::vector<std::int32_t> follower(tasks_.size(), -1);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      for (const std::int32_t a : tasks_[t].after) {
        std::int32_t& f = follower[static_cast<std::size_t>(a)];
        f = f == -1 ? static_cast<std::int32_t>(t) : -2;
      }
    }
    for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
      bool better = false;
      for (std::size_t t = 0; t < tasks_.size(); ++t) {
        if (choices_[t].size() < 2) {
          continue;
        }
        for (const std::uint8_t d : choices_[t]) {
          if (d == best_.device[t]) {
            continue;
          }
          std::vector<std::uint8_t> device = best_.device;
          device[t] = d;
          if (consider(device)) {
            better = true;
            continue;
          }
          if (follower[t] >= 0) {
            const auto f = static_cast<std::size_t>(follower[t]);
            if (std::find(choices_[f].begin(), choices_[f].end(), d) != choices_[f].end()) {
              device[f] = d;
              better = consider(device) || better;
            }
          }
        }
      }
      if (!better && (several_ > kMostPaired || !improve_pairs())) {
        return;
      }
    }
  }
  /// Moves two tasks at once; \returns whether that helped.
  bool improve_pairs() {
    bool better = false;
    for (std::size_t a = 0; a < tasks_.size(); ++a) {
      for (std::size_t b = a + 1; b < tasks_.size(); ++b) {
        if (choices_[a].size() < 2 || choices_[b].size() < 2) {
          continue;
        }
        for (const std::uint8_t to_a : choices_[a]) {
          for (const std::uint8_t to_b : choices_[b]) {
            if (to_a != best_.device[a] && to_b != best_.device[b]) {
              std::vector<std::uint8_t> device = best_.device;
              device[a] = to_a;
              device[b] = to_b;
              better = consider(device) || better;
            }
          }
        }
      }
    }
    return better;
  }

  std::span<const SharedTask> tasks_;
  const SharedDevices& devices_;
  Timeline timeline_;
  std::vector<std::vector<std::uint8_t>> choices_;
  bool possible_{true};
  std::size_t several_{};
  DeviceAssignment best_{};
};

}  // namespace

DeviceAssignment assign_devices(std::span<const SharedTask> tasks, const SharedDevices& devices) {
  return Search(tasks, devices).run();
}

DeviceAssignment evaluate_assignment(std::span<const SharedTask> tasks,
                                     const SharedDevices& devices,
                                     std::vector<std::uint8_t> device) {
  DeviceAssignment result;
  Timeline timeline(tasks, devices);
  result.makespan = timeline.length(device, result.switches);
  result.device = std::move(device);
  return result;
}

Schedule schedule_assignment(std::span<const SharedTask> tasks, const SharedDevices& devices,
                             const DeviceAssignment& assignment) {
  CAIRN_CHECK(assignment.device.size() == tasks.size(), "an assignment of other tasks");
  Timeline timeline(tasks, devices);
  timeline.place(assignment.device);
  return timeline.run();
}

}  // namespace cairn::sim
