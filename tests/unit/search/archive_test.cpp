#include "search/pareto/archive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"

namespace cairn::search {

namespace {

using Points = std::vector<std::vector<double>>;

/// Small whole numbers make ties in single objectives, and equal points.
Points random_points(std::size_t count, std::size_t dims, int levels, std::uint64_t seed) {
  Rng rng{seed};
  Points points(count, std::vector<double>(dims));
  for (auto& point : points) {
    for (double& x : point) {
      x = levels > 0 ? static_cast<double>(rng.uniform_int(0, levels - 1)) : rng.uniform01();
    }
  }
  return points;
}

Front front_of(const Points& points, const std::vector<std::size_t>& order) {
  ParetoArchive archive{points.front().size()};
  for (const std::size_t i : order) {
    archive.insert(i, points[i]);
  }
  return archive.front();
}

std::vector<std::uint64_t> by_definition(const Points& points) {
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (std::none_of(points.begin(), points.end(),
                     [&](const auto& other) { return dominates(other, points[i]); })) {
      ids.push_back(i);
    }
  }
  return ids;
}

}  // namespace

TEST_CASE("dominating needs one objective better and none worse") {
  CHECK(dominates(std::vector{1.0, 2.0}, std::vector{1.0, 3.0}));
  CHECK_FALSE(dominates(std::vector{1.0, 2.0}, std::vector{1.0, 2.0}));
  CHECK_FALSE(dominates(std::vector{1.0, 2.0}, std::vector{0.5, 3.0}));
}

TEST_CASE("the front of a hand-made set is what one sees") {
  // (1,5) (2,3) (4,1) are on the staircase; (2,4) is above (2,3), (4,4) and (5,2) are inside.
  ParetoArchive archive{2};
  CHECK(archive.insert(0, std::vector{4.0, 4.0}));
  CHECK(archive.insert(1, std::vector{1.0, 5.0}));
  CHECK(archive.insert(2, std::vector{2.0, 4.0}));
  CHECK(archive.insert(3, std::vector{2.0, 3.0}));
  CHECK(archive.insert(4, std::vector{4.0, 1.0}));
  CHECK_FALSE(archive.insert(5, std::vector{5.0, 2.0}));
  CHECK(archive.front().ids == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(archive.front().values == std::vector{1.0, 5.0, 2.0, 3.0, 4.0, 1.0});
}

TEST_CASE("points with equal objectives are all kept, and all leave together") {
  ParetoArchive archive{3};
  CHECK(archive.insert(7, std::vector{1.0, 1.0, 2.0}));
  CHECK(archive.insert(3, std::vector{1.0, 1.0, 2.0}));
  CHECK(archive.size() == 2);
  CHECK(archive.front().ids == std::vector<std::uint64_t>{3, 7});
  CHECK(archive.insert(9, std::vector{1.0, 1.0, 1.0}));
  CHECK(archive.front().ids == std::vector<std::uint64_t>{9});
}

TEST_CASE("the front equals the definition for any number of objectives, with and without ties") {
  for (const std::size_t dims : {1U, 2U, 3U, 4U, 5U, 7U}) {
    for (const int levels : {0, 3, 12}) {
      const Points points = random_points(600, dims, levels, 10 * dims + std::size_t(levels));
      std::vector<std::size_t> order(points.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      CAPTURE(dims, levels);
      CHECK(front_of(points, order).ids == by_definition(points));
    }
  }
}

TEST_CASE("the front does not depend on the order of insertion") {
  const Points points = random_points(5000, 4, 0, 5);
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Front first = front_of(points, order);
  Rng rng{77};
  for (int round = 0; round < 5; ++round) {
    rng.shuffle(order);
    const Front again = front_of(points, order);
    CHECK(again.ids == first.ids);
    CHECK(again.values == first.values);
  }
}

TEST_CASE("members are mutually non-dominated and cover every point") {
  Rng rng{9};
  ParetoArchive archive{3};
  Points points;
  for (std::size_t i = 0; i < 20000; ++i) {
    // Near a sphere, coming closer: a large front whose members are replaced all the time.
    std::vector<double> p(3);
    double norm = 0.0;
    for (double& x : p) {
      x = std::abs(rng.normal());
      norm += x * x;
    }
    for (double& x : p) {
      x = 1.0 - x / std::sqrt(norm) + 1.0 / (1.0 + static_cast<double>(i) / 1000.0);
    }
    archive.insert(i, p);
    points.push_back(p);
  }
  const Front front = archive.front();
  CHECK(front.size() == archive.size());
  CHECK(front.size() > 100);
  for (std::size_t a = 0; a < front.size(); ++a) {
    for (std::size_t b = 0; b < front.size(); ++b) {
      if (dominates(front[a], front[b])) {
        FAIL("a member dominates another");
      }
    }
  }
  for (const auto& point : points) {
    if (!archive.covers(point)) {
      FAIL("a point is not covered");
    }
  }
}

TEST_CASE("a point below everything empties the archive but for itself") {
  ParetoArchive archive{2};
  for (std::size_t i = 0; i < 500; ++i) {
    const auto x = static_cast<double>(i);
    archive.insert(i, std::vector{x, 500.0 - x});
  }
  CHECK(archive.size() == 500);
  CHECK(archive.insert(500, std::vector{-1.0, -1.0}));
  CHECK(archive.front().ids == std::vector<std::uint64_t>{500});
  CHECK_FALSE(archive.insert(501, std::vector{0.0, 0.0}));
}

TEST_CASE("infinite objectives compare, NaN is refused") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  ParetoArchive archive{2};
  CHECK(archive.insert(0, std::vector{1.0, kInfinity}));
  CHECK(archive.insert(1, std::vector{2.0, 5.0}));
  CHECK_FALSE(archive.insert(2, std::vector{3.0, kInfinity}));
  CHECK_THROWS_AS(archive.insert(3, std::vector{std::nan(""), 0.0}), InternalError);
}

}  // namespace cairn::search
