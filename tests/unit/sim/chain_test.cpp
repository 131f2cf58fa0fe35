#include "sim/schedule/chain.h"

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::sim::chain_resources;
using cairn::sim::chain_tasks;
using cairn::sim::ChainStep;
using cairn::sim::prefetched;
using cairn::sim::schedule;

TEST_CASE("weights of the next operator arrive while this one computes") {
  const ChainStep first{.weight_fill = 2, .input_fill = 1, .busy = 10, .drain = 1, .stream = 4};
  const ChainStep next{.weight_fill = 3, .input_fill = 1, .busy = 5, .drain = 1, .stream = 5};
  CHECK(prefetched(first, next) == 3);  // the channel is idle for 6
  CHECK(prefetched(next, first) == 0);  // it is never idle
}

TEST_CASE("the closed form of a chain equals the list scheduler") {
  cairn::Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<ChainStep> steps(static_cast<std::size_t>(rng.uniform_int(1, 12)));
    std::vector<std::string> names;
    double closed = 0;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      steps[s] = {rng.uniform01(), rng.uniform01(), 3 * rng.uniform01(), rng.uniform01(), 0};
      steps[s].stream = steps[s].busy * rng.uniform01();
      names.push_back("op" + std::to_string(s));
      closed += steps[s].alone() - (s > 0 ? prefetched(steps[s - 1], steps[s]) : 0.0);
    }
    const auto timeline = schedule(chain_tasks(steps, names), chain_resources());
    CHECK(timeline.makespan.count() == Approx(closed).epsilon(1e-12));
  }
}
