#include "hw/energy/provenance.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"

namespace cairn::hw {
namespace {

class Rows {
 public:
  void use(const SourceList& sources) { sources_ = &sources; }
  /// A constant whose source is a name of the list in use.
  void add(std::string what, std::string value, const std::string& source, Confidence confidence) {
    const std::string* text = sources_->find(source);
    add_plain(std::move(what), std::move(value), text != nullptr ? *text : source, confidence);
  }
  void add_plain(std::string what, std::string value, std::string source, Confidence confidence) {
    rows_.push_back({std::move(what), std::move(value), std::move(source), confidence});
  }
  [[nodiscard]] std::vector<ProvenanceRow> take() { return std::move(rows_); }

 private:
  const SourceList* sources_ = nullptr;
  std::vector<ProvenanceRow> rows_;
};

void add_scaling(Rows& rows, std::string_view what, const std::vector<ScalingPointSpec>& points) {
  for (const ScalingPointSpec& point : points) {
    rows.add(fmt::format("{} at {}, relative", what, human_text(point.node)),
             fmt::format("{}", point.value), point.source, point.confidence);
  }
}

void add_dram(Rows& rows, const DramSpec& dram) {
  rows.use(dram.sources);
  for (const auto& [name, kind] : dram.kinds) {
    const std::string& label = name;
    const auto add = [&](const auto& constant, std::string_view what) {
      if (constant) {
        rows.add(fmt::format("{} {}", label, what), human_text(constant->value), constant->source,
                 constant->confidence);
      }
    };
    add(kind.read, "read");
    add(kind.write, "write");
    add(kind.interface_energy, "interface");
    add(kind.background, "background");
    if (kind.phy) {
      rows.add(fmt::format("{} interface of {}", name, human_text(kind.phy->bandwidth)),
               human_text(kind.phy->area), kind.phy->source, kind.phy->confidence);
    }
  }
}

void add_on_chip(Rows& rows, const OnChipSpec& spec) {
  rows.use(spec.sources);
  for (const MovementSpec& m : spec.movement) {
    rows.add(fmt::format("{} at {}", to_text(m.action), human_text(m.node)), human_text(m.energy),
             m.source, m.confidence);
  }
  rows.add(fmt::format("register area at {}", human_text(spec.register_area.node)),
           human_text(spec.register_area.area), spec.register_area.source,
           spec.register_area.confidence);
  const auto leakage = [&](std::string_view cell, const LogicLeakageSpec& l) {
    rows.add(fmt::format("leakage of 1 mm2 of {} logic", cell), human_text(l.per_mm2), l.source,
             l.confidence);
  };
  leakage("hp", spec.logic_leakage.hp);
  leakage("lstp", spec.logic_leakage.lstp);
  const auto band = [&](std::string_view block, const AreaBandSpec& b) {
    rows.add(fmt::format("area of {}, true / modelled", block),
             fmt::format("{} to {}", b.low, b.high), b.source, b.confidence);
  };
  band("arithmetic", spec.area_bands.arithmetic);
  band("registers", spec.area_bands.registers);
  band("sram", spec.area_bands.sram);
  band("phy", spec.area_bands.phy);
  band("control", spec.area_bands.control);
  const auto factor = [&](std::string_view what, const LayoutFactorSpec& f) {
    rows.add(std::string{what}, fmt::format("{}", f.value), f.source, f.confidence);
  };
  factor("layout growth of logic", spec.layout.logic_growth);
  factor("layout growth of SRAM", spec.layout.sram_growth);
  factor("area of two-ported over one-ported SRAM", spec.layout.second_port);
  factor("share of control in a processor", spec.layout.core_control);
  factor("share of a die outside its named parts", spec.layout.die_frame);
  const auto link = [&](std::string_view what, const LinkPhySpec& l) {
    rows.add(fmt::format("{} of {}", what, human_text(l.bandwidth)), human_text(l.area), l.source,
             l.confidence);
  };
  link("host link", spec.layout.host_link);
  link("device link", spec.layout.device_link);
}

}  // namespace

std::vector<ProvenanceRow> collect_provenance(const TechnologySpec& technology,
                                              const ArithmeticSpec& arithmetic,
                                              const NodeScalingSpec& scaling, const DramSpec& dram,
                                              const std::vector<DramCurrents>& currents,
                                              const OnChipSpec& on_chip,
                                              const std::vector<SramPoint>& sram) {
  Rows rows;
  const VoltageFrequencySpec& curve = technology.voltage_frequency;
  rows.add_plain(
      "voltage-frequency curve",
      fmt::format("{} at {}, threshold {}, alpha {}, {} to {}", human_text(curve.reference_clock),
                  human_text(curve.reference_voltage), human_text(curve.threshold), curve.alpha,
                  human_text(curve.minimum), human_text(curve.maximum)),
      curve.source, curve.confidence);
  rows.use(arithmetic.sources);
  for (const ArithmeticPointSpec& point : arithmetic.points) {
    const std::string what = fmt::format("{} {} at {}", to_text(point.operation),
                                         models::to_text(point.format), human_text(point.node));
    rows.add(what + ", energy", human_text(point.energy), point.source, point.confidence);
    if (point.area) {
      rows.add(what + ", area", human_text(*point.area), point.source, point.confidence);
    }
  }
  std::vector<std::string> seen;
  for (const SramPoint& point : sram) {
    if (std::find(seen.begin(), seen.end(), point.source) == seen.end()) {
      seen.push_back(point.source);
      const auto count = std::count_if(sram.begin(), sram.end(), [&](const SramPoint& other) {
        return other.source == point.source;
      });
      rows.add_plain("SRAM energy, leakage, area, access time", fmt::format("{} points", count),
                     point.source, point.confidence);
    }
  }
  rows.use(scaling.sources);
  add_scaling(rows, "logic energy", scaling.logic_energy);
  add_scaling(rows, "logic area", scaling.logic_area);
  add_scaling(rows, "SRAM energy", scaling.sram_energy);
  add_scaling(rows, "SRAM area", scaling.sram_area);
  add_scaling(rows, "SRAM leakage", scaling.sram_leakage);
  add_scaling(rows, "SRAM delay", scaling.sram_delay);
  add_dram(rows, dram);
  for (const DramCurrents& row : currents) {
    const DeviceEnergy device = device_energy(row);
    rows.add_plain(fmt::format("{} ({}) device read, write", to_text(row.kind), row.part),
                   fmt::format("{}, {}", human_text(EnergyPerBit{device.read}),
                               human_text(EnergyPerBit{device.write})),
                   row.source, row.confidence);
    rows.add_plain(fmt::format("{} ({}) background", to_text(row.kind), row.part),
                   human_text(PowerPerBit{device.background}), row.source, row.confidence);
  }
  add_on_chip(rows, on_chip);
  return rows.take();
}

}  // namespace cairn::hw
