/// \file
/// A system: devices, memories and links, as one YAML file says it; and the same with everything
/// resolved, ready to price operators.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/diagnostics.h"
#include "core/named_list.h"
#include "hw/coprocessing.h"
#include "hw/families.h"
#include "hw/host_time.h"
#include "hw/link/collective.h"
#include "hw/link/interconnect_spec.h"
#include "hw/mcu/library_memory.h"
#include "hw/memory/memory.h"
#include "hw/placement.h"

namespace cairn::hw {

/// The content of a file in configs/hardware/. One device is the common case.
struct SystemSpec {
  std::int64_t schema{1};
  std::string name;
  std::string source;
  std::filesystem::path technology;
  NamedList<MemorySpec> memories;
  NamedList<DeviceSpec> devices;
  std::vector<LinkSpec> links;
  std::optional<InterconnectSpec> interconnect{};
  PlacementSpec placement;
  std::optional<CoprocessingSpec> coprocessing{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", Range{1, 1});
    a("name", name, "name of the system");
    a("source", source, "where the figures come from", kOptional);
    a("technology", technology, "technology file: energy, area, leakage");
    a("memories", memories, "memories by name");
    a("devices", devices, "devices by name");
    a("links", links, "links between devices and memories", kOptional);
    a("interconnect", interconnect, "links between systems like this one that share a workload",
      kOptional);
    a("placement", placement, "which memories hold what; absent: as the device says", kOptional);
    a("coprocessing", coprocessing,
      "devices that share the work; absent: the first device does all of it", kOptional);
  }
  /// Links or devices that name parts which do not exist.
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// A system with memories resolved and device models built: what prices a design point.
class Machine {
 public:
  /// Why \p spec cannot be built in this technology, or nothing.
  [[nodiscard]] static std::optional<Infeasible> problem(const SystemSpec& spec,
                                                         const Technology& technology);
  /// Precondition: problem() is empty and spec.problems() is empty.
  Machine(const SystemSpec& spec, const Technology& technology);

  [[nodiscard]] const std::vector<ResolvedMemory>& memories() const { return memories_; }
  [[nodiscard]] const std::vector<DeviceModel>& devices() const { return devices_; }
  /// The device that runs the workload, or the host of those that share it.
  [[nodiscard]] const DeviceModel& primary() const {
    return devices_[coprocessing_ ? coprocessing_->devices.front() : 0];
  }

  /// Cost of one group of operators on the system, or why it cannot run there. Of several devices
  /// that share the work, the one that the rule names or that is fastest alone.
  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  /// The devices that share the work, or nothing when one does all of it.
  [[nodiscard]] const std::optional<Coprocessing>& coprocessing() const { return coprocessing_; }
  /// The same on one of the devices that share the work (0: the host). Collectives run on the links
  /// whatever the device.
  [[nodiscard]] Estimate price_on(std::size_t device, const GroupView& group,
                                  const MappingConstraint& constraint,
                                  MappingObjective objective) const;
  /// Multiply-accumulates per second that a group with these formats could reach at most.
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  /// The memory that holds the workload.
  [[nodiscard]] const ResolvedMemory& backing() const;
  /// Which memories hold what, tier by tier.
  [[nodiscard]] const Placement& placement() const { return placement_; }
  /// What the library of the first device needs in memory beside tensors; null without a library.
  [[nodiscard]] const MemoryTraits* memory_traits() const;
  /// What the models behind the prices assume, for the report.
  [[nodiscard]] std::vector<std::string> assumptions() const;
  /// Format of a tensor for which a user names none.
  [[nodiscard]] models::Precision default_format() const;
  /// Host time of the software that drives the system.
  [[nodiscard]] const HostTimeSpec& host() const { return host_; }
  /// Links to other systems like this one, with which it can share a workload.
  [[nodiscard]] const std::optional<Interconnect>& interconnect() const { return interconnect_; }
  /// Why \p ranks systems like this one cannot share a workload, or nothing.
  [[nodiscard]] std::optional<Infeasible> ranks_problem(std::int64_t ranks) const;
  /// W, of all devices and memories together.
  [[nodiscard]] double static_power() const { return static_power_; }
  [[nodiscard]] const std::vector<AreaPart>& area() const { return area_; }
  [[nodiscard]] double area_mm2() const;
  /// Devices whose area nobody states or derives, so that area_mm2() says too little; or nothing.
  [[nodiscard]] std::optional<Infeasible> area_problem() const;

 private:
  [[nodiscard]] Estimate price_collective(const models::Operator& op) const;

  std::vector<ResolvedMemory> memories_;
  std::vector<DeviceModel> devices_;
  std::vector<AreaPart> area_;
  std::vector<std::string> without_area_;  ///< names of devices
  Placement placement_;
  double static_power_{};
  std::optional<Interconnect> interconnect_;
  std::optional<Coprocessing> coprocessing_;
  HostTimeSpec host_{};
  double active_power_{};  ///< W of the first device while something runs on it
};

/// One memory with all that the file leaves open taken from the tables. A scratchpad without a
/// stated bandwidth never limits; one without a width moves 128 bits in an access.
[[nodiscard]] ResolvedMemory resolve(const std::string& name, const MemorySpec& spec,
                                     const Technology& technology);

}  // namespace cairn::hw
