#include "search/contraction/contraction_tree.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/random.h"

namespace cairn::search {
namespace {

constexpr std::uint64_t kKeySeed = 0x7265655f6b657973;  // any constant: keys only tell sets apart

}  // namespace

ContractionTree::ContractionTree(const BitNetwork& network, const models::ContractionOrder& order,
                                 const OrderPrice& price)
    : network_(&network) {
  const std::size_t terms = network.terms;
  const std::size_t words = network.words;
  CAIRN_CHECK(terms == order.size() + 1, "an order has one step fewer than terms");
  nodes_.resize(terms + order.size());
  legs_.resize(nodes_.size() * words);
  std::ranges::copy(network.legs, legs_.begin());
  Rng rng(kKeySeed);
  for (std::size_t t = 0; t < terms; ++t) {
    nodes_[t].size = network.term_size[t];
    nodes_[t].key = rng();
  }
  root_ = static_cast<std::int32_t>(nodes_.size()) - 1;
  std::vector<std::int32_t> holders = network.holders;
  std::vector<std::uint64_t> result(words);
  with_price(price, [&](const auto& step_cost) {
    for (std::size_t s = 0; s < order.size(); ++s) {
      const auto id = static_cast<std::int32_t>(terms + s);
      const BitView first = legs(order[s].first);
      const BitView second = legs(order[s].second);
      double united = 1;
      double left = 1;
      for (std::size_t w = 0; w < words; ++w) {
        result[w] = first[w] | second[w];
        std::uint64_t removed = 0;
        for (std::uint64_t rest = result[w]; rest != 0; rest &= rest - 1) {
          const auto bit = static_cast<std::size_t>(std::countr_zero(rest));
          const std::size_t index = w * 64 + bit;
          united *= network.size[index];
          holders[index] -= static_cast<std::int32_t>((first[w] >> bit) & (second[w] >> bit) & 1U);
          // One holder is this result itself: nobody else needs the index.
          if (holders[index] == 1) {
            removed |= std::uint64_t{1} << bit;
          } else {
            left *= network.size[index];
          }
        }
        result[w] &= ~removed;
      }
      set_children(id, order[s].first, order[s].second);
      set_tensor(id, result, left,
                 step_price(*this, order[s].first, order[s].second, left, united, step_cost));
    }
  });
}

void ContractionTree::set_children(std::int32_t node, std::int32_t left, std::int32_t right) {
  Node& step = nodes_[static_cast<std::size_t>(node)];
  Node& first = nodes_[static_cast<std::size_t>(left)];
  Node& second = nodes_[static_cast<std::size_t>(right)];
  step.left = left;
  step.right = right;
  step.key = first.key + second.key;
  first.parent = node;
  second.parent = node;
}

void ContractionTree::set_tensor(std::int32_t node, BitView legs, double size, double price) {
  Node& step = nodes_[static_cast<std::size_t>(node)];
  step.size = size;
  step.price = price;
  std::ranges::copy(
      legs, std::span(legs_).subspan(static_cast<std::size_t>(node) * network_->words).begin());
}

double ContractionTree::total() const {
  double sum = 0;
  for (const Node& node : nodes_) {
    sum += node.price;
  }
  return sum;
}

models::ContractionOrder ContractionTree::order() const {
  // Children before parents.
  std::vector<std::int32_t> down{root_};
  for (std::size_t i = 0; i < down.size(); ++i) {
    if (!is_term(down[i])) {
      down.push_back(node(down[i]).left);
      down.push_back(node(down[i]).right);
    }
  }
  struct Need {
    double peak{};        ///< most elements beyond those alive before the subtree
    double rest{};        ///< elements more than before, once it is done
    std::int32_t term{};  ///< lowest term under it, to break ties
  };
  std::vector<Need> needs(nodes_.size());
  std::vector<std::array<std::int32_t, 2>> children(nodes_.size());
  for (auto i = down.rbegin(); i != down.rend(); ++i) {
    const auto at = static_cast<std::size_t>(*i);
    if (is_term(*i)) {
      needs[at].term = *i;
      continue;
    }
    const Node& step = nodes_[at];
    std::array<std::int32_t, 2> order{step.left, step.right};
    const auto need = [&](std::size_t which) {
      return needs[static_cast<std::size_t>(order[which])];
    };
    const auto peak = [&] { return std::max(need(0).peak, need(0).rest + need(1).peak); };
    if (need(1).term < need(0).term) {
      std::swap(order[0], order[1]);
    }
    const double first = peak();
    std::swap(order[0], order[1]);
    const double second = peak();
    if (first <= second) {
      std::swap(order[0], order[1]);
    }
    const double made = need(0).rest + need(1).rest + step.size;
    needs[at] = {.peak = std::max(std::min(first, second), made),
                 .rest = made - node(step.left).size - node(step.right).size,
                 .term = std::min(need(0).term, need(1).term)};
    children[at] = order;
  }
  models::ContractionOrder steps;
  steps.reserve(nodes_.size() - network_->terms);
  std::vector<std::int32_t> number(nodes_.size());
  std::vector<std::pair<std::int32_t, bool>> stack{{root_, false}};
  while (!stack.empty()) {
    const auto [id, ready] = stack.back();
    stack.pop_back();
    const auto at = static_cast<std::size_t>(id);
    if (is_term(id)) {
      number[at] = id;
    } else if (ready) {
      number[at] = static_cast<std::int32_t>(network_->terms + steps.size());
      steps.push_back({.first = number[static_cast<std::size_t>(children[at][0])],
                       .second = number[static_cast<std::size_t>(children[at][1])]});
    } else {
      stack.emplace_back(id, true);
      stack.emplace_back(children[at][1], false);
      stack.emplace_back(children[at][0], false);
    }
  }
  return steps;
}

OrderValue value_of(const ContractionTree& tree, const OrderPrice& price) {
  OrderValue value{.total = tree.total(), .cost = 0};
  value.cost = value.total;
  if (!price.custom && price.objective == OrderObjective::size) {
    value.cost = 0;
    for (std::size_t i = tree.network().terms; i < tree.size(); ++i) {
      value.cost = std::max(value.cost, tree.node(static_cast<std::int32_t>(i)).size);
    }
  }
  return value;
}

}  // namespace cairn::search
