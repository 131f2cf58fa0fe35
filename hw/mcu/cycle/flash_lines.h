/// \file
/// Lines of flash that a kernel's reads of weights miss, found by walking every read through a
/// cache.
///
/// One core reads in program order and waits for each line, so what the cache holds does not depend
/// on time: the walk is exact however long the waits are. A pass over the same weights leaves the
/// cache as the pass before left it, so two passes stand for all.
///
/// Assumes:    sets replace the line used longest ago; the kernel begins with a cold cache.
/// Ignores:    instructions and activations in the same cache.
/// Reference:  J. Hennessy, D. Patterson, "Computer Architecture: A Quantitative Approach",
///             appendix B (sets, ways, replacement).
/// Checked by: tests/unit/hw/mcu_cycle/flash_lines_test.cpp
#pragma once

#include <cstdint>
#include <vector>

#include "hw/mcu/kernel_cycles.h"

namespace cairn::hw::cycle {

class LineCache {
 public:
  /// \p ways of each set; 0: one set.
  LineCache(std::int64_t lines, std::int64_t ways);
  /// \returns whether \p line had to be fetched.
  bool touch(std::uint64_t line);

 private:
  std::size_t ways_{};
  std::size_t sets_{};
  std::vector<std::uint64_t> tags_;  ///< set by set, the line used last in front
};

/// Lines missed by the blocks of one kernel.
class FlashLines {
 public:
  FlashLines(const McuMachine& machine, const KernelBlocks& blocks);
  /// Lines missed before block \p position, in the order of the kernel's loops, repeats included.
  [[nodiscard]] std::int64_t before(std::int64_t position) const;

 private:
  [[nodiscard]] std::int64_t in_repeat(std::int64_t position) const;

  std::int64_t pixel_blocks_{};
  std::int64_t filter_blocks_{};
  bool filters_outer_{};
  /// Sums over the filter blocks before each: first pass, and every later one.
  std::vector<std::int64_t> first_;
  std::vector<std::int64_t> again_;
};

}  // namespace cairn::hw::cycle
