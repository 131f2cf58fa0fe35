/// \file
/// A machine in SystemC: units, memories and what connects them, elaborated once for a process.
///
/// Each unit is a process that does the tasks of its queue in order; a transfer is cut into
/// requests that wait in the queues of memory channels. A memory with a DRAM part is one controller
/// for each channel (hw/memory/cycle); any other serves requests in the order of their arrival at
/// its bandwidth, after its latency. Nothing happens between events: idle time costs nothing.
///
/// Assumes:    requests of a transfer are spread over channels by address; a request is done when
///             its last bit has arrived.
/// Ignores:    the time that addresses and credits need on the way, without a network.
/// Reference:  IEEE 1666-2011 (SystemC).
/// Checked by: tests/unit/sim/kernel/machine_simulation_test.cpp
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/cycle/device_program.h"
#include "hw/cycle/program.h"
#include "hw/memory/cycle/dram_energy.h"
#include "hw/memory/memory.h"

namespace cairn::sim {

/// A memory as it is simulated. Bandwidth and latency hold where there is no part.
struct SimulatedMemory {
  std::string name;
  std::optional<hw::DramPartSpec> part{};
  std::int64_t channels{1};
  double bandwidth{};  ///< bit/s, all channels; infinity: never limits
  double latency_s{};
  bool refresh{true};
  /// Of its commands; absent: none are counted.
  std::optional<hw::cycle::DramCommandEnergies> energies{};
};

struct SimulationOptions {
  hw::cycle::TraceSink* trace{};
  std::string vcd;         ///< path of a value change dump; empty: none
  bool extend_laps{true};  ///< extend a periodic program instead of simulating all of it
  /// Called now and then with the simulated time, for a watcher of this process.
  void (*heartbeat)(hw::cycle::Femtoseconds now, void* context){};
  void* heartbeat_context{};
};

/// What one memory did during a run.
struct MemoryActivity {
  double read_bits{};
  double write_bits{};
  std::uint64_t requests{};
  std::uint64_t row_hits{};
  std::uint64_t row_misses{};
  std::uint64_t row_conflicts{};
  double busy_s{};  ///< time in which its data pins (or its server) were at work
  std::optional<double>
      energy_j{};  ///< of its activates, reads and writes, where their energies are known
};

struct SimulationResult {
  hw::cycle::Femtoseconds duration{};
  std::vector<hw::cycle::Femtoseconds> unit_busy;
  std::vector<MemoryActivity> memories;
  std::int64_t laps_simulated{};
  std::int64_t laps_extended{};
  std::uint64_t tasks{};
  /// Empty, or who waits for whom, a line each, when nothing can go on.
  std::string deadlock;
};

class MachineSimulation {
 public:
  MachineSimulation(std::vector<hw::cycle::Unit> units,
                    const std::vector<hw::cycle::CacheOver>& caches,
                    const std::vector<SimulatedMemory>& memories, SimulationOptions options,
                    const std::optional<hw::cycle::NetworkPlacement>& network = std::nullopt);
  MachineSimulation(const MachineSimulation&) = delete;
  MachineSimulation& operator=(const MachineSimulation&) = delete;
  MachineSimulation(MachineSimulation&&) = delete;
  MachineSimulation& operator=(MachineSimulation&&) = delete;
  ~MachineSimulation();

  /// Runs a program from an idle machine until all is done. Programs run one after the other.
  SimulationResult run(hw::cycle::Program program);
  [[nodiscard]] hw::cycle::Femtoseconds now() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::sim
