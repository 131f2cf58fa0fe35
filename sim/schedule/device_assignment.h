/// \file
/// Which device runs which task, so that all of them end soonest.
///
/// Tasks stand in a topological order; each takes a known time on each device. Devices run side by
/// side (each is a resource of the list scheduler, links are one more), or, when they share their
/// memory, one at a time. Turning a device from serving the host to computing costs time once for
/// each run of tasks on it: a task pays when it is the first, or when it waits for a task of
/// another device that stands behind the device's last one.
///
/// Few choices are tried out completely. Otherwise: the fastest device for each task; the device
/// that ends a task earliest, one task after the other; every task on the host; the best of these
/// is then improved by moving single tasks, tasks with their only follower, and, of few, pairs.
/// One device at a time is a shortest path, and exact.
///
/// Assumes:    a task holds its device alone; results reach other devices through shared memory.
/// Reference:  H. Topcuoglu, S. Hariri, M.-Y. Wu, "Performance-effective and low-complexity task
///             scheduling for heterogeneous computing", IEEE TPDS 13(3), 2002 (earliest finish).
/// Checked by: tests/unit/sim/device_assignment_test.cpp (equal to brute force on small cases)
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/schedule/list_scheduler.h"

namespace cairn::sim {

inline constexpr double kCannotRun = std::numeric_limits<double>::infinity();
inline constexpr std::uint8_t kOnLinks = 255;

/// One task and what it costs where.
struct SharedTask {
  std::vector<double> seconds;      ///< on each device; kCannotRun where it cannot
  std::vector<std::int32_t> after;  ///< tasks of lower number
  double on_links{};                ///< > 0: a collective, which runs on links instead
  std::int8_t only{-1};             ///< the one device that a rule allows, or -1
};

struct SharedDevices {
  std::vector<double> mode_switch;  ///< s, for each device
  bool concurrent{true};
};

struct DeviceAssignment {
  std::vector<std::uint8_t> device;  ///< of each task; kOnLinks for collectives
  double makespan{};                 ///< kCannotRun if a task can run nowhere
  std::int64_t switches{};           ///< paid
};

[[nodiscard]] DeviceAssignment assign_devices(std::span<const SharedTask> tasks,
                                              const SharedDevices& devices);

/// Length of the schedule under a given assignment, and the switches it pays.
[[nodiscard]] DeviceAssignment evaluate_assignment(std::span<const SharedTask> tasks,
                                                   const SharedDevices& devices,
                                                   std::vector<std::uint8_t> device);

/// The schedule itself, for timelines: one task each, on resources devices + links.
[[nodiscard]] Schedule schedule_assignment(std::span<const SharedTask> tasks,
                                           const SharedDevices& devices,
                                           const DeviceAssignment& assignment);

}  // namespace cairn::sim
