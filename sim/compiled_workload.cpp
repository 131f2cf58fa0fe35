#include "sim/compiled_workload.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "core/diagnostics.h"
#include "core/error.h"
#include "core/hash.h"

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

double stored_bits(const Operator& op) {
  if (op.parameters == 0) {
    return 0;
  }
  const std::int64_t matrix = std::min(op.parameters, models::weight_elements(op.shape));
  const bool compressible = is_gemm(op) || std::holds_alternative<models::Embedding>(op.shape);
  if (!compressible) {
    return static_cast<double>(op.parameters) * op.formats.activations.bits_per_element();
  }
  std::int64_t row = matrix;
  if (const auto* m = std::get_if<models::MatMul>(&op.shape)) {
    row = m->k;
  }
  const double tail =
      static_cast<double>(op.parameters - matrix) * op.formats.activations.bits_per_element();
  return models::stored_tensor(op.formats.weights, op.sparsity, matrix, row).total() + tail;
}

/// Most bits alive between operators at once: an output lives until its last reader has run.
double peak_activation_bits(const Workload& w, Groups& groups) {
  const std::size_t count = w.operators.size();
  std::vector<std::int32_t> last_use(count);
  std::iota(last_use.begin(), last_use.end(), 0);
  std::vector<bool> leaves_group(count, false);
  std::vector<bool> read(count, false);
  for (const models::Edge& e : w.edges) {
    const auto from = static_cast<std::size_t>(e.from);
    last_use[from] = std::max(last_use[from], e.to);
    read[from] = true;
    if (groups.find(e.from) != groups.find(e.to)) {
      leaves_group[from] = true;
    }
  }
  std::vector<std::vector<std::int32_t>> dying(count);
  double alive = 0;
  double peak = 0;
  const auto bits = [&](std::size_t i) {
    return read[i] && !leaves_group[i]
               ? 0.0
               : static_cast<double>(models::output_elements(w.operators[i].shape)) *
                     w.operators[i].formats.outputs.bits_per_element();
  };
  for (std::size_t i = 0; i < count; ++i) {
    alive += bits(i);
    dying[static_cast<std::size_t>(last_use[i])].push_back(static_cast<std::int32_t>(i));
    peak = std::max(peak, alive);
    for (const std::int32_t d : dying[i]) {
      alive -= bits(static_cast<std::size_t>(d));
    }
  }
  return peak;
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
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  for (const Window& window : windows_of(w)) {
    Segment segment;
    segment.copies = window.copies;
    for (std::int32_t i = window.first; i < window.first + window.length; ++i) {
      if (groups.find(i) != i) {
        continue;  // a follower: priced with its group
      }
      UniqueGroup g;
      g.anchor = w.operators[static_cast<std::size_t>(i)];
      g.fused = groups.kind(i);
      if (g.fused != 0) {
        for (std::int32_t f = i + 1; f < window.first + window.length; ++f) {
          if (groups.find(f) == i) {
            g.followers.push_back(w.operators[static_cast<std::size_t>(f)]);
          }
        }
      }
      // Matrix operators first, then the vector work on their result.
      std::stable_partition(g.followers.begin(), g.followers.end(), is_gemm);
      g.hash = hash_of(g);
      const auto [found, added] =
          known.try_emplace(g.hash, static_cast<std::uint32_t>(c.unique.size()));
      if (added) {
        g.label = label_of(g.anchor, g.followers, blocks);
        c.unique.push_back(std::move(g));
      }
      c.unique[found->second].count += window.copies;
      segment.groups.push_back(found->second);
    }
    c.segments.push_back(std::move(segment));
  }
  for (const Operator& op : w.operators) {
    c.macs += models::multiply_accumulates(op.shape);
  }
  const double share = stage_share(w, c.layers);
  c.weight_bits = weight_bits(w, share);
  c.kv_bits = share * kv_bits(w);
  c.activation_bits = peak_activation_bits(w, groups);
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
