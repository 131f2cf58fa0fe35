/// \file
/// A window of a contraction tree reordered exactly: dynamic programming over its subtrees.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/contraction/contraction_tree.h"

namespace cairn::search {

/// The steps between a node and some of the subtrees below it, which are the window's leaves.
struct Window {
  std::vector<std::int32_t> leaves;
  std::vector<std::int32_t> steps;  ///< nodes above the leaves, the top one first
};

/// Finds the cheapest tree over up to kMost subtrees. Memory is kept between calls.
///
/// Only the indices that tell the window's leaves apart matter: those that stand in the same leaves
/// (and are, or are not, needed above) are one. With 64 such groups at most a set is one word, and
/// its size a product of one table entry a byte.
class WindowSolver {
 public:
  static constexpr std::size_t kMost = 12;

  /// \param outer_products whether leaves that share no index may be joined. They are anyway if
  ///   the window has such a step already.
  WindowSolver(std::size_t indices, bool outer_products)
      : outer_products_(outer_products), pattern_(indices, 0) {}

  /// Makes the window's tree the cheapest one if that is cheaper than it was. Returns the gain. A
  /// window of too many groups of indices is left as it is.
  template <class Price>
  double improve(ContractionTree& tree, const Window& window, const Price& price);

 private:
  struct Group {
    std::uint32_t pattern{};  ///< leaves that have it; one bit more if it is needed above
    double size{1};
  };
  struct Join {
    std::int32_t node{};
    std::uint32_t set{};
  };

  bool describe(const ContractionTree& tree, const Window& window);
  void tabulate(std::size_t leaves);
  [[nodiscard]] double elements(std::uint64_t groups) const {
    double product = 1;
    for (std::size_t byte = 0; byte < bytes_; ++byte) {
      product *= table_[byte][(groups >> (8 * byte)) & 0xffU];
    }
    return product;
  }
  [[nodiscard]] std::uint64_t legs(std::uint32_t set, std::uint32_t all) const {
    return any_[set] & (any_[all ^ set] | needed_above_);
  }
  template <class Price>
  void search(const ContractionTree& tree, const Window& window, const Price& price, double bound);
  template <class Price>
  void rebuild(ContractionTree& tree, const Window& window, const Price& price);

  bool outer_products_;
  bool disconnected_{};
  std::vector<std::uint32_t> pattern_;  ///< by index of the network; 0 outside a call
  std::vector<std::size_t> touched_;    ///< indices of the window
  std::vector<Group> groups_;
  std::vector<std::int32_t> group_of_pattern_ = std::vector<std::int32_t>(2U << kMost, -1);
  std::size_t bytes_{};
  std::array<std::array<double, 256>, 8> table_{};
  std::uint64_t needed_above_{};
  // By set of leaves.
  std::vector<std::uint64_t> any_ = std::vector<std::uint64_t>(1U << kMost);   ///< groups of it
  std::vector<std::uint64_t> legs_ = std::vector<std::uint64_t>(1U << kMost);  ///< of its tensor
  std::vector<double> size_ = std::vector<double>(1U << kMost);
  std::vector<double> best_ = std::vector<double>(1U << kMost);
  std::vector<std::uint32_t> part_ = std::vector<std::uint32_t>(1U << kMost);
  std::vector<std::uint64_t> bits_;
  std::vector<Join> stack_;
};

// ---- implementation of the templates ----

template <class Price>
double WindowSolver::improve(ContractionTree& tree, const Window& window, const Price& price) {
  double before = 0;
  disconnected_ = outer_products_;
  for (const std::int32_t step : window.steps) {
    before += tree.node(step).price;
    if (!disconnected_) {
      const BitView left = tree.legs(tree.node(step).left);
      const BitView right = tree.legs(tree.node(step).right);
      std::uint64_t shared = 0;
      for (std::size_t w = 0; w < tree.network().words; ++w) {
        shared |= left[w] & right[w];
      }
      disconnected_ = shared == 0;
    }
  }
  double gain = 0;
  if (describe(tree, window)) {
    const std::uint32_t all = (1U << window.leaves.size()) - 1;
    // Rounding must not look like a gain, or sweeps would never end.
    constexpr double kLess = 1 - 1e-9;
    search(tree, window, price, before * kLess);
    if (best_[all] < before * kLess) {
      gain = before - best_[all];
      rebuild(tree, window, price);
    }
  }
  for (const std::size_t index : touched_) {
    pattern_[index] = 0;
  }
  return gain;
}

template <class Price>
void WindowSolver::search(const ContractionTree& tree, const Window& window, const Price& price,
                          double bound) {
  const std::size_t leaves = window.leaves.size();
  const std::uint32_t all = (1U << leaves) - 1;
  tabulate(leaves);
  for (std::size_t i = 0; i < leaves; ++i) {
    best_[1U << i] = 0;
    size_[1U << i] = tree.node(window.leaves[i]).size;
  }
  for (std::uint32_t set = 1; set <= all; ++set) {
    if (std::has_single_bit(set)) {
      continue;
    }
    double best = bound;
    std::uint32_t split = 0;
    const std::uint32_t lowest = set & (0U - set);
    const std::uint32_t others = set ^ lowest;
    // Every way to cut the set in two, the part with the lowest leaf first.
    for (std::uint32_t rest = others; rest != 0; rest = (rest - 1) & others) {
      const std::uint32_t part = set ^ rest;
      const double parts = best_[part] + best_[rest];
      if (parts >= best || (!disconnected_ && (legs_[part] & legs_[rest]) == 0)) {
        continue;
      }
      const double cost = parts + price(StepSizes{.first = size_[part],
                                                  .second = size_[rest],
                                                  .result = size_[set],
                                                  .united = elements(legs_[part] | legs_[rest])});
      if (cost < best) {
        best = cost;
        split = part;
      }
    }
    // At the bound or without a cut: of no use.
    best_[set] = split != 0 ? best : std::numeric_limits<double>::infinity();
    part_[set] = split;
  }
}

template <class Price>
void WindowSolver::rebuild(ContractionTree& tree, const Window& window, const Price& price) {
  const std::uint32_t all = (1U << window.leaves.size()) - 1;
  std::size_t used = 1;
  stack_.assign(1, {.node = window.steps.front(), .set = all});
  // Parents first to give out the nodes, then children first to fill them.
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    const std::uint32_t set = stack_[i].set;
    if (std::has_single_bit(set)) {
      continue;
    }
    for (const std::uint32_t part : {part_[set], set ^ part_[set]}) {
      const std::int32_t node =
          std::has_single_bit(part)
              ? window.leaves[static_cast<std::size_t>(std::countr_zero(part))]
              : window.steps[used++];
      stack_.push_back({.node = node, .set = part});
    }
  }
  const std::size_t words = tree.network().words;
  std::size_t child = stack_.size();
  for (std::size_t i = stack_.size(); i-- > 0;) {
    const auto [node, set] = stack_[i];
    if (std::has_single_bit(set)) {
      continue;
    }
    child -= 2;
    const auto& left = stack_[child];
    const auto& right = stack_[child + 1];
    bits_.assign(words, 0);
    for (const std::size_t index : touched_) {
      const auto group = static_cast<std::uint32_t>(group_of_pattern_[pattern_[index]]);
      if ((legs_[set] >> group & 1U) != 0) {
        bits_[index / 64] |= std::uint64_t{1} << (index % 64);
      }
    }
    tree.set_children(node, left.node, right.node);
    tree.set_tensor(node, bits_, size_[set],
                    price(StepSizes{.first = size_[left.set],
                                    .second = size_[right.set],
                                    .result = size_[set],
                                    .united = elements(legs_[left.set] | legs_[right.set])}));
  }
}

}  // namespace cairn::search
