/// \file
/// What a YAML file may say about multipliers in, beside or outside a memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/memory/reference.h"
#include "hw/pim/row_timing.h"
#include "models/precision.h"

namespace cairn::hw {

/// Where the units sit: what they read does not travel further than that.
enum class PimPlacement : std::uint8_t {
  bank,        ///< one unit at the sense amplifiers of each bank
  bank_group,  ///< behind the column multiplexers of a group of banks
  logic_die,   ///< on the base die of a stack, behind vias of its own
  external,    ///< behind the memory's interface: an ordinary processor
};
constexpr auto enum_names(PimPlacement /*tag*/) {
  using P = PimPlacement;
  using S = std::string_view;
  return std::array{std::pair{P::bank, S{"bank"}}, std::pair{P::bank_group, S{"bank_group"}},
                    std::pair{P::logic_die, S{"logic_die"}}, std::pair{P::external, S{"external"}}};
}

/// How banks are driven while the units work.
enum class PimCommands : std::uint8_t {
  all_bank,  ///< one command makes every bank of a stream answer
  per_bank,  ///< every bank needs its own; the command bus may be the limit
};
constexpr auto enum_names(PimCommands /*tag*/) {
  return std::array{std::pair{PimCommands::all_bank, std::string_view{"all_bank"}},
                    std::pair{PimCommands::per_bank, std::string_view{"per_bank"}}};
}

/// Plain data. Capacity and external bandwidth are those of the memory it names.
struct PimSpec {
  static constexpr std::string_view kKind = "pim";

  std::string memory;
  PimPlacement placement{PimPlacement::bank};
  std::int64_t units{};
  std::int64_t macs_per_unit{};
  Frequency clock{};
  models::Precision native{models::kFp16};
  std::optional<OpsPerSecond> peak{};
  std::optional<double> bandwidth_multiplier{};
  double achievable{1.0};
  std::optional<RowTimingSpec> rows{};
  PimCommands commands{PimCommands::all_bank};
  Bits input_buffer{};
  Bits output_buffer{};
  std::int64_t input_copies{1};
  std::int64_t vector_lanes{0};
  Seconds start{};
  Seconds mode_switch{};
  bool serves_host{false};
  std::optional<EnergyPerBit> read_energy{};
  Joules activate_energy{};
  std::optional<EnergyPerOp> operation_energy{};
  EnergyPerBit buffer_energy{};
  Watts static_power{};
  std::optional<Area> area{};

  template <class Archive>
  void fields(Archive& a) {
    a("memory", memory, "memory it sits in or reads");
    a("placement", placement, "bank, bank_group, logic_die or external");
    a("units", units, "units of the whole memory", Range{1, 1048576});
    a("macs_per_unit", macs_per_unit, "multiply-accumulates of one unit in a cycle",
      Range{1, 1073741824});
    a("clock", clock, "clock of the units", Positive{});
    a("native", native, "operand format of a multiply-accumulate", kOptional);
    a("peak", peak, "stated peak of all units, checked against units x macs_per_unit x clock",
      Positive{});
    a("bandwidth_multiplier", bandwidth_multiplier,
      "internal over external peak bandwidth; absent: from rows", Positive{});
    a("achievable", achievable, "share of the multiplied bandwidth that streams reach", kOptional,
      Range{0.01, 1.0});
    a("rows", rows, "banks and their timing; absent: bandwidth_multiplier alone");
    a("commands", commands, "all_bank or per_bank", kOptional);
    a("input_buffer", input_buffer,
      "all units: inputs held while weights pass by; bounds how many rows share one read",
      kOptional, NotNegative{});
    a("output_buffer", output_buffer, "all units: partial sums held at 32 bits", kOptional,
      NotNegative{});
    a("input_copies", input_copies, "memories (stacks, chips) that each need their own inputs",
      kOptional, Range{1, 65536});
    a("vector_lanes", vector_lanes,
      "all units: elementwise and softmax operations in a cycle; 0: products only", kOptional,
      Range{0, 1073741824});
    a("start", start, "from a command of the host to the first column, each operator", kOptional,
      NotNegative{});
    a("mode_switch", mode_switch, "between serving the host and computing, each way", kOptional,
      NotNegative{});
    a("serves_host", serves_host, "the host reads other banks while the units work", kOptional);
    a("read_energy", read_energy,
      "reading for the units, activation excluded; absent: that of the memory", NotNegative{});
    a("activate_energy", activate_energy, "opening and closing one row of one bank", kOptional,
      NotNegative{});
    a("operation_energy", operation_energy,
      "an addition or a multiplication, operands included; absent: from the technology tables",
      NotNegative{});
    a("buffer_energy", buffer_energy, "a bit in or out of the buffers", kOptional, NotNegative{});
    a("static_power", static_power, "of all units", kOptional, NotNegative{});
    a("area", area, "of all units and what they add to the dies", NotNegative{});
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    return {{"memory", memory}};
  }
  /// Whether the host has to wait while the units compute.
  [[nodiscard]] bool excludes_host() const {
    return placement != PimPlacement::external && !serves_host;
  }
  /// Operations per second that the parts make.
  [[nodiscard]] double operations_per_second() const {
    return 2.0 * static_cast<double>(units) * static_cast<double>(macs_per_unit) * clock.count();
  }
  /// No internal bandwidth, a stated peak that the parts do not make, ...
  [[nodiscard]] std::vector<FieldProblem> problems() const;
  /// A stated multiplier that the banks' timing does not make over \p external bit/s.
  [[nodiscard]] std::vector<FieldProblem> problems_with(double external) const;
};

}  // namespace cairn::hw
