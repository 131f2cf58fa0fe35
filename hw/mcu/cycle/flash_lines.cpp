#include "hw/mcu/cycle/flash_lines.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw::cycle {
namespace {

constexpr std::uint64_t kNoLine = ~0ULL;

/// One kernel's reads as lines, counted by the block that makes them.
class Walk {
 public:
  Walk(const McuMachine& machine, const KernelBlocks& blocks)
      : reads_(blocks.reads),
        line_bytes_(machine.line_bytes),
        cache_(machine.cache_lines(), machine.ways),
        groups_(ceil_div(reads_.rows, reads_.together)),
        steps_(static_cast<std::int64_t>(std::ceil(reads_.row_bytes / reads_.step_bytes - 1e-9))) {}

  [[nodiscard]] std::int64_t groups() const { return groups_; }
  /// Missed lines of group \p group, added to \p counts by block.
  void group(std::int64_t group, std::vector<std::int64_t>& counts) {
    const std::int64_t from = group * reads_.together;
    const std::int64_t to = std::min(reads_.rows, from + reads_.together);
    const auto blocks = static_cast<std::int64_t>(counts.size());
    for (std::int64_t step = 0; step < steps_; ++step) {
      const std::int64_t block = reads_.across ? step * blocks / steps_ : group * blocks / groups_;
      std::int64_t& count = counts[static_cast<std::size_t>(block)];
      for (std::int64_t row = from; row < to; ++row) {
        count += read(row, step);
      }
    }
  }

 private:
  std::int64_t read(std::int64_t row, std::int64_t step) {
    const double start =
        static_cast<double>(row) * reads_.row_bytes + static_cast<double>(step) * reads_.step_bytes;
    const double end =
        std::min(start + reads_.step_bytes, static_cast<double>(row + 1) * reads_.row_bytes);
    const auto first = static_cast<std::uint64_t>(start / line_bytes_);
    const auto last = static_cast<std::uint64_t>(std::ceil(end / line_bytes_ - 1e-9));
    std::int64_t missed = 0;
    for (std::uint64_t line = first; line < std::max(last, first + 1); ++line) {
      missed += cache_.touch(line) ? 1 : 0;
    }
    return missed;
  }

  const WeightReads& reads_;
  double line_bytes_{};
  LineCache cache_;
  std::int64_t groups_{};
  std::int64_t steps_{};
};

/// Sums before each element, and the sum of all at the end.
std::vector<std::int64_t> sums(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> before(counts.size() + 1, 0);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    before[i + 1] = before[i] + counts[i];
  }
  return before;
}

}  // namespace

LineCache::LineCache(std::int64_t lines, std::int64_t ways)
    : ways_(static_cast<std::size_t>(ways > 0 ? std::min(ways, lines) : lines)),
      sets_(static_cast<std::size_t>(lines) / ways_),
      tags_(sets_ * ways_, kNoLine) {}

bool LineCache::touch(std::uint64_t line) {
  const auto set = tags_.begin() + static_cast<std::ptrdiff_t>(line % sets_ * ways_);
  const auto end = set + static_cast<std::ptrdiff_t>(ways_);
  const auto found = std::find(set, end, line);
  std::rotate(set, found == end ? end - 1 : found, found == end ? end : found + 1);
  if (found == end) {
    *set = line;
    return true;
  }
  return false;
}

FlashLines::FlashLines(const McuMachine& machine, const KernelBlocks& blocks)
    : pixel_blocks_(blocks.pixel_blocks()),
      filter_blocks_(blocks.filter_blocks()),
      filters_outer_(blocks.filters_outer) {
  std::vector<std::int64_t> first(static_cast<std::size_t>(filter_blocks_), 0);
  std::vector<std::int64_t> again(first.size(), 0);
  if (blocks.reads.rows > 0) {
    Walk walk(machine, blocks);
    const bool repeats = blocks.reads.passes > 1;
    for (std::int64_t group = 0; group < walk.groups(); ++group) {
      walk.group(group, first);
      if (repeats && blocks.reads.group_passes) {
        walk.group(group, again);
      }
    }
    for (std::int64_t group = 0; repeats && !blocks.reads.group_passes && group < walk.groups();
         ++group) {
      walk.group(group, again);
    }
  }
  first_ = sums(first);
  again_ = sums(again);
}

std::int64_t FlashLines::in_repeat(std::int64_t position) const {
  const auto at = [](const std::vector<std::int64_t>& before, std::int64_t block) {
    return before[static_cast<std::size_t>(block)];
  };
  if (filters_outer_) {
    const std::int64_t block = position / pixel_blocks_;
    const std::int64_t pass = position % pixel_blocks_;
    std::int64_t lines = at(first_, block) + (pixel_blocks_ - 1) * at(again_, block);
    if (pass > 0) {
      lines += at(first_, block + 1) - at(first_, block) +
               (pass - 1) * (at(again_, block + 1) - at(again_, block));
    }
    return lines;
  }
  const std::int64_t pass = position / filter_blocks_;
  const std::int64_t block = position % filter_blocks_;
  if (pass == 0) {
    return at(first_, block);
  }
  return first_.back() + (pass - 1) * again_.back() + at(again_, block);
}

std::int64_t FlashLines::before(std::int64_t position) const {
  const std::int64_t count = pixel_blocks_ * filter_blocks_;
  return position / count * in_repeat(count) + in_repeat(position % count);
}

}  // namespace cairn::hw::cycle
