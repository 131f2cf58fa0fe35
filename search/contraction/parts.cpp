#include "search/contraction/parts.h"

#include <algorithm>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace cairn::search {

using models::ContractionOrder;
using models::IndexId;
using models::TensorNetwork;

std::vector<NetworkPart> connected_parts(const TensorNetwork& network) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  Graph graph(network.terms.size());
  std::vector<std::int32_t> last(network.indices.size(), -1);
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    for (const IndexId index : network.terms[t]) {
      std::int32_t& before = last[static_cast<std::size_t>(index)];
      if (before >= 0) {
        boost::add_edge(static_cast<std::size_t>(before), t, graph);
      }
      before = static_cast<std::int32_t>(t);
    }
  }
  std::vector<std::size_t> component(network.terms.size());
  const std::size_t count =
      network.terms.empty() ? 0 : boost::connected_components(graph, component.data());
  // Components are numbered by their first terms.
  std::vector<NetworkPart> parts(count);
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    NetworkPart& part = parts[component[t]];
    part.network.terms.push_back(network.terms[t]);
    part.terms.push_back(static_cast<std::int32_t>(t));
  }
  if (count == 1) {
    parts[0].network = network;
    return parts;
  }
  std::vector<IndexId> renamed(network.indices.size(), -1);
  for (NetworkPart& part : parts) {
    part.network.name = network.name;
    for (models::TensorIndices& term : part.network.terms) {
      for (IndexId& index : term) {
        IndexId& name = renamed[static_cast<std::size_t>(index)];
        if (name < 0) {
          name = static_cast<IndexId>(part.network.indices.size());
          part.network.indices.push_back(network.indices[static_cast<std::size_t>(index)]);
          if (std::ranges::find(network.output, index) != network.output.end()) {
            part.network.output.push_back(name);
          }
        }
        index = name;
      }
    }
  }
  return parts;
}

TensorNetwork network_of_results(const TensorNetwork& whole,
                                 const std::vector<NetworkPart>& parts) {
  TensorNetwork results{
      .name = whole.name, .indices = whole.indices, .terms = {}, .output = whole.output};
  for (const NetworkPart& part : parts) {
    models::TensorIndices& term = results.terms.emplace_back();
    for (const std::int32_t t : part.terms) {
      for (const IndexId index : whole.terms[static_cast<std::size_t>(t)]) {
        if (std::ranges::find(whole.output, index) != whole.output.end() &&
            std::ranges::find(term, index) == term.end()) {
          term.push_back(index);
        }
      }
    }
  }
  return results;
}

ContractionOrder join_orders(std::size_t terms, const std::vector<NetworkPart>& parts,
                             const std::vector<ContractionOrder>& orders,
                             const ContractionOrder& joins) {
  ContractionOrder order;
  std::vector<std::int32_t> results;
  const auto append = [&](const ContractionOrder& steps, std::vector<std::int32_t> names) {
    for (const models::PairwiseStep& step : steps) {
      order.push_back({.first = names[static_cast<std::size_t>(step.first)],
                       .second = names[static_cast<std::size_t>(step.second)]});
      names.push_back(static_cast<std::int32_t>(terms + order.size() - 1));
    }
    return names.back();
  };
  for (std::size_t p = 0; p < parts.size(); ++p) {
    results.push_back(append(orders[p], parts[p].terms));
  }
  append(joins, std::move(results));
  return order;
}

}  // namespace cairn::search
