// Which points of a search are refined, and what a run says about them.
#include "app/refined_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "tests/unit/core/scratch_folder.h"
#include "tests/unit/report/sample_run.h"

namespace cairn::app {
namespace {

struct Row {
  double latency;
  double throughput;
  search::Status status{search::Status::feasible};
};

/// A store whose points have these metrics, in this order.
report::ResultReader store_of(const test::ScratchFolder& folder, const search::DesignSpace& space,
                              const std::vector<Row>& rows) {
  const std::string path = folder.path("results.sqlite");
  report::ResultWriter writer(path, test::sample_schema(space), space);
  search::PointBatch points(space.knobs().size(), 0);
  std::vector<std::vector<double>> metrics;
  for (const Row& row : rows) {
    static_cast<void>(space.at(points.size() % space.size(), points.append()));
    metrics.push_back({row.latency, 1.0, row.throughput});
  }
  std::vector<search::Scored> scored(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    scored[i].id = i;
    scored[i].status = rows[i].status;
    scored[i].metrics = metrics[i];
  }
  writer.append(points, scored);
  return report::ResultReader(path);
}

search::Front front_of(const std::vector<Row>& rows) {
  search::ParetoArchive archive(2);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].status == search::Status::feasible) {
      archive.insert(i, std::vector<double>{rows[i].latency, -rows[i].throughput});
    }
  }
  return archive.front();
}

/// Rank of each point by the definition: 0 for those that nothing dominates, and so on.
std::map<std::size_t, int> ranks_of(const std::vector<Row>& rows) {
  std::map<std::size_t, int> ranks;
  for (int rank = 0; ranks.size() < rows.size(); ++rank) {
    std::vector<std::size_t> now;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto dominates_i = [&](std::size_t j) {
        return !ranks.contains(j) && rows[j].latency <= rows[i].latency &&
               rows[j].throughput >= rows[i].throughput &&
               (rows[j].latency < rows[i].latency || rows[j].throughput > rows[i].throughput);
      };
      bool dominated = false;
      for (std::size_t j = 0; j < rows.size(); ++j) {
        dominated = dominated || dominates_i(j);
      }
      if (!ranks.contains(i) && !dominated) {
        now.push_back(i);
      }
    }
    for (const std::size_t i : now) {
      ranks[i] = rank;
    }
  }
  return ranks;
}

}  // namespace

TEST_CASE("the front is refined first, its ends before its middle, then the front behind it") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = test::sample_space();
  // Front by (latency down, throughput up): 0 (1, 1), 1 (2, 5), 2 (4, 6). 3 (5, 1) and 4 (3, 2) are
  // behind it: 4 is dominated by 1 only, 3 by all, and 4 dominates 3. 5 would be best but breaks a
  // constraint.
  const std::vector<Row> rows{{1, 1}, {2, 5}, {4, 6},
                              {5, 1}, {3, 2}, {0.5, 9, search::Status::infeasible}};
  const report::ResultReader results = store_of(folder, space, rows);
  const auto order = [&](std::size_t top) {
    return points_to_refine(results, test::sample_objectives(), front_of(rows), top);
  };
  CHECK(order(2) == std::vector<std::uint64_t>{0, 2});
  CHECK(order(3) == std::vector<std::uint64_t>{0, 2, 1});
  CHECK(order(4) == std::vector<std::uint64_t>{0, 2, 1, 4});
  CHECK(order(100) == std::vector<std::uint64_t>{0, 2, 1, 4, 3});
}

TEST_CASE("random points are refined rank by rank, each once") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = test::sample_space();
  Rng rng(11);
  std::vector<Row> rows;
  rows.reserve(300);
  for (int i = 0; i < 300; ++i) {
    rows.push_back({1 + std::floor(20 * rng.uniform01()), 1 + std::floor(20 * rng.uniform01())});
  }
  const report::ResultReader results = store_of(folder, space, rows);
  const auto order = points_to_refine(results, test::sample_objectives(), front_of(rows), 300);
  REQUIRE(order.size() == 300);
  CHECK(std::set<std::uint64_t>(order.begin(), order.end()).size() == 300);
  const std::map<std::size_t, int> ranks = ranks_of(rows);
  for (std::size_t i = 1; i < order.size(); ++i) {
    CHECK(ranks.at(order[i - 1]) <= ranks.at(order[i]));
  }
  // A shorter list is the beginning of a longer one: a resumed run goes on where it was.
  const auto some = points_to_refine(results, test::sample_objectives(), front_of(rows), 40);
  CHECK(std::equal(some.begin(), some.end(), order.begin()));
}

TEST_CASE("with one objective the best are refined in order") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = test::sample_space();
  const std::vector<Row> rows{{3, 1}, {1, 1}, {2, 1}, {1, 1}, {9, 1}};
  const report::ResultReader results = store_of(folder, space, rows);
  const std::vector<search::Objective> latency{{"latency", 0, search::Direction::minimize}};
  CHECK(points_to_refine(results, latency, {}, 4) == std::vector<std::uint64_t>{1, 3, 2, 0});
  const std::vector<search::Objective> largest{{"latency", 0, search::Direction::maximize}};
  CHECK(points_to_refine(results, largest, {}, 2) == std::vector<std::uint64_t>{4, 0});
}

TEST_CASE("the worst disagreement is the largest amount on the front, of either sign") {
  RefinedPoints refined;
  const auto add = [&](std::uint64_t design, double disagreement, bool on_front) {
    RefinedPoint point;
    point.design = design;
    point.disagreement = disagreement;
    point.on_front = on_front;
    refined.points.push_back(point);
  };
  CHECK(refined.worst_on_front() == nullptr);
  add(1, 0.02, true);
  add(2, -0.05, true);
  add(3, 0.4, false);
  add(4, std::numeric_limits<double>::quiet_NaN(), true);
  REQUIRE(refined.worst_on_front() != nullptr);
  CHECK(refined.worst_on_front()->design == 2);
}

}  // namespace cairn::app
