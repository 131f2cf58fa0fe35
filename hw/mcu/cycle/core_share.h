/// \file
/// What one core of those that share a kernel has to do, round by round.
#pragma once

#include <cstdint>

#include "hw/mcu/kernel_cycles.h"

namespace cairn::hw::cycle {

/// Blocks go to the cores in turn; round r of core c is block r cores + c of its repeat, or nothing
/// in the last round. Edge blocks have fewer outputs. Copies into buffers are shared on their own
/// and spread over the rounds.
class CoreShare {
 public:
  CoreShare(const KernelBlocks& blocks, std::int64_t core, std::int64_t cores);
  /// Cycles from where it stands to \p rounds, of blocks.rounds(cores); a part of a round is that
  /// part of its cycles.
  double advance_to(double rounds);

 private:
  [[nodiscard]] double block_cycles(std::int64_t round) const;

  KernelBlocks blocks_;
  std::int64_t core_{};
  std::int64_t cores_{};
  std::int64_t rounds_{};  ///< of one repeat
  std::int64_t most_{};    ///< of all
  double gather_of_round_{};
  bool even_{};  ///< all blocks have as many outputs
  double at_{};
};

}  // namespace cairn::hw::cycle
