/// \file
/// Memories and links: the parts of a System that devices share and name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/fields.h"
#include "core/units.h"

namespace cairn::hw {

enum class MemoryKind : std::uint8_t {
  register_file,
  sram,
  cache,
  ddr3,
  ddr4,
  ddr5,
  lpddr4,
  lpddr5,
  gddr5,
  gddr6,
  gddr6x,
  hbm2,
  hbm2e,
  hbm3,
  hbm3e,
  flash,
};
constexpr auto enum_names(MemoryKind) {
  using K = MemoryKind;
  using S = std::string_view;
  return std::array{std::pair{K::register_file, S{"register_file"}},
                    std::pair{K::sram, S{"sram"}},
                    std::pair{K::cache, S{"cache"}},
                    std::pair{K::ddr3, S{"ddr3"}},
                    std::pair{K::ddr4, S{"ddr4"}},
                    std::pair{K::ddr5, S{"ddr5"}},
                    std::pair{K::lpddr4, S{"lpddr4"}},
                    std::pair{K::lpddr5, S{"lpddr5"}},
                    std::pair{K::gddr5, S{"gddr5"}},
                    std::pair{K::gddr6, S{"gddr6"}},
                    std::pair{K::gddr6x, S{"gddr6x"}},
                    std::pair{K::hbm2, S{"hbm2"}},
                    std::pair{K::hbm2e, S{"hbm2e"}},
                    std::pair{K::hbm3, S{"hbm3"}},
                    std::pair{K::hbm3e, S{"hbm3e"}},
                    std::pair{K::flash, S{"flash"}}};
}
[[nodiscard]] constexpr bool is_on_chip(MemoryKind kind) {
  return kind == MemoryKind::register_file || kind == MemoryKind::sram || kind == MemoryKind::cache;
}

/// One memory. Capacity and bandwidth are those of one channel; the whole has `channels` of them.
struct MemorySpec {
  MemoryKind kind{MemoryKind::sram};
  Bits capacity{};
  std::int64_t channels{1};
  std::optional<Bandwidth> bandwidth{};  ///< of one channel, peak; absent: width x device clock
  std::optional<Bits> width{};           ///< word moved in one access (SRAM: sets energy and area)
  double achievable{1.0};                ///< share of the peak that long streams reach
  Seconds latency{};                     ///< from request to first data
  std::optional<EnergyPerBit> read_energy{};   ///< absent: from the technology tables
  std::optional<EnergyPerBit> write_energy{};  ///< absent: from the technology tables
  std::optional<Watts> static_power{};         ///< leakage or background; absent: from tables
  std::optional<Area> area{};                  ///< on this die (a PHY for DRAM); absent: tables

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "what it is made of");
    a("capacity", capacity, "capacity of one channel", Positive{});
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
