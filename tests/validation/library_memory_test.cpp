// RAM and flash of networks under four libraries, against published figures.

#include <cmath>

#include <catch2/catch.hpp>

#include "app/validation/planner_comparisons.h"
#include "app/validation/reference_table.h"

namespace cairn::app {
namespace {

TEST_CASE("RAM is within 5 % and flash within 10 % on average, for every library", "[validation]") {
  const auto comparisons = compare_library_memory(reference_file("library_memory.csv"));
  REQUIRE(comparisons.size() == 8);
  for (const Comparison& c : comparisons) {
    INFO(c.id);
    const Summary summary = summary_of(c.rows);
    CHECK(summary.mean_absolute <= c.bars.front().limit);
    // No row was left behind for the mean.
    CHECK(std::abs(summary.worst) <= (c.metric == "ram" ? 0.06 : 0.06));
  }
}

TEST_CASE("networks that took no part in calibration are as close", "[validation]") {
  for (const Comparison& c : compare_library_memory(reference_file("library_memory.csv"))) {
    INFO(c.id);
    CHECK(summary_of(c.rows, "held out").mean_absolute <= c.bars.front().limit);
  }
}

}  // namespace
}  // namespace cairn::app
