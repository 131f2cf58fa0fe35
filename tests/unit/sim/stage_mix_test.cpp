#include "sim/stage_mix.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using cairn::sim::stage_mix;

TEST_CASE("two places that change hands every second stage") {
  // Binomial(2, 1/2): 1/4, 1/2, 1/4.
  const auto stages = stage_mix(2, 2);
  REQUIRE(stages.size() == 3);
  CHECK(stages[0].share == Approx(0.25));
  CHECK(stages[1].share == Approx(0.5));
  CHECK(stages[2].share == Approx(0.25));
  CHECK(stages[2].prompts == 2);
}

TEST_CASE("requests of one token read a prompt in every place of every stage") {
  const auto stages = stage_mix(8, 1);
  REQUIRE(stages.size() == 1);
  CHECK(stages[0].prompts == 8);
  CHECK(stages[0].share == Approx(1));
}

TEST_CASE("on average batch / generate prompts arrive in a stage") {
  const std::vector<std::pair<std::int64_t, std::int64_t>> cases{{32, 4096}, {128, 256}, {64, 16}};
  for (const auto& [batch, generate] : cases) {
    double mean = 0;
    double sum = 0;
    for (const auto& stage : stage_mix(batch, generate)) {
      mean += stage.share * static_cast<double>(stage.prompts);
      sum += stage.share;
    }
    CHECK(sum == Approx(1));
    CHECK(mean == Approx(static_cast<double>(batch) / static_cast<double>(generate)).epsilon(0.01));
  }
}
