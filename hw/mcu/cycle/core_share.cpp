#include "hw/mcu/cycle/core_share.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw::cycle {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

}  // namespace

CoreShare::CoreShare(const KernelBlocks& blocks, std::int64_t core, std::int64_t cores)
    : blocks_(blocks),
      core_(core),
      cores_(cores),
      rounds_(ceil_div(blocks.count(), cores)),
      most_(blocks.rounds(cores)),
      even_(blocks.pixels % blocks.block_pixels == 0 &&
            blocks.filters % blocks.block_filters == 0) {
  if (blocks.gathers > 0 && rounds_ > 0) {
    const std::int64_t mine = blocks.gathers / cores + (core < blocks.gathers % cores ? 1 : 0);
    gather_of_round_ = real(mine) * blocks.gather / real(rounds_);
  }
}

double CoreShare::block_cycles(std::int64_t round) const {
  const std::int64_t block = round % rounds_ * cores_ + core_;
  if (block >= blocks_.count()) {
    return 0.0;
  }
  const std::int64_t columns = blocks_.filter_blocks();
  const std::int64_t rows = blocks_.pixel_blocks();
  const std::int64_t row = blocks_.filters_outer ? block % rows : block / columns;
  const std::int64_t column = blocks_.filters_outer ? block / rows : block % columns;
  const std::int64_t outputs =
      std::min(blocks_.block_pixels, blocks_.pixels - row * blocks_.block_pixels) *
      std::min(blocks_.block_filters, blocks_.filters - column * blocks_.block_filters);
  return blocks_.products + blocks_.unpack + real(outputs) * blocks_.output;
}

double CoreShare::advance_to(double rounds) {
  const double to = std::min(rounds, real(most_));
  if (to <= at_) {
    return 0.0;
  }
  double cycles = (to - at_) * gather_of_round_;
  auto round = static_cast<std::int64_t>(at_);
  while (real(round) < to) {
    const double from = std::max(at_, real(round));
    // Whole rounds of equal blocks before the last of the repeat are the same.
    const std::int64_t left = rounds_ - 1 - round % rounds_;
    if (even_ && left > 0 && from == real(round) && real(round + 1) <= to) {
      const std::int64_t many = std::min(left, static_cast<std::int64_t>(std::floor(to)) - round);
      cycles += real(many) * block_cycles(round);
      round += many;
      continue;
    }
    cycles += (std::min(to, real(round + 1)) - from) * block_cycles(round);
    ++round;
  }
  at_ = to;
  return cycles;
}

}  // namespace cairn::hw::cycle
