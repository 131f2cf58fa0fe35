/// \file
/// Memories and links: the parts of a System that devices share and name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/memory/dram_part.h"
#include "hw/memory/memory_kind.h"

namespace cairn::hw {

/// One memory. Capacity and bandwidth are those of one channel; the whole has `channels` of them.
/// A DRAM may name its part instead: capacity, bandwidth, latency and the achievable share of long
/// streams then follow from organisation and timing, unless they are given all the same.
struct MemorySpec {
  MemoryKind kind{MemoryKind::sram};
  std::optional<Bits> capacity{};
  std::optional<DramPartSpec> part{};  ///< `part: {extends: ../memory/ddr4_8gb_x8_2400r.yaml}`
  std::int64_t channels{1};
  std::optional<Bandwidth> bandwidth{};  ///< of one channel, peak; absent: width x device clock
  std::optional<Bits> width{};           ///< word moved in one access (SRAM: sets energy and area)
  std::optional<double> achievable{};    ///< share of the peak that long streams reach
  std::optional<Seconds> latency{};      ///< from request to first data
  std::optional<EnergyPerBit> read_energy{};   ///< absent: from the technology tables
  std::optional<EnergyPerBit> write_energy{};  ///< absent: from the technology tables
  std::optional<Watts> static_power{};         ///< leakage or background; absent: from tables
  std::optional<Area> area{};                  ///< on this die (a PHY for DRAM); absent: tables

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "what it is made of");
    a("capacity", capacity, "capacity of one channel; absent: the part's", kOptional, Positive{});
    a("part", part, "DRAM part: a file of configs/memory/", kOptional);
    a("channels", channels, "number of equal channels", kOptional, Range{1, 65536});
    a("bandwidth", bandwidth, "peak bandwidth of one channel", kOptional, Positive{});
    a("width", width, "bits moved in one access", kOptional, Positive{});
    a("achievable", achievable, "share of the peak bandwidth that long streams reach", kOptional,
      Range{0.01, 1.0});
    a("latency", latency, "time from request to first data", kOptional, NotNegative{});
    a("read_energy", read_energy, "energy of reading", kOptional, NotNegative{});
    a("write_energy", write_energy, "energy of writing", kOptional, NotNegative{});
    a("static_power", static_power, "leakage or background power, all channels", kOptional,
      NotNegative{});
    a("area", area, "area on this die, all channels", kOptional, NotNegative{});
  }
  /// No capacity and no part, or figures that contradict the part's.
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// A link between two parts of a system (device to device, host to device).
struct LinkSpec {
  std::string from;
  std::string to;
  Bandwidth bandwidth{};  ///< one direction
  Seconds latency{};
  EnergyPerBit energy{};

  template <class Archive>
  void fields(Archive& a) {
    a("from", from, "device or memory at one end");
    a("to", to, "device or memory at the other end");
    a("bandwidth", bandwidth, "bandwidth in one direction", Positive{});
    a("latency", latency, "time from first bit sent to first bit received", kOptional,
      NotNegative{});
    a("energy", energy, "energy of moving data", kOptional, NotNegative{});
  }
};

}  // namespace cairn::hw
