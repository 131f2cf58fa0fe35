/// \file
/// Contraction trees made better by exact search on their windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "search/contraction/contraction_tree.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/window.h"

namespace cairn::search {

struct ReconfigureOptions {
  std::size_t leaves{8};          ///< subtrees of a window, 3 ... WindowSolver::kMost
  bool outer_products{false};     ///< whether tensors that share no index may be joined
  std::int32_t random_sweeps{0};  ///< sweeps in a row without a gain, of windows drawn at random
};

/// Reorders windows until none gets cheaper: first those that open the dearest step each time, then
/// windows that open any. Never makes a tree dearer.
class Reconfigurer {
 public:
  Reconfigurer(const BitNetwork& network, OrderPrice price, const ReconfigureOptions& options);

  /// Returns the gain. Stops early if \p budget is spent.
  double run(ContractionTree& tree, Rng& rng, CpuBudget::Use& use);

 private:
  /// A window that was solved, and what its best tree costs.
  struct Solved {
    std::uint64_t key{};
    double cost{};
  };

  template <class Price>
  double sweep(ContractionTree& tree, Rng* rng, const Price& price, CpuBudget::Use& use);
  void open(const ContractionTree& tree, std::int32_t root, Rng* rng);

  OrderPrice price_;
  ReconfigureOptions options_;
  WindowSolver solver_;
  Window window_;
  std::vector<std::int32_t> roots_;
  std::vector<Solved> solved_;
};

}  // namespace cairn::search
