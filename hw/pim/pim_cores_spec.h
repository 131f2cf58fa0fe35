/// \file
/// What a YAML file may say about general cores beside the banks of a memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/memory/reference.h"

namespace cairn::hw {

/// Instructions of a loop body that does one operation on operands in the scratchpad: loads, the
/// operation, the store of a result and the loop itself. What a core has no instruction for is
/// emulated, and its count says so.
struct CoreInstructionsSpec {
  double add_int8{};
  double add_int32{};
  double add_int64{};
  double multiply_int8{};
  double multiply_int16{};
  double multiply_int32{};
  double add_fp32{};
  double multiply_fp32{};
  double accumulate{};

  template <class Archive>
  void fields(Archive& a) {
    a("add_int8", add_int8, "integer addition of 8 or 16 bits", Positive{});
    a("add_int32", add_int32, "integer addition of 32 bits", Positive{});
    a("add_int64", add_int64, "integer addition of 64 bits", Positive{});
    a("multiply_int8", multiply_int8, "integer product of 8 bits", Positive{});
    a("multiply_int16", multiply_int16, "integer product of 16 bits", Positive{});
    a("multiply_int32", multiply_int32, "integer product of 32 bits (shift and add)", Positive{});
    a("add_fp32", add_fp32, "floating-point addition of up to 32 bits", Positive{});
    a("multiply_fp32", multiply_fp32, "floating-point product of up to 32 bits", Positive{});
    a("accumulate", accumulate,
      "further instructions when a product is added to a sum in a register (integers)",
      NotNegative{});
  }
};

/// One direction of the engine between bank and scratchpad.
struct CoreDmaSpec {
  double fixed{};
  double per_byte{};

  template <class Archive>
  void fields(Archive& a) {
    a("fixed", fixed, "cycles of a transfer of no bytes", NotNegative{});
    a("per_byte", per_byte, "further cycles for a byte", NotNegative{});
  }
  /// Cycles of one transfer.
  [[nodiscard]] double cycles(double bytes) const { return fixed + per_byte * bytes; }
};

/// Plain data. Capacity per core is that of one channel of the memory it names.
struct PimCoresSpec {
  static constexpr std::string_view kKind = "pim_cores";

  std::string memory;
  std::int64_t cores{};
  Frequency clock{};
  std::int64_t tasklets{};
  std::int64_t most_tasklets{};
  std::int64_t reissue_cycles{};
  Bits scratchpad{};
  Bits block{};
  CoreDmaSpec read{};
  CoreDmaSpec write{};
  CoreInstructionsSpec instructions{};
  Bandwidth host_to_cores{};
  Bandwidth cores_to_host{};
  Seconds launch{};
  Joules instruction_energy{};
  EnergyPerBit dma_energy{};
  Watts static_power{};
  std::optional<Area> area{};

  template <class Archive>
  void fields(Archive& a) {
    a("memory", memory, "memory whose channels are the cores' banks");
    a("cores", cores, "cores that work, each on its own bank", Range{1, 1048576});
    a("clock", clock, "clock of a core", Positive{});
    a("tasklets", tasklets, "hardware threads that the program uses", Range{1, 1024});
    a("most_tasklets", most_tasklets, "hardware threads of a core", Range{1, 1024});
    a("reissue_cycles", reissue_cycles,
      "cycles between two instructions of one thread; so many threads fill the pipeline",
      Range{1, 1024});
    a("scratchpad", scratchpad, "scratchpad of a core", Positive{});
    a("block", block, "bits of one transfer between bank and scratchpad", Positive{});
    a("read", read, "transfer from bank to scratchpad");
    a("write", write, "transfer from scratchpad to bank");
    a("instructions", instructions, "instructions of one operation, by type");
    a("host_to_cores", host_to_cores, "host to all banks together", Positive{});
    a("cores_to_host", cores_to_host, "all banks to the host together", Positive{});
    a("launch", launch, "host time to start a program and notice its end", kOptional,
      NotNegative{});
    a("instruction_energy", instruction_energy, "one instruction", kOptional, NotNegative{});
    a("dma_energy", dma_energy, "a bit between bank and scratchpad", kOptional, NotNegative{});
    a("static_power", static_power, "of all cores", kOptional, NotNegative{});
    a("area", area, "of all cores", NotNegative{});
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    return {{"memory", memory}};
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

}  // namespace cairn::hw
