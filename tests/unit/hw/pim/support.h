/// \file
/// Systems with units in their memory, for tests: those of configs/hardware/, and round ones.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "hw/energy/technology.h"
#include "hw/system.h"

namespace cairn::hw::test {

inline Technology technology_45nm() {
  Diagnostics diagnostics;
  Technology technology = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return technology;
}

/// A system of configs/hardware/.
inline SystemSpec system_file(const std::string& name,
                              const std::vector<std::string>& overrides = {}) {
  Diagnostics diagnostics;
  Node root = load_yaml("configs/hardware/" + name + ".yaml", diagnostics);
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    apply_override(root, overrides[i], static_cast<int>(i) + 1, diagnostics);
  }
  SystemSpec spec;
  read(root, spec, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

inline Machine machine_of(const SystemSpec& spec) {
  Diagnostics diagnostics;
  const Technology technology =
      spec.technology.empty() ? technology_45nm() : load_technology(spec.technology, diagnostics);
  diagnostics.throw_if_any();
  return {spec, technology};
}

/// A memory of 1 GB/s outside and 8 GB/s inside, with units of 16 GMAC/s of int8 in all.
inline SystemSpec small_pim() {
  SystemSpec system;
  system.name = "small";
  system.memories.add("dram", {.kind = MemoryKind::hbm2,
                               .capacity = bytes(1LL << 30U),
                               .bandwidth = Bandwidth{8e9},
                               .read_energy = EnergyPerBit{4e-12},
                               .write_energy = EnergyPerBit{5e-12}});
  PimSpec units;
  units.memory = "dram";
  units.placement = PimPlacement::bank;
  units.units = 16;
  units.macs_per_unit = 10;
  units.clock = Frequency{100e6};
  units.native = models::kInt8;
  units.bandwidth_multiplier = 8.0;
  units.input_buffer = bytes(4096);
  units.vector_lanes = 16;
  units.read_energy = EnergyPerBit{1e-12};
  units.operation_energy = EnergyPerOp{0.5e-12};
  system.devices.add("units", units);
  return system;
}

template <class Spec>
Spec& device_of(SystemSpec& system) {
  return std::get<Spec>(system.devices.items.front().second);
}

inline models::Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k,
                               models::Precision format = models::kInt8) {
  models::Operator op;
  op.name = "op";
  op.shape = models::MatMul{.m = m, .n = n, .k = k};
  op.formats = {format, format, format};
  return op;
}

inline Estimate estimate(const Machine& machine, const models::Operator& op, std::uint8_t fused = 0,
                         const MappingConstraint& mapping = {}) {
  GroupView group;
  group.anchor = &op;
  group.fused = fused;
  return machine.price(group, mapping, MappingObjective::latency);
}

inline OperatorCost cost(const Machine& machine, const models::Operator& op, std::uint8_t fused = 0,
                         const MappingConstraint& mapping = {}) {
  return std::get<OperatorCost>(estimate(machine, op, fused, mapping));
}

inline constexpr std::uint8_t kFusedAttention = 1;

}  // namespace cairn::hw::test
