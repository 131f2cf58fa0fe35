#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "core/error.h"
#include "models/compression/compression.h"
#include "models/compression/pattern.h"

namespace cairn::models {
namespace {

bool has_prunable_weights(const Shape& shape) {
  const auto* matmul = std::get_if<MatMul>(&shape);
  return (matmul != nullptr && matmul->weight) || std::holds_alternative<Convolution>(shape);
}

bool has_weights(const Shape& shape) {
  return has_prunable_weights(shape) || std::holds_alternative<Embedding>(shape);
}

/// The largest number of channels up to \p wanted that divides both sides of a convolution evenly.
std::int64_t channels_per_group(const Convolution& conv, std::int64_t wanted) {
  for (std::int64_t size = std::min(wanted, conv.channels); size > 1; --size) {
    if (conv.channels % size == 0 && conv.filters % (conv.channels / size) == 0) {
      return size;
    }
  }
  return 1;
}

/// What one scheme does to one operator; answers whether it did anything. Low rank, which makes
/// two operators of one, only notes its rank in `rank`.
struct Apply {
  Operator& op;
  bool caches_keys;
  std::int64_t& rank;

  bool operator()(const Quantize& scheme) const {
    bool changed = scheme.activations.has_value();
    if (scheme.weights && has_weights(op.shape)) {
      op.formats.weights = *scheme.weights;
      changed = true;
    }
    if (scheme.activations) {
      op.formats.activations = *scheme.activations;
      op.formats.outputs = *scheme.activations;
    }
    if (std::holds_alternative<Attention>(op.shape)) {
      if (scheme.kv_cache) {
        op.formats.weights = *scheme.kv_cache;
        changed = true;
      } else if (scheme.activations && !caches_keys) {
        op.formats.weights = *scheme.activations;
      }
    }
    return changed;
  }

  bool operator()(const Prune& scheme) const {
    if (!has_prunable_weights(op.shape)) {
      return false;
    }
    Sparsity sparsity;
    if (scheme.pattern) {
      const std::optional<Pattern> pattern = parse_pattern(*scheme.pattern);
      CAIRN_CHECK(pattern.has_value(), "problems() refuses a pattern that is none");
      sparsity.kept = pattern->kept;
      sparsity.block = pattern->block;
      sparsity.density = static_cast<double>(pattern->kept) / static_cast<double>(pattern->block);
    } else {
      sparsity.density = scheme.density.value_or(1.0);
    }
    sparsity.storage =
        scheme.storage.value_or(scheme.pattern ? SparseStorage::n_m : SparseStorage::bitmask);
    op.sparsity = sparsity;
    return true;
  }

  bool operator()(const GroupChannels& scheme) const {
    auto* conv = std::get_if<Convolution>(&op.shape);
    if (conv == nullptr || !conv->depthwise()) {
      return false;
    }
    const std::int64_t vectors = op.parameters - weight_elements(op.shape);
    conv->groups = conv->channels / channels_per_group(*conv, scheme.channels);
    op.parameters = weight_elements(op.shape) + vectors;
    return true;
  }

  bool operator()(const LowRank& scheme) const {
    const auto* matmul = std::get_if<MatMul>(&op.shape);
    if (matmul == nullptr || !matmul->weight) {
      return false;
    }
    const std::int64_t side = std::min(matmul->k, matmul->n);
    const std::int64_t asked =
        scheme.rank.value_or(std::llround(scheme.ratio.value_or(1.0) * static_cast<double>(side)));
    rank = std::clamp(asked, std::int64_t{1}, side);
    return true;
  }
};

/// Keys and values are written in the format in which attention reads them.
void write_keys_in_cache_format(Workload& workload) {
  struct Inputs {
    std::array<std::int32_t, 3> from{};  // queries, keys, values
    std::size_t count = 0;
  };
  std::vector<Inputs> inputs(workload.operators.size());
  for (const Edge& edge : workload.edges) {
    Inputs& in = inputs[static_cast<std::size_t>(edge.to)];
    if (in.count < in.from.size()) {
      in.from.at(in.count) = edge.from;
    }
    ++in.count;
  }
  for (std::size_t i = 0; i < workload.operators.size(); ++i) {
    const Operator& op = workload.operators[i];
    if (std::holds_alternative<Attention>(op.shape) && inputs[i].count == 3) {
      for (const std::int32_t maker : {inputs[i].from[1], inputs[i].from[2]}) {
        workload.operators[static_cast<std::size_t>(maker)].formats.outputs = op.formats.weights;
      }
    }
  }
}

/// Puts two operators in place of each one that has a rank, and renumbers everything.
class Factoriser {
 public:
  Factoriser(Workload workload, const std::vector<std::int64_t>& ranks)
      : old_(std::move(workload)), ranks_(ranks) {}

  [[nodiscard]] Workload factorise();

 private:
  void split(const Operator& op, std::int64_t rank);
  void renumber_groups();
  /// Experts that the pass does not use are factorised as the others are.
  void shrink_idle_experts();
  [[nodiscard]] bool is_split(std::int32_t index) const {
    return ranks_[static_cast<std::size_t>(index)] > 0;
  }
  [[nodiscard]] std::int32_t first(std::int32_t index) const {
    return first_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] std::int32_t last(std::int32_t index) const {
    return first(index) + (is_split(index) ? 1 : 0);
  }

  Workload old_;
  const std::vector<std::int64_t>& ranks_;
  std::vector<std::int32_t> first_;  ///< new index of each old operator
  std::vector<Operator> operators_;
};

void Factoriser::split(const Operator& op, std::int64_t rank) {
  MatMul u = std::get<MatMul>(op.shape);
  MatMul v = u;
  u.n = rank;
  v.k = rank;
  const std::int64_t bias = std::max<std::int64_t>(op.parameters - weight_elements(op.shape), 0);
  Operator& down = operators_.emplace_back(op);
  down.name += ".u";
  down.group += ".u";
  down.shape = u;
  down.parameters = weight_elements(down.shape);
  down.formats.outputs = op.formats.activations;
  Operator& up = operators_.emplace_back(op);
  up.name += ".v";
  up.group += ".v";
  up.shape = v;
  up.parameters = weight_elements(up.shape) + bias;
}

void Factoriser::renumber_groups() {
  std::vector<FusionGroup> tails;
  for (FusionGroup& group : old_.fusions) {
    if (group.kind != FusionKind::gate_up) {
      for (std::int32_t& index : group.operators) {
        index = last(index);
      }
      continue;
    }
    const std::vector<std::int32_t> members = group.operators;
    const bool split = is_split(members[0]) || is_split(members[1]);
    group.operators = {first(members[0]), first(members[1])};
    // If a factor was split off, what follows joins the later second factor; the first factors
    // still read the same input.
    FusionGroup tail{.kind = FusionKind::epilogue,
                     .operators = {std::max(last(members[0]), last(members[1]))}};
    std::vector<std::int32_t>& follows = split ? tail.operators : group.operators;
    for (std::size_t i = 2; i < members.size(); ++i) {
      follows.push_back(last(members[i]));
    }
    if (tail.operators.size() > 1) {
      tails.push_back(std::move(tail));
    }
  }
  old_.fusions.insert(old_.fusions.end(), std::make_move_iterator(tails.begin()),
                      std::make_move_iterator(tails.end()));
}

void Factoriser::shrink_idle_experts() {
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
    after += ranks_[i] > 0 ? ranks_[i] * (matmul->k + matmul->n) : whole;
  }
  if (before > 0) {
    old_.idle_parameters = old_.idle_parameters / before * after;
  }
}

Workload Factoriser::factorise() {
  shrink_idle_experts();
  operators_.reserve(2 * old_.operators.size());
  for (std::size_t i = 0; i < old_.operators.size(); ++i) {
    first_.push_back(static_cast<std::int32_t>(operators_.size()));
    if (ranks_[i] > 0) {
      split(old_.operators[i], ranks_[i]);
    } else {
      operators_.push_back(std::move(old_.operators[i]));
    }
  }
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    if (ranks_[i] > 0) {
      edges.push_back({.from = first_[i], .to = first_[i] + 1});
    }
  }
  for (Edge& edge : old_.edges) {
    edge = {.from = last(edge.from), .to = first(edge.to)};
  }
  old_.edges.insert(old_.edges.end(), edges.begin(), edges.end());
  std::ranges::stable_sort(old_.edges, {}, &Edge::to);
  renumber_groups();
  std::vector<Repeat> copies;
  for (const Repeat& repeat : old_.repeats) {
    const std::int32_t end = repeat.first + repeat.length * repeat.copies;
    for (std::int32_t copy = repeat.first; copy < end; copy += repeat.length) {
      const std::int32_t begin = first(copy);
      copies.push_back(
          {.first = begin, .length = last(copy + repeat.length - 1) + 1 - begin, .copies = 1});
    }
  }
  old_.repeats = std::move(copies);
  old_.operators = std::move(operators_);
  return std::move(old_);
}

bool priced_alike(const Operator& a, const Operator& b) {
  return a.shape == b.shape && a.formats == b.formats && a.sparsity == b.sparsity &&
         a.parameters == b.parameters && a.input_density == b.input_density &&
         a.output_density == b.output_density;
}

/// Makes of every repeat the longest runs of copies that are still alike.
void regroup(Workload& workload) {
  std::vector<Repeat> runs;
  for (const Repeat& repeat : workload.repeats) {
    for (std::int32_t copy = 0; copy < repeat.copies; ++copy) {
      const std::int32_t first = repeat.first + copy * repeat.length;
      const bool joins = !runs.empty() && runs.back().length == repeat.length &&
                         std::equal(workload.operators.begin() + first,
                                    workload.operators.begin() + first + repeat.length,
                                    workload.operators.begin() + runs.back().first, priced_alike);
      if (joins) {
        ++runs.back().copies;
      } else {
        runs.push_back({.first = first, .length = repeat.length, .copies = 1});
      }
    }
  }
  workload.repeats = std::move(runs);
}

const Selector& selector_of(const Scheme& scheme) {
  return std::visit([](const auto& kind) -> const Selector& { return kind.apply_to; }, scheme);
}

}  // namespace

Workload compress(Workload workload, const std::vector<Scheme>& schemes) {
  if (schemes.empty()) {
    return workload;
  }
  const bool caches_keys = workload.kv_cache_elements > 0;
  std::vector<std::int64_t> ranks(workload.operators.size(), 0);
  for (const Scheme& scheme : schemes) {
    for (std::size_t i = 0; i < workload.operators.size(); ++i) {
      if (matches(selector_of(scheme), workload.operators[i])) {
        std::visit(Apply{workload.operators[i], caches_keys, ranks[i]}, scheme);
      }
    }
  }
  write_keys_in_cache_format(workload);
  const bool factored = std::ranges::any_of(ranks, [](std::int64_t rank) { return rank > 0; });
  const bool regrouped = std::ranges::any_of(
      schemes, [](const Scheme& scheme) { return std::holds_alternative<GroupChannels>(scheme); });
  if (factored) {
    workload = Factoriser(std::move(workload), ranks).factorise();
  }
  if (factored || regrouped) {
    workload.parameters = workload.idle_parameters;
    for (const Operator& op : workload.operators) {
      workload.parameters += op.parameters;
    }
  }
  regroup(workload);
  return workload;
}

std::vector<std::size_t> unmatched(const Workload& workload, const std::vector<Scheme>& schemes) {
  std::vector<std::size_t> idle;
  for (std::size_t s = 0; s < schemes.size(); ++s) {
    const bool used = std::ranges::any_of(workload.operators, [&](const Operator& op) {
      Operator copy = op;
      std::int64_t rank = 0;
      return matches(selector_of(schemes[s]), op) &&
             std::visit(Apply{copy, workload.kv_cache_elements > 0, rank}, schemes[s]);
    });
    if (!used) {
      idle.push_back(s);
    }
  }
  return idle;
}

}  // namespace cairn::models
