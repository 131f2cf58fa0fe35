// Microcontrollers against measured inferences: what `cairn validate` prints, as bars.

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/mcu_comparisons.h"

using namespace cairn::app;  // NOLINT(google-build-using-namespace)

namespace {

const Comparison& comparison(const std::string& id) {
  static const std::vector<Comparison> all = compare_mcu();
  for (const Comparison& c : all) {
    if (c.id == id) {
      return c;
    }
  }
  FAIL("there is no comparison " << id);
  return all.front();
}

}  // namespace

TEST_CASE("libraries with a public mechanism: MLPerf Tiny latency within 12 %") {
  const Comparison& c = comparison("mcu_tiny_latency");
  const Summary all = summary_of(c.rows);
  CHECK(all.rows == 36);
  CHECK(all.mean_absolute <= 0.12);
  for (const std::string& library : groups_of(c.rows)) {
    INFO(library);
    CHECK(summary_of(c.rows, library).mean_absolute <= 0.12);
  }
  CHECK(contests_of({&c}).winner_share() == 1.0);
}

TEST_CASE("closed libraries described from one net carry over to anomaly detection and images") {
  const Comparison& c = comparison("mcu_tiny_latency_closed");
  // Those of round 1.0 run the nets as their tables say.
  CHECK(summary_of(c.rows, "x_cube_ai_7.3").mean_absolute <= 0.08);
  CHECK(summary_of(c.rows, "x_cube_ai_8.0").mean_absolute <= 0.08);
  CHECK(summary_of(c.rows, "plumerai_2022").mean_absolute <= 0.20);
  CHECK(summary_of(c.rows, "hale_1.0").mean_absolute <= 0.20);
}

TEST_CASE("TinyEngine's table within 12 %, the fastest library first") {
  const Comparison& c = comparison("mcu_tinyengine_latency");
  CHECK(summary_of(c.rows).rows == 8);
  CHECK(summary_of(c.rows).mean_absolute <= 0.12);
  CHECK(contests_of({&c}).winner_share() == 1.0);
}

TEST_CASE("energy of MLPerf Tiny within 20 %") {
  CHECK(summary_of(comparison("mcu_tiny_energy").rows).mean_absolute <= 0.20);
}

TEST_CASE("GAP9 from 0.65 V to 0.8 V: every energy ratio within 8 %") {
  const Comparison& c = comparison("mcu_gap9_operating_points");
  CHECK(summary_of(c.rows).rows == 4);
  CHECK(std::abs(summary_of(c.rows).worst) <= 0.08);
}
