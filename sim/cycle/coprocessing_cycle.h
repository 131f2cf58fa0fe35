/// \file
/// Several devices of one system at work at the same time: their programs on one machine, whose
/// memories they share.
///
/// The machine has the units of all devices; each keeps its own streams. What they have in common
/// is simulated: requests of the host and of the other device wait in the queues of the same
/// channels, close each other's rows and turn each other's bus around. Devices that do not touch
/// the same memory do not slow each other down.
///
/// Assumes:    programs begin together; the software share of a bandwidth (Program::reach) is that
///             of the program that reaches most.
/// Ignores:    what a device does inside a memory without its channels (multiplications in banks
///             have their own engines: host requests do not wait for them), mode switches, which
///             the schedule of the pass pays for (sim/coprocessing.h). Only the first
///             device's program may have barriers. Repeating programs are simulated whole.
/// Reference:  sim/kernel/machine_simulation.h
/// Checked by: tests/unit/sim/coprocessing_cycle/coprocessing_cycle_test.cpp
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw/cycle/device_program.h"
#include "sim/kernel/machine_simulation.h"

namespace cairn::sim {

struct SharingDevice {
  std::string name;
  hw::cycle::DeviceUnits units;  ///< memories by their number in the machine
};

class SharedMachine {
 public:
  /// At most one device has a network.
  SharedMachine(const std::vector<SharingDevice>& devices, std::vector<SimulatedMemory> memories,
                const SimulationOptions& options);
  SharedMachine(const SharedMachine&) = delete;
  SharedMachine& operator=(const SharedMachine&) = delete;
  SharedMachine(SharedMachine&&) = delete;
  SharedMachine& operator=(SharedMachine&&) = delete;
  ~SharedMachine();

  struct Result {
    SimulationResult machine;                   ///< of all devices together
    std::vector<hw::cycle::Femtoseconds> ends;  ///< of each device's program, from the start
  };
  /// One program for each device, in their order; one without streams for a device that rests.
  [[nodiscard]] Result run(std::vector<hw::cycle::Program> programs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::sim
