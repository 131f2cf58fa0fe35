#include "hw/energy/specs.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"

namespace cairn::hw {
namespace {

/// Every `source:` must name an entry of `sources`, or the report could not say where a number is
/// from.
void check_source(const SourceList& sources, const std::string& used, const std::string& field,
                  std::vector<FieldProblem>& problems) {
  if (sources.find(used) != nullptr) {
    return;
  }
  const std::vector<std::string> names = sources.names();
  const auto close = nearest(used, names);
  problems.push_back({field, fmt::format("'{}' is not an entry of `sources`", used),
                      close ? fmt::format("did you mean '{}'?", *close) : ""});
}

/// Points of one list stand at different nodes, and there are enough of them.
void check_scaling(const SourceList& sources, const std::vector<ScalingPointSpec>& points,
                   const std::string& field, std::vector<FieldProblem>& problems) {
  if (points.size() < 2) {
    problems.push_back({field, "a scaling function needs at least two nodes", ""});
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string here = fmt::format("{}.{}", field, i);
    check_source(sources, points[i].source, here + ".source", problems);
    for (std::size_t j = 0; j < i; ++j) {
      if (points[j].node == points[i].node) {
        problems.push_back(
            {here + ".node", fmt::format("{} is given twice", to_text(points[i].node)), ""});
      }
    }
  }
}

}  // namespace

std::vector<FieldProblem> ArithmeticSpec::problems() const {
  std::vector<FieldProblem> problems;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string here = fmt::format("points.{}", i);
    const ArithmeticPointSpec& point = points[i];
    check_source(sources, point.source, here + ".source", problems);
    if (!point.format.is_integer() && !point.format.is_floating()) {
      problems.push_back({here + ".format", "only integer and floating formats compute", ""});
    }
    for (std::size_t j = 0; j < i; ++j) {
      const ArithmeticPointSpec& other = points[j];
      if (other.operation == point.operation && other.format == point.format &&
          other.node == point.node) {
        problems.push_back({here,
                            fmt::format("{} {} at {} is given twice", to_text(point.operation),
                                        models::to_text(point.format), to_text(point.node)),
                            ""});
      }
    }
  }
  for (const auto& [operation, name] : enum_names(ArithmeticOperation{})) {
    for (const bool floating : {false, true}) {
      // Curves over the width need two widths, with and without an area, at whatever nodes.
      std::vector<std::int64_t> widths;
      for (const ArithmeticPointSpec& point : points) {
        const std::int64_t width =
            point.format.element_bits() - (floating ? point.format.exponent_bits : 0);
        if (point.operation == operation && point.format.is_floating() == floating && point.area &&
            std::find(widths.begin(), widths.end(), width) == widths.end()) {
          widths.push_back(width);
        }
      }
      if (widths.size() < 2) {
        problems.push_back({"points",
                            fmt::format("needs `{}` with an area for at least two {} formats", name,
                                        floating ? "floating" : "integer"),
                            ""});
      }
    }
  }
  return problems;
}

std::vector<FieldProblem> NodeScalingSpec::problems() const {
  std::vector<FieldProblem> problems;
  check_scaling(sources, logic_energy, "logic_energy", problems);
  check_scaling(sources, logic_area, "logic_area", problems);
  check_scaling(sources, sram_energy, "sram_energy", problems);
  check_scaling(sources, sram_area, "sram_area", problems);
  check_scaling(sources, sram_leakage, "sram_leakage", problems);
  check_scaling(sources, sram_delay, "sram_delay", problems);
  return problems;
}

std::vector<FieldProblem> DramSpec::problems() const {
  std::vector<FieldProblem> problems;
  for (const auto& [name, kind] : kinds) {
    const std::string here = "kinds." + name;
    const auto known = enum_from_text<MemoryKind>(name);
    if (!known || is_on_chip(*known)) {
      const std::vector<std::string> names = enum_texts<MemoryKind>();
      const auto close = nearest(name, names);
      problems.push_back({here, fmt::format("'{}' is not a kind of memory outside the chip", name),
                          close ? fmt::format("did you mean '{}'?", *close) : ""});
    }
    const auto check = [&](const auto& constant, std::string_view field) {
      if (constant) {
        check_source(sources, constant->source, fmt::format("{}.{}.source", here, field), problems);
      }
    };
    check(kind.read, "read");
    check(kind.write, "write");
    check(kind.interface_energy, "interface_energy");
    check(kind.background, "background");
    check(kind.phy, "phy");
  }
  return problems;
}

std::vector<FieldProblem> OnChipSpec::problems() const {
  std::vector<FieldProblem> problems;
  for (std::size_t i = 0; i < movement.size(); ++i) {
    check_source(sources, movement[i].source, fmt::format("movement.{}.source", i), problems);
    for (std::size_t j = 0; j < i; ++j) {
      if (movement[j].action == movement[i].action && movement[j].node == movement[i].node) {
        problems.push_back({fmt::format("movement.{}", i),
                            fmt::format("{} at {} is given twice", to_text(movement[i].action),
                                        to_text(movement[i].node)),
                            ""});
      }
    }
  }
  for (const auto& [action, name] : enum_names(Movement{})) {
    const auto wanted = action;
    if (std::none_of(movement.begin(), movement.end(),
                     [wanted](const MovementSpec& m) { return m.action == wanted; })) {
      problems.push_back({"movement", fmt::format("needs an entry for `{}`", name), ""});
    }
  }
  check_source(sources, register_area.source, "register_area.source", problems);
  check_source(sources, logic_leakage.hp.source, "logic_leakage.hp.source", problems);
  check_source(sources, logic_leakage.lstp.source, "logic_leakage.lstp.source", problems);
  check_source(sources, area_bands.arithmetic.source, "area_bands.arithmetic.source", problems);
  check_source(sources, area_bands.registers.source, "area_bands.registers.source", problems);
  check_source(sources, area_bands.sram.source, "area_bands.sram.source", problems);
  check_source(sources, area_bands.phy.source, "area_bands.phy.source", problems);
  check_source(sources, area_bands.control.source, "area_bands.control.source", problems);
  check_source(sources, layout.logic_growth.source, "layout.logic_growth.source", problems);
  check_source(sources, layout.sram_growth.source, "layout.sram_growth.source", problems);
  check_source(sources, layout.second_port.source, "layout.second_port.source", problems);
  check_source(sources, layout.core_control.source, "layout.core_control.source", problems);
  check_source(sources, layout.die_frame.source, "layout.die_frame.source", problems);
  check_source(sources, layout.host_link.source, "layout.host_link.source", problems);
  check_source(sources, layout.device_link.source, "layout.device_link.source", problems);
  for (const auto& [field, share] : {std::pair{"layout.core_control", layout.core_control.value},
                                     std::pair{"layout.die_frame", layout.die_frame.value}}) {
    if (share >= 1.0) {
      problems.push_back({field, "a share of all of it leaves nothing", "give a value below 1"});
    }
  }
  return problems;
}

std::vector<FieldProblem> VoltageFrequencySpec::problems() const {
  std::vector<FieldProblem> problems;
  if (minimum <= threshold) {
    problems.push_back(
        {"minimum",
         fmt::format("{} is not above the threshold of {}", to_text(minimum), to_text(threshold)),
         ""});
  }
  if (maximum <= minimum) {
    problems.push_back(
        {"maximum",
         fmt::format("{} is not above the minimum of {}", to_text(maximum), to_text(minimum)), ""});
  }
  if (reference_voltage < minimum || reference_voltage > maximum) {
    problems.push_back({"reference_voltage",
                        fmt::format("{} is not between the minimum of {} and the maximum of {}",
                                    to_text(reference_voltage), to_text(minimum), to_text(maximum)),
                        ""});
  }
  return problems;
}

std::vector<FieldProblem> TechnologySpec::problems() const {
  std::vector<FieldProblem> problems;
  if (nominal_voltage < voltage_frequency.minimum || nominal_voltage > voltage_frequency.maximum) {
    problems.push_back({"nominal_voltage",
                        fmt::format("{} is not between the minimum of {} and the maximum of {}",
                                    to_text(nominal_voltage), to_text(voltage_frequency.minimum),
                                    to_text(voltage_frequency.maximum)),
                        ""});
  }
  return problems;
}

}  // namespace cairn::hw
