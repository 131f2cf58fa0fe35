/// \file
/// When a repeating program has become periodic, and what the laps that are left out would add.
///
/// A program is in its rhythm when as many tasks end in a lap as it has: at the start loads run
/// ahead and only fill buffers, evenly, but not for long.
///
/// With memories that serve at a bandwidth, a lap is periodic when the last few took the same time
/// to the femtosecond (but for rounding): the rest is then extended exactly. A DRAM refreshes and
/// opens rows at times of its own, so its laps are never quite equal: two windows of laps in a row,
/// each several refresh intervals long, must agree in their mean.
///
/// Assumes:    what has repeated goes on to repeat.
/// Ignores:    changes of a period that is longer than both windows.
/// Reference:  T. Sherwood et al., "Automatically characterizing large scale program behavior",
///             ASPLOS 2002 (simulate a phase once).
/// Checked by: tests/unit/sim/kernel/laps_test.cpp (whole runs against extended ones)
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernel/machine_simulation.h"

namespace cairn::sim::kernel {

/// Counts at the end of a lap.
struct LapSnapshot {
  hw::cycle::Femtoseconds at{};
  std::vector<MemoryActivity> memories;
  std::vector<hw::cycle::Femtoseconds> unit_busy;
  std::uint64_t tasks{};
  std::uint64_t begun{};  ///< tasks of the first stream before the lap
  std::uint64_t done{};   ///< tasks of the first stream that were over at its end
};

class LapWatch {
 public:
  /// \param exact no memory has a rhythm of its own.
  explicit LapWatch(bool exact) : exact_(exact) {}
  void add(LapSnapshot snapshot) { snapshots_.push_back(std::move(snapshot)); }
  [[nodiscard]] std::int64_t laps() const { return static_cast<std::int64_t>(snapshots_.size()); }
  /// Laps over which the present rhythm can be averaged; 0: not periodic yet.
  [[nodiscard]] std::int64_t window() const;
  /// Adds \p laps more to \p result, each as the mean of the last \p window.
  void extend(SimulationResult& result, std::int64_t laps, std::int64_t window) const;

 private:
  [[nodiscard]] hw::cycle::Femtoseconds span(std::size_t from, std::size_t to) const {
    return snapshots_[to].at - snapshots_[from].at;
  }
  /// Whether as many tasks ended between two snapshots as the laps between them have.
  [[nodiscard]] bool even(std::size_t from, std::size_t to) const;
  bool exact_{};
  std::vector<LapSnapshot> snapshots_;
};

}  // namespace cairn::sim::kernel
