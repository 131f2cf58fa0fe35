#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/error.h"
#include "models/compression/compression.h"
#include "models/compression/pattern.h"
#include "models/compression/replacement.h"
#include "models/compression/tensor_table.h"
#include "models/compression/tensorize.h"

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

/// What makes several operators of one: the scheme that came last.
struct Factoring {
  std::int64_t rank{0};  ///< of low rank
  const Tensorize* tensors{nullptr};
  [[nodiscard]] bool any() const { return rank > 0 || tensors != nullptr; }
};

/// What one scheme does to one operator; answers whether it did anything. Low rank and tensorize,
/// which make several operators of one, only note it in `factoring`.
struct Apply {
  Operator& op;
  bool caches_keys;
  Factoring& factoring;

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
    factoring = {.rank = std::clamp(asked, std::int64_t{1}, side), .tensors = nullptr};
    return true;
  }

  bool operator()(const Tensorize& scheme) const {
    if (!as_matmul(op.shape) && !tensorizes_table(scheme, op)) {
      return false;
    }
    factoring = {.rank = 0, .tensors = &scheme};
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

std::vector<SchemeRefusal> refusals(const Workload& workload, const std::vector<Scheme>& schemes) {
  std::vector<SchemeRefusal> found;
  for (std::size_t s = 0; s < schemes.size(); ++s) {
    const auto* scheme = std::get_if<Tensorize>(&schemes[s]);
    if (scheme == nullptr) {
      continue;
    }
    const std::vector<FieldProblem> problems = scheme->problems();
    if (!problems.empty()) {  // knobs that are impossible only together
      found.push_back({.scheme = s, .problem = problems.front()});
      continue;
    }
    for (const Operator& op : workload.operators) {
      const bool table = tensorizes_table(*scheme, op);
      if ((!has_prunable_weights(op.shape) && !table) || !matches(scheme->apply_to, op)) {
        continue;
      }
      if (std::optional<FieldProblem> problem =
              table ? table_problem(*scheme, op, workload) : tensorize_problem(*scheme, op)) {
        found.push_back({.scheme = s, .problem = std::move(*problem)});
        break;
      }
    }
  }
  return found;
}

bool orders_need_device(const std::vector<Scheme>& schemes) {
  return std::ranges::any_of(schemes, [](const Scheme& scheme) {
    const auto* tensors = std::get_if<Tensorize>(&scheme);
    return tensors != nullptr && needs_device(tensors->order);
  });
}

Workload compress(Workload workload, const std::vector<Scheme>& schemes,
                  const OrderPlanning& orders) {
  if (schemes.empty()) {
    return workload;
  }
  Diagnostics diagnostics;
  for (const SchemeRefusal& refusal : refusals(workload, schemes)) {
    const FieldProblem& problem = refusal.problem;
    diagnostics.error({},
                      fmt::format("compression[{}]{}{}", refusal.scheme,
                                  problem.field.empty() ? "" : ".", problem.field),
                      problem.message, problem.hint);
  }
  diagnostics.throw_if_any();
  const bool caches_keys = workload.kv_cache_elements > 0;
  std::vector<Factoring> factorings(workload.operators.size());
  for (const Scheme& scheme : schemes) {
    for (std::size_t i = 0; i < workload.operators.size(); ++i) {
      if (matches(selector_of(scheme), workload.operators[i])) {
        std::visit(Apply{workload.operators[i], caches_keys, factorings[i]}, scheme);
      }
    }
  }
  write_keys_in_cache_format(workload);
  const bool factored = std::ranges::any_of(factorings, &Factoring::any);
  const bool regrouped = std::ranges::any_of(
      schemes, [](const Scheme& scheme) { return std::holds_alternative<GroupChannels>(scheme); });
  if (factored) {
    Tensorizer tensorizer(orders);
    std::vector<std::optional<Replacement>> replacements(workload.operators.size());
    for (std::size_t i = 0; i < factorings.size(); ++i) {
      const Tensorize* tensors = factorings[i].tensors;
      if (tensors != nullptr && tensorizes_table(*tensors, workload.operators[i])) {
        replacements[i] = table_replacement(*tensors, workload.operators[i]);
      } else if (tensors != nullptr) {
        replacements[i] = tensorizer.replacement(*tensors, workload.operators[i]);
      } else if (factorings[i].rank > 0) {
        replacements[i] = two_factors(workload.operators[i], factorings[i].rank);
      }
    }
    workload = replace(std::move(workload), std::move(replacements));
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
      Factoring factoring;
      return matches(selector_of(schemes[s]), op) &&
             std::visit(Apply{copy, workload.kv_cache_elements > 0, factoring}, schemes[s]);
    });
    if (!used) {
      idle.push_back(s);
    }
  }
  return idle;
}

}  // namespace cairn::models
