// Cycle counts that SCALE-Sim printed against the systolic array with `timing: scalesim`, through
// the same pricing as a study.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/cycles.h"
#include "app/validation/scalesim_layers_comparisons.h"
#include "hw/systolic/fold_cycles.h"

namespace cairn {
namespace {

TEST_CASE("3,000 output-stationary products take the cycles that SCALE-Sim v2 prints",
          "[validation]") {
  const app::CycleComparison found =
      app::compare_cycles("configs/validation/scalesim_v2_cycles.csv");
  INFO(found.first_difference);
  CHECK(found.rows == 3000);
  CHECK(found.equal == found.rows);
  CHECK(found.holds());
}

TEST_CASE("66 products, outputs or weights stationary, take the cycles that SCALE-Sim v3 prints",
          "[validation]") {
  const app::CycleComparison found =
      app::compare_cycles("configs/validation/scalesim_v3_cycles.csv");
  INFO(found.first_difference);
  CHECK(found.rows == 66);
  CHECK(found.equal == found.rows);
}

TEST_CASE("cycles and words between array and scratchpads are those of SCALE-Sim v3",
          "[validation]") {
  const std::vector<app::Comparison> all = app::compare_scalesim_layers();
  REQUIRE(all.size() == 5);
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(all[i].id);
    CHECK(all[i].rows.size() == 66);
    for (const app::ComparedRow& row : all[i].rows) {
      INFO(row.name);
      CHECK(row.predicted == row.measured);
    }
  }
}

TEST_CASE("DRAM traffic is at least compulsory and at most what SCALE-Sim v3 prints",
          "[validation]") {
  const app::Comparison dram = app::compare_scalesim_layers().back();
  CHECK(dram.rows.size() == 66);
  std::size_t whole = 0;
  for (const app::ComparedRow& row : dram.rows) {
    INFO(row.name);
    const double compulsory = std::stod(row.note.substr(std::string{"at least "}.size()));
    CHECK(row.predicted >= compulsory * (1 - 1e-12));
    CHECK(row.predicted <= row.measured * (1 + 1e-12));
    // Outputs that stay and operands that fit: both move each word once, but for a padded line.
    if (row.group == "output_stationary" && row.measured < compulsory + 128) {
      CHECK(row.predicted == Approx(compulsory));
      ++whole;
    }
  }
  CHECK(whole == 31);
}

TEST_CASE("the three closed forms of SCALE-Sim by hand", "[validation]") {
  // M 128, N 3072, K 768 on 32 x 32.
  // os: Sr M, Sc N, T K: F = 4 * 96 = 384;  384 * (32 + 32 + 768 - 2) - 1 = 318,719
  // ws: Sr K, Sc N, T M: F = 24 * 96 = 2304; 2304 * (64 + 32 + 128 - 2) - 1 = 511,487
  // is: Sr K, Sc M, T N: F = 24 * 4 = 96;   96 * (64 + 32 + 3072 - 2) - 1 = 303,935
  constexpr std::int64_t kM = 128;
  constexpr std::int64_t kN = 3072;
  constexpr std::int64_t kK = 768;
  const hw::FoldShape os{kM, kN, kK, kM, kN, kK};
  const hw::FoldShape ws{kK, kN, kM, kK, kN, kM};
  const hw::FoldShape is{kK, kM, kN, kK, kM, kN};
  CHECK(hw::scalesim_cycles(os, 32, 32, false) == 318719);
  CHECK(hw::scalesim_cycles(ws, 32, 32, true) == 511487);
  CHECK(hw::scalesim_cycles(is, 32, 32, true) == 303935);
}

}  // namespace
}  // namespace cairn
