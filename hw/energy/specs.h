/// \file
/// What the YAML files of configs/technology/ may say. Plain data; the classes beside this file
/// turn it into answers.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/named_list.h"
#include "core/units.h"
#include "hw/energy/confidence.h"
#include "hw/memory/memory.h"
#include "models/precision.h"

namespace cairn::hw {

/// Which transistors: high performance, or low standby power (slower, hardly any leakage).
enum class CellType : std::uint8_t { hp, lstp };
constexpr auto enum_names(CellType) {
  return std::array{std::pair{CellType::hp, std::string_view{"hp"}},
                    std::pair{CellType::lstp, std::string_view{"lstp"}}};
}

enum class ArithmeticOperation : std::uint8_t { add, multiply };
constexpr auto enum_names(ArithmeticOperation) {
  using A = ArithmeticOperation;
  return std::array{std::pair{A::add, std::string_view{"add"}},
                    std::pair{A::multiply, std::string_view{"multiply"}}};
}

/// Moving a bit on the chip, other than through an SRAM of the table.
enum class Movement : std::uint8_t {
  register_read,      ///< a pipeline register (flip-flop)
  register_write,     ///< a pipeline register (flip-flop)
  gpu_register_file,  ///< the register file of a GPU's SM, operand collectors included
  gpu_l1,             ///< L1 or shared memory of a GPU's SM
  gpu_l2,             ///< L2 of a GPU, with the way through the crossbar
};
inline constexpr std::size_t kMovements = 5;
constexpr auto enum_names(Movement) {
  using M = Movement;
  using S = std::string_view;
  return std::array{std::pair{M::register_read, S{"register_read"}},
                    std::pair{M::register_write, S{"register_write"}},
                    std::pair{M::gpu_register_file, S{"gpu_register_file"}},
                    std::pair{M::gpu_l1, S{"gpu_l1"}}, std::pair{M::gpu_l2, S{"gpu_l2"}}};
}

/// Kinds of blocks whose areas are off by different amounts.
enum class BlockKind : std::uint8_t { arithmetic, registers, sram, phy, control };
inline constexpr std::size_t kBlockKinds = 5;
constexpr auto enum_names(BlockKind) {
  using B = BlockKind;
  using S = std::string_view;
  return std::array{std::pair{B::arithmetic, S{"arithmetic"}},
                    std::pair{B::registers, S{"registers"}}, std::pair{B::sram, S{"sram"}},
                    std::pair{B::phy, S{"phy"}}, std::pair{B::control, S{"control"}}};
}

/// A constant with its source: the name of an entry of the file's `sources`.
template <class Q>
struct Sourced {
  Q value{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("value", value, "the constant", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

using SourceList = NamedList<std::string>;

struct ArithmeticPointSpec {
  ArithmeticOperation operation{};
  models::Precision format{};
  Length node{};
  EnergyPerOp energy{};
  std::optional<Area> area{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("operation", operation, "what is computed");
    a("format", format, "format of both operands");
    a("node", node, "technology node", Positive{});
    a("energy", energy, "energy of one operation", Positive{});
    a("area", area, "area of one unit", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

/// arithmetic.yaml
struct ArithmeticSpec {
  std::int64_t schema{1};
  SourceList sources;
  std::vector<ArithmeticPointSpec> points;

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of this layout", Range{1, 1});
    a("sources", sources, "where the constants come from");
    a("points", points, "published operations");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

struct ScalingPointSpec {
  Length node{};
  double value{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("node", node, "technology node", Positive{});
    a("value", value, "relative to the reference node", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

/// node_scaling.yaml
struct NodeScalingSpec {
  std::int64_t schema{1};
  SourceList sources;
  std::vector<ScalingPointSpec> logic_energy;
  std::vector<ScalingPointSpec> logic_area;
  std::vector<ScalingPointSpec> sram_energy;
  std::vector<ScalingPointSpec> sram_area;
  std::vector<ScalingPointSpec> sram_leakage;
  std::vector<ScalingPointSpec> sram_delay;

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of this layout", Range{1, 1});
    a("sources", sources, "where the constants come from");
    a("logic_energy", logic_energy, "energy of the same operation");
    a("logic_area", logic_area, "area of the same gates");
    a("sram_energy", sram_energy, "energy of the same access, beyond the SRAM table");
    a("sram_area", sram_area, "area of the same SRAM, beyond the SRAM table");
    a("sram_leakage", sram_leakage, "leakage of the same SRAM, beyond the SRAM table");
    a("sram_delay", sram_delay, "access time of the same SRAM, beyond the SRAM table");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// The interface on our die to one device or stack.
struct PhySpec {
  Area area{};
  Bandwidth bandwidth{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("area", area, "area of one interface on our die", Positive{});
    a("bandwidth", bandwidth, "peak bandwidth of that interface", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct DramKindSpec {
  std::optional<Sourced<EnergyPerBit>> read{};
  std::optional<Sourced<EnergyPerBit>> write{};
  std::optional<Sourced<EnergyPerBit>> interface_energy{};
  std::optional<Sourced<PowerPerBit>> background{};
  std::optional<PhySpec> phy{};

  template <class Archive>
  void fields(Archive& a) {
    a("read", read, "energy of reading, everything included; absent: from the currents");
    a("write", write, "energy of writing, everything included; absent: from the currents");
    a("interface_energy", interface_energy, "what the currents leave out: drivers, termination");
    a("background", background, "standby and refresh power; absent: from the currents");
    a("phy", phy, "interface on our die");
  }
};

/// dram.yaml
struct DramSpec {
  std::int64_t schema{1};
  SourceList sources;
  NamedList<DramKindSpec> kinds;

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of this layout", Range{1, 1});
    a("sources", sources, "where the constants come from");
    a("kinds", kinds, "by kind of memory");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

struct MovementSpec {
  Movement action{};
  Length node{};
  EnergyPerBit energy{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("action", action, "what is done with the bit");
    a("node", node, "technology node", Positive{});
    a("energy", energy, "energy for each bit", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct RegisterAreaSpec {
  Length node{};
  AreaPerBit area{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("node", node, "technology node", Positive{});
    a("area", area, "area of one flip-flop", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct LogicLeakageSpec {
  Watts per_mm2{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("per_mm2", per_mm2, "leakage of 1 mm2 of logic at the nominal voltage", NotNegative{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct LogicLeakagesSpec {
  LogicLeakageSpec hp{};
  LogicLeakageSpec lstp{};

  template <class Archive>
  void fields(Archive& a) {
    a("hp", hp, "high-performance transistors");
    a("lstp", lstp, "low-standby-power transistors");
  }
};

struct AreaBandSpec {
  double low{};
  double high{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("low", low, "the true area is at least this share of the value", Range{0.0, 1.0});
    a("high", high, "the true area is at most this multiple of the value", AtLeast{1.0});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct AreaBandsSpec {
  AreaBandSpec arithmetic{};
  AreaBandSpec registers{};
  AreaBandSpec sram{};
  AreaBandSpec phy{};
  AreaBandSpec control{};

  template <class Archive>
  void fields(Archive& a) {
    a("arithmetic", arithmetic, "multipliers and adders");
    a("registers", registers, "registers between them");
    a("sram", sram, "buffers and caches");
    a("phy", phy, "memory interfaces");
    a("control", control, "everything else");
  }
};

/// How much larger something is on a die than in a table.
struct LayoutFactorSpec {
  double value{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("value", value, "factor or share", NotNegative{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

/// Transceivers of a serial link; they do not shrink with the node.
struct LinkPhySpec {
  Area area{};
  Bandwidth bandwidth{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("area", area, "area on the die", Positive{});
    a("bandwidth", bandwidth, "of this area, one direction", Positive{});
    a("source", source, "name of an entry of `sources`");
    a("confidence", confidence, "how far it can be trusted");
  }
};

struct LayoutSpec {
  LayoutFactorSpec logic_growth{};
  LayoutFactorSpec sram_growth{};
  LayoutFactorSpec second_port{};
  LayoutFactorSpec core_control{};
  LayoutFactorSpec die_frame{};
  LinkPhySpec host_link{};
  LinkPhySpec device_link{};

  template <class Archive>
  void fields(Archive& a) {
    a("logic_growth", logic_growth, "laid-out area of logic / area of its bare synthesised cells");
    a("sram_growth", sram_growth, "laid-out area of an SRAM / area of its banks alone");
    a("second_port", second_port, "area of an SRAM with a read and a write port / with one");
    a("core_control", core_control,
      "share of a programmable processor that is neither lanes nor memories");
    a("die_frame", die_frame, "share of a die outside the parts that a description names");
    a("host_link", host_link, "PCI Express");
    a("device_link", device_link, "links between devices");
  }
};

/// on_chip.yaml
struct OnChipSpec {
  std::int64_t schema{1};
  SourceList sources;
  std::vector<MovementSpec> movement;
  RegisterAreaSpec register_area{};
  LogicLeakagesSpec logic_leakage{};
  AreaBandsSpec area_bands{};
  LayoutSpec layout{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of this layout", Range{1, 1});
    a("sources", sources, "where the constants come from");
    a("movement", movement, "energy of moving a bit on the chip");
    a("register_area", register_area, "area of one bit of a pipeline register");
    a("logic_leakage", logic_leakage, "leakage of logic");
    a("area_bands", area_bands, "how far off the areas may be");
    a("layout", layout, "from cells and banks to a die");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// Alpha-power law through one known operating point.
struct VoltageFrequencySpec {
  Frequency reference_clock{};
  Voltage reference_voltage{};
  Voltage threshold{};
  double alpha{};
  Voltage minimum{};
  Voltage maximum{};
  std::string source;
  Confidence confidence{Confidence::assumed};

  template <class Archive>
  void fields(Archive& a) {
    a("reference_clock", reference_clock, "fastest clock at the reference voltage", Positive{});
    a("reference_voltage", reference_voltage, "voltage of the known point", Positive{});
    a("threshold", threshold, "threshold voltage of the alpha-power law", Positive{});
    a("alpha", alpha, "velocity saturation index of the alpha-power law", Range{1.0, 2.0});
    a("minimum", minimum, "lowest supply; slower clocks stay at it", Positive{});
    a("maximum", maximum, "highest supply", Positive{});
    a("source", source, "where the curve comes from");
    a("confidence", confidence, "how far it can be trusted");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

struct TechnologyTablesSpec {
  std::filesystem::path arithmetic;
  std::filesystem::path sram;
  std::filesystem::path dram;
  std::filesystem::path dram_currents;
  std::filesystem::path node_scaling;
  std::filesystem::path on_chip;

  template <class Archive>
  void fields(Archive& a) {
    a("arithmetic", arithmetic, "energy and area of arithmetic");
    a("sram", sram, "energy, area, leakage and time of SRAM");
    a("dram", dram, "energy of DRAM by kind");
    a("dram_currents", dram_currents, "currents of DRAM parts");
    a("node_scaling", node_scaling, "how values change between nodes");
    a("on_chip", on_chip, "registers, leakage of logic, area bands");
  }
};

/// cmos_7nm.yaml and its like.
struct TechnologySpec {
  std::int64_t schema{1};
  std::string name;
  Length node{};
  CellType logic_cell{CellType::hp};
  CellType sram_cell{CellType::hp};
  Voltage nominal_voltage{};
  VoltageFrequencySpec voltage_frequency{};
  TechnologyTablesSpec tables{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of this layout", Range{1, 1});
    a("name", name, "name of the technology");
    a("node", node, "technology node", Range{"1 nm", "250 nm"});
    a("logic_cell", logic_cell, "transistors of the logic");
    a("sram_cell", sram_cell, "transistors of the SRAM");
    a("nominal_voltage", nominal_voltage, "supply at which the tables hold", Positive{});
    a("voltage_frequency", voltage_frequency, "which supply a clock needs");
    a("tables", tables, "files of constants");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

}  // namespace cairn::hw
