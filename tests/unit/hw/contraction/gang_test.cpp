#include "hw/contraction/gang.h"

#include <vector>

#include <catch2/catch.hpp>

namespace cairn::hw {
namespace {

GemmProblem problem(std::int64_t instances, std::int64_t m, std::int64_t n, std::int64_t k) {
  GemmProblem p;
  p.instances = instances;
  p.extent = {m, n, k};
  p.weight_bits = 8;
  p.activation_bits = 8;
  p.output_bits = 8;
  p.partial_bits = 32;
  return p;
}

GemmMachine engine(Dataflow dataflow) {
  GemmMachine m;
  m.rows = 4;
  m.cols = 4;
  m.dataflow = dataflow;
  m.mac_energy = 1;
  return m;
}

TEST_CASE("a share carries the bits of all engines, whatever the edges") {
  // 10 x 6 x 8 over 4 x 2 parts of m and n: shares of 3 x 3 x 8. Weights: 8 x 6 elements over 8 x 3
  // of a share; inputs: 10 x 8 over 3 x 8; outputs 60 over 9.
  const GangShare share =
      share_of(engine(Dataflow::output_stationary), problem(1, 10, 6, 8), Gang{{4, 2, 1}, 1});
  CHECK(share.problem.extent == std::array<std::int64_t, 3>{3, 3, 8});
  CHECK(share.problem.weight_bits * 24 == Approx(8 * 48));
  CHECK(share.problem.activation_bits * 24 == Approx(8 * 80));
  CHECK(share.problem.output_bits * 9 == Approx(8 * 60));
  CHECK(share.problem.partial_bits * 9 == Approx(32 * 60));
  CHECK(share.machine.mac_energy * 3 * 3 * 8 == Approx(10 * 6 * 8));
  CHECK(share.copies_of_weights == 4);  // ten rows in threes: four parts
  CHECK(share.copies_of_inputs == 2);
  CHECK(share.summed == 1);
  CHECK(share.used.engines() == 8);
}

TEST_CASE("parts without work count as idle") {
  // Five rows over four parts: two each, so that the fourth has none.
  const GangShare share =
      share_of(engine(Dataflow::output_stationary), problem(1, 5, 4, 4), Gang{{4, 1, 1}, 1});
  CHECK(share.used.parts[0] == 3);
}

TEST_CASE("engines divide what does not fit into one, and the extent in time to the last element") {
  const GangLimits os =
      gang_limits(engine(Dataflow::output_stationary), problem(3, 8, 4, 16), true);
  CHECK(os.parts == std::array<int, 3>{1, 0, 4});  // two engines of rows, one of columns, k in time
  CHECK(os.instances == 2);
  const GangLimits ws =
      gang_limits(engine(Dataflow::weight_stationary), problem(1, 8, 4, 16), true);
  CHECK(ws.parts == std::array<int, 3>{3, 0, 2});
  CHECK(gang_limits(engine(Dataflow::weight_stationary), problem(1, 8, 4, 16), false).parts[2] ==
        0);
}

TEST_CASE("every gang has the wanted number of engines, or all that can work") {
  const GangLimits limits{.parts = {2, 1, 3}, .instances = 1};
  std::vector<Gang> gangs;
  each_gang(limits, 3, [&](const Gang& gang) { gangs.push_back(gang); });
  // Exponents (instances, m, n, k) that add up to three within (1, 2, 1, 3): one for each choice of
  // the first three with a sum from 0 to 3: all 2 x 3 x 2 = 12 but (1, 2, 1).
  CHECK(gangs.size() == 11);
  for (const Gang& gang : gangs) {
    CHECK(gang.engines() == 8);
  }
  gangs.clear();
  each_gang(limits, 10, [&](const Gang& gang) { gangs.push_back(gang); });
  REQUIRE(gangs.size() == 1);
  CHECK(gangs[0].engines() == 128);
}

}  // namespace
}  // namespace cairn::hw
