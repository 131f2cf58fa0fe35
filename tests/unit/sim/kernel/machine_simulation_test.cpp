#include "sim/kernel/machine_simulation.h"

#include <limits>

#include <catch2/catch.hpp>

#include "tests/unit/sim/kernel/tasks.h"

namespace cairn {
namespace {

using hw::cycle::Femtoseconds;
using hw::cycle::Task;
using hw::cycle::Unit;
using sim::MachineSimulation;
using sim::SimulatedMemory;
using sim::SimulationResult;
using tests::compute;
using tests::program;
using tests::transfer;

constexpr Femtoseconds kNanosecond = 1'000'000;

/// 8 bit/ns: one byte a nanosecond, 100 ns from request to data.
SimulatedMemory byte_a_nanosecond() {
  SimulatedMemory memory;
  memory.name = "dram";
  memory.bandwidth = 8e9;
  memory.latency_s = 100e-9;
  return memory;
}

Unit array() {
  return {.name = "array", .moves_data = false, .outstanding_bits = 0};
}
Unit loader(std::int64_t outstanding_bits = 0) {
  return {.name = "loader", .moves_data = true, .outstanding_bits = outstanding_bits};
}

}  // namespace

TEST_CASE("a unit does one task after the other") {
  MachineSimulation machine({array()}, {}, {}, {});
  const SimulationResult result =
      machine.run(program({{compute(0, 5 * kNanosecond), compute(0, 7 * kNanosecond)}}));
  CHECK(result.duration == 12 * kNanosecond);
  CHECK(result.unit_busy.at(0) == 12 * kNanosecond);
  CHECK(result.tasks == 2);
  CHECK(result.deadlock.empty());
}

TEST_CASE("units work at the same time unless a task waits for another") {
  MachineSimulation machine({array(), array()}, {}, {}, {});
  const SimulationResult apart =
      machine.run(program({{compute(0, 5 * kNanosecond), compute(1, 7 * kNanosecond)}}));
  CHECK(apart.duration == 7 * kNanosecond);
  const SimulationResult behind =
      machine.run(program({{compute(0, 5 * kNanosecond), compute(1, 7 * kNanosecond, {1})}}));
  CHECK(behind.duration == 12 * kNanosecond);
}

TEST_CASE("a transfer takes its bits at the bandwidth, after the latency") {
  MachineSimulation machine({loader()}, {}, {byte_a_nanosecond()}, {});
  // 10,000 bytes at 1 byte/ns, and 100 ns.
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 10'000)}}));
  CHECK(result.duration == 10'100 * kNanosecond);
  CHECK(result.memories.at(0).read_bits == 80'000);
}

TEST_CASE("transfers that follow each other hide the latency") {
  MachineSimulation machine({loader()}, {}, {byte_a_nanosecond()}, {});
  const SimulationResult result =
      machine.run(program({{transfer(0, 0, 0, 5'000), transfer(0, 0, 5'000, 5'000)}}));
  CHECK(result.duration == 10'100 * kNanosecond);
}

TEST_CASE("few outstanding bits leave the latency bare") {
  // One block of 4096 bytes at a time: each takes 4096 + 100 ns.
  MachineSimulation machine({loader(4096 * 8)}, {}, {byte_a_nanosecond()}, {});
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 2 * 4096)}}));
  CHECK(result.duration == 2 * (4096 + 100) * kNanosecond);
}

TEST_CASE("two loaders share the memory evenly") {
  MachineSimulation machine({loader(), loader()}, {}, {byte_a_nanosecond()}, {});
  // Both want 40,960 bytes from the start: the last byte comes after 81,920 ns, and 100 ns.
  const SimulationResult result =
      machine.run(program({{transfer(0, 0, 0, 40'960)}, {transfer(1, 0, 1 << 20, 40'960)}}));
  CHECK(result.duration == (81'920 + 100) * kNanosecond);
  // Neither waits until the other has finished: both are at work nearly to the end.
  CHECK(result.unit_busy.at(0) > 70'000 * kNanosecond);
  CHECK(result.unit_busy.at(1) > 70'000 * kNanosecond);
}

TEST_CASE("a double-buffered pipeline takes the longer of loading and computing") {
  MachineSimulation machine({loader(), array()}, {}, {byte_a_nanosecond()}, {});
  // Per pass: load 1000 bytes, compute 1500 ns; the load of pass i waits for compute i - 2.
  std::vector<Task> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(i < 2 ? transfer(0, 0, 0, 1000) : transfer(0, 0, 0, 1000, {3}));
    tasks.push_back(compute(1, 1500 * kNanosecond, {1}));
  }
  // The first load, 1000 + 100 ns, is bare; then ten times 1500 ns.
  CHECK(machine.run(program({tasks})).duration == (1100 + 15'000) * kNanosecond);
}

TEST_CASE("a port that is narrower than a task wants stretches it") {
  SimulatedMemory buffer;
  buffer.name = "buffer";
  buffer.bandwidth = 8e9;
  MachineSimulation machine({array()}, {}, {buffer}, {});
  Task task = compute(0, 1000 * kNanosecond);
  task.local.at(0) = {.memory = 0, .bits = 16'000};  // 2,000 ns at 8 bit/ns
  CHECK(machine.run(program({{task}})).duration == 2000 * kNanosecond);
}

TEST_CASE("streams wait for each other at a barrier") {
  MachineSimulation machine({array(), array()}, {}, {}, {});
  Task barrier;
  barrier.kind = hw::cycle::TaskKind::barrier;
  barrier.after.at(0) = 1;
  const SimulationResult result = machine.run(
      program({{compute(0, 5 * kNanosecond), barrier, compute(0, 1 * kNanosecond, {1})},
               {compute(1, 9 * kNanosecond), barrier, compute(1, 2 * kNanosecond, {1})}}));
  CHECK(result.duration == 11 * kNanosecond);
}

TEST_CASE("a cache serves from itself what has passed before") {
  SimulatedMemory cache;
  cache.name = "l2";
  cache.bandwidth = 80e9;  // ten bytes a nanosecond
  MachineSimulation machine(
      {loader()}, {{.cache = 1, .behind = 0, .capacity_bits = 1 << 20, .line_bytes = 1000}},
      {byte_a_nanosecond(), cache}, {});
  // 1000 bytes from behind (1000 + 100 ns), which pass the faster cache as they come; then from the
  // cache alone (100 ns).
  const SimulationResult result =
      machine.run(program({{transfer(0, 1, 0, 1000), transfer(0, 1, 0, 1000, {1})}}));
  CHECK(result.duration == (1100 + 100) * kNanosecond);
  CHECK(result.memories.at(0).read_bits == 8000);
  CHECK(result.memories.at(1).read_bits == 16'000);
  CHECK(result.memories.at(1).row_hits == 1);
}

TEST_CASE("a deadlock ends with the list of who waits for whom") {
  MachineSimulation machine({array(), array()}, {}, {}, {});
  // The barrier wants two streams; there is work behind it in one stream only.
  Task barrier;
  barrier.kind = hw::cycle::TaskKind::barrier;
  hw::cycle::Program p = program({{barrier, compute(0, 1, {1})}, {compute(1, 1)}});
  const SimulationResult result = machine.run(std::move(p));
  CHECK_THAT(result.deadlock, Catch::Contains("array: task 1 of stream 0 (`work` on array) waits "
                                              "for task 0 of its stream"));
  CHECK_THAT(result.deadlock, Catch::Contains("waits at a barrier that 1 of 2 streams reached"));
}

}  // namespace cairn
