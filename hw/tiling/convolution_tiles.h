/// \file
/// A convolution or matrix product in pieces that pass through a small memory: which pieces move
/// the fewest bits between it and the memory behind.
///
/// A tile is a block of output rows, columns and filters with all that it reads. Tiles are double
/// buffered, so that the next one arrives while one is computed; a tensor that fits whole is
/// loaded once. Either filters stay and the image passes for each block of them, or a part of the
/// image stays and all filters pass. When not even one row with all input channels fits, channels
/// are split, too, and 32-bit partial sums stay with the tile.
///
/// Assumes:    neighbouring tiles load their common rows (halo) again; outputs leave once.
/// Ignores:    alignment, the cost of starting a transfer (see the number of tiles).
/// Reference:  A. Burrello et al., "DORY: automatic end-to-end deployment of real-world DNNs on
///             low-cost IoT MCUs", IEEE Trans. Computers 70(8), 2021.
/// Checked by: tests/unit/hw/tiling/convolution_tiles_test.cpp
#pragma once

#include <cstdint>
#include <optional>

#include "models/operator.h"

namespace cairn::hw {

struct ConvolutionTile {
  std::int64_t rows{};      ///< of the output
  std::int64_t columns{};   ///< of the output
  std::int64_t filters{};   ///< of the output; of a depthwise convolution the channels, too
  std::int64_t channels{};  ///< input channels of one group at a time
  std::int64_t tiles{};
  bool filters_stay{};   ///< else the part of the image stays and filters pass
  double buffer_bits{};  ///< what lies in the small memory, double buffering included
  double moved_bits{};   ///< in and out, over the whole operator
};

/// The tile of \p shape that moves the fewest bits with at most \p capacity_bits in the small
/// memory (of equals the one with the fewest tiles); nothing if not even one output fits.
[[nodiscard]] std::optional<ConvolutionTile> tile_for(const models::Convolution& shape,
                                                      const models::Formats& formats,
                                                      double capacity_bits);
/// A product is a convolution of m x 1 points; batches run one after the other.
[[nodiscard]] std::optional<ConvolutionTile> tile_for(const models::MatMul& shape,
                                                      const models::Formats& formats,
                                                      double capacity_bits);

}  // namespace cairn::hw
