#include "hw/crossbar/cycle/crossbar_program.h"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "hw/system.h"

using cairn::Bandwidth;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::Frequency;
using cairn::Rng;
using cairn::Seconds;
using namespace cairn::hw;         // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)
using namespace cairn::models;     // NOLINT(google-build-using-namespace)

namespace {

constexpr Femtoseconds kNanosecond = 1'000'000;

Technology technology() {
  Diagnostics diagnostics;
  Technology loaded = load_technology("configs/technology/cmos_28nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return loaded;
}

/// Macros of 128 x 64 two-bit cells; steps of 100 ns and decisions of 2 ns.
SystemSpec small_system() {
  SystemSpec system;
  system.name = "small";
  system.memories.add(
      "buffer",
      {.kind = MemoryKind::sram, .capacity = bytes(1LL << 16U), .bandwidth = Bandwidth{64e9}});
  system.memories.add(
      "dram",
      {.kind = MemoryKind::ddr4, .capacity = bytes(1LL << 30U), .bandwidth = Bandwidth{64e9}});
  CrossbarSpec c;
  c.macros = 8;
  c.rows = 128;
  c.cols = 64;
  c.cell.bits = 2;
  c.cell.write_time = Seconds{1e-6};
  c.inputs.period = Seconds{100e-9};
  c.converter.bits = 6;
  c.converter.per_macro = 64;
  c.converter.step_time = Seconds{2e-9};
  c.clock = Frequency{500e6};
  c.vector_lanes = 16;
  c.buffer = "buffer";
  c.backing = "dram";
  system.devices.add("crossbar", c);
  return system;
}

CrossbarSpec& crossbar_of(SystemSpec& system) {
  return std::get<CrossbarSpec>(system.devices.items.front().second);
}

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  Operator op;
  op.name = "op";
  op.shape = MatMul{.m = m, .n = n, .k = k};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

/// All tasks of a program, by the name of their unit.
struct Listing {
  std::vector<std::vector<Task>> streams;
  std::vector<Unit> units;
  [[nodiscard]] std::vector<Task> on(const std::string& unit) const {
    std::vector<Task> found;
    for (const auto& stream : streams) {
      for (const Task& task : stream) {
        if (task.kind != TaskKind::barrier && units.at(task.unit).name == unit) {
          found.push_back(task);
        }
      }
    }
    return found;
  }
  [[nodiscard]] double moved_bits(bool write) const {
    double bits = 0;
    for (const auto& stream : streams) {
      for (const Task& task : stream) {
        if (task.kind == TaskKind::transfer && task.transfer.write == write) {
          bits += 8 * static_cast<double>(task.transfer.total_bytes());
        }
      }
    }
    return bits;
  }
};

Listing list(const SystemSpec& system, const Operator& op, OperatorCost* cost = nullptr) {
  const Machine machine(system, technology());
  const auto& model = std::get<Crossbar>(machine.primary());
  const GroupView group{&op, {}, 0};
  const Estimate estimate = machine.price(group, {}, MappingObjective::latency);
  REQUIRE(std::holds_alternative<OperatorCost>(estimate));
  if (cost != nullptr) {
    *cost = std::get<OperatorCost>(estimate);
  }
  ProgramOrRefusal answer =
      program_of(model, group, std::get<OperatorCost>(estimate), machine.memories());
  REQUIRE(std::holds_alternative<Program>(answer));
  Listing listing;
  listing.units = units_of(model, machine.memories()).units;
  for (const auto& stream : std::get<Program>(answer).streams) {
    listing.streams.emplace_back();
    Task task;
    while (stream->next(task)) {
      CHECK(task.unit < listing.units.size());
      for (const std::uint32_t distance : task.after) {
        CHECK(distance <= listing.streams.back().size());
      }
      listing.streams.back().push_back(task);
      task = Task{};
    }
  }
  return listing;
}

}  // namespace

TEST_CASE("eight columns that share a converter take eight conversions for each input bit") {
  SystemSpec system = small_system();
  crossbar_of(system).converter.per_macro = 8;  // for 64 columns
  const Listing tasks = list(system, matmul(3, 16, 128));
  // 3 vectors x 8 bits; 8 conversions of 6 decisions of 2 ns.
  const std::vector<Task> conversions = tasks.on("lane 0 converters");
  REQUIRE(conversions.size() == 24);
  for (const Task& task : conversions) {
    CHECK(task.duration == 96 * kNanosecond);
  }
  const std::vector<Task> drives = tasks.on("lane 0 array");
  REQUIRE(drives.size() == 25);  // and the first access to the buffer
  CHECK(drives.back().duration == 100 * kNanosecond);
  // 128 inputs of 8 bits a vector are read a bit at a time.
  CHECK(drives.back().local[0].bits == 128);
}

TEST_CASE("rows that are driven in groups repeat every step for each group") {
  SystemSpec system = small_system();
  crossbar_of(system).active_rows = 32;
  CHECK(list(system, matmul(3, 16, 128)).on("lane 0 converters").size() == 96);
}

TEST_CASE("a step is driven while the step before is converted, and sampled when that is over") {
  const Listing tasks = list(small_system(), matmul(1, 16, 128));
  const std::vector<Task>& stream = tasks.streams.front();
  // First access, then drive and convert in turn: a drive waits for the conversion before the last.
  REQUIRE(stream.size() >= 7);
  CHECK(stream[1].after[0] == 0);
  CHECK(stream[2].after[0] == 1);
  CHECK(stream[3].after[0] == 0);
  CHECK(stream[5].after[0] == 3);
  SystemSpec held = small_system();
  crossbar_of(held).converter.overlapped = false;  // nothing holds a sample
  const Listing bare = list(held, matmul(1, 16, 128));
  CHECK(bare.streams.front()[3].after[0] == 1);
}

TEST_CASE("copies of the weights work on vectors of their own, in a lane each") {
  SystemSpec system = small_system();
  crossbar_of(system).copies = WeightCopies::fill;
  const Listing tasks = list(system, matmul(16, 16, 128));  // eight copies, two vectors each
  CHECK(tasks.streams.size() == 4);
  for (int lane = 0; lane < 4; ++lane) {
    CHECK(tasks.on("lane " + std::to_string(lane) + " converters").size() == 16);
  }
}

TEST_CASE("weights are programmed in segments that are fetched ahead, all rows of all rounds") {
  SystemSpec system = small_system();
  crossbar_of(system).residence = WeightResidence::streamed;
  const Listing tasks = list(system, matmul(4, 40, 1024));  // three rounds of 128 rows
  Femtoseconds programmed = 0;
  for (const Task& task : tasks.on("lane 0 array")) {
    programmed += task.activity == 2 ? task.duration : 0;
  }
  CHECK(programmed == 3 * 128 * 1000 * kNanosecond);
  CHECK(tasks.moved_bits(false) == Approx(40 * 1024 * 8).epsilon(1e-3));  // whole bytes
}

TEST_CASE("random programs move the bits of the closed form") {
  Rng random{7};
  for (int i = 0; i < 60; ++i) {
    SystemSpec system = small_system();
    CrossbarSpec& c = crossbar_of(system);
    c.macros = random.uniform_int(1, 64);
    c.rows = random.uniform_int(16, 256);
    c.cols = random.uniform_int(16, 256);
    c.active_rows = random.uniform_int(1, c.rows);
    c.converter.per_macro = random.uniform_int(1, 64);
    c.copies = random.uniform_int(0, 1) == 1 ? WeightCopies::fill : WeightCopies::one;
    c.residence = WeightResidence::streamed;
    OperatorCost cost;
    const Listing tasks = list(
        system,
        matmul(random.uniform_int(1, 200), random.uniform_int(1, 500), random.uniform_int(1, 1000)),
        &cost);
    // Whole bytes of each segment and lane.
    const double rounding = 8.0 * static_cast<double>(tasks.streams.size()) * 600;
    CHECK(std::abs(tasks.moved_bits(false) - cost.dram_read_bits) <=
          0.002 * cost.dram_read_bits + rounding);
    CHECK(std::abs(tasks.moved_bits(true) - cost.dram_write_bits) <=
          0.002 * cost.dram_write_bits + rounding);
  }
}
