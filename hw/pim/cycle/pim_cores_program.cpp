#include "hw/pim/cycle/pim_cores_program.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "hw/cycle/lap_stream.h"

namespace cairn::hw::cycle {
namespace {

/// Turns of the pipeline in which a thread's instructions of a portion are issued: threads share it
/// instruction by instruction. Long runs do not depend on it.
constexpr std::int64_t kTurns = 8;
constexpr std::int64_t kTurnsOfShortRun = 32;
constexpr std::int64_t kShortRun = 16;  ///< portions of a thread

using Activity = std::uint16_t;
constexpr Activity kLaunch = 0;
constexpr Activity kSend = 1;
constexpr Activity kRead = 2;
constexpr Activity kExecute = 3;
constexpr Activity kOwn = 4;
constexpr Activity kWrite = 5;
constexpr Activity kCollect = 6;
using CoreUnit = std::uint16_t;
constexpr CoreUnit kHost = 0;
constexpr CoreUnit kEngine = 1;
constexpr CoreUnit kPipeline = 2;
constexpr CoreUnit kFirstThread = 3;

/// Times of one portion and what surrounds all of them.
struct CoreTimes {
  Femtoseconds launch{};
  Femtoseconds send{};
  Femtoseconds read{};
  Femtoseconds execute{};  ///< the pipeline, all to itself
  Femtoseconds own{};      ///< what a portion's threads need beyond that
  Femtoseconds write{};
  Femtoseconds collect{};
  std::int64_t turns{1};
};

/// One thread (or the threads that share a portion). Every task waits for the one before and is
/// handed out only then, so that engine and pipeline serve threads in the order in which they ask.
class ThreadStream final : public LapStream {
 public:
  ThreadStream(const CoreTimes& times, std::int64_t portions, std::uint16_t thread)
      : LapStream(portions), times_(times), thread_(thread) {}

 private:
  void follow(std::uint16_t unit, Activity activity, Femtoseconds duration) {
    Task t;
    t.unit = unit;
    t.activity = activity;
    t.duration = duration;
    if (last_ != kNoTask) {
      t.fence = true;
      wait_for(t, last_);
    }
    last_ = add(t);
  }
  void meet() {
    Task t;
    t.kind = TaskKind::barrier;
    wait_for(t, last_);
    last_ = add(t);
  }

  void write_start() override {
    if (thread_ == 0) {
      if (times_.launch > 0) {
        follow(kHost, kLaunch, times_.launch);
      }
      follow(kHost, kSend, times_.send);
    }
    meet();
  }

  void write_lap(std::int64_t /*portion*/) override {
    if (times_.read > 0) {
      follow(kEngine, kRead, times_.read);
    }
    const std::int64_t turns = times_.turns;
    const auto part = [turns](Femtoseconds whole, std::int64_t turn) {
      return whole * (turn + 1) / turns - whole * turn / turns;
    };
    for (std::int64_t turn = 0; turn < turns; ++turn) {
      follow(kPipeline, kExecute, part(times_.execute, turn));
      if (times_.own > 0) {
        follow(static_cast<std::uint16_t>(kFirstThread + thread_), kOwn, part(times_.own, turn));
      }
    }
    if (times_.write > 0) {
      follow(kEngine, kWrite, times_.write);
    }
  }

  void write_end() override {
    meet();
    if (thread_ == 0) {
      follow(kHost, kCollect, times_.collect);
    }
  }

  CoreTimes times_;
  std::uint16_t thread_{};
  TaskNumber last_{kNoTask};
};

}  // namespace

DeviceUnits units_of(const PimCores& model, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits units;
  units.units.push_back({"host", false, 0});
  units.units.push_back({"core engine", false, 0});
  units.units.push_back({"core pipeline", false, 0});
  for (std::int64_t i = 0; i < model.spec().tasklets; ++i) {
    units.units.push_back({fmt::format("core thread {}", i), false, 0});
  }
  return units;
}

ProgramOrRefusal program_of(const PimCores& model, const GroupView& group,
                            const OperatorCost& /*closed_form*/,
                            std::span<const ResolvedMemory> /*memories*/) {
  const PimCoresWork work = model.work_of(group);
  const PimCoresLoop loop = model.loop_of(work);
  const PimCoresSpec& spec = model.spec();
  const auto cycles = [&spec](double count) { return to_femtoseconds(count / spec.clock.count()); };
  const auto portions = static_cast<std::int64_t>(std::llround(loop.portions));
  const auto threads = static_cast<std::int64_t>(std::llround(loop.at_once()));
  CoreTimes times;
  times.launch = to_femtoseconds(spec.launch.count());
  times.send = to_femtoseconds(work.inputs / spec.host_to_cores.count());
  times.read = cycles(loop.read_cycles);
  times.execute = cycles(loop.instructions);
  times.own = std::max<Femtoseconds>(0, cycles(loop.portion_cycles()) - times.execute);
  times.write = cycles(loop.write_cycles);
  times.collect = to_femtoseconds(work.outputs / spec.cores_to_host.count());
  times.turns = portions <= kShortRun * threads ? kTurnsOfShortRun : kTurns;
  Program program;
  program.activities = {"launch",      "send inputs",        "bank to scratchpad", "instructions",
                        "own latency", "scratchpad to bank", "collect outputs"};
  for (std::int64_t thread = 0; thread < threads; ++thread) {
    const std::int64_t mine = (portions - thread + threads - 1) / threads;
    program.streams.push_back(
        std::make_unique<ThreadStream>(times, mine, static_cast<std::uint16_t>(thread)));
  }
  program.laps = std::max<std::int64_t>(0, portions / threads - 1);
  return program;
}

}  // namespace cairn::hw::cycle
