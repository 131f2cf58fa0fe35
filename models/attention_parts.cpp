#include "models/attention_parts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

namespace cairn::models {
namespace {

constexpr std::int32_t kParts = 3;

std::array<Operator, kParts> parts_of(const Operator& op) {
  const auto& a = std::get<Attention>(op.shape);
  const std::int64_t keys = a.visible_keys();
  const std::int64_t rows = a.queries * (a.heads / a.kv_heads);
  const std::array<std::string_view, kParts> suffixes{".scores", ".softmax", ".values"};
  const std::array<Shape, kParts> shapes{
      MatMul{.batch = a.batch * a.kv_heads, .m = rows, .n = keys, .k = a.head_dim, .weight = false},
      Softmax{.rows = a.batch * a.heads * a.queries, .columns = keys},
      MatMul{
          .batch = a.batch * a.kv_heads, .m = rows, .n = a.head_dim, .k = keys, .weight = false}};
  std::array<Operator, kParts> parts{op, op, op};
  for (std::size_t p = 0; p < parts.size(); ++p) {
    parts.at(p).name += suffixes.at(p);
    parts.at(p).group += suffixes.at(p);
    parts.at(p).shape = shapes.at(p);
  }
  parts[0].formats.outputs = op.formats.activations;
  parts[1].formats.outputs = op.formats.activations;
  return parts;
}

}  // namespace

Workload with_plain_attention(Workload workload) {
  const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  const auto is_attention = [](const Operator& op) {
    return std::holds_alternative<Attention>(op.shape);
  };
  if (std::ranges::none_of(workload.operators, is_attention)) {
    return workload;
  }
  const std::vector<Operator> old = std::move(workload.operators);
  std::vector<std::int32_t> first;
  std::vector<Edge> edges;
  workload.operators.clear();
  for (const Operator& op : old) {
    first.push_back(static_cast<std::int32_t>(workload.operators.size()));
    if (!is_attention(op)) {
      workload.operators.push_back(op);
      continue;
    }
    edges.push_back({first.back(), first.back() + 1});
    edges.push_back({first.back() + 1, first.back() + 2});
    for (Operator& part : parts_of(op)) {
      workload.operators.push_back(std::move(part));
    }
  }
  const auto last = [&](std::int32_t i) {
    return first[at(i)] + (is_attention(old[at(i)]) ? kParts - 1 : 0);
  };
  std::vector<std::int32_t> inputs_seen(old.size(), 0);
  std::vector<std::int32_t> inputs(old.size(), 0);
  for (const Edge& edge : workload.edges) {
    ++inputs[at(edge.to)];
  }
  for (const Edge& edge : workload.edges) {
    const std::int32_t from = last(edge.from);
    if (!is_attention(old[at(edge.to)])) {
      edges.push_back({from, first[at(edge.to)]});
      continue;
    }
    // Queries, keys, values; or one tensor that holds all of them.
    const std::int32_t place = inputs_seen[at(edge.to)]++;
    const bool apart = inputs[at(edge.to)] >= kParts;
    if (!apart || place < 2) {
      edges.push_back({from, first[at(edge.to)]});
    }
    if (!apart || place >= 2) {
      edges.push_back({from, first[at(edge.to)] + 2});
    }
  }
  std::ranges::stable_sort(edges, {}, &Edge::to);
  workload.edges = std::move(edges);
  std::erase_if(workload.fusions,
                [](const FusionGroup& group) { return group.kind == FusionKind::attention; });
  for (FusionGroup& group : workload.fusions) {
    for (std::int32_t& index : group.operators) {
      index = last(index);
    }
  }
  for (Repeat& repeat : workload.repeats) {
    const std::int32_t begin = repeat.first;
    repeat.first = first[at(begin)];
    repeat.length = last(begin + repeat.length - 1) + 1 - repeat.first;
  }
  return workload;
}

}  // namespace cairn::models
