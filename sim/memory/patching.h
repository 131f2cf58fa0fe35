/// \file
/// Patch-based inference: the first layers of a convolutional network run on one part of the image
/// after the other, so that their wide tensors never exist as a whole.
///
/// The layers up to a cut (a tensor through which everything passes) are computed for each patch of
/// a grid over that tensor. A patch needs the part of every earlier tensor from which it follows;
/// neighbouring parts overlap (the halo), and what overlaps is computed again. In memory are the
/// whole input, the tensor at the cut, and of the layers between only the parts of one patch. The
/// other layers run as usual.
///
/// Assumes:    the input image is there as a whole; patches run one after the other.
/// Ignores:    keeping the halo of a neighbour instead of computing it again.
/// Reference:  J. Lin et al., "MCUNetV2: memory-efficient patch-based inference for tiny deep
///             learning", NeurIPS 2021, section 3.1.
/// Checked by: tests/unit/sim/patching_test.cpp (halo, peak and recomputation by hand)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/mcu/library_memory.h"
#include "sim/compiled_workload.h"

namespace cairn::sim {

/// A way to run the first layers in patches, and what it costs.
struct Patching {
  std::int64_t layers{};  ///< operators with weights that run in patches
  std::string last;       ///< name of the operator at the cut
  std::int64_t grid{1};   ///< patches along each axis
  double patch_bits{};    ///< most alive while patches run: input, tensor at the cut, one patch
  double rest_bits{};     ///< most alive in the layers after the cut
  double ram_bits{};      ///< with buffers and runtime data of the library
  double macs{};          ///< of the whole network, with what is computed again
  double whole_macs{};    ///< without patches
  [[nodiscard]] double peak_bits() const { return patch_bits > rest_bits ? patch_bits : rest_bits; }
  /// Part of the work that is done again: 0 without patches.
  [[nodiscard]] double recomputed() const { return macs / whole_macs - 1; }
};

/// Largest grid that is looked at.
inline constexpr std::int64_t kMostPatches = 8;

/// Every cut with every grid from 2 to kMostPatches that leaves each patch at least one row. Empty
/// if the network does not begin with layers over an image.
[[nodiscard]] std::vector<Patching> patchings(const CompiledWorkload& workload,
                                              const hw::MemoryTraits& traits);

/// Of those that need at most \p most_bits the one with the fewest multiply-accumulates (of equals
/// the one with fewer layers, then the coarser grid); null if none fits.
[[nodiscard]] const Patching* patching_that_fits(const std::vector<Patching>& patchings,
                                                 double most_bits);

}  // namespace cairn::sim
