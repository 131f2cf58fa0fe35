// Layers of a precision-scalable array, as its simulator prints them, against hw/systolic: the
// array was chosen on one half of the rows, the bars hold on the other.

#include <catch2/catch.hpp>

#include "app/validation/fusion_comparisons.h"

namespace cairn::app {
namespace {

TEST_CASE("layers on fused bricks: 15 % mean and tau 0.95 on the rows held out", "[validation]") {
  const auto found = compare_fusion_layers("configs/validation/bitfusion_layers.csv");
  REQUIRE(found.size() == 3);
  const Comparison& fitted = found[0];
  const Comparison& latency = found[1];
  CHECK(latency.id == "bitfusion_layers");
  CHECK(fitted.rows.size() + latency.rows.size() == 2188);
  CHECK(latency.rows.size() > 1000);
  CHECK(fitted.rows.size() > 1000);
  const Summary all = summary_of(latency.rows);
  CHECK(all.unscored == 0);
  CHECK(all.mean_absolute <= 0.05);  // bar 0.15; 0.038 reached
  CHECK(all.kendall_tau >= 0.96);    // bar 0.95; 0.972 reached
  // No worse on rows that played no part in the choice.
  CHECK(all.mean_absolute == Approx(summary_of(fitted.rows).mean_absolute).epsilon(0.2));
}

}  // namespace
}  // namespace cairn::app
