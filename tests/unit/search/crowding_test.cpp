#include "search/pareto/crowding.h"

#include <cmath>

#include <catch2/catch.hpp>

using namespace cairn::search;  // NOLINT(google-build-using-namespace)

TEST_CASE("crowding distances by hand") {
  // Rows (0, 10), (1, 5), (3, 4), (10, 0); ranges 10 and 10. Second: (3 - 0) / 10 + (10 - 4) / 10 =
  // 0.9. Third: (10 - 1) / 10 + (5 - 0) / 10 = 1.4.
  const Front front{2, {4, 7, 8, 9}, {0, 10, 1, 5, 3, 4, 10, 0}};
  const std::vector<double> distances = crowding_distances(front);
  CHECK(std::isinf(distances[0]));
  CHECK(distances[1] == Approx(0.9));
  CHECK(distances[2] == Approx(1.4));
  CHECK(std::isinf(distances[3]));
  CHECK(loneliest_first(front) == std::vector<std::uint64_t>{4, 9, 8, 7});
}

TEST_CASE("points that are all alike keep the order of their ids") {
  const Front front{2, {3, 5, 6}, {1, 1, 1, 1, 1, 1}};
  CHECK(loneliest_first(front) == std::vector<std::uint64_t>{3, 5, 6});
  CHECK(loneliest_first(Front{2, {}, {}}).empty());
}
