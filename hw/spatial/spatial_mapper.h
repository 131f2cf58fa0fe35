/// \file
/// Search for the best loop nest of a dataflow on a machine.
///
/// Splits along x and y come first: all combinations of even splits of the loops that the dataflow
/// allows, ranked by the cycles of the busiest PE and then by the words that the PEs must be fed.
/// What stays in a PE is as large as its memories allow. Tiles of the outer levels then grow loop
/// by loop, in several orders, each as far as capacity allows; the best are tried with every order
/// of loops over them, and improved by changing one tile at a time.
///
/// Assumes:    even splits (the tile that a loop needs for its number of trips, and no larger).
/// Ignores:    nests in which a level holds loops of different groups in interleaved order.
/// Reference:  the map space of A. Parashar et al., "Timeloop", ISPASS 2019, cut to what the stated
///             dataflow allows.
/// Checked by: tests/unit/hw/spatial/spatial_array_test.cpp (nests walked tile by tile, systolic
/// agreement).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hw/device.h"
#include "hw/mapping.h"
#include "hw/spatial/loop_nest.h"

namespace cairn::hw {

/// Loops in an order.
struct LoopList {
  std::array<Loop, kLoops> loop{};
  std::size_t count{};
  [[nodiscard]] const Loop* begin() const { return loop.data(); }
  [[nodiscard]] const Loop* end() const { return loop.data() + count; }
};

/// What a dataflow allows.
struct NestRules {
  std::array<LoopList, kMaxLevels> spread_x{};  ///< by level, 0 innermost
  std::array<LoopList, kMaxLevels> spread_y{};
  /// Loops of the innermost level that are split as far as instances go (kernel rows), and those
  /// that are split at all (output rows), where they have more than one step.
  LoopList whole{};
  LoopList always{};
  bool whole_rows{};                  ///< output rows are not cut where a whole one fits
  LoopList inside{};                  ///< loops that a PE may hold more than one step of
  std::array<Loop, kLoops> around{};  ///< order around a PE's tile, innermost first
};

struct SpatialResult {
  bool feasible{};
  LoopNest nest{};
  SpatialCost cost{};
  NestOverflow smallest{};  ///< of the smallest tile when nothing fits
  std::uint32_t considered{};
};

/// m, n and k of a nest, as mappings and their text know them: rows n p q, columns k g, reduction
/// c r s, at the outermost level of the chip.
[[nodiscard]] Mapping mapping_of(const NestMachine& machine, const LoopProblem& problem,
                                 const LoopNest& nest);

[[nodiscard]] SpatialResult find_nest(const NestMachine& machine, const NestRules& rules,
                                      const LoopProblem& problem,
                                      const MappingConstraint& constraint,
                                      MappingObjective objective);

}  // namespace cairn::hw
