#include "sim/cycle/coprocessing_cycle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"

namespace cairn::sim {
namespace {

using hw::cycle::Femtoseconds;
using hw::cycle::Program;
using hw::cycle::Task;

/// A stream of one device, on the units and activities of all.
class ShiftedStream final : public hw::cycle::Stream {
 public:
  ShiftedStream(std::unique_ptr<hw::cycle::Stream> stream, std::size_t units,
                std::size_t activities, bool barriers)
      : stream_(std::move(stream)),
        units_(static_cast<std::uint16_t>(units)),
        activities_(static_cast<std::uint16_t>(activities)),
        barriers_(barriers) {}
  bool next(Task& task) override {
    if (!stream_->next(task)) {
      return false;
    }
    task.unit = static_cast<std::uint16_t>(task.unit + units_);
    task.activity = static_cast<std::uint16_t>(task.activity + activities_);
    task.lap = false;
    CAIRN_CHECK(barriers_ || task.kind != hw::cycle::TaskKind::barrier,
                "only the first of several devices may have barriers");
    return true;
  }

 private:
  std::unique_ptr<hw::cycle::Stream> stream_;
  std::uint16_t units_;
  std::uint16_t activities_;
  bool barriers_;
};

/// Remembers when each unit was last at work, and hands everything on.
class LastEnds final : public hw::cycle::TraceSink {
 public:
  explicit LastEnds(hw::cycle::TraceSink* next) : next_(next) {}
  std::int32_t track(const std::string& process, const std::string& name) override {
    const auto here = static_cast<std::int32_t>(onward_.size());
    onward_.push_back(next_ != nullptr ? next_->track(process, name) : 0);
    last_.push_back(0);
    if (process == "units") {
      units_.push_back(onward_.size() - 1);
    }
    return here;
  }
  void slice(std::int32_t track, const std::string& name, Femtoseconds start,
             Femtoseconds end) override {
    const auto t = static_cast<std::size_t>(track);
    last_[t] = std::max(last_[t], end);
    if (next_ != nullptr) {
      next_->slice(onward_[t], name, start, end);
    }
  }
  [[nodiscard]] Femtoseconds of_unit(std::size_t unit) const { return last_[units_.at(unit)]; }

 private:
  hw::cycle::TraceSink* next_;
  std::vector<std::int32_t> onward_;  ///< tracks of the next sink
  std::vector<Femtoseconds> last_;
  std::vector<std::size_t> units_;  ///< tracks
};

}  // namespace

struct SharedMachine::Impl {
  Impl(const std::vector<SharingDevice>& devices, std::vector<SimulatedMemory> memories,
       SimulationOptions options)
      : ends(options.trace), memory_count(memories.size()) {
    hw::cycle::DeviceUnits all;
    for (const SharingDevice& device : devices) {
      first_unit.push_back(all.units.size());
      for (hw::cycle::Unit unit : device.units.units) {
        unit.name = device.name + " " + unit.name;
        all.units.push_back(std::move(unit));
      }
      all.caches.insert(all.caches.end(), device.units.caches.begin(), device.units.caches.end());
      if (device.units.network) {
        CAIRN_CHECK(!all.network, "two devices with a network each");
        all.network = device.units.network;
        all.network->unit_node.insert(all.network->unit_node.begin(), first_unit.back(), -1);
      }
    }
    first_unit.push_back(all.units.size());
    if (all.network) {
      all.network->unit_node.resize(all.units.size(), -1);
    }
    options.trace = &ends;
    machine.emplace(std::move(all.units), std::move(all.caches), std::move(memories),
                    std::move(options), all.network);
  }

  Result run(std::vector<Program> programs) {
    CAIRN_CHECK(programs.size() + 1 == first_unit.size(), "a program for each device");
    Program joint;
    joint.reach.assign(memory_count, 0.0);
    if (!programs.empty()) {
      const Program& host = programs.front();
      joint.barrier_width = host.barrier_width != 0
                                ? host.barrier_width
                                : static_cast<std::uint32_t>(host.streams.size());
    }
    for (std::size_t d = 0; d < programs.size(); ++d) {
      Program& program = programs[d];
      for (std::size_t m = 0; m < memory_count && !program.streams.empty(); ++m) {
        joint.reach[m] =
            std::max(joint.reach[m], program.reach.empty() ? 1.0 : program.reach.at(m));
      }
      for (auto& stream : program.streams) {
        joint.streams.push_back(std::make_unique<ShiftedStream>(std::move(stream), first_unit[d],
                                                                joint.activities.size(), d == 0));
      }
      joint.activities.insert(joint.activities.end(), program.activities.begin(),
                              program.activities.end());
    }
    for (double& reach : joint.reach) {
      reach = reach > 0 ? reach : 1.0;
    }
    const Femtoseconds begin = machine->now();
    Result result;
    result.machine = machine->run(std::move(joint));
    for (std::size_t d = 0; d + 1 < first_unit.size(); ++d) {
      Femtoseconds end = begin;
      for (std::size_t u = first_unit[d]; u < first_unit[d + 1]; ++u) {
        end = std::max(end, ends.of_unit(u));
      }
      result.ends.push_back(end - begin);
    }
    return result;
  }

  LastEnds ends;
  std::size_t memory_count;
  std::vector<std::size_t> first_unit;  ///< of each device, and their number
  std::optional<MachineSimulation> machine;
};

SharedMachine::SharedMachine(const std::vector<SharingDevice>& devices,
                             std::vector<SimulatedMemory> memories,
                             const SimulationOptions& options)
    : impl_(std::make_unique<Impl>(devices, std::move(memories), options)) {}

SharedMachine::~SharedMachine() = default;

SharedMachine::Result SharedMachine::run(std::vector<Program> programs) {
  return impl_->run(std::move(programs));
}

}  // namespace cairn::sim
