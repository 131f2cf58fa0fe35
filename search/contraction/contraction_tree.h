/// \file
/// An order of contraction as a binary tree that can be changed in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/step_price.h"

namespace cairn::search {

/// Nodes 0 ... terms - 1 are the terms, the others are steps. A node's indices are those of its
/// tensor. The network must outlive the tree.
class ContractionTree {
 public:
  struct Node {
    std::int32_t left{-1};
    std::int32_t right{-1};
    std::int32_t parent{-1};
    double size{};        ///< elements of its tensor
    double price{};       ///< of its step; 0 for a term
    std::uint64_t key{};  ///< sum of random numbers of its terms: tells which terms are under it
  };

  ContractionTree(const BitNetwork& network, const models::ContractionOrder& order,
                  const OrderPrice& price);

  [[nodiscard]] const BitNetwork& network() const { return *network_; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::int32_t root() const { return root_; }
  [[nodiscard]] const Node& node(std::int32_t id) const {
    return nodes_[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] BitView legs(std::int32_t id) const {
    return BitView(legs_).subspan(static_cast<std::size_t>(id) * network_->words, network_->words);
  }
  [[nodiscard]] bool is_term(std::int32_t id) const {
    return static_cast<std::size_t>(id) < network_->terms;
  }

  /// Sum of the prices of all steps, in the order of their nodes.
  [[nodiscard]] double total() const;
  /// The steps, each child that needs more memory first: of the orders of this tree that finish one
  /// subtree before the next, the one with the least peak. Does not depend on the nodes' numbers.
  [[nodiscard]] models::ContractionOrder order() const;

  /// Makes \p node the step of \p left and \p right; set_tensor() follows.
  void set_children(std::int32_t node, std::int32_t left, std::int32_t right);
  /// The indices, size and price of a step whose children are up to date.
  void set_tensor(std::int32_t node, BitView legs, double size, double price);
  void set_price(std::int32_t node, double price) {
    nodes_[static_cast<std::size_t>(node)].price = price;
  }

 private:
  const BitNetwork* network_;
  std::vector<Node> nodes_;
  std::vector<std::uint64_t> legs_;
  std::int32_t root_{};
};

/// What \p price says of the step of two tensors that give a third one.
template <class Price>
double step_price(const ContractionTree& tree, std::int32_t first, std::int32_t second,
                  double result, double united, const Price& price) {
  return price(StepSizes{.first = tree.node(first).size,
                         .second = tree.node(second).size,
                         .result = result,
                         .united = united});
}

/// Sum of the prices of an order's steps, and its value by the objective itself.
struct OrderValue {
  double total{};  ///< what the heuristics minimise
  double cost{};   ///< by the objective: the largest intermediate is a maximum, the others are sums
};
[[nodiscard]] OrderValue value_of(const ContractionTree& tree, const OrderPrice& price);

}  // namespace cairn::search
