#include "sim/cycle/coprocessing_cycle.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "tests/unit/sim/kernel/tasks.h"

namespace cairn {
namespace {

using hw::cycle::Femtoseconds;
using hw::cycle::Program;
using hw::cycle::Task;
using hw::cycle::Unit;
using sim::SharedMachine;
using sim::SharingDevice;
using sim::SimulatedMemory;
using tests::compute;
using tests::program;
using tests::transfer;

constexpr Femtoseconds kNanosecond = 1'000'000;
constexpr std::uint64_t kBlock = 4096;  // bytes that such a memory serves at a time

/// 8 bit/ns: one byte a nanosecond, no latency.
SimulatedMemory byte_a_nanosecond() {
  SimulatedMemory memory;
  memory.name = "shared";
  memory.bandwidth = 8e9;
  return memory;
}

SharingDevice device(const char* name) {
  Unit loader{};
  loader.name = "loader";
  loader.moves_data = true;
  Unit array{};
  array.name = "array";
  return {name, {.units = {loader, array}, .caches = {}}};
}

SimulatedMemory ddr4() {
  Diagnostics diagnostics;
  const Node root = load_yaml("configs/memory/ddr4_8gb_x8_2400r.yaml", diagnostics);
  hw::DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  SimulatedMemory memory;
  memory.name = "ddr4";
  memory.part = part;
  return memory;
}

}  // namespace

TEST_CASE("two devices that read one memory share it in turn, by hand") {
  // The host wants 10 blocks, the other device 4. The host's first is served at once and its second
  // waits when the other one asks; then they alternate: the other one has its fourth when 9 blocks
  // have passed, the host its last after 14. Alone they take 10 and 4.
  SharedMachine machine({device("host"), device("pim")}, {byte_a_nanosecond()}, {});
  std::vector<Program> both;
  both.push_back(program({{transfer(0, 0, 0, 10 * kBlock)}}));
  both.push_back(program({{transfer(0, 0, 1 << 20, 4 * kBlock)}}));
  const SharedMachine::Result result = machine.run(std::move(both));
  const Femtoseconds block = static_cast<Femtoseconds>(kBlock) * kNanosecond;
  CHECK(result.ends.at(0) == 14 * block);
  CHECK(result.ends.at(1) == 9 * block);
  CHECK(result.machine.duration == 14 * block);
  CHECK(result.machine.memories.at(0).read_bits == 14 * 8.0 * kBlock);
  // Then one of them alone, on the same machine.
  std::vector<Program> one(2);
  one[1] = program({{transfer(0, 0, 1 << 20, 4 * kBlock)}});
  const SharedMachine::Result second = machine.run(std::move(one));
  CHECK(second.ends.at(1) == 4 * block);
}

TEST_CASE("devices that compute do not wait for each other, by hand") {
  SharedMachine machine({device("host"), device("pim")}, {byte_a_nanosecond()}, {});
  std::vector<Program> both;
  both.push_back(program({{compute(1, 70 * kNanosecond)}}));
  both.push_back(program({{compute(1, 30 * kNanosecond), compute(1, 10 * kNanosecond)}}));
  const SharedMachine::Result result = machine.run(std::move(both));
  CHECK(result.ends.at(0) == 70 * kNanosecond);
  CHECK(result.ends.at(1) == 40 * kNanosecond);
}

TEST_CASE("a double-buffered host slows down where the other device takes its memory, by hand") {
  // Each load of a block (4096 ns) runs under the computation before it (5000 ns): alone the host
  // takes a load and 6 computations. While the other device reads as well, a load takes two blocks,
  // 8192 ns, which the computation no longer hides.
  std::vector<Task> host;
  for (std::uint64_t i = 0; i < 6; ++i) {
    host.push_back(transfer(0, 0, i * kBlock, kBlock,
                            i >= 2 ? std::vector<std::uint32_t>{3} : std::vector<std::uint32_t>{}));
    host.push_back(
        compute(1, 5000 * kNanosecond,
                i >= 1 ? std::vector<std::uint32_t>{1, 2} : std::vector<std::uint32_t>{1}));
  }
  SharedMachine machine({device("host"), device("pim")}, {byte_a_nanosecond()}, {});
  std::vector<Program> alone(2);
  alone[0] = program({host});
  const SharedMachine::Result undisturbed = machine.run(std::move(alone));
  CHECK(undisturbed.ends.at(0) == (4096 + 6 * 5000) * kNanosecond);
  std::vector<Program> both;
  both.push_back(program({host}));
  both.push_back(program({{transfer(0, 0, 1 << 20, 100 * kBlock)}}));
  // The first load is served first (4096 ns); from then on every load waits for a block of the
  // other device: five more of 8192 ns, then the last computation.
  const SharedMachine::Result result = machine.run(std::move(both));
  CHECK(result.ends.at(0) == (4096 + 5 * 8192 + 5000) * kNanosecond);
  CHECK(result.ends.at(1) == (100 + 6) * 4096 * kNanosecond);
}

TEST_CASE("two devices at one DRAM channel share its pins") {
  SharedMachine machine({device("host"), device("pim")}, {ddr4()}, {});
  constexpr std::uint64_t kBytes = 1 << 18;
  std::vector<Program> alone(2);
  alone[0] = program({{transfer(0, 0, 0, kBytes)}});
  const SharedMachine::Result one = machine.run(std::move(alone));
  std::vector<Program> both;
  both.push_back(program({{transfer(0, 0, 0, kBytes)}}));
  both.push_back(program({{transfer(0, 0, 1 << 28, kBytes)}}));
  const SharedMachine::Result two = machine.run(std::move(both));
  CHECK(two.machine.memories.at(0).read_bits == 2 * one.machine.memories.at(0).read_bits);
  CHECK(two.machine.duration == std::max(two.ends.at(0), two.ends.at(1)));
  CHECK(two.machine.duration > one.ends.at(0) * 9 / 5);
  // They take turns: neither is much faster than the other.
  CHECK(std::min(two.ends.at(0), two.ends.at(1)) > one.ends.at(0) * 8 / 5);
  // 19.2 GB/s is all that the pins carry.
  CHECK(hw::cycle::to_seconds(two.machine.duration) >= 2.0 * kBytes / 19.2e9);
}

}  // namespace cairn
