#include <algorithm>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "models/importers/hugging_face.h"

using cairn::Rng;
using cairn::models::expert_loads;

namespace {

struct Drawn {
  double taken{};  ///< tokens of the busiest part, on average over draws
  double used{};   ///< experts of that part with at least one token
  double most{};   ///< tokens of its busiest expert
};

Drawn draw(std::int64_t experts, std::int64_t per_token, std::int64_t tokens, std::int64_t parts) {
  constexpr int kDraws = 400;
  Rng rng(17);
  Drawn mean;
  std::vector<std::int64_t> order(static_cast<std::size_t>(experts));
  std::iota(order.begin(), order.end(), 0);
  for (int i = 0; i < kDraws; ++i) {
    std::vector<std::int64_t> loads(order.size(), 0);
    for (std::int64_t t = 0; t < tokens; ++t) {
      rng.shuffle(order);
      for (std::int64_t k = 0; k < per_token; ++k) {
        ++loads[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
      }
    }
    const std::ptrdiff_t own = experts / parts;
    auto busiest = loads.begin();
    std::int64_t most = -1;
    for (auto part = loads.begin(); part != loads.end(); part += own) {
      const std::int64_t sum = std::accumulate(part, part + own, std::int64_t{0});
      if (sum > most) {
        most = sum;
        busiest = part;
      }
    }
    mean.taken += static_cast<double>(most) / kDraws;
    mean.used += static_cast<double>(std::count_if(busiest, busiest + own,
                                                   [](std::int64_t load) { return load > 0; })) /
                 kDraws;
    mean.most += static_cast<double>(*std::max_element(busiest, busiest + own)) / kDraws;
  }
  return mean;
}

}  // namespace

TEST_CASE("loads of experts are those of a typical random draw") {
  struct Case {
    std::int64_t experts, per_token, tokens, parts;
  };
  const std::vector<Case> cases{{8, 2, 32, 1},   {8, 2, 64, 4},  {8, 2, 128, 8}, {64, 2, 32, 8},
                                {64, 2, 128, 8}, {64, 2, 32, 1}, {16, 4, 200, 2}};
  for (const Case& c : cases) {
    CAPTURE(c.experts, c.tokens, c.parts);
    const std::vector<std::int64_t> loads = expert_loads(c.experts, c.per_token, c.tokens, c.parts);
    const Drawn drawn = draw(c.experts, c.per_token, c.tokens, c.parts);
    REQUIRE(loads.size() == static_cast<std::size_t>(c.experts / c.parts));
    CHECK(std::is_sorted(loads.rbegin(), loads.rend()));
    const auto taken =
        static_cast<double>(std::accumulate(loads.begin(), loads.end(), std::int64_t{0}));
    const auto used = static_cast<double>(
        std::count_if(loads.begin(), loads.end(), [](std::int64_t load) { return load > 0; }));
    CHECK(taken == Approx(drawn.taken).epsilon(0.05));
    CHECK(used == Approx(drawn.used).margin(0.5));  // a whole number of experts
    CHECK(static_cast<double>(loads.front()) == Approx(drawn.most).epsilon(0.25));
  }
}

TEST_CASE("all tokens are counted when nothing is dealt into parts") {
  for (const std::int64_t tokens : {1, 2, 7, 100, 5000}) {
    const std::vector<std::int64_t> loads = expert_loads(8, 2, tokens, 1);
    CHECK(std::accumulate(loads.begin(), loads.end(), std::int64_t{0}) == 2 * tokens);
    CHECK(*std::max_element(loads.begin(), loads.end()) <= tokens);
  }
}
