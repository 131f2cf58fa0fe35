// Dies of three chips at three nodes, worked out from their descriptions.

#include <cmath>

#include <catch2/catch.hpp>

#include "app/validation/fusion_comparisons.h"

namespace cairn::app {
namespace {

TEST_CASE("dies at 28, 7 and 4 nm, and a design at 32 nm, come out within 25 %", "[validation]") {
  const auto found = compare_die_areas("configs/validation/die_areas.csv");
  REQUIRE(found.size() == 2);
  CHECK(found[0].rows.size() == 3);
  CHECK(found[1].rows.size() == 1);
  for (const Comparison& c : found) {
    for (const ComparedRow& row : c.rows) {
      INFO(row.name << ": " << row.predicted << " mm2, published " << row.measured);
      CHECK(std::abs(row.error()) <= 0.25);
    }
  }
}

}  // namespace
}  // namespace cairn::app
