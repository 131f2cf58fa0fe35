#include "report/store/run_statistics.h"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sample_run.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::report {

namespace {

/// Two knobs of 2 and 3 choices, one metric to minimise, one more.
RunSchema small_schema() {
  RunSchema schema;
  schema.knobs = {{"a", {"0", "1"}}, {"b", {"0", "1", "2"}}};
  schema.metrics = {{"latency", "latency_s", "s"}, {"energy", "energy_j", "J"}};
  return schema;
}

std::vector<search::Objective> small_objectives() {
  return {{"latency", 0, search::Direction::minimize}, {"energy", 1, search::Direction::minimize}};
}

void add(RunStatistics& statistics, std::vector<std::uint32_t> choices,
         std::vector<double> metrics) {
  StoredPoint point;
  point.choices = choices;
  point.scored.id = statistics.evaluated();
  point.scored.metrics = metrics;
  statistics.add(point);
}

void exclude(RunStatistics& statistics, std::string_view limit, double excess) {
  StoredPoint point;
  const std::vector<std::uint32_t> choices{0, 0};
  point.choices = choices;
  point.scored.id = statistics.evaluated();
  point.scored.status = search::Status::infeasible;
  point.scored.limit = limit;
  point.scored.excess = excess;
  point.scored.reason = "over";
  statistics.add(point);
}

}  // namespace

TEST_CASE("a knob's share is the part of the log variance between its choices") {
  RunStatistics statistics{small_schema(), small_objectives()};
  // latency = 2^a x 4^b, energy constant. log2: a + 2 b. Variance of a over {0,1}: 1/4; of 2 b over
  // {0,2,4}: 8/3. Shares 0.25 / (0.25 + 8/3) = 3/35 and 32/35.
  for (std::uint32_t a = 0; a < 2; ++a) {
    for (std::uint32_t b = 0; b < 3; ++b) {
      add(statistics, {a, b}, {std::pow(2.0, a) * std::pow(4.0, b), 7.0});
    }
  }
  const auto sensitivities = statistics.sensitivities();
  REQUIRE(sensitivities.size() == 2);
  CHECK(sensitivities[0].logarithmic);
  CHECK(sensitivities[0].effects[0].share == Approx(3.0 / 35.0));
  CHECK(sensitivities[0].effects[1].share == Approx(32.0 / 35.0));
  // Geometric mean over b at a = 0: (1 x 4 x 16)^(1/3) = 4; at a = 1: 8.
  REQUIRE(sensitivities[0].effects[0].choices.size() == 2);
  CHECK(sensitivities[0].effects[0].choices[0].mean == Approx(4.0));
  CHECK(sensitivities[0].effects[0].choices[1].mean == Approx(8.0));
  CHECK(sensitivities[0].effects[0].choices[1].points == 3);
  CHECK(sensitivities[1].effects[0].share == 0.0);
}

TEST_CASE("a metric that is not positive everywhere is explained on a linear scale") {
  RunStatistics statistics{small_schema(), small_objectives()};
  add(statistics, {0, 0}, {0.0, 1.0});
  add(statistics, {1, 0}, {10.0, 2.0});
  add(statistics, {0, search::kInactive}, {0.0, 1.0});
  add(statistics, {1, search::kInactive}, {10.0, 2.0});
  const auto latency = statistics.sensitivities()[0];
  CHECK_FALSE(latency.logarithmic);
  CHECK(latency.effects[0].share == Approx(1.0));
  CHECK(latency.effects[0].choices[1].mean == Approx(10.0));
  CHECK(latency.effects[1].share == Approx(0.0).margin(1e-12));
  CHECK(latency.effects[1].choices.back().choice == search::kInactive);
}

TEST_CASE("limits are counted, with the nearest miss and the median excess") {
  RunStatistics statistics{small_schema(), small_objectives()};
  for (const double excess : {0.5, 0.1, 3.0, 0.2, 0.4}) {
    exclude(statistics, "area at_most", excess);
  }
  exclude(statistics, "buffer.capacity", 2.0);
  const auto limits = statistics.limits();
  REQUIRE(limits.size() == 2);
  CHECK(limits[0].name == "area at_most");
  CHECK(limits[0].points == 5);
  CHECK(limits[0].least_excess == 0.1);
  CHECK(limits[0].nearest == 1);
  CHECK(limits[0].reason == "over");
  CHECK(limits[0].median_excess == Approx(0.4).epsilon(0.045));
  CHECK(limits[1].points == 1);
  CHECK(statistics.infeasible() == 6);
  CHECK(statistics.feasible() == 0);
  CHECK(statistics.hypervolume_history().steps.empty());
  CHECK(statistics.cloud().empty());
}

TEST_CASE("infinite excess has a median too") {
  RunStatistics statistics{small_schema(), small_objectives()};
  exclude(statistics, "x", INFINITY);
  CHECK(std::isinf(statistics.limits()[0].median_excess));
}

TEST_CASE("the hypervolume by hand, at powers of 1.5") {
  RunStatistics statistics{small_schema(), small_objectives()};
  add(statistics, {0, 0}, {4.0, 1.0});
  add(statistics, {0, 0}, {1.0, 4.0});
  add(statistics, {0, 0}, {5.0, 5.0});
  add(statistics, {0, 0}, {2.0, 2.0});
  const auto history = statistics.hypervolume_history();
  // Front (4,1) (1,4) (2,2): ideal (1,1), worst (4,4), reference (4.3, 4.3), box 3.3 x 3.3.
  CHECK(history.ideal == std::vector{1.0, 1.0});
  CHECK(history.reference[0] == Approx(4.3));
  REQUIRE(history.steps.size() == 4);
  const double box = 3.3 * 3.3;
  CHECK(history.steps[0].share == Approx(0.3 * 3.3 / box));
  CHECK(history.steps[1].share == Approx((2 * 0.3 * 3.3 - 0.3 * 0.3) / box));
  CHECK(history.steps[2].share == history.steps[1].share);
  // (1,4): 3.3 x 0.3; (2,2) adds 2.3 x 2.0; (4,1) adds 0.3 x 1.0.
  CHECK(history.steps[3].share == Approx((3.3 * 0.3 + 2.3 * 2.0 + 0.3 * 1.0) / box));
}

TEST_CASE("the sample is bounded, the same however it is gathered, and spread over the run") {
  RunStatistics statistics{small_schema(), small_objectives()};
  for (std::uint64_t id = 0; id < 40000; ++id) {
    add(statistics, {std::uint32_t(id % 2), std::uint32_t(id % 3)}, {1.0 + double(id), 1.0});
  }
  const auto cloud = statistics.cloud();
  REQUIRE(cloud.size() == RunStatistics::kCloud);
  std::size_t first_half = 0;
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    CHECK((i == 0 || cloud[i - 1].id < cloud[i].id));
    CHECK(cloud[i].metrics[0] == 1.0 + static_cast<double>(cloud[i].id));
    CHECK(cloud[i].choices[1] == cloud[i].id % 3);
    first_half += cloud[i].id < 20000 ? 1U : 0U;
  }
  CHECK(first_half > 2300);  // 2500 expected, standard deviation 35
  CHECK(first_half < 2700);
}

TEST_CASE("a stored run replayed gives the statistics of the run itself") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  RunStatistics live{schema, test::sample_objectives()};
  ResultWriter writer{folder.path("r.sqlite"), schema, space};
  while (writer.size() < 3000) {
    const test::SampleBatch batch{space, writer.size(), 500};
    live.add(batch.points, batch.rows, space);
    writer.append(batch.points, batch.rows);
  }
  RunStatistics again{schema, test::sample_objectives()};
  const ResultReader reader{folder.path("r.sqlite")};
  reader.replay(0, 3000, [&](const StoredPoint& point) { again.add(point); });
  CHECK(live.front().ids == again.front().ids);
  CHECK(live.feasible() == again.feasible());
  CHECK(live.failed() == again.failed());
  CHECK(live.failures() == again.failures());
  CHECK(live.limits().size() == 2);
  CHECK(live.limits()[0].median_excess == again.limits()[0].median_excess);
  const auto a = live.sensitivities();
  const auto b = again.sensitivities();
  for (std::size_t o = 0; o < a.size(); ++o) {
    for (std::size_t k = 0; k < a[o].effects.size(); ++k) {
      CHECK(a[o].effects[k].share == b[o].effects[k].share);
      CHECK(a[o].effects[k].choices.size() == b[o].effects[k].choices.size());
    }
  }
  const auto steps = live.hypervolume_history().steps;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    CHECK(steps[i].share >= steps[i - 1].share);
  }
  CHECK(steps.back().points == 3000);
}

}  // namespace cairn::report
