#include "hw/spatial/density.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Rng;
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

/// Non-zeros among \p draws of \p population elements that hold \p ones of them.
std::int64_t draw_without_replacement(Rng& rng, std::int64_t draws, std::int64_t ones,
                                      std::int64_t population) {
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < draws; ++i) {
    const bool one =
        rng.uniform01() * static_cast<double>(population - i) < static_cast<double>(ones - found);
    found += one ? 1 : 0;
  }
  return found;
}

constexpr int kTrials = 6000;

}  // namespace

TEST_CASE("lanes with exact shares of non-zeros take as long as Monte Carlo says, within 2 %") {
  Rng rng{11};
  for (int c = 0; c < 60; ++c) {
    const std::int64_t draws = rng.uniform_int(4, 96);
    const std::int64_t population = draws * rng.uniform_int(1, 8);
    const std::int64_t lanes = rng.uniform_int(2, 64);
    const std::int64_t ones = rng.uniform_int(1, population);
    const double density = static_cast<double>(ones) / static_cast<double>(population);
    double sum = 0;
    for (int t = 0; t < kTrials; ++t) {
      std::int64_t slowest = 0;
      for (std::int64_t l = 0; l < lanes; ++l) {
        slowest = std::max(slowest, draw_without_replacement(rng, draws, ones, population));
      }
      sum += static_cast<double>(slowest);
    }
    INFO("draws " << draws << " of " << population << ", ones " << ones << ", lanes " << lanes);
    CHECK(expected_slowest(TileDensities::uniform(density), draws, population, lanes) ==
          Approx(sum / kTrials).epsilon(0.02));
  }
}

TEST_CASE("lanes that share one tensor take as long as Monte Carlo says, within 2 %") {
  Rng rng{12};
  for (int c = 0; c < 60; ++c) {
    // Down to the case where the lanes' windows are the whole tensor.
    const std::int64_t draws = rng.uniform_int(8, 96);
    const std::int64_t lanes = rng.uniform_int(2, 32);
    const std::int64_t population = draws * lanes * rng.uniform_int(1, 4);
    const std::int64_t ones = rng.uniform_int(population / 10, population);
    double sum = 0;
    for (int t = 0; t < kTrials; ++t) {
      std::int64_t slowest = 0;
      std::int64_t left = population;
      std::int64_t ones_left = ones;
      for (std::int64_t l = 0; l < lanes; ++l) {
        const std::int64_t x = draw_without_replacement(rng, draws, ones_left, left);
        slowest = std::max(slowest, x);
        ones_left -= x;
        left -= draws;
      }
      sum += static_cast<double>(slowest);
    }
    const double density = static_cast<double>(ones) / static_cast<double>(population);
    INFO("draws " << draws << ", lanes " << lanes << ", population " << population << ", ones "
                  << ones);
    CHECK(expected_slowest(TileDensities::uniform(density), draws, 0, lanes) ==
          Approx(sum / kTrials).epsilon(0.02));
  }
}

TEST_CASE("lanes that meet measured tiles take as long as Monte Carlo says, within 2 %") {
  Rng rng{13};
  for (int c = 0; c < 40; ++c) {
    std::vector<double> measured;
    const std::int64_t tiles = rng.uniform_int(1, 16);
    for (std::int64_t i = 0; i < tiles; ++i) {
      measured.push_back(0.05 + 0.9 * rng.uniform01());
    }
    const std::int64_t draws = rng.uniform_int(8, 128);
    const std::int64_t lanes = rng.uniform_int(2, 32);
    double sum = 0;
    for (int t = 0; t < kTrials; ++t) {
      std::int64_t slowest = 0;
      for (std::int64_t l = 0; l < lanes; ++l) {
        const double d = measured[static_cast<std::size_t>(rng.uniform_int(0, tiles - 1))];
        std::int64_t x = 0;
        for (std::int64_t i = 0; i < draws; ++i) {
          x += rng.uniform01() < d ? 1 : 0;
        }
        slowest = std::max(slowest, x);
      }
      sum += static_cast<double>(slowest);
    }
    INFO("tiles " << tiles << ", draws " << draws << ", lanes " << lanes);
    CHECK(expected_slowest(TileDensities::from(measured), draws, 0, lanes) ==
          Approx(sum / kTrials).epsilon(0.02));
  }
}

TEST_CASE("the law of long windows joins that of short ones") {
  for (const double density : {0.02, 0.3, 0.9}) {
    const TileDensities tiles = TileDensities::uniform(density);
    const double below = expected_slowest(tiles, 4096, 0, 16) / 4096;
    const double above = expected_slowest(tiles, 4097, 0, 16) / 4097;
    CHECK(above == Approx(below).epsilon(0.005));
  }
}

TEST_CASE("the slowest of lanes, by hand") {
  // Two lanes, one pair each, density 1/2: at least one of them has it in 3 of 4 cases.
  CHECK(expected_slowest(TileDensities::uniform(0.5), 1, 0, 2) == Approx(0.75));
  // A lane that holds exactly 2 of 4, looked at as a whole: always 2.
  CHECK(expected_slowest(TileDensities::uniform(0.5), 4, 4, 8) == Approx(2.0));
  // One lane alone waits for nobody.
  CHECK(expected_slowest(TileDensities::uniform(0.3), 100, 0, 1) == Approx(30.0));
  CHECK(expected_slowest(TileDensities::uniform(1.0), 64, 0, 16) == Approx(64.0));
  CHECK(expected_slowest(TileDensities::uniform(0.0), 64, 0, 16) == Approx(0.0));
}

TEST_CASE("more measured tiles than a table keeps are merged without moving their mean") {
  std::vector<double> measured;
  measured.reserve(100);
  for (int i = 0; i < 100; ++i) {
    measured.push_back(i / 100.0);
  }
  const TileDensities tiles = TileDensities::from(measured);
  CHECK(tiles.count == TileDensities::kMost);
  CHECK(tiles.mean() == Approx(0.495).epsilon(0.01));
}
