#include "sim/schedule/device_assignment.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Rng;
using namespace cairn::sim;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

SharedTask task(double first, double second, std::vector<std::int32_t> after = {}) {
  SharedTask t;
  t.seconds = {first, second};
  t.after = std::move(after);
  return t;
}

/// The shortest schedule over all assignments.
double brute_force(const std::vector<SharedTask>& tasks, const SharedDevices& devices) {
  double best = kCannotRun;
  std::vector<std::uint8_t> device(tasks.size(), 0);
  const std::function<void(std::size_t)> go = [&](std::size_t t) {
    if (t == tasks.size()) {
      best = std::min(best, evaluate_assignment(tasks, devices, device).makespan);
      return;
    }
    if (tasks[t].on_links > 0) {
      device[t] = kOnLinks;
      go(t + 1);
      return;
    }
    for (std::uint8_t d = 0; d < 2; ++d) {
      if (tasks[t].seconds[d] < kCannotRun) {
        device[t] = d;
        go(t + 1);
      }
    }
  };
  go(0);
  return best;
}

/// A block as a transformer has it: a chain, then independent pairs of tasks, then a chain.
std::vector<SharedTask> random_block(Rng& rng, std::int64_t pairs) {
  std::vector<SharedTask> tasks;
  tasks.push_back(task(rng.uniform01(), rng.uniform01()));
  tasks.push_back(task(rng.uniform01(), rng.uniform01(), {0}));
  std::vector<std::int32_t> ends;
  for (std::int64_t i = 0; i < pairs; ++i) {
    tasks.push_back(task(rng.uniform01(), rng.uniform01(), {1}));
    const auto first = static_cast<std::int32_t>(tasks.size()) - 1;
    tasks.push_back(task(rng.uniform01(), rng.uniform01(), {first}));
    ends.push_back(first + 1);
  }
  tasks.push_back(task(rng.uniform01(), rng.uniform01(), ends));
  return tasks;
}

}  // namespace

TEST_CASE("independent tasks run side by side, each where the whole ends soonest") {
  // Three tasks of 4 on the host and 2 on the units: two there (4), one here (4).
  const std::vector<SharedTask> tasks(3, task(4, 2));
  const DeviceAssignment both = assign_devices(tasks, {{0, 0}, true});
  CHECK(both.makespan == Approx(4));
  CHECK(std::count(both.device.begin(), both.device.end(), 1) == 2);
  // One at a time: all on the units.
  CHECK(assign_devices(tasks, {{0, 0}, false}).makespan == Approx(6));
}

TEST_CASE("a run of tasks on the units pays for one mode switch") {
  // Host, three on the units, host: one switch of 1.
  std::vector<SharedTask> chain{task(1, 9), task(9, 1, {0}), task(9, 1, {1}), task(9, 1, {2}),
                                task(1, 9, {3})};
  const DeviceAssignment run = assign_devices(chain, {{0, 1}, true});
  CHECK(run.device == std::vector<std::uint8_t>{0, 1, 1, 1, 0});
  CHECK(run.switches == 1);
  CHECK(run.makespan == Approx(6));
  CHECK(assign_devices(chain, {{0, 1}, false}).makespan == Approx(6));
  // A task of the host in the middle breaks the run when units wait for it.
  chain[2] = task(1, 9, {1});
  const DeviceAssignment broken = assign_devices(chain, {{0, 1}, true});
  CHECK(broken.device == std::vector<std::uint8_t>{0, 1, 0, 1, 0});
  CHECK(broken.switches == 2);
  CHECK(broken.makespan == Approx(7));
}

TEST_CASE("independent experts after one router share a switch") {
  // Both wait for the router alone: the second finds the units in their mode.
  const std::vector<SharedTask> tasks{task(1, 9), task(9, 1, {0}), task(9, 1, {0})};
  const DeviceAssignment a = assign_devices(tasks, {{0, 1}, true});
  CHECK(a.switches == 1);
  CHECK(a.makespan == Approx(4));
}

TEST_CASE("a switch that costs more than it saves is not made") {
  const std::vector<SharedTask> tasks{task(1, 9), task(2, 1, {0})};
  CHECK(assign_devices(tasks, {{0, 2}, true}).makespan == Approx(3));
}

TEST_CASE("collectives run on the links, beside both devices") {
  std::vector<SharedTask> tasks{task(2, 5), task(0, 0, {0}), task(2, 5), task(1, 1, {1, 2})};
  tasks[1].on_links = 3;
  // Host 0..2, links 2..5 beside host 2..4, last task 5..6.
  CHECK(assign_devices(tasks, {{0, 0}, true}).makespan == Approx(6));
}

TEST_CASE("a device that cannot run a task is left out, and none at all is said so") {
  std::vector<SharedTask> tasks{task(kCannotRun, 2), task(1, kCannotRun, {0})};
  const DeviceAssignment a = assign_devices(tasks, {{0, 0}, true});
  CHECK(a.device == std::vector<std::uint8_t>{1, 0});
  tasks[1].seconds[0] = kCannotRun;
  CHECK(assign_devices(tasks, {{0, 0}, true}).makespan == kCannotRun);
}

TEST_CASE("a rule that names a device is obeyed where the device can") {
  std::vector<SharedTask> tasks{task(5, 1), task(5, kCannotRun, {0})};
  tasks[0].only = 0;
  tasks[1].only = 1;
  CHECK(assign_devices(tasks, {{0, 0}, true}).device == std::vector<std::uint8_t>{0, 0});
}

TEST_CASE("small cases equal brute force") {
  Rng rng(3);
  for (int i = 0; i < 60; ++i) {
    const std::vector<SharedTask> tasks = random_block(rng, rng.uniform_int(1, 3));
    const SharedDevices devices{{0, 0.2 * rng.uniform01()}, true};
    CHECK(assign_devices(tasks, devices).makespan ==
          Approx(brute_force(tasks, devices)).epsilon(1e-12));
  }
}

TEST_CASE("one device at a time equals brute force on longer chains") {
  Rng rng(5);
  for (int i = 0; i < 20; ++i) {
    const std::vector<SharedTask> tasks = random_block(rng, 5);  // 13 tasks: the shortest path
    const SharedDevices devices{{0, 0.5 * rng.uniform01()}, false};
    CHECK(assign_devices(tasks, devices).makespan ==
          Approx(brute_force(tasks, devices)).epsilon(1e-12));
  }
}

TEST_CASE("larger cases are close to brute force and never worse than one device") {
  Rng rng(9);
  double sum = 0;
  double worst = 1;
  constexpr int kCases = 40;
  for (int i = 0; i < kCases; ++i) {
    const std::vector<SharedTask> tasks = random_block(rng, 5);  // beyond what is tried out
    const SharedDevices devices{{0, 0.1}, true};
    const double found = assign_devices(tasks, devices).makespan;
    const double ratio = found / brute_force(tasks, devices);
    CHECK(ratio >= 1 - 1e-9);
    sum += ratio;
    worst = std::max(worst, ratio);
    for (std::uint8_t d = 0; d < 2; ++d) {
      const std::vector<std::uint8_t> alone(tasks.size(), d);
      CHECK(found <= evaluate_assignment(tasks, devices, alone).makespan + 1e-12);
    }
  }
  CHECK(sum / kCases < 1.02);
  CHECK(worst < 1.10);
}
