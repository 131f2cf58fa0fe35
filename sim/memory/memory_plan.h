/// \file
/// What a workload needs in memory under a library of kernels: tensors and buffers in RAM, weights
/// and code in flash.
///
/// Assumes:    sums and products of two tensors are operators of their own, other element-wise
///             operators run inside the kernel before them; see order_search.h, arena.h and
///             hw/mcu/library_memory.h for the rest.
/// Ignores:    the application around the network; KV caches (they are placed apart).
/// Reference:  as the three headers.
/// Checked by: tests/unit/sim/memory_plan_test.cpp (by hand),
///             tests/validation/library_memory_test.cpp (published RAM and flash)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/mcu/library_memory.h"
#include "sim/compiled_workload.h"
#include "sim/memory/arena.h"
#include "sim/memory/order_search.h"

namespace cairn::sim {

struct MemoryPlan {
  double live_bits{};    ///< most alive at once in the best order: no arena is smaller
  double arena_bits{};   ///< the same as placed
  double beside_bits{};  ///< buffers outside the arena, data of the runtime
  double flash_bits{};   ///< weights, biases, scales, network description, code
  double weight_bits{};  ///< of these, weights and biases
  OrderSearch search{OrderSearch::exact};
  std::string peak_operator;  ///< runs when most is alive
  [[nodiscard]] double ram_bits() const { return arena_bits + beside_bits; }
};

[[nodiscard]] MemoryPlan plan_memory(const CompiledWorkload& workload,
                                     const hw::MemoryTraits& traits,
                                     const OrderLimits& limits = {});

/// Adds a node for \p op that makes \p output_bits from \p inputs, with its buffers, and a copy
/// with padding before it if the library makes one. \returns the number of the operator's node.
std::int32_t add_operator(const models::Operator& op, double output_bits,
                          std::vector<std::int32_t> inputs, const hw::MemoryTraits& traits,
                          ActivationGraph& graph);

/// The graph that a library executes, and the label of each node. Padding copies are nodes.
struct LibraryGraph {
  ActivationGraph graph;
  std::vector<std::string> labels;
};
[[nodiscard]] LibraryGraph library_graph(const CompiledWorkload& workload,
                                         const hw::MemoryTraits& traits);

}  // namespace cairn::sim
