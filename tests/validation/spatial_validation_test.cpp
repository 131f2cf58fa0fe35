// A row-stationary chip against its published figures, and grouped depthwise convolutions.

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/spatial_comparisons.h"

namespace cairn::app {
namespace {

const Comparison& named(const std::vector<Comparison>& all, const char* id) {
  const auto found = std::ranges::find(all, id, &Comparison::id);
  REQUIRE(found != all.end());
  return *found;
}

TEST_CASE("a row-stationary chip: speed 10 %, power and traffic 15 %", "[validation]") {
  const std::vector<Comparison> all = compare_spatial();
  CHECK(std::abs(named(all, "eyeriss_speed").rows.at(0).error()) <= 0.10);
  CHECK(std::abs(named(all, "eyeriss_power").rows.at(0).error()) <= 0.15);
  CHECK(std::abs(named(all, "eyeriss_traffic").rows.at(0).error()) <= 0.15);
  // By layer the table is recalled; the first layer is the worst, 22 % slow.
  CHECK(summary_of(named(all, "eyeriss_layer_latency").rows).mean_absolute <= 0.12);
}

TEST_CASE("grouped depthwise convolutions raise utilization and cut latency", "[validation]") {
  const std::vector<Comparison> all = compare_spatial();
  for (const ComparedRow& row : named(all, "grouped_depthwise_latency").rows) {
    if (row.scored) {
      CHECK(row.predicted < 0.85);
    }
  }
  for (const ComparedRow& row : named(all, "grouped_depthwise_utilization").rows) {
    CHECK(row.predicted > 1.2);
  }
}

}  // namespace
}  // namespace cairn::app
