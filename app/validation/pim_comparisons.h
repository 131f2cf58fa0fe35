/// \file
/// Units in memory against what their papers claim, and cores beside banks against measured rates.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Throughput and energy of a processor with units on its logic dies, and with units at its banks,
/// over the processor alone: continuous batching of mixtures of experts.
[[nodiscard]] std::vector<Comparison> compare_logic_die_units();
/// Transfers and arithmetic of one core beside its bank.
[[nodiscard]] std::vector<Comparison> compare_pim_cores();
/// All of them.
[[nodiscard]] std::vector<Comparison> compare_pim();

}  // namespace cairn::app
