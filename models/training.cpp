#include "models/training.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/error.h"
#include "models/attention_parts.h"
#include "models/fusion.h"
#include "models/gradient_tape.h"

namespace cairn::models {
namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// Keys and values are activations like others: nothing reads them in a later pass.
void drop_cache(Workload& workload) {
  workload.kv_cache_elements = 0;
  for (Operator& op : workload.operators) {
    if (std::holds_alternative<Attention>(op.shape)) {
      op.formats.weights = op.formats.activations;
    }
  }
  for (const Edge& edge : workload.edges) {
    const Operator& reader = workload.operators[at(edge.to)];
    if (std::holds_alternative<Attention>(reader.shape)) {
      workload.operators[at(edge.from)].formats.outputs = reader.formats.activations;
    }
  }
}

bool alike(const Workload& workload, std::int32_t a, std::int32_t b, std::int32_t length) {
  for (std::int32_t k = 0; k < length; ++k) {
    const Operator& x = workload.operators[at(a + k)];
    const Operator& y = workload.operators[at(b + k)];
    if (x.shape != y.shape || x.formats != y.formats || x.sparsity != y.sparsity ||
        x.parameters != y.parameters || x.input_density != y.input_density ||
        x.output_density != y.output_density) {
      return false;
    }
  }
  return true;
}

/// A run of operators that were made from one copy of a forward run.
void add_copy(Workload& workload, std::int32_t first, std::int32_t length) {
  if (length == 0) {
    return;
  }
  Repeat& last = workload.repeats.back();
  const bool joins = last.first + last.length * last.copies == first && last.length == length &&
                     alike(workload, last.first, first, length);
  if (joins) {
    ++last.copies;
  } else {
    workload.repeats.push_back({.first = first, .length = length, .copies = 1});
  }
}

/// A fused kernel keeps to itself what flows between its operators; where a gradient reads it, the
/// operators run one by one (of two products that read one input, those still run together).
void cut_fusions(Workload& workload, std::int32_t forward_size) {
  std::vector<bool> kept(workload.operators.size(), false);
  for (const Edge& edge : workload.edges) {
    kept[at(edge.from)] =
        kept[at(edge.from)] || (edge.from < forward_size && edge.to >= forward_size);
  }
  for (FusionGroup& group : workload.fusions) {
    std::size_t together = 1;  // operators before the first whose input is kept
    const std::size_t products = group.kind == FusionKind::gate_up ? 2 : 1;
    while (together < group.operators.size() &&
           (together < products || !kept[at(group.operators[together - 1])])) {
      ++together;
    }
    group.operators.resize(std::min(group.operators.size(), together));
  }
  std::erase_if(workload.fusions, [](const FusionGroup& group) {
    return group.kind != FusionKind::attention && group.operators.size() < 2;
  });
}

void propose_backward_epilogues(Workload& workload, std::int32_t forward_size) {
  for (FusionGroup& group : propose_epilogues(workload)) {
    if (group.operators.front() >= forward_size) {
      workload.fusions.push_back(std::move(group));
    }
  }
}

}  // namespace

Workload training_step(Workload forward, const TrainingSpec& spec) {
  drop_cache(forward);
  if (spec.attention == AttentionStorage::store) {
    forward = with_plain_attention(std::move(forward));
  }
  if (forward.repeats.empty()) {
    forward.repeats.push_back(
        {.first = 0, .length = static_cast<std::int32_t>(forward.operators.size()), .copies = 1});
  }
  forward.phase = Phase::training;
  const std::vector<Repeat> backward(forward.repeats.rbegin(), forward.repeats.rend());
  GradientTape tape(std::move(forward), spec);
  for (const Repeat& run : backward) {
    for (std::int32_t copy = run.copies - 1; copy >= 0; --copy) {
      const std::int32_t begin = tape.size();
      const std::int32_t first = run.first + copy * run.length;
      for (std::int32_t i = first + run.length - 1; i >= first; --i) {
        tape.differentiate(i);
      }
      add_copy(tape.step(), begin, tape.size() - begin);
    }
  }
  tape.hold_idle_parameters();
  Workload step = std::move(tape.step());
  cut_fusions(step, tape.forward_size());
  propose_backward_epilogues(step, tape.forward_size());
  std::ranges::stable_sort(step.edges, {}, &Edge::to);
  return step;
}

}  // namespace cairn::models
