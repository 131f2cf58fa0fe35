/// \file
/// The list of algorithms that come with the program.
#pragma once

#include "search/algorithms/algorithm.h"

namespace cairn::search {

/// A new registry with every built-in algorithm, in the order of `cairn list algorithms`.
[[nodiscard]] AlgorithmRegistry builtin_algorithms();

}  // namespace cairn::search
