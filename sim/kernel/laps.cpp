#include "sim/kernel/laps.h"

#include <cmath>
#include <cstdlib>

namespace cairn::sim::kernel {
namespace {

constexpr std::size_t kExactLaps = 4;
constexpr hw::cycle::Femtoseconds kRounding = 2;
/// Two windows of a DRAM, each of several refresh intervals (3.9 or 7.8 us).
constexpr hw::cycle::Femtoseconds kShortestWindow = 40'000'000'000;
constexpr double kSameRhythm = 1e-3;

}  // namespace

bool LapWatch::even(std::size_t from, std::size_t to) const {
  const std::uint64_t begun = snapshots_[to].begun - snapshots_[from].begun;
  const std::uint64_t done = snapshots_[to].done - snapshots_[from].done;
  const std::uint64_t apart = begun > done ? begun - done : done - begun;
  return exact_ ? apart == 0 : apart * 100 <= begun;
}

std::int64_t LapWatch::window() const {
  const std::size_t count = snapshots_.size();
  if (exact_) {
    if (count < kExactLaps + 2) {
      return 0;
    }
    const hw::cycle::Femtoseconds last = span(count - 2, count - 1);
    for (std::size_t i = 1; i <= kExactLaps; ++i) {
      if (std::llabs(span(count - 1 - i, count - i) - last) > kRounding ||
          !even(count - 1 - i, count - i)) {
        return 0;
      }
    }
    return static_cast<std::int64_t>(kExactLaps);
  }
  std::size_t first = count;
  while (first > 0 && (first == count || span(first, count - 1) < kShortestWindow)) {
    --first;
  }
  const std::size_t width = count - 1 - first;
  // The first lap fills buffers: no part of any window.
  if (first == 0 || width < kExactLaps || first < width + 1) {
    return 0;
  }
  const auto late = static_cast<double>(span(first, count - 1));
  const auto early = static_cast<double>(span(first - width, first));
  return std::abs(late / early - 1) <= kSameRhythm && even(first, count - 1)
             ? static_cast<std::int64_t>(width)
             : 0;
}

void LapWatch::extend(SimulationResult& result, std::int64_t laps, std::int64_t window) const {
  const LapSnapshot& to = snapshots_.back();
  const LapSnapshot& from = snapshots_[snapshots_.size() - 1 - static_cast<std::size_t>(window)];
  const double times = static_cast<double>(laps) / static_cast<double>(window);
  const auto more = [times](hw::cycle::Femtoseconds a, hw::cycle::Femtoseconds b) {
    return static_cast<hw::cycle::Femtoseconds>(std::llround(static_cast<double>(b - a) * times));
  };
  const auto count = [times](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(b - a) * times));
  };
  result.duration += more(from.at, to.at);
  result.tasks += count(from.tasks, to.tasks);
  result.laps_extended += laps;
  for (std::size_t u = 0; u < result.unit_busy.size(); ++u) {
    result.unit_busy[u] += more(from.unit_busy[u], to.unit_busy[u]);
  }
  for (std::size_t m = 0; m < result.memories.size(); ++m) {
    MemoryActivity& sum = result.memories[m];
    const MemoryActivity& a = from.memories[m];
    const MemoryActivity& b = to.memories[m];
    sum.read_bits += (b.read_bits - a.read_bits) * times;
    sum.write_bits += (b.write_bits - a.write_bits) * times;
    sum.busy_s += (b.busy_s - a.busy_s) * times;
    sum.requests += count(a.requests, b.requests);
    sum.row_hits += count(a.row_hits, b.row_hits);
    sum.row_misses += count(a.row_misses, b.row_misses);
    sum.row_conflicts += count(a.row_conflicts, b.row_conflicts);
    if (sum.energy_j) {
      *sum.energy_j += (*b.energy_j - *a.energy_j) * times;
    }
  }
}

}  // namespace cairn::sim::kernel
