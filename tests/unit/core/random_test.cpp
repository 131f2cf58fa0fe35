#include "core/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn {
namespace {

TEST_CASE("the generator is xoshiro256**") {
  // From the state (1, 2, 3, 4): rotl(2*5, 7)*9 = 1280*9 = 11520; then s1 becomes 0 and the next
  // value is rotl(0, 7)*9 = 0. Step by step, with the state after the first step:
  //   t = 2<<17 = 262144; s2 = 3^1 = 2; s3 = 4^2 = 6; s1 = 2^2 = 0; s0 = 1^6 = 7;
  //   s2 = 2^262144 = 262146; s3 = rotl(6, 45) = 6*2^45 = 211106232532992.
  Rng rng{Rng::State{1, 2, 3, 4}};
  CHECK(rng() == 11520);
  CHECK(rng.state() == Rng::State{7, 0, 262146, 211106232532992});
  CHECK(rng() == 0);
}

TEST_CASE("random streams are the same in every build") {
  Rng rng{1};
  const std::array<std::uint64_t, 3> first{rng(), rng(), rng()};
  CHECK(first == std::array<std::uint64_t, 3>{12966619160104079557U, 9600361134598540522U,
                                              10590380919521690900U});
  CHECK(rng.uniform_int(0, 999) == 391);
  CHECK(rng.uniform01() == 0.6971784165599615);
  CHECK(rng.normal() == Approx(-0.31340542468416743).epsilon(1e-15));
  std::vector<int> items{0, 1, 2, 3, 4, 5, 6, 7};
  rng.shuffle(items);
  CHECK(items == std::vector<int>{0, 3, 1, 2, 7, 5, 6, 4});
  CHECK(derive_seed(20240611, "nsga2", 3, 7) == 13342384259994587456U);
}

TEST_CASE("every consumer has its own stream") {
  const std::uint64_t base = derive_seed(1, "nsga2");
  CHECK(base != derive_seed(2, "nsga2"));
  CHECK(base != derive_seed(1, "nsga3"));
  CHECK(base != derive_seed(1, "nsga2", 1));
  CHECK(derive_seed(1, "nsga2", 1, 0) != derive_seed(1, "nsga2", 0, 1));
}

TEST_CASE("a stream continues from its state") {
  Rng rng{9};
  rng();
  Rng copy{rng.state()};
  CHECK(copy() == rng());
}

TEST_CASE("whole numbers cover their range evenly and never leave it") {
  Rng rng{3};
  std::array<int, 6> counts{};
  for (int i = 0; i < 60'000; ++i) {
    const std::int64_t value = rng.uniform_int(-2, 3);
    REQUIRE(value >= -2);
    REQUIRE(value <= 3);
    ++counts[static_cast<std::size_t>(value + 2)];
  }
  for (const int count : counts) {
    // 10,000 expected, standard deviation sqrt(60000 * 1/6 * 5/6) = 91
    CHECK(count == Approx(10'000).margin(5 * 91));
  }
  CHECK(rng.uniform_int(5, 5) == 5);
  CHECK_THROWS_AS(rng.uniform_int(1, 0), InternalError);
  using Limits = std::numeric_limits<std::int64_t>;
  CHECK_NOTHROW(rng.uniform_int(Limits::min(), Limits::max()));
}

TEST_CASE("real numbers stay in [0, 1) and normal ones have mean 0 and variance 1") {
  Rng rng{4};
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kTimes = 100'000;
  for (int i = 0; i < kTimes; ++i) {
    const double u = rng.uniform01();
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    const double z = rng.normal();
    sum += z;
    squares += z * z;
  }
  CHECK(sum / kTimes == Approx(0.0).margin(5.0 / std::sqrt(kTimes)));
  CHECK(squares / kTimes == Approx(1.0).margin(5.0 * std::sqrt(2.0 / kTimes)));
}

}  // namespace
}  // namespace cairn
