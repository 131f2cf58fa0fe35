#include "hw/systolic/mapper.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/hw/systolic/random_pairs.h"

using cairn::hw::evaluate;
using cairn::hw::find_nest;
using cairn::hw::find_nest_exhaustively;
using cairn::hw::MapperResult;
using cairn::hw::MappingConstraint;
using cairn::hw::MappingObjective;
using cairn::hw::overflow;
using cairn::hw::score;
using cairn::hw::testing::mapping_pair;
using cairn::hw::testing::MappingPair;

namespace {
constexpr double kLargestExtent = 512;
}

TEST_CASE(
    "mappings are within 2 % of exhaustive search at the median, 10 % at the 95th percentile") {
  for (const MappingObjective objective :
       {MappingObjective::energy_delay, MappingObjective::latency, MappingObjective::energy}) {
    std::vector<double> gaps;
    for (std::uint64_t i = 0; gaps.size() < 500; ++i) {
      const MappingPair pair = mapping_pair(i, kLargestExtent);
      const MapperResult best = find_nest_exhaustively(pair.machine, pair.problem, objective);
      if (!best.feasible) {
        continue;
      }
      const MapperResult found = find_nest(pair.machine, pair.problem, {}, objective);
      REQUIRE(found.feasible);
      gaps.push_back(score(found.cost, objective) / score(best.cost, objective) - 1.0);
    }
    std::sort(gaps.begin(), gaps.end());
    CHECK(gaps[gaps.size() / 2] <= 0.02);
    CHECK(gaps[gaps.size() * 95 / 100] <= 0.10);
  }
}

TEST_CASE("what is found fits, and costs what it says") {
  for (std::uint64_t i = 0; i < 200; ++i) {
    const MappingPair pair = mapping_pair(i, 4096);
    const MapperResult found =
        find_nest(pair.machine, pair.problem, {}, MappingObjective::energy_delay);
    if (!found.feasible) {
      CHECK(found.smallest.bits > 0);
      continue;
    }
    CHECK(overflow(pair.machine, pair.problem, found.nest).bits <= 0);
    CHECK(evaluate(pair.machine, pair.problem, found.nest).latency_s() == found.cost.latency_s());
  }
}

TEST_CASE("a fixed tile is kept, a bound is obeyed, and a mapping fed back gives itself") {
  for (std::uint64_t i = 0; i < 100; ++i) {
    const MappingPair pair = mapping_pair(i, 2048);
    const MapperResult free =
        find_nest(pair.machine, pair.problem, {}, MappingObjective::energy_delay);
    if (!free.feasible) {
      continue;
    }
    MappingConstraint fixed;
    fixed.order = free.nest.order;
    for (std::size_t d = 0; d < 3; ++d) {
      fixed.tile.at(d) = free.nest.tile.at(d);
    }
    const MapperResult again =
        find_nest(pair.machine, pair.problem, fixed, MappingObjective::energy_delay);
    REQUIRE(again.feasible);
    CHECK(again.nest.tile == free.nest.tile);
    CHECK(again.nest.order == free.nest.order);
    CHECK(again.cost.latency_s() == free.cost.latency_s());
    CHECK(again.cost.joules() == free.cost.joules());

    MappingConstraint bounded;
    bounded.tile_at_most.at(2) = std::max<std::int64_t>(1, free.nest.tile[2] / 2);
    const MapperResult less =
        find_nest(pair.machine, pair.problem, bounded, MappingObjective::energy_delay);
    if (less.feasible) {
      CHECK(less.nest.tile[2] <= *bounded.tile_at_most.at(2));
    }
  }
}

TEST_CASE("more bandwidth is never slower, more capacity never more traffic") {
  constexpr double kSearchTolerance = 1.011;  // the search stops one per cent from its bound
  for (std::uint64_t i = 0; i < 200; ++i) {
    const MappingPair pair = mapping_pair(i, 2048);
    const MapperResult base = find_nest(pair.machine, pair.problem, {}, MappingObjective::latency);
    if (!base.feasible) {
      continue;
    }
    MappingPair faster = pair;
    faster.machine.dram_bandwidth *= 2;
    CHECK(evaluate(faster.machine, faster.problem, base.nest).latency_s() <= base.cost.latency_s());
    MappingPair larger = pair;
    for (double& bits : larger.machine.capacity) {
      bits *= 2;
    }
    const MapperResult small = find_nest(pair.machine, pair.problem, {}, MappingObjective::energy);
    const MapperResult big =
        find_nest(larger.machine, larger.problem, {}, MappingObjective::energy);
    CHECK(big.cost.joules() <= small.cost.joules() * kSearchTolerance);
  }
}
