#include "search/contraction/window.h"

namespace cairn::search {

bool WindowSolver::describe(const ContractionTree& tree, const Window& window) {
  const std::size_t leaves = window.leaves.size();
  touched_.clear();
  for (std::size_t i = 0; i < leaves; ++i) {
    for_bits(tree.legs(window.leaves[i]), [&](std::size_t index) {
      if (pattern_[index] == 0) {
        touched_.push_back(index);
      }
      pattern_[index] |= 1U << i;
    });
  }
  for_bits(tree.legs(window.steps.front()),
           [&](std::size_t index) { pattern_[index] |= 1U << leaves; });
  for (const Group& group : groups_) {
    group_of_pattern_[group.pattern] = -1;
  }
  groups_.clear();
  for (const std::size_t index : touched_) {
    const std::uint32_t pattern = pattern_[index];
    std::int32_t& group = group_of_pattern_[pattern];
    if (group < 0) {
      if (groups_.size() == 64) {
        return false;
      }
      group = static_cast<std::int32_t>(groups_.size());
      groups_.push_back({.pattern = pattern, .size = 1});
    }
    groups_[static_cast<std::size_t>(group)].size *= tree.network().size[index];
  }
  return true;
}

void WindowSolver::tabulate(std::size_t leaves) {
  bytes_ = (groups_.size() + 7) / 8;
  for (std::size_t byte = 0; byte < bytes_; ++byte) {
    auto& table = table_[byte];
    table[0] = 1;
    const std::size_t bits = std::min<std::size_t>(8, groups_.size() - byte * 8);
    for (std::size_t bit = 0; bit < bits; ++bit) {
      const double size = groups_[byte * 8 + bit].size;
      for (std::size_t low = 0; low < (std::size_t{1} << bit); ++low) {
        table[(std::size_t{1} << bit) + low] = table[low] * size;
      }
    }
  }
  needed_above_ = 0;
  std::fill_n(any_.begin(), std::size_t{1} << leaves, 0);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const std::uint64_t bit = std::uint64_t{1} << g;
    const std::uint32_t pattern = groups_[g].pattern;
    if ((pattern >> leaves & 1U) != 0) {
      needed_above_ |= bit;
    }
    for (std::size_t i = 0; i < leaves; ++i) {
      if ((pattern >> i & 1U) != 0) {
        any_[std::size_t{1} << i] |= bit;
      }
    }
  }
  const std::uint32_t all = (1U << leaves) - 1;
  for (std::uint32_t set = 1; set <= all; ++set) {
    any_[set] = any_[set & (set - 1)] | any_[set & (0U - set)];
  }
  for (std::uint32_t set = 1; set <= all; ++set) {
    legs_[set] = legs(set, all);
    size_[set] = elements(legs_[set]);
  }
}

}  // namespace cairn::search
