#include "sim/kernel/machine_simulation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "sim/kernel/dram_memory.h"
#include "sim/kernel/laps.h"
#include "sim/kernel/network_port.h"
#include "sim/kernel/server_memory.h"
#include "sim/kernel/task_streams.h"
#include "sim/kernel/units.h"

// The SystemC library has a main of its own that calls this; our programs bring their own main.
int sc_main(int /*argc*/, char** /*argv*/);
int sc_main(int /*argc*/, char** /*argv*/) {
  return 0;
}

namespace cairn::sim {
namespace {

using hw::cycle::Femtoseconds;
using hw::cycle::Program;
using hw::cycle::Unit;
using kernel::IssuedTask;
using kernel::ServerMemory;

struct CloseTraceFile {
  void operator()(sc_core::sc_trace_file* file) const { sc_core::sc_close_vcd_trace_file(file); }
};

/// Ready for modules: before the first, and only then, the time resolution can be set.
void open_kernel() {
  CAIRN_CHECK(sc_core::sc_get_status() == sc_core::SC_ELABORATION,
              "a process can simulate one machine only");
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
}

MemoryActivity difference(const MemoryActivity& a, const MemoryActivity& b) {
  MemoryActivity d;
  d.read_bits = b.read_bits - a.read_bits;
  d.write_bits = b.write_bits - a.write_bits;
  d.requests = b.requests - a.requests;
  d.row_hits = b.row_hits - a.row_hits;
  d.row_misses = b.row_misses - a.row_misses;
  d.row_conflicts = b.row_conflicts - a.row_conflicts;
  d.busy_s = b.busy_s - a.busy_s;
  if (b.energy_j) {
    d.energy_j = *b.energy_j - a.energy_j.value_or(0);
  }
  return d;
}

}  // namespace

struct MachineSimulation::Impl final : kernel::UnitHost, kernel::TaskTaker {
  Impl(std::vector<Unit> unit_specs, const std::vector<hw::cycle::CacheOver>& caches,
       const std::vector<SimulatedMemory>& memory_specs, SimulationOptions with,
       const std::optional<hw::cycle::NetworkPlacement>& placement)
      : options(std::move(with)) {
    open_kernel();
    memories.resize(memory_specs.size());
    ports.resize(memory_specs.size());
    for (std::size_t m = 0; m < memory_specs.size(); ++m) {
      const bool cached = std::any_of(caches.begin(), caches.end(), [m](const auto& cache) {
        return cache.cache == static_cast<std::int32_t>(m);
      });
      if (cached) {
        continue;  // needs what is behind it
      }
      const SimulatedMemory& spec = memory_specs[m];
      if (spec.part) {
        memories[m] = kernel::make_dram(spec, options.trace);
        exact = false;
      } else {
        auto server = std::make_unique<ServerMemory>(spec);
        ports[m] = server->limits() ? server.get() : nullptr;
        memories[m] = std::move(server);
      }
    }
    for (const hw::cycle::CacheOver& cache : caches) {
      const auto at = static_cast<std::size_t>(cache.cache);
      memories[at] = std::make_unique<kernel::CacheMemory>(
          cache, memory_specs[at], *memories[static_cast<std::size_t>(cache.behind)]);
    }
    fronts.resize(memories.size());
    if (placement) {
      network = kernel::make_network(*placement);
      for (std::size_t m = 0; m < placement->memory_nodes.size(); ++m) {
        if (!placement->memory_nodes[m].empty()) {
          fronts[m] = &network->in_front_of(*memories[m], placement->memory_nodes[m]);
        }
      }
    }
    waiting.resize(unit_specs.size());
    for (std::size_t u = 0; u < unit_specs.size(); ++u) {
      const Unit& unit = unit_specs[u];
      const std::string name = fmt::format("unit_{}", u);
      if (unit.moves_data) {
        auto mover = std::make_unique<kernel::TransferUnit>(name, u, *this, unit.outstanding_bits);
        if (placement && placement->unit_node.at(u) >= 0) {
          network->place(*mover, placement->unit_node[u]);
        }
        units.push_back(std::move(mover));
      } else {
        units.push_back(std::make_unique<kernel::ComputeUnit>(name, u, *this, unit.engine));
      }
      names.push_back(unit.name);
      tracks.push_back(options.trace != nullptr ? options.trace->track("units", unit.name) : 0);
    }
    if (!options.vcd.empty()) {
      open_dump();
    }
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  void open_dump() {
    constexpr std::string_view kSuffix = ".vcd";  // which the kernel adds
    std::string path = options.vcd;
    if (path.size() > kSuffix.size() &&
        path.compare(path.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0) {
      path.resize(path.size() - kSuffix.size());
    }
    dump.reset(sc_core::sc_create_vcd_trace_file(path.c_str()));
    for (std::size_t u = 0; u < units.size(); ++u) {
      std::string name = names[u];
      std::replace(name.begin(), name.end(), ' ', '_');
      sc_core::sc_trace(dump.get(), units[u]->working(), name + "_works");
    }
  }

  // UnitHost
  bool ready(const IssuedTask& task, std::size_t unit) override {
    if (streams[task.stream]->ready(task)) {
      return true;
    }
    std::vector<std::size_t>& list = waiting_units[task.stream];
    if (!waiting[unit]) {
      waiting[unit] = true;
      list.push_back(unit);
    }
    return false;
  }

  void finished(const IssuedTask& task, std::size_t unit, Femtoseconds start,
                Femtoseconds end) override {
    constexpr std::uint64_t kBeat = 1024;
    ++tasks;
    last_end = std::max(last_end, end);
    if (options.heartbeat != nullptr && tasks % kBeat == 0) {
      options.heartbeat(end + extended(), options.heartbeat_context);
    }
    if (options.trace != nullptr) {
      options.trace->slice(tracks[unit], program->activities.at(task.task.activity), start, end);
    }
    streams[task.stream]->done(task.number);
    if (task.task.lap && task.stream == 0) {
      lap_ended(task.number, end);
    }
    after_done(task.stream);
  }

  kernel::MemoryModule& memory(std::int32_t index) override {
    CAIRN_CHECK(index >= 0 && static_cast<std::size_t>(index) < memories.size(),
                "a transfer names no memory of the machine");
    kernel::MemoryModule* front = fronts[static_cast<std::size_t>(index)];
    return front != nullptr ? *front : *memories[static_cast<std::size_t>(index)];
  }
  ServerMemory* port(std::int32_t index) override { return ports[static_cast<std::size_t>(index)]; }

  // TaskTaker
  void take(const IssuedTask& task) override {
    CAIRN_CHECK(task.task.unit < units.size(), "a task names no unit of the machine");
    units[task.task.unit]->give(task);
  }
  void lap_begins(std::uint32_t stream) override { ++laps_issued[stream]; }
  void at_barrier(const IssuedTask& task) override {
    barriers[task.stream].push_back(task);
    look_at_barriers(task.stream);
  }

  /// What may go on because a task of \p stream is done.
  void after_done(std::uint32_t stream) {
    look_at_barriers(stream);
    std::vector<std::size_t> list;
    list.swap(waiting_units[stream]);
    for (const std::size_t unit : list) {
      waiting[unit] = false;
    }
    for (const std::size_t unit : list) {
      units[unit]->look_again();
    }
    streams[stream]->refill();
  }

  /// A stream has reached its first barrier when all that this names is done. Once enough streams
  /// have reached theirs, all go on.
  void look_at_barriers(std::uint32_t stream) {
    if (arrived[stream] || barriers[stream].empty() ||
        !streams[stream]->ready(barriers[stream].front())) {
      return;
    }
    arrived[stream] = true;
    ++at_barrier_now;
    const std::size_t width = program->barrier_width == 0 ? streams.size() : program->barrier_width;
    if (at_barrier_now < width) {
      return;
    }
    std::vector<std::uint32_t> released;
    for (std::uint32_t s = 0; s < arrived.size(); ++s) {
      if (arrived[s]) {
        released.push_back(s);
        arrived[s] = false;
      }
    }
    at_barrier_now = 0;
    for (const std::uint32_t s : released) {
      const IssuedTask task = barriers[s].front();
      barriers[s].erase(barriers[s].begin());
      ++tasks;
      streams[s]->done(task.number);
    }
    for (const std::uint32_t s : released) {
      after_done(s);
    }
  }

  [[nodiscard]] kernel::LapSnapshot snapshot(Femtoseconds at) const {
    kernel::LapSnapshot s{
        .at = at, .memories = {}, .unit_busy = {}, .tasks = tasks, .begun = 0, .done = 0};
    for (const auto& memory : memories) {
      s.memories.push_back(memory->activity());
    }
    for (const auto& unit : units) {
      s.unit_busy.push_back(unit->busy());
    }
    return s;
  }

  void lap_ended(std::uint64_t number, Femtoseconds at) {
    if (!options.extend_laps || left_out > 0 || program->laps == 0) {
      return;
    }
    kernel::LapSnapshot lap = snapshot(at);
    lap.begun = number;
    lap.done = streams.front()->issued() - streams.front()->outstanding();
    watch->add(std::move(lap));
    // A stream that runs ahead of the first has fewer laps to leave out.
    const std::int64_t remaining =
        program->laps - *std::max_element(laps_issued.begin(), laps_issued.end());
    if (remaining <= 2) {
      return;
    }
    if (const std::int64_t width = watch->window(); width > 0) {
      left_out = remaining - 1;
      window = width;
      for (const auto& stream : streams) {
        stream->source().skip_laps(left_out);
      }
    }
  }
  [[nodiscard]] Femtoseconds extended() const {
    if (left_out == 0) {
      return 0;
    }
    SimulationResult more;
    watch->extend(more, left_out, window);
    return more.duration;
  }

  SimulationResult run(Program given) {
    program = &given;
    const Femtoseconds begin = kernel::now();
    last_end = begin;
    tasks = 0;
    laps_issued.assign(given.streams.size(), 0);
    left_out = 0;
    window = 0;
    at_barrier_now = 0;
    watch.emplace(exact);
    streams.clear();
    for (std::uint32_t s = 0; s < given.streams.size(); ++s) {
      streams.push_back(
          std::make_unique<kernel::TaskStream>(std::move(given.streams[s]), s, *this));
    }
    waiting_units.assign(streams.size(), {});
    barriers.assign(streams.size(), {});
    arrived.assign(streams.size(), false);
    std::fill(waiting.begin(), waiting.end(), false);
    for (const auto& unit : units) {
      unit->start_run();
    }
    CAIRN_CHECK(given.reach.empty() || given.reach.size() == memories.size(),
                "a program names the reach of every memory or of none");
    for (std::size_t m = 0; m < memories.size(); ++m) {
      memories[m]->start_run(given.reach.empty() ? 1.0 : given.reach[m]);
    }
    const kernel::LapSnapshot before = snapshot(begin);
    for (const auto& stream : streams) {
      stream->refill();
    }
    sc_core::sc_start();
    for (const auto& memory : memories) {
      last_end = std::max(last_end, memory->settled());
    }
    if (last_end > kernel::now()) {  // the next program finds an idle machine
      sc_core::sc_start(sc_core::sc_time::from_value(
          static_cast<sc_core::sc_time::value_type>(last_end - kernel::now())));
    }
    SimulationResult result;
    result.duration = last_end - begin;
    result.tasks = tasks;
    const kernel::LapSnapshot after = snapshot(last_end);
    for (std::size_t m = 0; m < memories.size(); ++m) {
      result.memories.push_back(difference(before.memories[m], after.memories[m]));
    }
    result.unit_busy = after.unit_busy;
    result.laps_simulated = laps_issued.empty() ? 0 : laps_issued.front();
    if (left_out > 0) {
      watch->extend(result, left_out, window);
    }
    result.deadlock = who_waits();
    program = nullptr;
    return result;
  }

  [[nodiscard]] std::string what(const IssuedTask& task) const {
    return fmt::format("task {} of stream {} (`{}` on {})", task.number, task.stream,
                       program->activities.at(task.task.activity), names[task.task.unit]);
  }

  /// The first task of each stream that stands in the queue of a unit behind another stream's.
  [[nodiscard]] std::string who_waits_behind(std::size_t unit) const {
    std::string text;
    const std::deque<IssuedTask>& queue = units[unit]->queue();
    std::vector<std::uint32_t> seen;
    for (const IssuedTask& task : queue) {
      if (std::find(seen.begin(), seen.end(), task.stream) != seen.end()) {
        continue;
      }
      seen.push_back(task.stream);
      if (task.stream != queue.front().stream) {
        text += fmt::format("{}: {} waits behind task {} of stream {}\n", names[unit], what(task),
                            queue.front().number, queue.front().stream);
      }
    }
    return text;
  }

  [[nodiscard]] std::string who_waits() const {
    std::string text;
    if (std::all_of(streams.begin(), streams.end(), [](const auto& s) { return s->finished(); })) {
      return text;
    }
    for (std::size_t u = 0; u < units.size(); ++u) {
      if (const IssuedTask* task = units[u]->waiting()) {
        const bool ready = streams[task->stream]->ready(*task);
        text += fmt::format(
            "{}: {} waits for {}\n", names[u], what(*task),
            ready ? std::string{"the unit"}
                  : fmt::format("task {} of its stream", streams[task->stream]->waits_for(*task)));
      }
      if (const std::string pending = units[u]->pending(); !pending.empty()) {
        text += fmt::format("{}: {}\n", names[u], pending);
      }
      text += who_waits_behind(u);
    }
    for (std::size_t s = 0; s < streams.size(); ++s) {
      if (!barriers[s].empty() && !streams[s]->ready(barriers[s].front())) {
        text += fmt::format("stream {}: the barrier of task {} waits for task {}\n", s,
                            barriers[s].front().number, streams[s]->waits_for(barriers[s].front()));
      } else if (!barriers[s].empty()) {
        text += fmt::format("stream {}: task {} waits at a barrier that {} of {} streams reached\n",
                            s, barriers[s].front().number, at_barrier_now,
                            program->barrier_width == 0 ? streams.size() : program->barrier_width);
      }
    }
    if (network) {
      for (const std::string& line : network->who_waits()) {
        text += line + "\n";
      }
    }
    return text.empty() ? "a stream has tasks left and no unit has any\n" : text;
  }

  SimulationOptions options;
  std::vector<std::unique_ptr<kernel::MemoryModule>> memories;
  std::unique_ptr<kernel::NetworkPort> network;  ///< null: units ask memories directly
  std::vector<kernel::MemoryModule*> fronts;     ///< of memories behind the network, else null
  std::vector<ServerMemory*> ports;
  std::vector<std::unique_ptr<kernel::UnitProcess>> units;
  std::vector<std::string> names;
  std::vector<std::int32_t> tracks;
  std::unique_ptr<sc_core::sc_trace_file, CloseTraceFile> dump;
  bool exact{true};  ///< no memory has a rhythm of its own

  Program* program{};
  std::vector<std::unique_ptr<kernel::TaskStream>> streams;
  std::vector<std::vector<std::size_t>> waiting_units;  ///< by stream
  std::vector<char> waiting;                            ///< by unit: it is in one of those
  std::vector<std::vector<IssuedTask>> barriers;        ///< by stream
  std::vector<bool> arrived;
  std::size_t at_barrier_now{};
  std::uint64_t tasks{};
  Femtoseconds last_end{};
  std::vector<std::int64_t> laps_issued;  ///< by stream
  std::int64_t left_out{};
  std::int64_t window{};
  std::optional<kernel::LapWatch> watch;
};

MachineSimulation::MachineSimulation(std::vector<Unit> units,
                                     const std::vector<hw::cycle::CacheOver>& caches,
                                     const std::vector<SimulatedMemory>& memories,
                                     SimulationOptions options,
                                     const std::optional<hw::cycle::NetworkPlacement>& network)
    : impl_(std::make_unique<Impl>(std::move(units), caches, memories, std::move(options),
                                   network)) {}

MachineSimulation::~MachineSimulation() = default;

SimulationResult MachineSimulation::run(hw::cycle::Program program) {
  return impl_->run(std::move(program));
}

Femtoseconds MachineSimulation::now() const {
  return kernel::now();
}

}  // namespace cairn::sim
