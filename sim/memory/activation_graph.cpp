#include "sim/memory/activation_graph.h"

#include <algorithm>

#include "core/error.h"

namespace cairn::sim {

std::int32_t ActivationGraph::add(ActivationNode node, std::span<const std::int32_t> inputs) {
  for (const std::int32_t input : inputs) {
    CAIRN_CHECK(input >= 0 && input < size(), "an activation graph is not in topological order");
    CAIRN_CHECK(std::count(inputs.begin(), inputs.end(), input) == 1, "an input is named twice");
  }
  node.first_input = static_cast<std::int32_t>(inputs_.size());
  node.input_count = static_cast<std::int32_t>(inputs.size());
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
  nodes_.push_back(node);
  return size() - 1;
}

std::vector<std::vector<std::int32_t>> ActivationGraph::readers() const {
  std::vector<std::vector<std::int32_t>> readers(nodes_.size());
  for (std::int32_t i = 0; i < size(); ++i) {
    for (const std::int32_t input : inputs(i)) {
      readers[static_cast<std::size_t>(input)].push_back(i);
    }
  }
  return readers;
}

}  // namespace cairn::sim
