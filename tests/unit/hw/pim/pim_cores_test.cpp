#include "hw/pim/pim_cores.h"

#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/hw/pim/support.h"

using cairn::bytes;
using cairn::FieldProblem;
using namespace cairn::hw;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::test;  // NOLINT(google-build-using-namespace)
using namespace cairn::models;    // NOLINT(google-build-using-namespace)

namespace {

const PimCores& cores_of(const Machine& machine) {
  return std::get<PimCores>(machine.primary());
}

}  // namespace

TEST_CASE("additions of a full pipeline complete at clock over instructions") {
  const Machine machine = machine_of(system_file("upmem"));
  // 350 MHz / 6 and / 7.
  CHECK(cores_of(machine).operation_rate(CoreOperation::add, kInt32) ==
        Approx(58.33e6).epsilon(1e-3));
  CHECK(cores_of(machine).operation_rate(CoreOperation::add, integer_format(64)) ==
        Approx(50.0e6).epsilon(1e-3));
  // Eleven threads fill the pipeline, ten do not: 10 / 11.
  const Machine eleven = machine_of(system_file("upmem", {"devices.cores.tasklets=11"}));
  const Machine ten = machine_of(system_file("upmem", {"devices.cores.tasklets=10"}));
  CHECK(cores_of(eleven).instruction_rate() == Approx(350e6));
  CHECK(cores_of(ten).instruction_rate() == Approx(350e6 * 10 / 11));
}

TEST_CASE("transfers cost a fixed part and half a cycle a byte") {
  const SystemSpec spec = system_file("upmem");
  const auto& cores = std::get<PimCoresSpec>(spec.devices.items.front().second);
  CHECK(cores.read.cycles(8) == Approx(81));
  CHECK(cores.read.cycles(2048) == Approx(1101));
  CHECK(cores.write.cycles(2048) == Approx(1085));
}

TEST_CASE("adding vectors is bound by instructions, copying them by the engine") {
  const Machine machine = machine_of(system_file("upmem"));
  // 25,560,000 int32 additions: 10,000 a core x 6 cycles = 60,000 cycles; the engine moves two
  // inputs and one output of 40,000 B: 78 blocks and 128 B in, 39 blocks and 64 B out:
  // 78 x 589 + 141 = 46,083 and 39 x 573 + 93 = 22,440 cycles, in 79 portions. All transfers in,
  // and out those of all but the last sixteen, come before the last portion is ready: it takes
  // 759.49 instructions x 11 cycles, and its transfer: 46,083 + 64 x 284.05 + 8354.4 = 72,617.
  Operator add;
  add.name = "add";
  add.formats = {kInt32, kInt32, kInt32};
  add.shape =
      Elementwise{.kind = ElementwiseKind::add, .rows = 2556, .columns = 10000, .inputs = 2};
  const OperatorCost c = cost(machine, add);
  CHECK(c.busy_s * 350e6 == Approx(72'617).epsilon(1e-4));
  CHECK(c.bottleneck == Bottleneck::dram);
  const Machine single = machine_of(system_file("upmem", {"devices.cores.tasklets=1"}));
  // One thread issues every eleventh cycle and waits for its transfers.
  CHECK(cost(single, add).busy_s * 350e6 == Approx(60'000 * 11 + 68'523));
}

TEST_CASE("a matrix times a vector is spread over the cores by its columns") {
  const Machine machine = machine_of(system_file("upmem"));
  // 5112 columns of 1024 int8: two a core, (6 + 1) x 2048 = 14,336 cycles of instructions. The
  // engine reads two columns and, once, the vector: 3 x 589 cycles, the first of which nothing
  // hides.
  const OperatorCost c = cost(machine, matmul(1, 5112, 1024));
  CHECK(c.busy_s * 350e6 == Approx(14'336 + 589));
  CHECK(c.stream_s * 350e6 == Approx(3 * 589));
  // The vector goes to every core: 2556 x 1024 B at 6.68 GB/s, after the launch.
  CHECK(c.input_fill_s == Approx(100e-6 + 2556 * 1024 / 6.68e9));
  CHECK(c.drain_s == Approx(5112 / 4.74e9));
  // One column more makes the busiest core do three.
  CHECK(cost(machine, matmul(1, 5113, 1024)).busy_s * 350e6 == Approx(3 * 7 * 1024 + 589));
}

TEST_CASE("wider and floating products cost what their emulation does") {
  const Machine machine = machine_of(system_file("upmem"));
  const PimCores& cores = cores_of(machine);
  const auto peak = [&](Precision format) {
    return cores.peak_macs_per_second({format, format, format});
  };
  CHECK(peak(kInt8) == Approx(2556 * 350e6 / 7));
  CHECK(peak(kInt32) == Approx(2556 * 350e6 / 38));
  CHECK(peak(kFp32) == Approx(2556 * 350e6 / 254));
}

TEST_CASE("too many threads, or blocks beyond the scratchpad, are mistakes") {
  SystemSpec file = system_file("upmem");
  auto& cores = device_of<PimCoresSpec>(file);
  cores.tasklets = 25;
  cores.block = bytes(4096);
  const std::vector<FieldProblem> found = cores.problems();
  REQUIRE(found.size() == 2);
  CHECK(found[0].message == "a core has 24 threads, 25 are used");
  CHECK(found[1].message ==
        "25 threads with a block each need 102400 B of scratchpad, 36864 B over");
}
