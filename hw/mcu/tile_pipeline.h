/// \file
/// An operator that passes through a scratchpad in tiles: a DMA engine moves one while cores work
/// on another.
///
/// A tile is a number of rounds; in a round every core does one block. At the start of a tile the
/// cores meet. Then one of them sets the transfers up that run beside the tile (inputs and weights
/// of the next one, outputs of the one before), each in s cycles, and joins the computation; the
/// engine moves one thing at a time, each once it is set up. The tile ends when both are done:
///   max(c + s n, e),  e_i = max(s i, e_(i-1)) + bits_i / bandwidth,
/// before it the loads of the first tile, behind it the stores of the last. Beside the convolution
/// unit the core sets up while the unit works: max(c, e).
///
/// All tiles but the last are equal, so that the sum has a closed form. Small tiles begin and end
/// sooner, large ones set fewer transfers up: the size with the shortest sum is taken among those
/// of which two fit the scratchpad (or the one tile that is the whole operator). The sizes that are
/// tried do not depend on the capacity, so more of it is never slower.
///
/// Assumes:    every tensor moves once, in equal parts; a transfer for each tensor of a tile.
/// Ignores:    overlap of neighbouring tiles' inputs, weights that stay while tiles of pixels pass,
///             the cycles of a meeting.
/// Reference:  A. Burrello et al., "DORY: automatic end-to-end deployment of real-world DNNs on
///             low-cost IoT MCUs", IEEE Trans. Computers 70(8), 2021 (double-buffered tiles, set up
///             by a core).
/// Checked by: tests/unit/hw/mcu_cycle/tile_pipeline_test.cpp (by hand, and step by step),
///             tests/unit/hw/mcu_cycle/mcu_program_test.cpp (against the cycle level)
#pragma once

#include <cstdint>

namespace cairn::hw {

/// What passes, in cycles of the cluster's clock; bits.
struct TiledWork {
  double compute{};        ///< cycles of the busiest core, or of the convolution unit
  std::int64_t rounds{1};  ///< equal parts that a tile has a whole number of, if it can
  double input_bits{};
  double weight_bits{};
  double output_bits{};
  bool on_unit{};  ///< the convolution unit computes: setting up costs it nothing
  [[nodiscard]] double bits() const { return input_bits + weight_bits + output_bits; }
};

struct TileTransport {
  double bits_per_cycle{};
  double setup{};          ///< cycles before each transfer
  double capacity_bits{};  ///< of the scratchpad
};

/// Tiles of `rounds` rounds, the last of what is left; or each round in `parts`.
struct TileSize {
  std::int64_t rounds{1};
  std::int64_t parts{1};  ///< more than one: a tile is this part of one round
  [[nodiscard]] std::int64_t tiles(std::int64_t of_rounds) const;
};

/// Cycles: first loads, computation with what overlaps it, last stores.
struct PipelineCycles {
  double fill{};
  double steady{};
  double drain{};
  bool waits{};  ///< the engine decides, not the cores
  [[nodiscard]] double total() const { return fill + steady + drain; }
};
[[nodiscard]] PipelineCycles pipeline_cycles(const TiledWork& work, const TileTransport& transport,
                                             const TileSize& size);
/// The size with the shortest pipeline.
[[nodiscard]] TileSize best_tile(const TiledWork& work, const TileTransport& transport);

}  // namespace cairn::hw
