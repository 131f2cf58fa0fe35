// A made-up GPU in the simulated machine, against arithmetic by hand.
#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu_cycle/support.h"

namespace cairn::hw {
namespace {

using cycle::Femtoseconds;
using test::fp16_matmul;
using test::SmallGpu;

constexpr Femtoseconds kCycle = 1'000'000;  // 1 GHz
constexpr double kFast = 1e18;              // bit/s: never in the way

double cycles(const sim::SimulationResult& result) {
  REQUIRE(result.deadlock.empty());
  return static_cast<double>(result.duration) / static_cast<double>(kCycle);
}

TEST_CASE("one block more than there are SMs takes a second wave") {
  // Tiles of 64 x 64, 8 steps of 128 cycles; memories that never limit. The store of a tile passes
  // the port in 64 x 64 x 16 / 512 = 128 cycles, and the first step waits until its operand A, of
  // half the size, has let B in: 64 cycles, which the gap of 100 hides in the second round.
  //   4 blocks on 4 SMs: 1000 + 64 + 8 x 128 + 128                  = 2216 cycles
  //   5 blocks:          1000 + 64 + 8 x 128 + 100 + 8 x 128 + 128  = 3340 cycles
  const SmallGpu small(4, kFast, kFast);
  sim::MachineSimulation machine = small.machine();
  CHECK(cycles(machine.run(small.program(fp16_matmul(64, 4 * 64, 256)))) ==
        Approx(2216).epsilon(1e-3));
  CHECK(cycles(machine.run(small.program(fp16_matmul(64, 5 * 64, 256)))) ==
        Approx(3340).epsilon(1e-3));
  CHECK(cycles(machine.run(small.program(fp16_matmul(64, 8 * 64, 256)))) ==
        Approx(3340).epsilon(1e-3));
}

// 1024 x 1024 x 1024 on 4 SMs: 256 tiles in waves of 4, each operand 16 Mibit.
constexpr double kOperands = 2 * 1024.0 * 1024 * 16;

TEST_CASE("what one wave left in the L2 is not fetched again") {
  const SmallGpu large(4, 1e12, kFast, 128e6);
  sim::MachineSimulation machine = large.machine();
  const sim::SimulationResult result = machine.run(large.program(fp16_matmul(1024, 1024, 1024)));
  CHECK(result.memories.at(0).read_bits == kOperands);
}

TEST_CASE(
    "an L2 smaller than an operand keeps the band that waves share and reads the other again") {
  // Waves are 2 tiles high and pass along the columns: A once, B for each of 8 bands.
  const SmallGpu little(4, 1e12, kFast, 12e6);
  sim::MachineSimulation machine = little.machine();
  const sim::SimulationResult result = machine.run(little.program(fp16_matmul(1024, 1024, 1024)));
  CHECK(result.memories.at(0).read_bits > 3 * kOperands);
  CHECK(result.memories.at(0).read_bits < 4.6 * kOperands);
}

TEST_CASE("blocks of one wave that need the same panel fetch it once") {
  // 64 x 256 x 256 on 4 SMs: every block loads the one panel of A and its own of B.
  const SmallGpu small(4, 1e12, kFast);
  sim::MachineSimulation machine = small.machine();
  const sim::SimulationResult result = machine.run(small.program(fp16_matmul(64, 256, 256)));
  CHECK(result.memories.at(1).read_bits == 4 * (64 + 64) * 256 * 16);
  CHECK(result.memories.at(0).read_bits == (64 + 256) * 256 * 16);
}

TEST_CASE("loads run ahead of a longer main loop and hide but for the first step") {
  // 256 x 256 x 4096 on 16 SMs: 128 steps of 128 cycles = 16384 cycles of arithmetic. Operands of
  // 2 x 256 x 4096 x 16 bit take DRAM 8192 cycles at 4096 bits a cycle. In front of all 64 cycles
  // in which A passes the port and 32 in which the B of four panels leaves DRAM; behind it 128 of a
  // tile's store through the port and 256 of all stores through DRAM.
  const SmallGpu small(16, 4096e9, kFast);
  sim::MachineSimulation machine = small.machine();
  CHECK(cycles(machine.run(small.program(fp16_matmul(256, 256, 4096)))) ==
        Approx(1000 + 64 + 32 + 16384 + 128 + 256).epsilon(1e-3));
}

TEST_CASE("a main loop hides behind longer loads but for the last steps") {
  // The same at 1024 bits a cycle: 32768 cycles of loads.
  const SmallGpu small(16, 1024e9, kFast);
  sim::MachineSimulation machine = small.machine();
  const double took = cycles(machine.run(small.program(fp16_matmul(256, 256, 4096))));
  CHECK(took > 1000 + 32768 + 128);
  CHECK(took < 1000 + 32768 + 3 * 128 + 128 + 1024 + 100);
}

// Two copies of 100 lines of 4096 bytes, every second line, through slices of 32 bit/ns: 102,400 ns
// for one, twice that where both need the same slice.
double two_copies(std::uint64_t second) {
  cycle::Unit unit{.name = "copy", .moves_data = true, .outstanding_bits = 0};
  sim::SimulatedMemory dram{.name = "dram", .part = {}, .channels = 1, .bandwidth = kFast};
  sim::SimulatedMemory l2{.name = "l2", .part = {}, .channels = 1, .bandwidth = 64e9};
  sim::MachineSimulation machine(
      {unit, unit},
      {{.cache = 1, .behind = 0, .capacity_bits = 1'000'000'000, .line_bytes = 4096, .slices = 2}},
      {dram, l2}, {});
  cycle::Program program;
  program.activities = {"load"};
  class Copies final : public cycle::Stream {
   public:
    Copies(std::uint16_t unit, std::uint64_t first) : unit_(unit), first_(first) {}
    bool next(cycle::Task& task) override {
      if (made_ == 100) {
        return false;
      }
      task.kind = cycle::TaskKind::transfer;
      task.unit = unit_;
      // Every second line: the same slice.
      task.transfer = {.memory = 1, .address = (first_ + 2 * made_++) * 4096, .bytes = 4096};
      return true;
    }

   private:
    std::uint16_t unit_;
    std::uint64_t first_;
    std::uint64_t made_{};
  };
  program.streams.push_back(std::make_unique<Copies>(std::uint16_t{0}, 0));
  program.streams.push_back(std::make_unique<Copies>(std::uint16_t{1}, second));
  return cycles(machine.run(std::move(program)));
}

TEST_CASE("streams on different slices of the L2 do not wait for each other") {
  CHECK(two_copies(1001) == Approx(102400).epsilon(0.01));
}

TEST_CASE("streams that meet on one slice of the L2 take turns") {
  CHECK(two_copies(1000) == Approx(204800).epsilon(0.01));
}

TEST_CASE("the parts of a split reduction meet before they are added") {
  // 64 x 64 x 1024 in two parts of 16 steps: launch, 16 x 128, 500 cycles to add up and the store.
  models::Operator op = fp16_matmul(64, 64, 1024);
  const test::GpuFile file("a100");
  MappingConstraint split;
  split.split_k = 4;
  const OperatorCost cost = test::price(file.gpu(), op, 0, split);
  REQUIRE(cost.mapping.split_k == 4);
  GroupView group;
  group.anchor = &op;
  const std::vector<ResolvedMemory>& memories = file.machine().memories();
  cycle::DeviceUnits units = cycle::units_of(file.gpu(), memories);
  std::vector<sim::SimulatedMemory> simulated;
  simulated.reserve(memories.size());
  for (const ResolvedMemory& m : memories) {
    simulated.push_back({.name = m.name, .part = {}, .channels = 1, .bandwidth = m.bandwidth});
  }
  sim::MachineSimulation machine(units.units, units.caches, simulated, {});
  const sim::SimulationResult result =
      machine.run(std::get<cycle::Program>(cycle::program_of(file.gpu(), group, cost, memories)));
  REQUIRE(result.deadlock.empty());
  CHECK(cycle::to_seconds(result.duration) >
        file.gpu().gemm_machine().fixed + file.gpu().gemm_machine().reduction);
  CHECK(cycle::to_seconds(result.duration) == Approx(cost.latency_s()).epsilon(0.05));
}

}  // namespace
}  // namespace cairn::hw
