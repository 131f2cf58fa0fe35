// DRAM channels command by command against another simulator's rows: streams within 0.5 %, single
// reads within 3 %, single reads under a stream within 10 %.

#include <cmath>

#include <catch2/catch.hpp>

#include "app/validation/dram_comparisons.h"

namespace cairn::app {
namespace {

TEST_CASE("DRAM streams and latencies lie within their bars, row by row", "[validation]") {
  std::size_t rows = 0;
  for (const Comparison& c : compare_dram_commands()) {
    REQUIRE(c.bars.size() == 1);
    REQUIRE(c.bars[0].statistic == Statistic::worst);
    for (const ComparedRow& row : c.rows) {
      CAPTURE(c.id, row.name, row.predicted, row.measured);
      CHECK(std::abs(row.error()) <= c.bars[0].limit);
      ++rows;
    }
  }
  CHECK(rows == 16);
}

}  // namespace
}  // namespace cairn::app
