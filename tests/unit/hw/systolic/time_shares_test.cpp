#include "hw/systolic/time_shares.h"

#include <vector>

#include <catch2/catch.hpp>

#include "hw/system.h"

using cairn::Bandwidth;
using cairn::Bits;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::Frequency;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

/// 4 x 4 int8 PEs at 100 MHz (10 ns a cycle) behind a queue of two tiles of 16 B.
SystemSpec tiny(double bytes_per_second) {
  SystemSpec system;
  system.name = "tiny";
  system.memories.add("dram", {.kind = MemoryKind::ddr4,
                               .capacity = bytes(1LL << 32U),
                               .bandwidth = Bandwidth{8 * bytes_per_second}});
  system.memories.add("queue", {.kind = MemoryKind::sram, .capacity = bytes(32)});
  system.memories.add("a", {.kind = MemoryKind::sram, .capacity = bytes(65536)});
  system.memories.add("o", {.kind = MemoryKind::sram, .capacity = bytes(65536)});
  SystolicArraySpec array;
  array.rows = 4;
  array.cols = 4;
  array.dataflow = Dataflow::weight_stationary;
  array.clock = Frequency{100e6};
  array.folds = FoldOverlap::pipelined;
  array.vector_lanes = 4;
  array.weights_from = "queue";
  array.activations_from = "a";
  array.outputs_to = "o";
  array.backing = "dram";
  system.devices.add("array", array);
  return system;
}

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  Operator op;
  op.name = "op";
  op.shape = MatMul{.m = m, .n = n, .k = k};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

TimeShares run(const SystemSpec& system, const Operator& op, std::size_t layers = 1) {
  Diagnostics diagnostics;
  const Technology technology = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  const Machine machine(system, technology);
  const std::vector<GroupView> groups(layers, GroupView{&op, {}, 0});
  const auto found = time_shares(std::get<SystolicArray>(machine.primary()), groups);
  REQUIRE(std::holds_alternative<TimeShares>(found));
  return std::get<TimeShares>(found);
}

constexpr double kCycle = 1e-8;

}  // namespace

TEST_CASE("tiles that arrive slower than they are used leave the array waiting for weights") {
  // Two tiles of 16 B at 16 B / us: one arrives every 100 cycles, 4 cycles to shift in, 10 rows.
  // 0..100 wait, ..104 shift, ..114 active, ..200 wait, ..204 shift, ..214 active, 8 to drain.
  const TimeShares t = run(tiny(16e6), matmul(10, 4, 8));
  CHECK(t.active_s == Approx(20 * kCycle));
  CHECK(t.weight_shift_s == Approx(8 * kCycle));
  CHECK(t.weight_stall_s == Approx(186 * kCycle));
  CHECK(t.other_s == Approx(8 * kCycle));
  CHECK(t.macs == 10 * 4 * 8);
}

TEST_CASE("tiles that arrive in time are shifted in behind the products") {
  // A tile arrives in a tenth of a cycle; only the first shift of 4 cycles is seen.
  const TimeShares t = run(tiny(16e9), matmul(10, 4, 8));
  CHECK(t.active_s == Approx(20 * kCycle));
  CHECK(t.weight_shift_s == Approx(4 * kCycle));
  CHECK(t.weight_stall_s == Approx(0.1 * kCycle));
}

TEST_CASE("fewer rows than a shift takes leave the array waiting for the shift") {
  // 1 row a tile: tiles 2 to 4 start 4 cycles apart, so 3 of 4 cycles wait for the shift.
  const TimeShares t = run(tiny(16e9), matmul(1, 4, 16));
  CHECK(t.active_s == Approx(4 * kCycle));
  CHECK(t.weight_shift_s == Approx((4 + 3 * 3) * kCycle));
}

TEST_CASE("a layer waits until the one before has left the array") {
  // 8 cycles of drain between the layers hide the fetch and the shift of the next tile.
  const TimeShares one = run(tiny(16e9), matmul(10, 4, 4));
  const TimeShares two = run(tiny(16e9), matmul(10, 4, 4), 2);
  CHECK(two.active_s == Approx(2 * one.active_s));
  CHECK(two.other_s == Approx(2 * one.other_s));
  CHECK(two.weight_shift_s == Approx(one.weight_shift_s));
}

TEST_CASE("inputs come from the host before the first layer and results leave after the last") {
  SystemSpec system = tiny(16e9);
  std::get<SystolicArraySpec>(system.devices.items.front().second).host_bandwidth =
      Bandwidth{8 * 1e8};
  // 80 B of inputs and 40 B of results at 1 B a cycle; the first tile is there meanwhile.
  const TimeShares t = run(system, matmul(10, 4, 8));
  CHECK(t.other_s == Approx((80 + 8 + 40) * kCycle));
  CHECK(t.weight_shift_s == Approx(0.0).margin(1e-15));
}

TEST_CASE("shares of time are refused for outputs that stay") {
  SystemSpec system = tiny(16e9);
  std::get<SystolicArraySpec>(system.devices.items.front().second).dataflow =
      Dataflow::output_stationary;
  Diagnostics diagnostics;
  const Technology technology = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  const Machine machine(system, technology);
  const Operator op = matmul(4, 4, 4);
  const std::vector<GroupView> groups(1, GroupView{&op, {}, 0});
  CHECK(std::holds_alternative<Infeasible>(
      time_shares(std::get<SystolicArray>(machine.primary()), groups)));
}
