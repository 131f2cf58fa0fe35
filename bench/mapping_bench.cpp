/// \file
/// How good and how fast the mapping search is: find_nest() against exhaustive search.
///
///   mapping_bench [pairs] [largest extent]

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "hw/systolic/mapper.h"
#include "tests/unit/hw/systolic/random_pairs.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

void compare(cairn::hw::MappingObjective objective, const char* name, std::uint64_t pairs,
             double largest) {
  using namespace cairn::hw;  // NOLINT(google-build-using-namespace)
  std::vector<double> gaps;
  double fast_s = 0;
  double slow_s = 0;
  std::uint64_t considered = 0;
  std::uint64_t all = 0;
  for (std::uint64_t i = 0; gaps.size() < pairs; ++i) {
    const testing::MappingPair pair = testing::mapping_pair(i, largest);
    Clock::time_point start = Clock::now();
    const MapperResult best = find_nest_exhaustively(pair.machine, pair.problem, objective);
    slow_s += seconds(start);
    if (!best.feasible) {
      continue;
    }
    start = Clock::now();
    const MapperResult found = find_nest(pair.machine, pair.problem, {}, objective);
    fast_s += seconds(start);
    considered += found.considered;
    all += best.considered;
    gaps.push_back(found.feasible ? score(found.cost, objective) / score(best.cost, objective) - 1.0
                                  : 1e9);
  }
  std::sort(gaps.begin(), gaps.end());
  const auto at = [&](double share) {
    return 100 * gaps[static_cast<std::size_t>(share * static_cast<double>(gaps.size() - 1))];
  };
  const auto count = static_cast<double>(gaps.size());
  fmt::print(
      "{:<14} gap median {:.2f} %, 95th {:.2f} %, worst {:.2f} %; {:.0f} of {:.0f} mappings "
      "considered, {:.2f} us a search, {:.0f}x faster\n",
      name, at(0.5), at(0.95), at(1.0), static_cast<double>(considered) / count,
      static_cast<double>(all) / count, 1e6 * fast_s / count, slow_s / fast_s);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<const char*> arguments(argv, argv + argc);
  const std::uint64_t pairs = argc > 1 ? std::strtoull(arguments[1], nullptr, 10) : 500;
  const double largest = argc > 2 ? std::strtod(arguments[2], nullptr) : 1024;
  compare(cairn::hw::MappingObjective::energy_delay, "energy x delay", pairs, largest);
  compare(cairn::hw::MappingObjective::latency, "latency", pairs, largest);
  compare(cairn::hw::MappingObjective::energy, "energy", pairs, largest);
  return 0;
}
