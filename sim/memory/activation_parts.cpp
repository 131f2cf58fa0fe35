#include "sim/memory/activation_parts.h"

#include <algorithm>
#include <array>
#include <variant>

namespace cairn::sim {
namespace {

using Index = std::int32_t;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

bool joins_tensors(const models::Operator& op) {
  const auto* e = std::get_if<models::Elementwise>(&op.shape);
  return e != nullptr && e->inputs > 1;
}

double bits_made(const models::Operator& op) {
  return static_cast<double>(models::output_elements(op.shape)) *
         op.formats.outputs.bits_per_element();
}

double bits_read(const models::Operator& op) {
  return static_cast<double>(models::input_elements(op.shape)) *
         op.formats.activations.bits_per_element();
}

bool updates(const models::Operator& op) {
  const auto* e = std::get_if<models::Elementwise>(&op.shape);
  return e != nullptr &&
         (e->kind == models::ElementwiseKind::sgd || e->kind == models::ElementwiseKind::adam);
}

/// Operators whose results lie elsewhere: parameters that an update writes in place, and gradients
/// of parameters where the workload holds them apart (an exchange passes on where its result lies).
std::vector<bool> stored_elsewhere(const models::Workload& workload) {
  const std::size_t count = workload.operators.size();
  std::vector<bool> elsewhere(count, false);
  if (workload.phase != models::Phase::training) {
    return elsewhere;
  }
  std::vector<std::vector<Index>> readers(count);
  for (const models::Edge& edge : workload.edges) {
    readers[at(edge.from)].push_back(edge.to);
  }
  const auto holds = [&](Index reader) {
    const models::Operator& op = workload.operators[at(reader)];
    return updates(op) ||
           (std::holds_alternative<models::Collective>(op.shape) && elsewhere[at(reader)]);
  };
  for (std::size_t i = count; i-- > 0;) {
    const bool gradient = workload.gradient_bits > 0 && !readers[i].empty() &&
                          std::all_of(readers[i].begin(), readers[i].end(), holds);
    elsewhere[i] = gradient || updates(workload.operators[i]);
  }
  return elsewhere;
}

void insert_once(std::vector<Index>& list, Index value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(value);
  }
}

/// A part before it has its number in the graph.
struct Draft {
  Index root{};
  Index joined{-1};  ///< draft
  double output_bits{};
  std::vector<Index> inputs;  ///< drafts
};

/// Whether \p op multiplies two stored weights.
bool reads_weights_alone(const models::Operator& op) {
  const auto* matmul = std::get_if<models::MatMul>(&op.shape);
  return matmul != nullptr && matmul->weight &&
         op.parameters >= models::weight_elements(op.shape) + models::input_elements(op.shape);
}

/// For each draft that multiplies stored weights: the draft after which it may start, -1 for none
/// and for all others. Nothing keeps such a product from running before the pass; it waits for what
/// the draft reads that it is made for, so that one layer is ordered without all others.
std::vector<Index> starts_after(const models::Workload& workload,
                                const std::vector<Draft>& drafts) {
  std::vector<bool> weights(drafts.size(), false);  // made of stored weights alone
  std::vector<Index> reader(drafts.size(), -1);
  for (std::size_t d = 0; d < drafts.size(); ++d) {
    const std::vector<Index>& inputs = drafts[d].inputs;
    const models::Operator& op = workload.operators[at(drafts[d].root)];
    const bool derived =
        std::all_of(inputs.begin(), inputs.end(), [&](Index input) { return weights[at(input)]; });
    weights[d] = inputs.empty() ? reads_weights_alone(op) : derived;
    for (const Index input : inputs) {
      reader[at(input)] = reader[at(input)] < 0 ? static_cast<Index>(d) : reader[at(input)];
    }
  }
  const auto data_input = [&](Index d) {
    for (const Index input : drafts[at(d)].inputs) {
      if (!weights[at(input)]) {
        return input;
      }
    }
    return Index{-1};
  };
  std::vector<Index> after(drafts.size(), -1);
  for (std::size_t d = 0; d < drafts.size(); ++d) {
    if (!weights[d] || !drafts[d].inputs.empty()) {
      continue;
    }
    auto user = static_cast<Index>(d);
    while (user >= 0 && weights[at(user)]) {
      user = reader[at(user)];
    }
    Index data = user < 0 ? user : data_input(user);
    while (data > static_cast<Index>(d)) {
      data = data_input(data);
    }
    after[d] = data;
  }
  return after;
}

}  // namespace

ActivationParts parts_of(const models::Workload& workload, const std::vector<Index>& group_of) {
  const auto count = static_cast<Index>(workload.operators.size());
  std::vector<Draft> drafts;
  std::vector<Index> draft_of(at(count));
  std::vector<Index> latest(at(count), -1);  // by group: the part that grows
  for (Index i = 0; i < count; ++i) {
    const Index group = group_of[at(i)];
    if (group == i || joins_tensors(workload.operators[at(i)])) {
      drafts.push_back({i, latest[at(group)], 0, {}});
      latest[at(group)] = static_cast<Index>(drafts.size()) - 1;
    }
    draft_of[at(i)] = latest[at(group)];
  }
  std::vector<bool> read(at(count), false);
  std::vector<bool> leaves(at(count), false);
  for (const models::Edge& edge : workload.edges) {
    const Index from = draft_of[at(edge.from)];
    const Index to = draft_of[at(edge.to)];
    read[at(edge.from)] = true;
    if (from != to) {
      leaves[at(edge.from)] = true;
      // An operator that was joined to a group before its input ran reads it within the group.
      if (from < to) {
        insert_once(drafts[at(to)].inputs, from);
      }
    }
  }
  const std::vector<bool> elsewhere = stored_elsewhere(workload);
  for (Index i = 0; i < count; ++i) {
    if ((leaves[at(i)] || !read[at(i)]) && !elsewhere[at(i)]) {
      drafts[at(draft_of[at(i)])].output_bits += bits_made(workload.operators[at(i)]);
    }
  }
  const std::vector<Index> after = starts_after(workload, drafts);
  ActivationParts made;
  // What is read from outside lies in memory before the pass begins; branches share it.
  std::vector<std::pair<double, Index>> sources;
  std::vector<Index> source_of(drafts.size(), -1);
  for (std::size_t d = 0; d < drafts.size(); ++d) {
    const double bits = bits_read(workload.operators[at(drafts[d].root)]);
    if (!drafts[d].inputs.empty() || bits == 0 || after[d] >= 0) {
      continue;
    }
    const auto known = std::find_if(sources.begin(), sources.end(),
                                    [bits](const auto& source) { return source.first == bits; });
    if (known != sources.end()) {
      source_of[d] = known->second;
    } else {
      source_of[d] = made.graph.add({.output_bits = bits}, {});
      made.parts.push_back({});
      sources.emplace_back(bits, source_of[d]);
    }
  }
  std::vector<Index> number(drafts.size(), -1);
  std::vector<Index> begun(drafts.size(), -1);  // by draft: a node without a tensor right after it
  std::vector<Index> inputs;
  for (std::size_t d = 0; d < drafts.size(); ++d) {
    inputs.clear();
    if (source_of[d] >= 0) {
      inputs.push_back(source_of[d]);
    }
    for (const Index input : drafts[d].inputs) {
      inputs.push_back(number[at(input)]);
    }
    if (after[d] >= 0) {
      Index& begin = begun[at(after[d])];
      if (begin < 0) {
        begin = made.graph.add({}, std::array{number[at(after[d])]});
        made.parts.push_back({});
      }
      inputs.push_back(begin);
    }
    number[d] = made.graph.add({.output_bits = drafts[d].output_bits}, inputs);
    made.parts.push_back(
        {drafts[d].root, drafts[d].joined < 0 ? -1 : number[at(drafts[d].joined)]});
  }
  return made;
}

ActivationGraph fused(const ActivationParts& parts) {
  const ActivationGraph& graph = parts.graph;
  // The node of `graph` that each node is computed with, and those that are read elsewhere, too.
  std::vector<Index> with(at(graph.size()));
  std::vector<bool> kept(at(graph.size()), false);
  for (Index n = 0; n < graph.size(); ++n) {
    const Index joined = parts.parts[at(n)].joined;
    const Index host = joined < 0 ? n : with[at(joined)];
    const auto inputs = graph.inputs(n);
    const bool ready = std::all_of(inputs.begin(), inputs.end(), [&](Index input) {
      return with[at(input)] == host || with[at(input)] < host;
    });
    with[at(n)] = ready ? host : n;
  }
  for (Index n = 0; n < graph.size(); ++n) {
    for (const Index input : graph.inputs(n)) {
      kept[at(input)] = kept[at(input)] || with[at(input)] != with[at(n)];
    }
  }
  std::vector<bool> read(at(graph.size()), false);
  for (Index n = 0; n < graph.size(); ++n) {
    for (const Index input : graph.inputs(n)) {
      read[at(input)] = true;
    }
  }
  std::vector<ActivationNode> nodes(at(graph.size()));
  std::vector<std::vector<Index>> inputs(at(graph.size()));
  for (Index n = 0; n < graph.size(); ++n) {
    const Index host = with[at(n)];
    if (kept[at(n)] || !read[at(n)]) {
      nodes[at(host)].output_bits += graph.node(n).output_bits;
    }
    for (const Index input : graph.inputs(n)) {
      if (with[at(input)] != host) {
        insert_once(inputs[at(host)], with[at(input)]);
      }
    }
  }
  ActivationGraph made;
  std::vector<Index> number(at(graph.size()));
  for (Index n = 0; n < graph.size(); ++n) {
    if (with[at(n)] != n) {
      continue;
    }
    for (Index& input : inputs[at(n)]) {
      input = number[at(input)];
    }
    number[at(n)] = made.add(nodes[at(n)], inputs[at(n)]);
  }
  return made;
}

}  // namespace cairn::sim
