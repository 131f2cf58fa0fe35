#include "hw/energy/technology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"
#include "hw/energy/node_scaling.h"
#include "hw/energy/provenance.h"

namespace cairn::hw {

struct Technology::Data {
  TechnologySpec spec;
  ArithmeticTable arithmetic;
  SramTable sram;
  DramTable dram;
  VoltageFrequency voltage_frequency;
  std::array<MovementFigures, kMovements> movement{};
  AreaPerBit register_area{};
  Confidence register_area_confidence{};
  LogicLeakageSpec logic_leakage;
  std::array<AreaBand, kBlockKinds> area_bands{};
  LayoutFactors layout{};
  std::vector<ProvenanceRow> provenance;
};

namespace {

constexpr double kSquareMillimetre = 1e-6;

template <class Spec>
Spec read_table(const std::filesystem::path& path, Diagnostics& diagnostics) {
  Spec spec;
  const std::size_t errors_before = diagnostics.error_count();
  const Node root = load_yaml(path.string(), diagnostics);
  if (diagnostics.error_count() == errors_before) {
    read(root, spec, diagnostics);
  }
  return spec;
}

/// A table that is not there is a mistake in the file that names it, at the place where it does.
bool tables_exist(const Node& root, const TechnologyTablesSpec& tables, Diagnostics& diagnostics) {
  const std::array<std::pair<std::string_view, const std::filesystem::path*>, 6> all{
      std::pair{std::string_view{"arithmetic"}, &tables.arithmetic},
      std::pair{std::string_view{"sram"}, &tables.sram},
      std::pair{std::string_view{"dram"}, &tables.dram},
      std::pair{std::string_view{"dram_currents"}, &tables.dram_currents},
      std::pair{std::string_view{"node_scaling"}, &tables.node_scaling},
      std::pair{std::string_view{"on_chip"}, &tables.on_chip}};
  bool all_exist = true;
  for (const auto& [key, path] : all) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(*path, ignored)) {
      continue;
    }
    all_exist = false;
    const Node* map = root.find("tables");
    const Node* value = map != nullptr ? map->find(key) : nullptr;
    diagnostics.error(value != nullptr ? value->at : root.at, fmt::format("tables.{}", key),
                      fmt::format("there is no file '{}'", path->string()));
  }
  return all_exist;
}

LayoutFactors layout_factors(const LayoutSpec& spec) {
  const auto per_bandwidth = [](const LinkPhySpec& link) {
    return link.area.count() / link.bandwidth.count();
  };
  return {.logic_growth = spec.logic_growth.value,
          .sram_growth = spec.sram_growth.value,
          .second_port = spec.second_port.value,
          .core_control = spec.core_control.value,
          .die_frame = spec.die_frame.value,
          .host_link = per_bandwidth(spec.host_link),
          .device_link = per_bandwidth(spec.device_link)};
}

ArithmeticFigures laid_out(ArithmeticFigures figures, double growth) {
  figures.area = Area{figures.area.count() * growth};
  return figures;
}

AreaBand band(const AreaBandSpec& spec) {
  return {.low = spec.low, .high = spec.high, .confidence = spec.confidence};
}

std::array<MovementFigures, kMovements> movements(const OnChipSpec& spec,
                                                  const NodeScaling& scaling, double node) {
  std::array<MovementFigures, kMovements> result{};
  for (const auto& [action, name] : enum_names(Movement{})) {
    std::vector<NodeValue> values;
    for (const MovementSpec& entry : spec.movement) {
      if (entry.action == action) {
        values.push_back({entry.node.count(), entry.energy.count(), entry.confidence});
      }
    }
    const Sample sample = at_node(values, scaling.logic_energy(), node);
    result.at(static_cast<std::size_t>(action)) = {EnergyPerBit{sample.value}, sample.confidence};
  }
  return result;
}

ArithmeticFigures plus(const ArithmeticFigures& a, const ArithmeticFigures& b, double times = 1.0) {
  return {.energy = a.energy + b.energy * times,
          .area = a.area + b.area,
          .confidence = weakest(a.confidence, b.confidence),
          .area_confidence = weakest(a.area_confidence, b.area_confidence)};
}

}  // namespace

/// The one place that may make a loaded Technology.
class TechnologyLoader {
 public:
  static Technology make(Technology::Data data) {
    return Technology{std::make_shared<const Technology::Data>(std::move(data))};
  }
};

Technology load_technology(const std::filesystem::path& path, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.error_count();
  const auto failed = [&] { return diagnostics.error_count() > errors_before; };
  TechnologySpec spec;
  const Node root = load_yaml(path.string(), diagnostics);
  if (failed()) {
    return {};
  }
  read(root, spec, diagnostics);
  if (failed() || !tables_exist(root, spec.tables, diagnostics)) {
    return {};
  }
  const auto arithmetic = read_table<ArithmeticSpec>(spec.tables.arithmetic, diagnostics);
  const auto scaling_spec = read_table<NodeScalingSpec>(spec.tables.node_scaling, diagnostics);
  const auto dram_spec = read_table<DramSpec>(spec.tables.dram, diagnostics);
  const auto on_chip = read_table<OnChipSpec>(spec.tables.on_chip, diagnostics);
  const std::vector<SramPoint> sram_points = load_sram_points(spec.tables.sram, diagnostics);
  const std::vector<DramCurrents> currents =
      load_dram_currents(spec.tables.dram_currents, diagnostics);
  if (failed()) {
    return {};
  }
  const double node = spec.node.count();
  const NodeScaling scaling{scaling_spec};
  DramTable dram{dram_spec, currents, spec.tables.dram, diagnostics};
  if (failed()) {
    return {};
  }
  const Sample register_scale =
      scale_factor(scaling.logic_area(), on_chip.register_area.node.count(), node);
  const AreaBandsSpec& bands = on_chip.area_bands;
  return TechnologyLoader::make(Technology::Data{
      .spec = spec,
      .arithmetic = ArithmeticTable{arithmetic, scaling, node},
      .sram = SramTable{sram_points, spec.sram_cell, scaling, node},
      .dram = dram,
      .voltage_frequency = VoltageFrequency{spec.voltage_frequency, spec.nominal_voltage},
      .movement = movements(on_chip, scaling, node),
      .register_area = AreaPerBit{on_chip.register_area.area.count() * register_scale.value *
                                  on_chip.layout.logic_growth.value},
      .register_area_confidence =
          weakest(on_chip.register_area.confidence, register_scale.confidence),
      .logic_leakage =
          spec.logic_cell == CellType::hp ? on_chip.logic_leakage.hp : on_chip.logic_leakage.lstp,
      .area_bands = {band(bands.arithmetic), band(bands.registers), band(bands.sram),
                     band(bands.phy), band(bands.control)},
      .layout = layout_factors(on_chip.layout),
      .provenance = collect_provenance(spec, arithmetic, scaling_spec, dram_spec, currents, on_chip,
                                       sram_points)});
}

const Technology::Data& Technology::data() const {
  CAIRN_CHECK(data_ != nullptr, "a technology is used before it is loaded");
  return *data_;
}

const std::string& Technology::name() const {
  return data().spec.name;
}
Length Technology::node() const {
  return data().spec.node;
}
CellType Technology::logic_cell() const {
  return data().spec.logic_cell;
}
CellType Technology::sram_cell() const {
  return data().spec.sram_cell;
}
Voltage Technology::nominal_voltage() const {
  return data().spec.nominal_voltage;
}

SramFigures Technology::sram(Bits capacity, Bits width) const {
  SramFigures figures = data().sram.at(capacity, width);
  figures.area = Area{figures.area.count() * data().layout.sram_growth};
  return figures;
}

ArithmeticFigures Technology::multiply_accumulate(const models::Precision& weight,
                                                  const models::Precision& activation) const {
  return laid_out(data().arithmetic.multiply_accumulate(weight, activation),
                  data().layout.logic_growth);
}

ArithmeticFigures Technology::add(const models::Precision& format) const {
  return laid_out(data().arithmetic.add(format), data().layout.logic_growth);
}

ArithmeticFigures Technology::multiply(const models::Precision& a,
                                       const models::Precision& b) const {
  return laid_out(data().arithmetic.multiply(a, b), data().layout.logic_growth);
}

ArithmeticFigures Technology::vector_operation(const models::Precision& format) const {
  constexpr double kOperands = 3.0;  // two read, one written
  const ArithmeticFigures addition = add(format);
  const ArithmeticFigures product = multiply(format, format);
  const MovementFigures reading = movement(Movement::register_read);
  const MovementFigures writing = movement(Movement::register_write);
  const auto width = static_cast<double>(format.element_bits());
  const double registers =
      width * ((kOperands - 1.0) * reading.energy.count() + writing.energy.count());
  return {
      .energy = (addition.energy + product.energy) / 2.0 + Joules{registers},
      .area = addition.area + product.area + Area{kOperands * width * data().register_area.count()},
      .confidence = weakest(weakest(addition.confidence, product.confidence),
                            weakest(reading.confidence, writing.confidence)),
      .area_confidence = weakest(weakest(addition.area_confidence, product.area_confidence),
                                 data().register_area_confidence)};
}

ArithmeticFigures Technology::decode_operation(const models::Precision& stored,
                                               const models::Precision& operand) const {
  using models::NumberKind;
  ArithmeticFigures cost{};
  if (stored.kind == NumberKind::codebook) {
    // Codes longer than this would be split into several tables, so the table grows no further.
    constexpr std::int64_t kLongestCode = 20;
    const std::int64_t elements = std::max<std::int64_t>(stored.vector_length, 1);
    const std::int64_t code =
        std::clamp<std::int64_t>((stored.milli_bits * elements + 999) / 1000, 1, kLongestCode);
    const std::int64_t entry = elements * operand.element_bits();
    const SramFigures table = sram(Bits{entry << code}, Bits{entry});
    cost = {.energy = Joules{table.read.count() * static_cast<double>(operand.element_bits())},
            .area = table.area / static_cast<double>(elements),
            .confidence = table.confidence,
            .area_confidence = table.confidence};
  } else if (stored.kind == NumberKind::trellis) {
    cost = plus(multiply(models::kInt32, models::kInt32), add(models::kInt32), 2.0);
  } else if (stored.is_integer() && operand.is_floating()) {
    cost = add(operand);
  }
  if (stored.group_size > 0) {
    if (stored.is_integer() && operand.is_integer()) {
      const double share = 1.0 / static_cast<double>(stored.group_size);
      cost = plus(cost, plus(multiply(models::kFp32, models::kFp32), add(models::kFp32)), share);
    } else {
      cost = plus(cost, multiply(operand, operand));
    }
  }
  return cost;
}

MovementFigures Technology::movement(Movement action) const {
  return data().movement.at(static_cast<std::size_t>(action));
}

MovementFigures Technology::register_access() const {
  const MovementFigures reading = movement(Movement::register_read);
  const MovementFigures writing = movement(Movement::register_write);
  return {(reading.energy + writing.energy) / 2.0, weakest(reading.confidence, writing.confidence)};
}

AreaPerBit Technology::register_area() const {
  return data().register_area;
}
Confidence Technology::register_area_confidence() const {
  return data().register_area_confidence;
}

const std::optional<DramFigures>& Technology::dram(MemoryKind kind) const {
  return data().dram.at(kind);
}

Watts Technology::logic_leakage(Area area) const {
  return Watts{data().logic_leakage.per_mm2.count() * (area.count() / kSquareMillimetre)};
}
Confidence Technology::logic_leakage_confidence() const {
  return data().logic_leakage.confidence;
}

AreaBand Technology::area_band(BlockKind kind) const {
  return data().area_bands.at(static_cast<std::size_t>(kind));
}

const LayoutFactors& Technology::layout() const {
  return data().layout;
}

std::optional<Voltage> Technology::voltage_for(Frequency clock) const {
  return data().voltage_frequency.voltage_for(clock);
}
std::optional<OperatingPoint> Technology::operating_point(Frequency clock) const {
  return data().voltage_frequency.operating_point(clock);
}
Frequency Technology::maximum_clock() const {
  return data().voltage_frequency.maximum_clock();
}

std::string Technology::clock_problem(Frequency clock) const {
  if (clock <= maximum_clock()) {
    return {};
  }
  return fmt::format("clock of {} is above {}, the fastest of {} (at {})", human_text(clock),
                     human_text(maximum_clock()), name(),
                     human_text(data().voltage_frequency.maximum_voltage()));
}

double Technology::clock_excess(Frequency clock) const {
  return std::max(0.0, clock / maximum_clock() - 1.0);
}

const std::vector<ProvenanceRow>& Technology::provenance() const {
  return data().provenance;
}

}  // namespace cairn::hw
