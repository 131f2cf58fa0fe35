#include "search/contraction/reconfigure.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace cairn::search {
namespace {

constexpr std::size_t kSolvedSlots = 1U << 14U;

/// SplitMix64's finaliser (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

Reconfigurer::Reconfigurer(const BitNetwork& network, OrderPrice price,
                           const ReconfigureOptions& options)
    : price_(std::move(price)),
      options_(options),
      solver_(network.indices(), options.outer_products),
      solved_(kSolvedSlots) {
  CAIRN_CHECK(options.leaves >= 3 && options.leaves <= WindowSolver::kMost,
              "a window has at least 3 subtrees and at most as many as the solver takes");
}

void Reconfigurer::open(const ContractionTree& tree, std::int32_t root, Rng* rng) {
  window_.leaves.assign({tree.node(root).left, tree.node(root).right});
  window_.steps.assign(1, root);
  while (window_.leaves.size() < options_.leaves) {
    // The next leaf to open: the dearest, or any.
    std::size_t next = window_.leaves.size();
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < window_.leaves.size(); ++i) {
      const std::int32_t leaf = window_.leaves[i];
      if (tree.is_term(leaf)) {
        continue;
      }
      const bool better = rng != nullptr
                              ? rng->uniform_int(0, seen) == 0
                              : next == window_.leaves.size() ||
                                    tree.node(leaf).price > tree.node(window_.leaves[next]).price;
      ++seen;
      if (better) {
        next = i;
      }
    }
    if (next == window_.leaves.size()) {
      return;
    }
    const std::int32_t opened = window_.leaves[next];
    window_.steps.push_back(opened);
    window_.leaves[next] = tree.node(opened).left;
    window_.leaves.push_back(tree.node(opened).right);
  }
}

template <class Price>
double Reconfigurer::sweep(ContractionTree& tree, Rng* rng, const Price& price,
                           CpuBudget::Use& use) {
  double gain = 0;
  // From the root down: the nodes of a window keep their places above those still to come.
  roots_.assign(1, tree.root());
  for (std::size_t i = 0; i < roots_.size() && !use.spent(); ++i) {
    const std::int32_t root = roots_[i];
    if (tree.is_term(root)) {
      continue;
    }
    open(tree, root, rng);
    if (window_.leaves.size() > 2) {
      double cost = 0;
      for (const std::int32_t step : window_.steps) {
        cost += tree.node(step).price;
      }
      std::uint64_t key = mix(tree.node(root).key);
      for (const std::int32_t leaf : window_.leaves) {
        key += mix(tree.node(leaf).key);
      }
      Solved& solved = solved_[key % kSolvedSlots];
      if (solved.key != key || cost > solved.cost * (1 + 1e-9)) {
        const double gained = solver_.improve(tree, window_, price);
        gain += gained;
        solved = {.key = key, .cost = cost - gained};
      }
    }
    roots_.push_back(tree.node(root).left);
    roots_.push_back(tree.node(root).right);
  }
  return gain;
}

double Reconfigurer::run(ContractionTree& tree, Rng& rng, CpuBudget::Use& use) {
  if (tree.network().terms < 3) {
    return 0;
  }
  // What one tree taught must not decide about the next: threads share no trees.
  std::ranges::fill(solved_, Solved{});
  return with_price(price_, [&](const auto& step_cost) {
    double gain = 0;
    for (std::int32_t idle = 0; idle <= options_.random_sweeps && !use.spent();) {
      double gained = sweep(tree, idle == 0 ? nullptr : &rng, step_cost, use);
      gain += gained;
      idle = gained > 0 ? std::min(idle, 1) : idle + 1;
    }
    return gain;
  });
}

}  // namespace cairn::search
