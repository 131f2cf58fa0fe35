#include "models/compression/replacement.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.h"

namespace cairn::models {
namespace {

class Replacer {
 public:
  Replacer(Workload workload, std::vector<std::optional<Replacement>> replacements)
      : old_(std::move(workload)), replacements_(std::move(replacements)) {}

  [[nodiscard]] Workload run();

 private:
  void renumber_groups();
  void add_gate_up(const FusionGroup& group);
  /// Experts that the pass does not use are replaced as the others are.
  void shrink_idle_experts();
  [[nodiscard]] const std::optional<Replacement>& at(std::int32_t index) const {
    return replacements_[static_cast<std::size_t>(index)];
  }
  /// New numbers of an old operator: the first that stands for it, and the last.
  [[nodiscard]] std::int32_t begin(std::int32_t index) const {
    return begins_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] std::int32_t end(std::int32_t index) const {
    return begins_[static_cast<std::size_t>(index) + 1];
  }
  [[nodiscard]] std::int32_t entry(std::int32_t index) const {
    return begin(index) + (at(index) ? at(index)->entry : 0);
  }
  [[nodiscard]] std::int32_t exit(std::int32_t index) const {
    return begin(index) + (at(index) ? at(index)->exit : 0);
  }
  [[nodiscard]] bool fuses_after(std::int32_t index) const {
    return !at(index) || at(index)->fuses_after;
  }
  [[nodiscard]] bool fuses_beside(std::int32_t index) const {
    return !at(index) || at(index)->fuses_beside;
  }

  Workload old_;
  std::vector<std::optional<Replacement>> replacements_;
  std::vector<std::int32_t> begins_;
  std::vector<Operator> operators_;
  std::vector<FusionGroup> groups_;
  std::vector<FusionGroup> tails_;
};

void Replacer::add_gate_up(const FusionGroup& group) {
  const std::vector<std::int32_t>& members = group.operators;
  const bool replaced = at(members[0]).has_value() || at(members[1]).has_value();
  FusionGroup pair{.kind = FusionKind::gate_up,
                   .operators = {entry(members[0]), entry(members[1])}};
  // If one was replaced, what follows joins the later exit; the entries still read the same input.
  const std::int32_t later = exit(members[0]) > exit(members[1]) ? members[0] : members[1];
  FusionGroup tail{.kind = FusionKind::epilogue, .operators = {exit(later)}};
  std::vector<std::int32_t>& follows = replaced ? tail.operators : pair.operators;
  for (std::size_t i = 2; i < members.size(); ++i) {
    follows.push_back(exit(members[i]));
  }
  if (fuses_beside(members[0]) && fuses_beside(members[1])) {
    groups_.push_back(std::move(pair));
  }
  if (tail.operators.size() > 1 && fuses_after(later)) {
    tails_.push_back(std::move(tail));
  }
}

void Replacer::renumber_groups() {
  for (FusionGroup& group : old_.fusions) {
    if (group.kind == FusionKind::gate_up) {
      add_gate_up(group);
      continue;
    }
    if (!fuses_after(group.operators.front())) {
      continue;
    }
    for (std::int32_t& index : group.operators) {
      index = exit(index);
    }
    groups_.push_back(std::move(group));
  }
  groups_.insert(groups_.end(), std::make_move_iterator(tails_.begin()),
                 std::make_move_iterator(tails_.end()));
  old_.fusions = std::move(groups_);
}

void Replacer::shrink_idle_experts() {
  // All grouped matmuls have the same number of unused experts, each as large as a used one.
  std::int64_t before = 0;
  std::int64_t after = 0;
  for (std::size_t i = 0; i < old_.operators.size(); ++i) {
    const auto* matmul = std::get_if<MatMul>(&old_.operators[i].shape);
    if (matmul == nullptr || !matmul->weight || !matmul->distinct_weights) {
      continue;
    }
    const std::int64_t whole = matmul->k * matmul->n;
    before += whole;
    after += replacements_[i] ? replacements_[i]->parameters : whole;
  }
  if (before > 0) {
    old_.idle_parameters = old_.idle_parameters / before * after;
  }
}

Workload Replacer::run() {
  shrink_idle_experts();
  operators_.reserve(2 * old_.operators.size());
  std::vector<Edge> inner;
  for (std::size_t i = 0; i < old_.operators.size(); ++i) {
    const auto first = static_cast<std::int32_t>(operators_.size());
    begins_.push_back(first);
    if (std::optional<Replacement>& made = replacements_[i]) {
      std::ranges::move(made->operators, std::back_inserter(operators_));
      for (const Edge& edge : made->edges) {
        inner.push_back({.from = first + edge.from, .to = first + edge.to});
      }
    } else {
      operators_.push_back(std::move(old_.operators[i]));
    }
  }
  begins_.push_back(static_cast<std::int32_t>(operators_.size()));
  for (Edge& edge : old_.edges) {
    edge = {.from = exit(edge.from), .to = entry(edge.to)};
  }
  old_.edges.insert(old_.edges.end(), inner.begin(), inner.end());
  std::ranges::stable_sort(old_.edges, {}, &Edge::to);
  renumber_groups();
  std::vector<Repeat> copies;
  for (const Repeat& repeat : old_.repeats) {
    const std::int32_t last = repeat.first + repeat.length * repeat.copies;
    for (std::int32_t copy = repeat.first; copy < last; copy += repeat.length) {
      copies.push_back({.first = begin(copy),
                        .length = end(copy + repeat.length - 1) - begin(copy),
                        .copies = 1});
    }
  }
  old_.repeats = std::move(copies);
  old_.operators = std::move(operators_);
  return std::move(old_);
}

}  // namespace

std::int64_t bias_elements(const Operator& op) {
  return std::max<std::int64_t>(op.parameters - weight_elements(op.shape), 0);
}

Replacement two_factors(const Operator& op, std::int64_t rank) {
  MatMul u = std::get<MatMul>(op.shape);
  MatMul v = u;
  u.n = rank;
  v.k = rank;
  Replacement made;
  made.edges = {{.from = 0, .to = 1}};
  made.exit = 1;
  made.parameters = rank * (u.k + v.n);
  Operator& down = made.operators.emplace_back(op);
  down.name += ".u";
  down.group += ".u";
  down.shape = u;
  down.parameters = weight_elements(down.shape);
  down.formats.outputs = op.formats.activations;
  Operator& up = made.operators.emplace_back(op);
  up.name += ".v";
  up.group += ".v";
  up.shape = v;
  up.parameters = weight_elements(up.shape) + bias_elements(op);
  return made;
}

Workload replace(Workload workload, std::vector<std::optional<Replacement>> replacements) {
  CAIRN_CHECK(replacements.size() == workload.operators.size(), "one place an operator");
  return Replacer(std::move(workload), std::move(replacements)).run();
}

}  // namespace cairn::models
