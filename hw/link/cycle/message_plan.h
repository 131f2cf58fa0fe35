/// \file
/// The messages of a collective: who sends what to whom, and what must have arrived before.
///
/// Ranks are numbered node after node. Algorithms are those of hw/link/collective.h:
///
///   ring          rank r sends to r + 1, a part in each step, what arrived in the step before;
///                 a broadcast in a pipeline of chunks
///   direct        every rank sends to every other at once; who sends to whom first is rotated, so
///                 that no two senders begin with the same receiver
///   tree          chunks go up and down two binary trees, half of the tensor each: a rank that is
///                 inside one tree is a leaf of the other. Over several nodes there are trees
///                 inside each node to its first rank, and trees between those.
///   hierarchical  rings inside nodes (reduce-scatter), rings between the ranks of one place in
///                 their nodes (all-reduce), rings inside nodes (all-gather)
///
/// Reference:  P. Sanders, J. Speck and J. L. Traff, "Two-tree algorithms for full bandwidth
///             broadcast, reduction and scan", Parallel Computing 35(12), 2009.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "hw/link/collective.h"

namespace cairn::hw::cycle {

struct Message {
  static constexpr std::int32_t kNone = -1;
  std::int32_t from{};
  std::int32_t to{};
  double bits{};
  std::int64_t order{};  ///< of those ready at a port the lowest goes first
  std::array<std::int32_t, 4> after{kNone, kNone, kNone, kNone};  ///< by number in the plan
};

/// \returns nothing where the algorithm does not apply. Messages come after those they wait for.
/// \param ranks_per_node equal for all nodes but the last
[[nodiscard]] std::optional<std::vector<Message>> messages_of(models::CollectiveKind kind,
                                                              CollectiveAlgorithm algorithm,
                                                              double bits, std::int64_t ranks,
                                                              std::int64_t ranks_per_node);

}  // namespace cairn::hw::cycle
