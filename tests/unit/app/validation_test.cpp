#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/cycles.h"
#include "app/validation/gpu_comparisons.h"
#include "core/error.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::app {
namespace {

constexpr const char* kHeader = "# source\nrows,cols,dataflow,m,n,k,cycles\n";

TEST_CASE("equal cycle counts are counted and the first difference is named") {
  const test::ScratchFolder folder;
  // 8 x 8, outputs stationary, 9 x 8 x 5: F = 2, 2 * (8 + 8 + 5 - 2) - 1 = 37.
  const CycleComparison found = compare_cycles(folder.write(
      "t.csv",
      std::string{kHeader} + "8,8,output_stationary,9,8,5,37\n8,8,output_stationary,9,8,5,38\n"));
  CHECK(found.rows == 2);
  CHECK(found.equal == 1);
  CHECK(!found.holds());
  CHECK(found.first_difference ==
        "line 4: 8x8 output_stationary, m 9 n 8 k 5: 37 cycles, SCALE-Sim 38");
}

TEST_CASE("a comparison with no rows does not hold") {
  const test::ScratchFolder folder;
  CHECK(!compare_cycles(folder.write("t.csv", kHeader)).holds());
}

TEST_CASE("errors of a GPU are relative to the measured time, by decade of tokens") {
  const test::ScratchFolder folder;
  // Absurdly long times: the model is faster by nearly the whole.
  const auto gpus = compare_linear_layers(folder.write("t.csv",
                                                       "device,m,n,k,median_s\n"
                                                       "a100,9,4096,4096,1000\n"
                                                       "a100,10,4096,4096,1000\n"));
  REQUIRE(gpus.size() == 1);
  CHECK(gpus[0].device == "a100");
  const Summary all = summary_of(gpus[0].rows);
  CHECK(all.rows == 2);
  CHECK(all.mean_signed == Approx(-1).epsilon(1e-4));
  CHECK(all.mean_absolute == Approx(1).epsilon(1e-4));
  CHECK(groups_of(gpus[0].rows) == std::vector<std::string>{"1 to 9 tokens", "10 to 99 tokens"});
}

TEST_CASE("a reference table that is wrong is refused at its cell") {
  const test::ScratchFolder folder;
  CHECK_THROWS_AS(compare_cycles(folder.write("a.csv", "rows,cols\n8,8\n")), ConfigError);
  CHECK_THROWS_AS(
      compare_cycles(folder.write("b.csv", std::string{kHeader} + "8,8,diagonal,1,1,1,1\n")),
      ConfigError);
  CHECK_THROWS_AS(
      compare_linear_layers(folder.write("c.csv", "device,m,n,k,median_s\na100,1,1,1,0\n")),
      ConfigError);
  CHECK_THROWS_AS(compare_cycles(folder.path("none.csv")), IoError);
}

}  // namespace
}  // namespace cairn::app
