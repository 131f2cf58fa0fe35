#include "sim/coprocessing.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "hw/system.h"
#include "sim/evaluator.h"

using cairn::Bandwidth;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::FieldProblem;
using cairn::Frequency;
using cairn::Seconds;
using cairn::hw::CoprocessingRule;
using cairn::hw::CoprocessingSpec;
using cairn::hw::Machine;
using cairn::hw::MappingObjective;
using cairn::hw::PimPlacement;
using cairn::hw::PimSpec;
using cairn::hw::SystemSpec;
using namespace cairn::sim;     // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

cairn::hw::Technology technology() {
  Diagnostics diagnostics;
  auto t = cairn::hw::load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return t;
}

/// A host of 100 GMAC/s and units of 10 GMAC/s over eight times its bandwidth of 1 GB/s.
SystemSpec system_of(bool concurrent = true, double mode_switch_s = 0) {
  SystemSpec system;
  system.name = "shared";
  system.memories.add("dram", {.kind = cairn::hw::MemoryKind::hbm2,
                               .capacity = bytes(1LL << 32U),
                               .bandwidth = Bandwidth{8e9}});
  PimSpec host;
  host.memory = "dram";
  host.placement = PimPlacement::external;
  host.units = 1;
  host.macs_per_unit = 1000;
  host.clock = Frequency{100e6};
  host.native = kInt8;
  host.input_buffer = bytes(1 << 24);
  host.vector_lanes = 1000;
  system.devices.add("host", host);
  PimSpec units = host;
  units.placement = PimPlacement::bank;
  units.macs_per_unit = 100;
  units.bandwidth_multiplier = 8.0;
  units.vector_lanes = 10;
  units.mode_switch = Seconds{mode_switch_s};
  units.serves_host = concurrent;
  system.devices.add("units", units);
  CoprocessingSpec shared;
  shared.devices = {"host", "units"};
  shared.concurrent = concurrent;
  system.coprocessing = shared;
  return system;
}

Operator matmul(const std::string& name, std::int64_t m, std::int64_t n, std::int64_t k) {
  Operator op;
  op.name = name;
  op.group = name;
  op.shape = MatMul{.m = m, .n = n, .k = k};
  op.formats = {kInt8, kInt8, kInt8};
  op.parameters = n * k;
  return op;
}

/// A thick product, two thin ones that do not depend on each other, and a thick one.
Workload diamond(std::int64_t copies = 1) {
  Workload w;
  w.name = "diamond";
  for (std::int64_t c = 0; c < copies; ++c) {
    const auto base = static_cast<std::int32_t>(w.operators.size());
    w.operators.push_back(matmul("first" + std::to_string(c), 256, 512, 512));
    w.operators.push_back(matmul("left" + std::to_string(c), 1, 512, 1024));
    w.operators.push_back(matmul("right" + std::to_string(c), 1, 1024, 512));
    w.operators.push_back(matmul("last" + std::to_string(c), 256, 512, 256));
    w.edges.insert(
        w.edges.end(),
        {{base, base + 1}, {base, base + 2}, {base + 1, base + 3}, {base + 2, base + 3}});
  }
  w.repeats.push_back({0, 4, static_cast<std::int32_t>(copies)});
  return w;
}

WorkloadReport report(const SystemSpec& system, const Workload& workload) {
  const Machine machine(system, technology());
  auto result = report_workload(compile(workload, {}), machine, MappingObjective::latency);
  if (const auto* refused = std::get_if<cairn::hw::Infeasible>(&result)) {
    FAIL(refused->what);
  }
  return std::get<WorkloadReport>(result);
}

SystemSpec only(const SystemSpec& system, const std::string& name) {
  SystemSpec alone = system;
  alone.coprocessing.reset();
  std::erase_if(alone.devices.items, [&](const auto& d) { return d.first != name; });
  return alone;
}

const GroupRow& row(const WorkloadReport& r, const std::string& name) {
  const auto found =
      std::find_if(r.rows.begin(), r.rows.end(), [&](const GroupRow& g) { return g.name == name; });
  REQUIRE(found != r.rows.end());
  return *found;
}

}  // namespace

TEST_CASE("products with reuse run on the host, vectors on the units") {
  // first: 67 M MACs: 671 us of host arithmetic against 524 us of traffic (256 kB + 2 x 128 kB);
  // left: 0.5 MB: 526 us on the host, 65.5 us inside + 1 us + 0.5 us on the units.
  const WorkloadReport r = report(system_of(), diamond());
  CHECK(row(r, "first0").device == "host");
  CHECK(row(r, "left0").device == "units");
  CHECK(row(r, "right0").device == "units");
  CHECK(row(r, "last0").device == "host");
  CHECK(row(r, "left0").mapping.starts_with("units | tiles | tile m1"));
  // The parts of the energy are the energy of the rows and the leakage.
  double rows = 0;
  for (const GroupRow& g : r.rows) {
    rows += g.energy_j;
  }
  CHECK(r.cost.energy.total() == Approx(rows + r.cost.energy[cairn::hw::EnergyComponent::leakage]));
}

TEST_CASE("sharing is never slower than the best device alone, and mode switches are paid once") {
  const double host = report(only(system_of(), "host"), diamond(3)).cost.latency_s;
  const double units = report(only(system_of(), "units"), diamond(3)).cost.latency_s;
  const WorkloadReport free = report(system_of(), diamond(3));
  CHECK(free.cost.latency_s < std::min(host, units));
  CHECK(free.mode_switches == 0);
  // One run on the units in each copy: left and right share a switch.
  const WorkloadReport turned = report(system_of(true, 10e-6), diamond(3));
  CHECK(turned.mode_switches == 3);
  CHECK(turned.cost.latency_s == Approx(free.cost.latency_s + 3 * 10e-6));
  // Too dear a switch: the host alone.
  const WorkloadReport dear = report(system_of(true, 1.0), diamond(3));
  CHECK(dear.mode_switches == 0);
  CHECK(dear.cost.latency_s == Approx(host));
}

TEST_CASE("a memory that serves one at a time pays each way and overlaps nothing") {
  const WorkloadReport both = report(system_of(true), diamond());
  const WorkloadReport one = report(system_of(false), diamond());
  CHECK(one.cost.latency_s >= both.cost.latency_s);
  const WorkloadReport turned = report(system_of(false, 10e-6), diamond());
  CHECK(turned.mode_switches == 1);
  CHECK(turned.cost.latency_s == Approx(one.cost.latency_s + 2 * 10e-6));
}

TEST_CASE("independent products overlap: one on each device when that balances") {
  // Two equal products that take as long on either: 1 M MACs at m = 8.
  SystemSpec system = system_of();
  auto& units = std::get<PimSpec>(system.devices.at("units"));
  units.bandwidth_multiplier = 1.05;
  units.macs_per_unit = 1000;
  Workload w = diamond();
  const double together = report(system, w).cost.latency_s;
  system.coprocessing->concurrent = false;
  const double apart = report(system, w).cost.latency_s;
  CHECK(together < 0.9 * apart);
}

TEST_CASE("the rule by operations per byte obeys its threshold") {
  SystemSpec system = system_of();
  system.coprocessing->rule = CoprocessingRule::operations_per_byte;
  system.coprocessing->threshold = 1.0;  // thin products have just below 2
  WorkloadReport r = report(system, diamond());
  CHECK(row(r, "left0").device == "host");
  system.coprocessing->threshold = 2.0;
  r = report(system, diamond());
  CHECK(row(r, "left0").device == "units");
  CHECK(row(r, "first0").device == "host");
  // 2 x 1 x 512 x 1024 operations over 512 x 1024 + 1024 + 512 bytes.
  const Operator thin = matmul("thin", 1, 512, 1024);
  CHECK(cairn::hw::operations_per_byte({&thin, {}, 0}) ==
        Approx(2.0 * 512 * 1024 / (512 * 1024 + 1024 + 512)));
}

TEST_CASE("mistakes in a coprocessing section name the field") {
  SystemSpec system = system_of();
  system.coprocessing->devices = {"host", "unit"};
  std::vector<FieldProblem> found = system.problems();
  REQUIRE(found.size() == 1);
  CHECK(found[0].field == "coprocessing.devices");
  CHECK(found[0].message == "no device is called 'unit'");
  CHECK(found[0].hint == "did you mean 'units'?");
  system = system_of(false);
  system.coprocessing->concurrent = true;
  found = system.problems();
  REQUIRE(found.size() == 1);
  CHECK(found[0].field == "coprocessing.concurrent");
  CoprocessingSpec spec;
  spec.devices = {"host"};
  spec.rule = CoprocessingRule::operations_per_byte;
  CHECK(spec.problems().size() == 2);
}
