#include "search/objective.h"

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

namespace cairn::search {

namespace {
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("a constraint holds at its bound and is violated by the relative excess beyond") {
  const Constraint area{"area", 0, Bound::at_most, 4.0, "mm2"};
  CHECK(area.violation(4.0) == 0.0);
  CHECK(area.violation(3.9) == 0.0);
  CHECK(area.violation(5.0) == Approx(0.25));  // (5 - 4) / 4
  const Constraint rate{"throughput", 0, Bound::at_least, 20.0, "token/s"};
  CHECK(rate.violation(20.0) == 0.0);
  CHECK(rate.violation(15.0) == Approx(0.25));  // (20 - 15) / 20
}

TEST_CASE("a bound of zero is violated by the plain difference") {
  const Constraint loss{"quality_loss", 0, Bound::at_most, 0.0, ""};
  CHECK(loss.violation(0.0) == 0.0);
  CHECK(loss.violation(0.5) == 0.5);
}

TEST_CASE("a metric that is not known violates every constraint on it") {
  const Constraint area{"area", 0, Bound::at_most, 4.0, "mm2"};
  CHECK(area.violation(kNan) == kInfinity);
}

TEST_CASE("the largest violation is the one that a point is counted by") {
  const std::vector<Constraint> constraints{{"area", 0, Bound::at_most, 1.0, "mm2"},
                                            {"latency", 1, Bound::at_most, 10.0, "s"},
                                            {"power", 2, Bound::at_most, 2.0, "W"}};
  CHECK_FALSE(worst_violation(constraints, std::vector{1.0, 10.0, 2.0}));
  const auto worst = worst_violation(constraints, std::vector{1.1, 15.0, 3.0});
  REQUIRE(worst);
  CHECK(worst->constraint == 1);  // latency and power are both 50 % over: the first counts
  CHECK(worst->excess == Approx(0.5));
  CHECK(constraints[1].limit_name() == "latency at_most");
  CHECK(constraints[1].reason(15.0) == "latency is 15 s, allowed at most 10 s");
}

TEST_CASE("objectives to maximise change sign, and an unknown one takes a point out") {
  const std::vector<Objective> objectives{{"latency", 1, Direction::minimize},
                                          {"throughput", 0, Direction::maximize}};
  std::vector<double> out(2);
  CHECK(to_minimized(objectives, std::vector{7.0, 3.0}, out));
  CHECK(out == std::vector{3.0, -7.0});
  CHECK_FALSE(to_minimized(objectives, std::vector{7.0, kNan}, out));
}

}  // namespace cairn::search
