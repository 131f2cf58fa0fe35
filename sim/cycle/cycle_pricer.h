/// \file
/// Prices of groups by simulation, in the place of the closed form: same mapping, same report.
///
/// The closed form chooses the mapping and gives everything that does not contend (arithmetic,
/// energy of everything but DRAM); the simulation gives the time, the traffic and the energy of the
/// commands. One pricer for a process: SystemC elaborates once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/energy/technology.h"
#include "hw/system.h"
#include "sim/kernel/machine_simulation.h"

namespace cairn::sim {

/// One group at both levels.
struct CyclePrice {
  hw::OperatorCost cost;  ///< by simulation
  hw::OperatorCost closed_form;
  SimulationResult run;  ///< empty for groups that only the closed form knows
  bool simulated{};      ///< false: the family has no program for this group
  /// cost.latency_s() / closed_form.latency_s() - 1.
  [[nodiscard]] double disagreement() const;
};

class CyclePricer {
 public:
  /// Whether the devices of \p machine have cycle models and its memories can be simulated; else
  /// what is missing, for a message.
  [[nodiscard]] static std::optional<std::string> missing(const hw::SystemSpec& spec,
                                                          const hw::Machine& machine);

  CyclePricer(const hw::SystemSpec& spec, const hw::Technology& technology,
              SimulationOptions options);
  CyclePricer(const CyclePricer&) = delete;
  CyclePricer& operator=(const CyclePricer&) = delete;
  CyclePricer(CyclePricer&&) = delete;
  CyclePricer& operator=(CyclePricer&&) = delete;
  ~CyclePricer();

  [[nodiscard]] const hw::Machine& machine() const;
  /// \throws InternalError with the list of who waits for whom on a deadlock.
  [[nodiscard]] std::variant<CyclePrice, hw::Infeasible> price(
      const hw::GroupView& group, const hw::MappingConstraint& constraint,
      hw::MappingObjective objective);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::sim
