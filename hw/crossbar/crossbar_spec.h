/// \file
/// What a YAML file may say about compute-in-memory macros: memory arrays that add up products of
/// stored weights and applied inputs along their columns.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/named_list.h"
#include "core/units.h"
#include "hw/memory/reference.h"
#include "models/precision.h"

namespace cairn::hw {

/// How a signed weight of n bits becomes cells that hold no sign.
enum class WeightEncoding : std::uint8_t {
  differential_rows,     ///< n - 1 magnitude bits in a cell pair, one above the other
  differential_columns,  ///< n - 1 magnitude bits in a cell pair, side by side
  binary,                ///< n bits, offset or two's complement; the sign costs no cell
};
constexpr auto enum_names(WeightEncoding /*tag*/) {
  using W = WeightEncoding;
  using S = std::string_view;
  return std::array{std::pair{W::differential_rows, S{"differential_rows"}},
                    std::pair{W::differential_columns, S{"differential_columns"}},
                    std::pair{W::binary, S{"binary"}}};
}

/// One memory cell.
struct CrossbarCellSpec {
  std::int64_t bits{1};
  Joules read_energy{};
  Joules write_energy{};
  Seconds write_time{};
  std::optional<double> endurance{};
  std::optional<Area> area{};
  double programming_sigma{0};
  double read_sigma{0};
  double wire_drop{0};

  template <class Archive>
  void fields(Archive& a) {
    a("bits", bits, "weight bits that a cell holds", kOptional, Range{1, 8});
    a("read_energy", read_energy,
      "energy of one cell of a driven row in one input step (digital: with its share of the "
      "adders)",
      NotNegative{});
    a("write_energy", write_energy, "energy of programming one cell, verification included",
      NotNegative{});
    a("write_time", write_time, "time of programming one row of a macro, verification included",
      NotNegative{});
    a("endurance", endurance, "writes that a cell survives; absent: unlimited", kOptional,
      Positive{});
    a("area", area, "area of one cell", kOptional, NotNegative{});
    a("programming_sigma", programming_sigma,
      "standard deviation of a programmed conductance, as a share of the largest", kOptional,
      Range{0, 1});
    a("read_sigma", read_sigma,
      "standard deviation between readings of a conductance, as a share of the largest", kOptional,
      Range{0, 1});
    a("wire_drop", wire_drop,
      "wire resistance between two cells of a column times the largest conductance", kOptional,
      Range{0, 0.01});
  }
};

/// How inputs are applied over time.
enum class InputDrive : std::uint8_t {
  levels,  ///< a slice of the input is one voltage: one period
  pulses,  ///< a slice of b bits is a train of 2^b - 1 pulses: as many periods
};
constexpr auto enum_names(InputDrive /*tag*/) {
  return std::array{std::pair{InputDrive::levels, std::string_view{"levels"}},
                    std::pair{InputDrive::pulses, std::string_view{"pulses"}}};
}

enum class InputSign : std::uint8_t {
  in_binary,     ///< all n bits are applied (unsigned, or two's complement with a negative slice)
  in_amplitude,  ///< rows are driven up or down: n - 1 magnitude bits are applied
};
constexpr auto enum_names(InputSign /*tag*/) {
  return std::array{std::pair{InputSign::in_binary, std::string_view{"in_binary"}},
                    std::pair{InputSign::in_amplitude, std::string_view{"in_amplitude"}}};
}

/// Where the slices of an input are put together again.
enum class SliceSum : std::uint8_t {
  digital,  ///< every slice is converted; numbers are shifted and added
  charge,   ///< slices are integrated 2^significance times on a capacitor, then converted once
};
constexpr auto enum_names(SliceSum /*tag*/) {
  return std::array{std::pair{SliceSum::digital, std::string_view{"digital"}},
                    std::pair{SliceSum::charge, std::string_view{"charge"}}};
}

struct CrossbarInputSpec {
  std::int64_t bits{1};
  InputDrive drive{InputDrive::levels};
  InputSign sign{InputSign::in_binary};
  SliceSum sum{SliceSum::digital};
  std::int64_t single_phase_bits{64};
  std::int64_t phases{2};
  Seconds setup_time{};
  Seconds period{};
  Joules row_energy{};
  Joules row_energy_per_cell{};
  Joules sample_energy{};
  Joules integrate_energy{};

  template <class Archive>
  void fields(Archive& a) {
    a("bits", bits, "input bits applied in one step (resolution of the row drivers)", kOptional,
      Range{1, 8});
    a("drive", drive, "what a step of several bits looks like", kOptional);
    a("sign", sign, "where the sign of an input is", kOptional);
    a("sum", sum, "where the steps of an input are added up", kOptional);
    a("single_phase_bits", single_phase_bits,
      "sum: charge; input bits (without sign) up to which one conversion is enough", kOptional,
      Range{1, 64});
    a("phases", phases, "sum: charge; conversions of a longer input, each of a part of its bits",
      kOptional, Range{1, 16});
    a("setup_time", setup_time, "before the first step of each conversion: precharge and settling",
      kOptional, NotNegative{});
    a("period", period, "one step of the array: a level, a pulse, or an integration",
      NotNegative{});
    a("row_energy", row_energy, "driving one row once, without what grows with its length",
      kOptional, NotNegative{});
    a("row_energy_per_cell", row_energy_per_cell, "driving one row once, for each of its cells",
      kOptional, NotNegative{});
    a("sample_energy", sample_energy, "precharging and sampling one column once", kOptional,
      NotNegative{});
    a("integrate_energy", integrate_energy, "sum: charge; adding one sample to the capacitor",
      kOptional, NotNegative{});
  }
};

/// How the sum of a column becomes a number.
enum class ConverterKind : std::uint8_t {
  sar,      ///< binary search: as many decisions as bits, one after the other
  flash,    ///< all 2^bits - 1 decisions at once
  ramp,     ///< 2^bits steps of a ramp or of a counter
  digital,  ///< no conversion: adders
};
constexpr auto enum_names(ConverterKind /*tag*/) {
  using C = ConverterKind;
  using S = std::string_view;
  return std::array{std::pair{C::sar, S{"sar"}}, std::pair{C::flash, S{"flash"}},
                    std::pair{C::ramp, S{"ramp"}}, std::pair{C::digital, S{"digital"}}};
}

struct CrossbarConverterSpec {
  ConverterKind kind{ConverterKind::sar};
  std::int64_t bits{8};
  bool follows_output{false};
  std::int64_t per_macro{1};
  Seconds step_time{};
  Seconds fixed_time{};
  bool overlapped{true};
  Joules step_energy{};
  Joules fixed_energy{};
  std::optional<Joules> figure_of_merit{};
  std::optional<Joules> accumulate_energy{};
  std::optional<Area> area{};
  double range{1.0};

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "how it works: what its time and energy grow with");
    a("bits", bits, "resolution, the sign included (digital: not used)", kOptional, Range{1, 24});
    a("follows_output", follows_output,
      "stops at the bits of the operator's output format, where those are fewer", kOptional);
    a("per_macro", per_macro, "converters of a macro, shared by its columns (digital: not used)",
      kOptional, Range{1, 65536});
    a("step_time", step_time, "one decision (sar), one step (ramp), one conversion (flash)",
      kOptional, NotNegative{});
    a("fixed_time", fixed_time, "time of a conversion beside its steps", kOptional, NotNegative{});
    a("overlapped", overlapped,
      "a sample-and-hold lets the array go on while columns are converted", kOptional);
    a("step_energy", step_energy, "energy of one decision or step", kOptional, NotNegative{});
    a("fixed_energy", fixed_energy, "energy of a conversion beside its steps", kOptional,
      NotNegative{});
    a("figure_of_merit", figure_of_merit,
      "Walden's: energy of a conversion / 2^bits; in place of step_energy", kOptional, Positive{});
    a("accumulate_energy", accumulate_energy,
      "shifting one number and adding it to earlier ones; absent: from the technology", kOptional,
      NotNegative{});
    a("area", area, "area of one converter", kOptional, NotNegative{});
    a("range", range, "input range, as a share of the largest sum of a column", kOptional,
      Range{0.001, 1.0});
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    std::vector<FieldProblem> found;
    if (figure_of_merit && step_energy.count() > 0) {
      found.push_back({"figure_of_merit", "both a figure of merit and an energy a step are given",
                       "leave one of figure_of_merit and step_energy out"});
    }
    return found;
  }
};

/// Adders of a digital macro: their carries decide how fast a step can be.
enum class AdderShape : std::uint8_t {
  chain,  ///< a full adder beside every cell passes sums down; carries need columns of their own
  tree,   ///< an adder tree beside the array
};
constexpr auto enum_names(AdderShape /*tag*/) {
  return std::array{std::pair{AdderShape::chain, std::string_view{"chain"}},
                    std::pair{AdderShape::tree, std::string_view{"tree"}}};
}

struct CrossbarAdderSpec {
  AdderShape shape{AdderShape::tree};
  Seconds delay{};
  std::int64_t rows_per_stage{};
  std::int64_t register_delays{2};

  template <class Archive>
  void fields(Archive& a) {
    a("shape", shape, "where the adders are");
    a("delay", delay, "time of one full adder; a step takes at least its longest path", kOptional,
      NotNegative{});
    a("rows_per_stage", rows_per_stage, "rows between two registers of a chain; 0: all", kOptional,
      Range{0, 65536});
    a("register_delays", register_delays, "a register, in adder delays", kOptional, Range{0, 64});
  }
};

enum class PartKind : std::uint8_t { network, buffer, digital };
constexpr auto enum_names(PartKind /*tag*/) {
  return std::array{std::pair{PartKind::network, std::string_view{"network"}},
                    std::pair{PartKind::buffer, std::string_view{"buffer"}},
                    std::pair{PartKind::digital, std::string_view{"digital"}}};
}

/// A block beside the macros whose area and power are known as a whole.
struct CrossbarPartSpec {
  PartKind kind{PartKind::digital};
  std::int64_t count{1};
  Area area{};
  Watts power{};

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "under which component its energy is counted");
    a("count", count, "how many the chip has", kOptional, Range{1, 16777216});
    a("area", area, "area of one", kOptional, NotNegative{});
    a("power", power, "power of one while the macros that it serves work", kOptional,
      NotNegative{});
  }
};

/// How long weights stay.
enum class WeightResidence : std::uint8_t {
  resident,  ///< programmed once, before the workload; all weights of the workload must fit
  streamed,  ///< programmed whenever an operator runs
};
constexpr auto enum_names(WeightResidence /*tag*/) {
  return std::array{std::pair{WeightResidence::resident, std::string_view{"resident"}},
                    std::pair{WeightResidence::streamed, std::string_view{"streamed"}}};
}

/// How often an operator's weights are stored, to work on several input vectors at a time.
enum class WeightCopies : std::uint8_t {
  one,
  fill,      ///< as often as the macros allow
  balanced,  ///< so often that a copy sees at most `vectors_per_copy` vectors
};
constexpr auto enum_names(WeightCopies /*tag*/) {
  using W = WeightCopies;
  using S = std::string_view;
  return std::array{std::pair{W::one, S{"one"}}, std::pair{W::fill, S{"fill"}},
                    std::pair{W::balanced, S{"balanced"}}};
}

/// Products of two activations (attention).
enum class ActivationProducts : std::uint8_t {
  refuse,   ///< such operators are infeasible
  digital,  ///< multiply-accumulate units beside the macros
  program,  ///< one operand is written into the cells first
};
constexpr auto enum_names(ActivationProducts /*tag*/) {
  using A = ActivationProducts;
  using S = std::string_view;
  return std::array{std::pair{A::refuse, S{"refuse"}}, std::pair{A::digital, S{"digital"}},
                    std::pair{A::program, S{"program"}}};
}

/// Plain data: `macros` equal arrays of rows x cols cells.
struct CrossbarSpec {
  static constexpr std::string_view kKind = "crossbar";

  std::int64_t macros{1};
  std::int64_t rows{};
  std::int64_t cols{};
  std::optional<std::int64_t> active_rows{};
  WeightEncoding weights{WeightEncoding::binary};
  CrossbarCellSpec cell{};
  CrossbarInputSpec inputs{};
  CrossbarConverterSpec converter{};
  std::optional<CrossbarAdderSpec> adders{};
  WeightResidence residence{WeightResidence::resident};
  WeightCopies copies{WeightCopies::one};
  std::int64_t vectors_per_copy{1};
  ActivationProducts activation_products{ActivationProducts::refuse};
  std::int64_t digital_macs{0};
  Frequency clock{};
  std::int64_t vector_lanes{};
  models::Precision native{models::kInt8};
  EnergyPerBit network_energy{};
  std::string buffer;
  std::string backing;
  Area macro_area{};
  NamedList<CrossbarPartSpec> parts{};

  template <class Archive>
  void fields(Archive& a) {
    a("macros", macros, "equal macros of the chip", kOptional, Range{1, 16777216});
    a("rows", rows, "cells of a column", Range{1, 65536});
    a("cols", cols, "cells of a row", Range{1, 65536});
    a("active_rows", active_rows, "rows driven in one step; absent: all", kOptional, Positive{});
    a("weights", weights, "how a signed weight is stored in cells", kOptional);
    a("cell", cell, "one memory cell");
    a("inputs", inputs, "how inputs are applied");
    a("converter", converter, "how sums of columns become numbers");
    a("adders", adders, "adders of a digital macro", kOptional);
    a("residence", residence, "whether weights are programmed before the workload or as it runs",
      kOptional);
    a("copies", copies, "how often an operator's weights are stored", kOptional);
    a("vectors_per_copy", vectors_per_copy, "copies: balanced; input vectors that a copy sees",
      kOptional, Range{1, 1000000000});
    a("activation_products", activation_products, "what becomes of products of two activations",
      kOptional);
    a("digital_macs", digital_macs, "activation_products: digital; multiply-accumulates a cycle",
      kOptional, Range{0, 16777216});
    a("clock", clock, "clock of the digital units", Positive{});
    a("vector_lanes", vector_lanes, "vector operations per cycle", Range{1, 16777216});
    a("native", native, "operand format when a user names none", kOptional);
    a("network_energy", network_energy, "moving one bit between the buffer and a macro", kOptional,
      NotNegative{});
    a("buffer", buffer, "memory that inputs come from and outputs go to");
    a("backing", backing,
      "memory behind it, for weights to be programmed and what the buffer "
      "cannot hold");
    a("macro_area", macro_area, "area of a macro without its cells and converters", kOptional,
      NotNegative{});
    a("parts", parts, "blocks beside the macros, by name", kOptional);
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    return {{"buffer", buffer}, {"backing", backing}};
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

}  // namespace cairn::hw
