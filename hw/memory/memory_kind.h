/// \file
/// What memories are made of.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

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
  hbm4,
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
                    std::pair{K::hbm4, S{"hbm4"}},
                    std::pair{K::flash, S{"flash"}}};
}
[[nodiscard]] constexpr bool is_on_chip(MemoryKind kind) {
  return kind == MemoryKind::register_file || kind == MemoryKind::sram || kind == MemoryKind::cache;
}

}  // namespace cairn::hw
