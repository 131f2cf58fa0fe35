/// \file
/// Cost of one loop nest on levels of storage with arrays of instances between them.
///
/// A nest holds a tile of the eight loops in each instance of each level; the instances under one
/// parent split a larger tile between them along x and y. Everything follows from that:
///
///  - Traffic into a level: a tile stays while the loops around it do not change it; every loop
///    outside the innermost one that does brings it again. A loop over output rows or columns that
///    is the innermost to change an input tile fetches only what its window did not have.
///  - Multicast: a word that several instances want is read once from the parent and delivered to
///    each. Partial sums of instances that share an output are added on the way up; a tensor that a
///    level does not keep passes by, at the rate of the work.
///  - Edges: a loop that is no multiple of its tile has a last, smaller tile everywhere; sums of
///  work
///    and words over tiles have its true size, instances that have nothing to do idle. That a rest
///    which is a single tile could stay longer than whole tiles do is not used.
///  - Time: the longest of work and buses, then loads that a level cannot prefetch, each of which
///    empties and refills the pipeline; then all of it against the memory behind the chip.
///
/// Assumes:    uniform cost of a MAC; perfect prefetch where a level has room for it (two tiles);
///             instances run in step.
/// Ignores:    bank conflicts, contention between tensors on different buses, reuse of input rows
///             between neighbouring tiles other than by the innermost loop.
/// Reference:  reuse analysis as in A. Parashar et al., "Timeloop", ISPASS 2019; row stationary
///             passes as in Y.-H. Chen et al., "Eyeriss", ISCA 2016 and JSSC 52(1), 2017.
/// Checked by: tests/unit/hw/spatial/loop_nest_test.cpp (by hand, and against walking the loops),
///             tests/unit/hw/spatial/spatial_array_test.cpp (against the systolic family).
#pragma once

#include <array>
#include <cstdint>

#include "hw/spatial/loop_problem.h"

namespace cairn::hw {

inline constexpr std::size_t kMaxLevels = 4;

/// How data reach the instances of a level.
enum class Network : std::uint8_t {
  multicast,  ///< buses that reach every instance at once, so many bits a cycle
  forward,    ///< from neighbour to neighbour, one element a cycle: skewed, and loaded row by row
};
constexpr auto enum_names(Network /*tag*/) {
  return std::array{std::pair{Network::multicast, std::string_view{"multicast"}},
                    std::pair{Network::forward, std::string_view{"forward"}}};
}

/// One level in plain numbers; arrays are by tensor unless they say by slot.
struct NestLevel {
  std::int64_t x{1};  ///< instances under one parent
  std::int64_t y{1};
  Network network{};
  std::array<bool, kOperands> kept{};
  std::array<bool, kOperands> prefetch{};        ///< has room for the next tile beside this one
  std::array<std::uint8_t, kOperands> slot{};    ///< memory of each tensor; equal ones share it
  std::array<double, kOperands> capacity{};      ///< bits of one instance, by slot
  std::array<double, kOperands> port{};          ///< bit/cycle of one instance, by slot
  std::array<double, kOperands> read_energy{};   ///< J/bit
  std::array<double, kOperands> write_energy{};  ///< J/bit
  std::array<double, kOperands> bus{};  ///< bit/cycle from one parent to all (outputs: each way)
  double hop_energy{};                  ///< J/bit for each instance reached
};

/// A machine in plain numbers. Level 0 is the innermost.
struct NestMachine {
  std::size_t levels{};
  std::array<NestLevel, kMaxLevels> level{};
  double clock{};           ///< Hz
  double dram_bandwidth{};  ///< bit/s
  double dram_latency{};    ///< s
  double dram_read_energy{};
  double dram_write_energy{};
  double vector_rate{};  ///< operations/s
  double decode_rate{};
  double mac_energy{};     ///< J
  double clock_energy{};   ///< J/cycle of the whole array
  double vector_energy{};  ///< J
  double decode_energy{};  ///< J
  double overhead_s{};
  double work_share{1};      ///< cycles that are left when zeros are skipped
  double toggle_share{1};    ///< MACs that switch anything
  double extra_pe_joules{};  ///< intersection and metadata, for each MAC of the dense operator
  [[nodiscard]] std::int64_t pes() const {
    std::int64_t product = 1;
    for (std::size_t l = 0; l < levels; ++l) {
      product *= level[l].x * level[l].y;
    }
    return product;
  }
};

/// Tiles and orders. `order[l]` has the loops over tiles of level l inside its parent, innermost
/// first.
struct LoopNest {
  std::array<LoopExtents, kMaxLevels> tile{};
  std::array<LoopExtents, kMaxLevels> x{};  ///< split along x
  std::array<LoopExtents, kMaxLevels> y{};
  std::array<std::array<Loop, kLoops>, kMaxLevels> order{};
  /// What the instances of level l hold together.
  [[nodiscard]] std::int64_t spread(std::size_t l, std::size_t d) const {
    return tile[l][d] * x[l][d] * y[l][d];
  }
};

/// Words (elements) that cross into one level, all instances, the whole run.
struct NestTraffic {
  double down{};       ///< read from the parent, each once however many instances take it
  double delivered{};  ///< received by instances
  double up{};         ///< partial sums that arrive at the parent
  double collected{};  ///< partial sums sent by instances, before they are added on the way
  double visits{};     ///< times that a new tile is brought, one after the other
};

struct SpatialCost {
  double weight_fill_s{};
  double input_fill_s{};
  double busy_s{};
  double drain_s{};
  double stream_s{};       ///< time of the backing memory inside busy_s
  double exposed_s{};      ///< part of it that nothing hides
  double work_cycles{};    ///< MACs of the busiest PE
  double bus_cycles{};     ///< of the busiest bus
  double reload_cycles{};  ///< loads without prefetch, refills of the pipeline
  double array_s{};        ///< all three
  double port_s{};
  double vector_s{};
  double decode_s{};
  double dram_read_bits{};
  double dram_write_bits{};
  double weight_bits{};
  double mac_joules{};
  double register_joules{};    ///< innermost level, hops, clock
  double scratchpad_joules{};  ///< other levels
  double decode_joules{};
  double vector_joules{};
  double dram_joules{};
  std::array<std::array<NestTraffic, kOperands>, kMaxLevels> traffic{};
  [[nodiscard]] double latency_s() const { return weight_fill_s + input_fill_s + busy_s + drain_s; }
  [[nodiscard]] double joules() const {
    return mac_joules + register_joules + scratchpad_joules + decode_joules + vector_joules +
           dram_joules;
  }
};

/// Bits over the capacity of the worst memory (<= 0: all fit).
struct NestOverflow {
  double bits{};
  double needed{};
  std::size_t level{};
  std::size_t slot{};
};
[[nodiscard]] NestOverflow overflow(const NestMachine& machine, const LoopProblem& problem,
                                    const LoopNest& nest);
/// The same of one level.
[[nodiscard]] NestOverflow overflow(const NestMachine& machine, const LoopProblem& problem,
                                    const LoopNest& nest, std::size_t level);

/// Tiles of each prefetched tensor that the outermost level has room for at once, from 2 to 16:
/// more where tiles are small, so that loads run further ahead.
[[nodiscard]] std::int64_t top_places(const NestMachine& machine, const LoopProblem& problem,
                                      const LoopNest& nest);

/// Elements of a tensor behind a tile.
[[nodiscard]] double tile_elements(const LoopProblem& problem, Operand tensor,
                                   const LoopExtents& tile);

/// Cost of a nest that fits.
[[nodiscard]] SpatialCost evaluate(const NestMachine& machine, const LoopProblem& problem,
                                   const LoopNest& nest);

}  // namespace cairn::hw
