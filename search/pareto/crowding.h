/// \file
/// How lonely the points of a front are, and the order in which a few of them show most of it.
#pragma once

#include <cstdint>
#include <vector>

#include "search/pareto/archive.h"

namespace cairn::search {

/// Crowding distance of each row: over the objectives, the sum of the distance between its two
/// neighbours as a share of the front's range. The ends of every objective have infinity.
///
/// Reference:  K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
///             Trans. Evolutionary Computation 6(2), 2002, section III.B.
/// Checked by: tests/unit/search/crowding_test.cpp
[[nodiscard]] std::vector<double> crowding_distances(const Front& front);

/// Ids of a front, loneliest first: the ends of the objectives, then where it is sparse. Equals
/// follow in the order of their ids.
[[nodiscard]] std::vector<std::uint64_t> loneliest_first(const Front& front);

}  // namespace cairn::search
