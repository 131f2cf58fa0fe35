#include <memory>

#include <catch2/catch.hpp>

#include "sim/kernel/machine_simulation.h"

namespace cairn {
namespace {

using hw::cycle::Task;
using sim::MachineSimulation;
using sim::SimulationOptions;
using sim::SimulationResult;

constexpr hw::cycle::Femtoseconds kNanosecond = 1'000'000;

/// Laps of three passes each: load, then compute; a smaller pass at the end.
class Laps final : public hw::cycle::Stream {
 public:
  explicit Laps(std::int64_t laps) : passes_(laps * kPasses) {}
  bool next(Task& task) override {
    const std::int64_t pass = at_ / 2;
    if (pass > passes_) {
      return false;
    }
    const bool load = at_ % 2 == 0;
    if (load) {
      task.kind = hw::cycle::TaskKind::transfer;
      task.unit = 0;
      task.transfer = {.memory = 0,
                       .write = false,
                       .address = static_cast<std::uint64_t>(pass) * 4000,
                       .bytes = static_cast<std::uint64_t>(
                           pass == passes_ ? 500 : 1000 + 100 * (pass % kPasses))};
      task.after.at(0) = pass < 2 ? 0 : 3;
      task.lap = pass % kPasses == 0 && pass < passes_;
    } else {
      task.unit = 1;
      task.duration = (pass == passes_ ? 400 : 900) * kNanosecond;
      task.after.at(0) = 1;
    }
    ++at_;
    return true;
  }
  void skip_laps(std::int64_t count) override { at_ += 2 * kPasses * count; }

 private:
  static constexpr std::int64_t kPasses = 3;
  std::int64_t passes_{};
  std::int64_t at_{};
};

SimulationResult run(std::int64_t laps, bool extend) {
  sim::SimulatedMemory memory;
  memory.name = "dram";
  memory.bandwidth = 8e9;
  memory.latency_s = 30e-9;
  SimulationOptions options;
  options.extend_laps = extend;
  MachineSimulation machine({{.name = "loader", .moves_data = true, .outstanding_bits = 0},
                             {.name = "array", .moves_data = false, .outstanding_bits = 0}},
                            {}, {memory}, options);
  hw::cycle::Program program;
  program.streams.push_back(std::make_unique<Laps>(laps));
  program.activities = {"work"};
  program.laps = laps;
  return machine.run(std::move(program));
}

// Time by hand: the loader needs 1000 + 1100 + 1200 ns a lap and is the longer. The data of the
// last lap is there 30 ns after it was sent; it is computed with for 900 ns, in which the last,
// shorter pass is loaded, whose 400 ns follow.
constexpr std::int64_t kLaps = 200;
constexpr hw::cycle::Femtoseconds kWhole = (kLaps * 3300 + 30 + 900 + 400) * kNanosecond;

}  // namespace

TEST_CASE("a periodic program run whole takes what its laps take") {
  const SimulationResult whole = run(kLaps, false);
  CHECK(whole.laps_extended == 0);
  CHECK(whole.duration == kWhole);
  CHECK(whole.memories.at(0).read_bits == 8.0 * (kLaps * 3300 + 500));
}

TEST_CASE("a periodic program that is extended takes the same, to the femtosecond") {
  const SimulationResult extended = run(kLaps, true);
  CHECK(extended.laps_extended > 150);
  CHECK(extended.laps_simulated + extended.laps_extended == kLaps);
  CHECK(extended.duration == kWhole);
  CHECK(extended.memories.at(0).read_bits == 8.0 * (kLaps * 3300 + 500));
  CHECK(extended.tasks == 2 * (3 * kLaps + 1));
}

}  // namespace cairn
