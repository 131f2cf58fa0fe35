#include "sim/compiled_workload.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "core/diagnostics.h"
#include "core/error.h"
#include "core/hash.h"
#include "sim/memory/activation_parts.h"
#include "sim/memory/order_search.h"

namespace cairn::sim {
namespace {

using models::Operator;
using models::Workload;

/// Operators [first, last) that are looked at: one copy of each repeat.
struct Window {
  std::int32_t first{};
  std::int32_t length{};
  std::int64_t copies{};
};

std::vector<Window> windows_of(const Workload& w) {
  std::vector<Window> windows;
  for (const models::Repeat& r : w.repeats) {
    windows.push_back({r.first, r.length, r.copies});
  }
  if (windows.empty()) {
    windows.push_back({0, static_cast<std::int32_t>(w.operators.size()), 1});
  }
  return windows;
}

bool is_gemm(const Operator& op) {
  return std::holds_alternative<models::MatMul>(op.shape) ||
         std::holds_alternative<models::Convolution>(op.shape);
}

/// Joins operators whose allowed fusion groups overlap (gate with up, and both with what follows).
class Groups {
 public:
  explicit Groups(std::size_t operators) : parent_(operators), kind_(operators, 0) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  std::int32_t find(std::int32_t i) {
    while (parent_[static_cast<std::size_t>(i)] != i) {
      i = parent_[static_cast<std::size_t>(i)];
    }
    return i;
  }
  void join(const models::FusionGroup& group) {
    std::int32_t root = find(group.operators.front());
    const auto code = static_cast<std::uint8_t>(1 + static_cast<int>(group.kind));
    for (const std::int32_t op : group.operators) {
      const std::int32_t other = find(op);
      const std::int32_t low = std::min(root, other);
      parent_[static_cast<std::size_t>(std::max(root, other))] = low;
      kind_[static_cast<std::size_t>(low)] = std::max(
          {code, kind_[static_cast<std::size_t>(root)], kind_[static_cast<std::size_t>(other)]});
      root = low;
    }
  }
  [[nodiscard]] std::uint8_t kind(std::int32_t root) const {
    return kind_[static_cast<std::size_t>(root)];
  }

 private:
  std::vector<std::int32_t> parent_;
  std::vector<std::uint8_t> kind_;
};

std::uint64_t hash_of(const UniqueGroup& g) {
  Hasher hasher;
  hasher.add(models::price_hash(g.anchor));
  hasher.add(std::uint64_t{g.fused});
  for (const Operator& follower : g.followers) {
    hasher.add(models::price_hash(follower));
  }
  return hasher.value();
}

/// \param blocks the workload repeats blocks, so that the name of one copy would mislead.
std::string label_of(const Operator& anchor, const std::vector<Operator>& followers, bool blocks) {
  const auto plain = [blocks](const Operator& op) {
    return op.group.empty() || !blocks ? op.name : op.group;
  };
  std::string label = plain(anchor);
  for (const Operator& follower : followers) {
    label += "+" + plain(follower);
  }
  return label;
}

/// Parameters of \p op that compression of weights acts on.
std::int64_t compressible_elements(const Operator& op) {
  const bool compressible = is_gemm(op) || std::holds_alternative<models::Embedding>(op.shape);
  return compressible ? std::min(op.parameters, models::weight_elements(op.shape)) : 0;
}

/// Edges between the groups of one copy, by place. A group stands where its anchor stands; what one
/// of its followers reads from a later place is made by then in any order that devices choose.
void add_dependencies(const Workload& w, const Window& window, Groups& groups,
                      const std::vector<std::int32_t>& place, Segment& segment) {
  segment.after.resize(segment.groups.size());
  for (const models::Edge& e : w.edges) {
    if (e.from < window.first || e.to < window.first || e.to >= window.first + window.length ||
        e.from >= window.first + window.length) {
      continue;
    }
    const std::int32_t from = place[static_cast<std::size_t>(groups.find(e.from) - window.first)];
    const std::int32_t to = place[static_cast<std::size_t>(groups.find(e.to) - window.first)];
    std::vector<std::int32_t>& after = segment.after[static_cast<std::size_t>(to)];
    if (from < to && std::find(after.begin(), after.end(), from) == after.end()) {
      after.push_back(from);
    }
  }
}

double compressible_bits(const Operator& op) {
  const std::int64_t elements = compressible_elements(op);
  if (elements == 0) {
    return 0;
  }
  const auto* m = std::get_if<models::MatMul>(&op.shape);
  const std::int64_t row = m != nullptr ? m->k : elements;
  return models::stored_tensor(op.formats.weights, op.sparsity, elements, row).total();
}

double idle_bits(const Workload& w) {
  if (w.idle_parameters == 0) {
    return 0;
  }
  // Idle weights are experts like those in use: stored in the same format.
  double bits = 0;
  double elements = 0;
  for (const Operator& op : w.operators) {
    const auto* m = std::get_if<models::MatMul>(&op.shape);
    if (m != nullptr && m->distinct_weights && m->weight) {
      bits += stored_bits(op);
      elements += static_cast<double>(op.parameters);
    }
  }
  const double each = elements > 0 ? bits / elements : models::kFp16.bits_per_element();
  return each * static_cast<double>(w.idle_parameters);
}

std::int64_t layers_of(const Workload& w) {
  std::int64_t last = -1;
  for (const Operator& op : w.operators) {
    last = std::max<std::int64_t>(last, op.layer);
  }
  return last + 1;
}

/// Share of what lies in the blocks that the fullest stage holds.
double stage_share(const Workload& w, std::int64_t layers) {
  if (w.stages == 1 || layers == 0) {
    return 1;
  }
  return static_cast<double>(ceil_div(layers, w.stages)) / static_cast<double>(layers);
}

/// Stored weights of the fullest stage: its blocks, and what comes before or after them.
double weight_bits(const Workload& w, double share) {
  double blocks = idle_bits(w);
  double before = 0;
  double after = 0;
  bool seen_block = false;
  for (const Operator& op : w.operators) {
    seen_block = seen_block || op.layer >= 0;
    (op.layer >= 0 ? blocks : seen_block ? after : before) += stored_bits(op);
  }
  return w.stages == 1 ? blocks + before + after : share * blocks + std::max(before, after);
}

double kv_bits(const Workload& w) {
  for (const Operator& op : w.operators) {
    if (std::holds_alternative<models::Attention>(op.shape)) {
      return static_cast<double>(w.kv_cache_elements) * op.formats.weights.bits_per_element();
    }
  }
  return 0;
}

}  // namespace

double stored_bits(const Operator& op) {
  const double tail = static_cast<double>(op.parameters - compressible_elements(op)) *
                      op.formats.activations.bits_per_element();
  return compressible_bits(op) + tail;
}

const Operator* CompiledWorkload::operator_of(std::int32_t n) const {
  const NodeOperator& node = node_operators[static_cast<std::size_t>(n)];
  if (node.group == NodeOperator::kInput) {
    return nullptr;
  }
  const UniqueGroup& group = unique[node.group];
  return node.member == 0 ? &group.anchor : &group.followers[node.member - 1];
}

FusionRule FusionSpec::rule(models::FusionKind kind) const {
  switch (kind) {
    case models::FusionKind::attention:
      return attention;
    case models::FusionKind::epilogue:
      return epilogue;
    case models::FusionKind::gate_up:
      break;
  }
  return gate_up;
}

CompiledWorkload compile(const Workload& w, const FusionSpec& fusion) {
  CompiledWorkload c;
  c.name = w.name;
  c.phase = w.phase;
  c.batch = w.batch;
  c.tokens = w.tokens;
  c.parameters = w.parameters;
  c.ranks = w.ranks;
  c.stages = w.stages;
  c.layers = layers_of(w);

  Groups groups(w.operators.size());
  for (const auto& [kind, name] : enum_names(models::FusionKind{})) {
    const auto proposed = [kind = kind](const models::FusionGroup& g) { return g.kind == kind; };
    if (fusion.rule(kind) == FusionRule::force &&
        std::none_of(w.fusions.begin(), w.fusions.end(), proposed)) {
      Diagnostics diagnostics;
      diagnostics.error({}, "fusion." + std::string{name},
                        "forced, but workload '" + w.name + "' proposes no such group");
      diagnostics.throw_if_any();
    }
  }
  for (const models::FusionGroup& g : w.fusions) {
    if (fusion.allows(g.kind)) {
      groups.join(g);
    }
  }
  const bool blocks = std::any_of(w.repeats.begin(), w.repeats.end(),
                                  [](const models::Repeat& r) { return r.copies > 1; });
  std::vector<NodeOperator> place(w.operators.size());  // of each operator in the unique groups
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  for (const Window& window : windows_of(w)) {
    Segment segment;
    segment.copies = window.copies;
    std::vector<std::int32_t> copy_place(static_cast<std::size_t>(window.length), -1);
    for (std::int32_t i = window.first; i < window.first + window.length; ++i) {
      if (groups.find(i) != i) {
        continue;  // a follower: priced with its group
      }
      UniqueGroup g;
      g.anchor = w.operators[static_cast<std::size_t>(i)];
      g.fused = groups.kind(i);
      std::vector<std::int32_t> followers;
      if (g.fused != 0) {
        for (std::int32_t f = i + 1; f < window.first + window.length; ++f) {
          if (groups.find(f) == i) {
            followers.push_back(f);
          }
        }
      }
      // Matrix operators first, then the vector work on their result.
      std::stable_partition(followers.begin(), followers.end(), [&w](std::int32_t f) {
        return is_gemm(w.operators[static_cast<std::size_t>(f)]);
      });
      for (const std::int32_t f : followers) {
        g.followers.push_back(w.operators[static_cast<std::size_t>(f)]);
      }
      g.hash = hash_of(g);
      const auto [found, added] =
          known.try_emplace(g.hash, static_cast<std::uint32_t>(c.unique.size()));
      if (added) {
        g.label = label_of(g.anchor, g.followers, blocks);
        c.unique.push_back(std::move(g));
      }
      c.unique[found->second].count += window.copies;
      copy_place[static_cast<std::size_t>(i - window.first)] =
          static_cast<std::int32_t>(segment.groups.size());
      segment.groups.push_back(found->second);
      place[static_cast<std::size_t>(i)] = {found->second, 0};
      for (std::size_t f = 0; f < followers.size(); ++f) {
        place[static_cast<std::size_t>(followers[f])] = {found->second,
                                                         static_cast<std::uint32_t>(f) + 1};
      }
    }
    for (std::int64_t i = window.length; i < window.length * window.copies; ++i) {
      place[static_cast<std::size_t>(window.first + i)] =
          place[static_cast<std::size_t>(window.first + i % window.length)];
    }
    add_dependencies(w, window, groups, copy_place, segment);
    c.segments.push_back(std::move(segment));
  }
  double all_bits = 0;
  for (const Operator& op : w.operators) {
    all_bits += stored_bits(op);
    c.matrix_bits += compressible_bits(op);
    c.matrix_elements += static_cast<double>(compressible_elements(op));
    c.macs += models::multiply_accumulates(op.shape);
  }
  const double share = stage_share(w, c.layers);
  c.weight_bits = weight_bits(w, share);
  c.idle_bits = share * idle_bits(w);
  all_bits += idle_bits(w);
  // What compression acts on is spread over the stages like all weights.
  const double of_stage = all_bits > 0 ? c.weight_bits / all_bits : 1.0;
  c.matrix_bits = of_stage * (c.matrix_bits + idle_bits(w));
  c.matrix_elements = of_stage * (c.matrix_elements + static_cast<double>(w.idle_parameters));
  c.kv_bits = share * kv_bits(w);
  c.gradient_bits = share * w.gradient_bits;
  c.optimizer_bits = share * w.optimizer_bits;
  std::vector<std::int32_t> group_of(w.operators.size());
  for (std::size_t i = 0; i < group_of.size(); ++i) {
    group_of[i] = groups.find(static_cast<std::int32_t>(i));
  }
  ActivationParts parts = parts_of(w, group_of);
  const ActivationGraph kernels = fused(parts);
  // What a training step stores is read in the reverse order of the layers: no other order is
  // better by much, and its graph has no place to be cut.
  c.activation_bits = w.phase == models::Phase::training ? written_order(kernels).peak_bits
                                                         : best_order(kernels).peak_bits;
  c.activations = std::move(parts.graph);
  for (const WorkloadPart& part : parts.parts) {
    c.node_operators.push_back(part.root < 0 ? NodeOperator{}
                                             : place[static_cast<std::size_t>(part.root)]);
  }
  Hasher hasher;
  hasher.add(c.ranks);
  hasher.add(c.stages);
  for (const Segment& s : c.segments) {
    hasher.add(static_cast<std::int64_t>(s.copies));
    for (const std::uint32_t g : s.groups) {
      hasher.add(c.unique[g].hash);
    }
  }
  c.hash = hasher.value();
  return c;
}

}  // namespace cairn::sim
