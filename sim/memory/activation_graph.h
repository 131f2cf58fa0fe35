/// \file
/// The tensors between operators as a graph: what a memory planner looks at.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cairn::sim {

/// One step of execution: an operator or a fused group, and the tensor that it makes.
struct ActivationNode {
  double output_bits{};
  double scratch_bits{};  ///< alive only while the node runs
  /// The output may take the place of an input that nobody reads afterwards.
  bool overwrites{};
  std::int32_t first_input{};  ///< place in the graph's list of inputs
  std::int32_t input_count{};
};

/// Nodes in one topological order. Tensors that nobody reads live to the end: they are the result.
class ActivationGraph {
 public:
  /// Appends a node that reads \p inputs: earlier nodes, each once. \returns its number.
  std::int32_t add(ActivationNode node, std::span<const std::int32_t> inputs);
  [[nodiscard]] std::span<const std::int32_t> inputs(std::int32_t node) const {
    const ActivationNode& n = nodes_[static_cast<std::size_t>(node)];
    return std::span{inputs_}.subspan(static_cast<std::size_t>(n.first_input),
                                      static_cast<std::size_t>(n.input_count));
  }
  [[nodiscard]] const ActivationNode& node(std::int32_t n) const {
    return nodes_[static_cast<std::size_t>(n)];
  }
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(nodes_.size()); }
  /// Nodes that read each node's output, in ascending order.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> readers() const;

 private:
  std::vector<ActivationNode> nodes_;
  std::vector<std::int32_t> inputs_;
};

}  // namespace cairn::sim
