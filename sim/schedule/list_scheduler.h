/// \file
/// Tasks on named resources: who runs when.
///
/// Each resource serves one task at a time, in the order in which tasks become ready (ties: the
/// lower number first). A task is ready when all it depends on has ended. One mechanism gives
/// prefetch, overlap of transfers and compute, and several engines side by side.
///
/// Assumes:    a task holds its resource from start to end; no preemption.
/// Ignores:    contention inside a resource (bank conflicts, arbitration).
/// Reference:  R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM J. 1969.
/// Checked by: tests/unit/sim/list_scheduler_test.cpp
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/units.h"

namespace cairn::sim {

struct Task {
  std::string name;
  std::int32_t resource{};  ///< index into the names given to schedule()
  Seconds duration{};
  std::vector<std::int32_t> after;  ///< tasks that must have ended, all of lower number
};

/// When each task ran, and where: the timeline that traces draw.
struct Schedule {
  struct Slot {
    Seconds start{};
    Seconds end{};
  };
  std::vector<Slot> slots;  ///< by task
  Seconds makespan{};
};

/// \throws InternalError if a task depends on a later one or names no resource.
[[nodiscard]] Schedule schedule(const std::vector<Task>& tasks,
                                const std::vector<std::string>& resources);

}  // namespace cairn::sim
