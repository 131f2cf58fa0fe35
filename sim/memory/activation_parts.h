/// \file
/// The activation graph of a workload whose operators are grouped by fusion.
///
/// A group is one node, unless a sum or product of two tensors stands in its epilogue: that is a
/// part of its own, which hardware may or may not be able to fuse.
#pragma once

#include <cstdint>
#include <vector>

#include "models/workload.h"
#include "sim/memory/activation_graph.h"

namespace cairn::sim {

/// What a node of the graph is.
struct WorkloadPart {
  /// A tensor that is there before the pass; or, if the node reads another, no tensor at all: what
  /// reads it, a product of stored weights, begins after the other was made.
  static constexpr std::int32_t kInput = -1;
  std::int32_t root{kInput};  ///< operator that the part begins with
  std::int32_t joined{-1};    ///< node that it may be fused with: the part of its group before it
};

struct ActivationParts {
  ActivationGraph graph;
  std::vector<WorkloadPart> parts;  ///< one a node
};

/// \param group_of the operator that each operator's group begins with (itself, if it is alone).
[[nodiscard]] ActivationParts parts_of(const models::Workload& workload,
                                       const std::vector<std::int32_t>& group_of);

/// The same with joined parts fused wherever everything else they read is there before.
[[nodiscard]] ActivationGraph fused(const ActivationParts& parts);

}  // namespace cairn::sim
