#include "models/fusion.h"

#include <algorithm>
#include <optional>

namespace cairn::models {
namespace {

/// Readers and inputs of every operator, by index.
struct Neighbours {
  std::vector<std::vector<std::int32_t>> readers;
  std::vector<std::vector<std::int32_t>> inputs;

  explicit Neighbours(const Workload& workload)
      : readers(workload.operators.size()), inputs(workload.operators.size()) {
    for (const Edge& edge : workload.edges) {
      readers[static_cast<std::size_t>(edge.from)].push_back(edge.to);
      inputs[static_cast<std::size_t>(edge.to)].push_back(edge.from);
    }
  }
};

bool is_anchor(const Shape& shape) {
  return std::holds_alternative<MatMul>(shape) || std::holds_alternative<Convolution>(shape);
}

/// Element by element: neither whole rows, nor another order, nor state of the optimiser.
bool is_epilogue(ElementwiseKind kind) {
  switch (kind) {
    case ElementwiseKind::copy:
    case ElementwiseKind::permute:
    case ElementwiseKind::normalization_gradient:
    case ElementwiseKind::softmax_gradient:
    case ElementwiseKind::sgd:
    case ElementwiseKind::adam:
      return false;
    default:
      return true;
  }
}

/// The reader of \p last that can join the group that \p anchor began.
std::optional<std::int32_t> next_member(const Workload& workload, const Neighbours& near,
                                        std::int32_t anchor, std::int32_t last) {
  const auto& readers = near.readers[static_cast<std::size_t>(last)];
  if (readers.size() != 1) {
    return std::nullopt;
  }
  const auto reader = static_cast<std::size_t>(readers.front());
  const Shape& shape = workload.operators[reader].shape;
  const auto* elementwise = std::get_if<Elementwise>(&shape);
  const std::int64_t made =
      output_elements(workload.operators[static_cast<std::size_t>(last)].shape);
  if (elementwise == nullptr || !is_epilogue(elementwise->kind) || output_elements(shape) != made) {
    return std::nullopt;
  }
  const bool ready = std::ranges::all_of(
      near.inputs[reader], [&](std::int32_t input) { return input == last || input < anchor; });
  return ready ? std::optional{readers.front()} : std::nullopt;
}

}  // namespace

std::vector<FusionGroup> propose_epilogues(const Workload& workload) {
  const Neighbours near(workload);
  std::vector<FusionGroup> groups;
  for (std::size_t i = 0; i < workload.operators.size(); ++i) {
    if (!is_anchor(workload.operators[i].shape)) {
      continue;
    }
    const auto anchor = static_cast<std::int32_t>(i);
    FusionGroup group{.kind = FusionKind::epilogue, .operators = {anchor}};
    while (const std::optional<std::int32_t> next =
               next_member(workload, near, anchor, group.operators.back())) {
      group.operators.push_back(*next);
    }
    if (group.operators.size() > 1) {
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

}  // namespace cairn::models
