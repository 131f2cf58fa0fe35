/// \file
/// Simulated annealing of a contraction tree.
#pragma once

#include <cstdint>

#include "core/random.h"
#include "search/contraction/contraction_tree.h"
#include "search/contraction/cpu_budget.h"

namespace cairn::search {

struct AnnealOptions {
  double hot{1};             ///< first temperature, in factors of 2 of the price of two steps
  double cold{0.05};         ///< last temperature
  std::int32_t sweeps{100};  ///< visits of every step, the temperature falling geometrically
  bool outer_products{false};
};

/// Every step (AB)C is offered (AC)B or A(BC) in turn, taken with the Metropolis probability of the
/// logarithm of the two steps' prices after and before (the move and the local energy of
/// G. Kalachev, P. Panteleev and M.-H. Yung, arXiv:2108.05665, 2021). Only the operands' shared
/// indices are looked at, so a visit does not cost more the larger the tensors are.
/// Leaves the last tree, which may be dearer than the first.
void anneal(ContractionTree& tree, const OrderPrice& price, const AnnealOptions& options, Rng& rng,
            CpuBudget::Use& use);

}  // namespace cairn::search
