#include "sim/kernel/network_port.h"

#include <limits>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/random.h"
#include "sim/kernel/machine_simulation.h"
#include "tests/unit/sim/kernel/tasks.h"

namespace cairn {
namespace {

using hw::cycle::Femtoseconds;
using hw::cycle::NetworkPlacement;
using hw::cycle::Task;
using hw::cycle::Unit;
using sim::MachineSimulation;
using sim::SimulatedMemory;
using sim::SimulationResult;
using tests::program;
using tests::transfer;

constexpr Femtoseconds kNanosecond = 1'000'000;
constexpr std::uint64_t kBlock = 4096;  // bytes that such a memory serves at a time

SimulatedMemory memory(double bits_per_second, double latency_s) {
  SimulatedMemory m;
  m.name = "memory";
  m.bandwidth = bits_per_second;
  m.latency_s = latency_s;
  return m;
}

Unit loader(std::int64_t outstanding_bits = 0) {
  Unit unit{};
  unit.name = "loader";
  unit.moves_data = true;
  unit.outstanding_bits = outstanding_bits;
  return unit;
}

/// 16 bytes a cycle of 1 ns; 2 cycles in the switch and 1 on a link.
NetworkPlacement crossbar(std::int64_t ports, std::vector<std::int32_t> unit_node,
                          std::vector<std::vector<std::int32_t>> memory_nodes) {
  NetworkPlacement placement;
  placement.spec.ports = ports;
  placement.spec.flit_width = Bits{128};
  placement.spec.clock = Frequency{1e9};
  placement.unit_node = std::move(unit_node);
  placement.memory_nodes = std::move(memory_nodes);
  return placement;
}

}  // namespace

TEST_CASE("a read goes to the channel and its data comes back, by hand") {
  // The request: 1 flit, 3 ns. The memory: 1000 bytes at a byte a nanosecond, and 100 ns. The
  // answer: 1 flit and 63 of data (62.5 whole ones): 3 ns, and 63 until the last.
  MachineSimulation machine({loader()}, {}, {memory(8e9, 100e-9)}, {}, crossbar(2, {0}, {{1}}));
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 1000)}}));
  CHECK(result.duration == (3 + 1100 + 3 + 63) * kNanosecond);
  CHECK(result.memories.at(0).read_bits == 8000);
  CHECK(result.deadlock.empty());
}

TEST_CASE("a write carries its data there and a word back, by hand") {
  MachineSimulation machine({loader()}, {}, {memory(8e9, 0)}, {}, crossbar(2, {0}, {{1}}));
  Task task = transfer(0, 0, 0, 1000);
  task.transfer.write = true;
  const SimulationResult result = machine.run(program({{task}}));
  CHECK(result.duration == (3 + 63 + 1000 + 3) * kNanosecond);
  CHECK(result.memories.at(0).write_bits == 8000);
}

TEST_CASE("a unit without a place asks its memory directly") {
  MachineSimulation machine({loader()}, {}, {memory(8e9, 100e-9)}, {}, crossbar(2, {-1}, {{1}}));
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 1000)}}));
  CHECK(result.duration == 1100 * kNanosecond);
}

TEST_CASE("cores that share a channel keep it busy, by hand") {
  // Eight blocks one after the other; 3 ns before the first, 100 ns of latency and an answer of 257
  // flits after the last.
  MachineSimulation machine({loader(), loader()}, {}, {memory(8e9, 100e-9)}, {},
                            crossbar(3, {0, 1}, {{2}}));
  const SimulationResult result = machine.run(
      program({{transfer(0, 0, 0, 4 * kBlock)}, {transfer(1, 0, 1 << 20, 4 * kBlock)}}));
  CHECK(result.duration ==
        (3 + 8 * static_cast<Femtoseconds>(kBlock) + 100 + 3 + 256) * kNanosecond);
}

TEST_CASE("memories faster than a link wait for it, by hand") {
  // Sixteen blocks from two channels that need no time, through the one port of the loader: 16 x
  // 257 flits without a gap. The first arrives 3 + 3 ns after the start.
  MachineSimulation machine({loader()}, {}, {memory(std::numeric_limits<double>::infinity(), 0)},
                            {}, crossbar(3, {0}, {{1, 2}}));
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 16 * kBlock)}}));
  CHECK(result.duration == (3 + 3 + 16 * 257 - 1) * kNanosecond);
}

TEST_CASE("few outstanding bits pay the way there and back for each block, by hand") {
  // One block at a time from a memory that needs no time: 3 ns there, 3 + 256 back.
  MachineSimulation machine({loader(kBlock * 8)}, {},
                            {memory(std::numeric_limits<double>::infinity(), 0)}, {},
                            crossbar(2, {0}, {{1}}));
  const SimulationResult result = machine.run(program({{transfer(0, 0, 0, 5 * kBlock)}}));
  CHECK(result.duration == 5 * (3 + 3 + 256) * kNanosecond);
}

TEST_CASE("random traffic of many cores over a mesh to DRAM channels: all of it arrives") {
  Diagnostics diagnostics;
  const Node root = load_yaml("configs/memory/ddr4_8gb_x8_2400r.yaml", diagnostics);
  hw::DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  SimulatedMemory dram = memory(0, 0);
  dram.part = part;
  dram.channels = 2;
  NetworkPlacement placement;
  placement.spec.kind = hw::NetworkKind::mesh;
  placement.spec.columns = 3;
  placement.spec.rows = 2;
  placement.spec.flit_width = Bits{128};
  placement.spec.clock = Frequency{1e9};
  placement.unit_node = {0, 1, 2, 4};
  placement.memory_nodes = {{3, 5}};
  MachineSimulation machine({loader(), loader(), loader(1 << 14), loader(1 << 16)}, {}, {dram}, {},
                            placement);
  Rng rng(derive_seed(5, "traffic over a mesh"));
  std::vector<std::vector<Task>> streams(4);
  double bits = 0;
  for (std::size_t s = 0; s < streams.size(); ++s) {
    for (int i = 0; i < 60; ++i) {
      const auto bytes = static_cast<std::uint64_t>(rng.uniform_int(1, 5000));
      const auto address = static_cast<std::uint64_t>(rng.uniform_int(0, 1 << 26));
      Task task = transfer(static_cast<std::uint16_t>(s), 0, address, bytes);
      task.transfer.write = rng.uniform_int(0, 2) == 0;
      streams[s].push_back(task);
      bits += static_cast<double>(bytes) * 8;
    }
  }
  const SimulationResult result = machine.run(program(std::move(streams)));
  CHECK(result.deadlock.empty());
  CHECK(result.tasks == 240);
  CHECK(result.memories.at(0).read_bits + result.memories.at(0).write_bits == Approx(bits));
  // Never faster than the pins of two channels of 19.2 GB/s.
  CHECK(hw::cycle::to_seconds(result.duration) > bits / (2 * 8 * 19.2e9));
}

}  // namespace cairn
