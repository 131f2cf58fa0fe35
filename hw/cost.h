/// \file
/// What a device model answers: the cost of one operator (or fused group), or why it cannot run.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "hw/mapping.h"

namespace cairn::hw {

/// Where energy goes. The total of a report is the sum over these, exactly.
enum class EnergyComponent : std::uint8_t {
  multiply_accumulate,  ///< multipliers and adders of the matrix engine
  vector,               ///< elementwise, softmax, normalisation
  decode,               ///< turning stored codes into operands
  registers,            ///< operand and partial-sum registers, wires between PEs
  scratchpad,           ///< SRAM buffers, caches, shared memory
  dram,
  link,
  control,      ///< fetch, decode and scheduling of instructions, clock distribution
  conversion,   ///< between analogue sums and numbers: sampling, converters, shift-and-add
  programming,  ///< writing weights into the cells that compute
  leakage,      ///< static power x time, all parts
};
inline constexpr std::size_t kEnergyComponents = 11;
constexpr auto enum_names(EnergyComponent) {
  using E = EnergyComponent;
  using S = std::string_view;
  return std::array{std::pair{E::multiply_accumulate, S{"multiply_accumulate"}},
                    std::pair{E::vector, S{"vector"}},
                    std::pair{E::decode, S{"decode"}},
                    std::pair{E::registers, S{"registers"}},
                    std::pair{E::scratchpad, S{"scratchpad"}},
                    std::pair{E::dram, S{"dram"}},
                    std::pair{E::link, S{"link"}},
                    std::pair{E::control, S{"control"}},
                    std::pair{E::conversion, S{"conversion"}},
                    std::pair{E::programming, S{"programming"}},
                    std::pair{E::leakage, S{"leakage"}}};
}

/// Joules by component.
struct EnergyBreakdown {
  std::array<double, kEnergyComponents> joules{};
  [[nodiscard]] double& operator[](EnergyComponent c) {
    return joules[static_cast<std::size_t>(c)];  // NOLINT(cppcoreguidelines-pro-bounds-*)
  }
  [[nodiscard]] double operator[](EnergyComponent c) const {
    return joules[static_cast<std::size_t>(c)];  // NOLINT(cppcoreguidelines-pro-bounds-*)
  }
  [[nodiscard]] double total() const { return std::accumulate(joules.begin(), joules.end(), 0.0); }
};

/// What limits an operator.
enum class Bottleneck : std::uint8_t {
  compute,      ///< the matrix engine
  vector,       ///< the vector unit (CUDA cores)
  decode,       ///< weight decoding
  scratchpad,   ///< on-chip buffer or cache bandwidth
  dram,         ///< DRAM bandwidth
  latency,      ///< launch floor, fill and drain, DRAM latency
  link,         ///< bandwidth between devices
  programming,  ///< writing weights into the cells that compute
};
inline constexpr std::size_t kBottlenecks = 8;
constexpr auto enum_names(Bottleneck) {
  using B = Bottleneck;
  using S = std::string_view;
  return std::array{
      std::pair{B::compute, S{"compute"}}, std::pair{B::vector, S{"vector"}},
      std::pair{B::decode, S{"decode"}},   std::pair{B::scratchpad, S{"scratchpad"}},
      std::pair{B::dram, S{"dram"}},       std::pair{B::latency, S{"latency"}},
      std::pair{B::link, S{"link"}},       std::pair{B::programming, S{"programming"}}};
}

/// Cost of one operator or fused group on one device, alone on it. Plain data: it is cached.
///
/// Time: the group first waits for `weight_fill` (weights of its first tile; the only part that may
/// run ahead under the operator before), then `input_fill`, then `busy` (the longest of compute
/// and streaming, already overlapped), then `drain`. latency = sum of the four.
struct OperatorCost {
  double weight_fill_s{};  ///< DRAM time of the first weight tile
  double input_fill_s{};   ///< DRAM time of the first input tile, latency, launch
  double busy_s{};         ///< steady state
  double drain_s{};        ///< last output tile to DRAM
  double stream_s{};       ///< DRAM time inside busy_s
  std::int64_t cycles{};   ///< of the device clock for the whole latency
  std::int64_t macs{};     ///< useful multiply-accumulates (dense count)
  double dram_read_bits{};
  double dram_write_bits{};
  double weight_bits{};       ///< part of dram_read_bits that is weights or KV cache
  double fused_bits_saved{};  ///< DRAM traffic that fusion avoided
  /// Share of the device's weight cells that the operator keeps for good; 0 where weights pass by.
  double resident_share{};
  double utilization{};      ///< useful MACs / (peak MACs of the array over `latency`)
  EnergyBreakdown energy{};  ///< without leakage: that belongs to the schedule
  Bottleneck bottleneck{Bottleneck::compute};
  std::uint32_t mappings_considered{};
  std::uint8_t
      device{};  ///< which of the devices that share the work; 0: the host, or the only one
  Mapping mapping{};

  [[nodiscard]] double latency_s() const { return weight_fill_s + input_fill_s + busy_s + drain_s; }
};

/// Why something cannot run: what limit, and by how much it is exceeded.
struct Infeasible {
  std::string what;   ///< `memories.weight_buffer.capacity: tile needs 300 KiB, has 256 KiB`
  std::string limit;  ///< short name to count by: `weight_buffer.capacity`
  double excess{};    ///< needed / available - 1
};

using Estimate = std::variant<OperatorCost, Infeasible>;

}  // namespace cairn::hw
