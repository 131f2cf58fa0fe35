/// \file
/// The cheapest products of all orders, reorderings left out. Private to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/contraction/device_steps.h"

namespace cairn::search::device {

/// The order whose products cost least when reorderings cost nothing: a lower bound, and the answer
/// if its products need none. Costs are what is above the floor of a step.
class ProductSearch {
 public:
  ProductSearch(const TensorNetwork& network, const Frame& frame, const DeviceOrderOptions& options,
                Steps& steps, const Weights& weights)
      : frame_(frame),
        options_(options),
        steps_(steps),
        weights_(weights),
        floor_(weights.of(steps.floor())),
        terms_(network.terms.size()) {
    for (std::size_t t = 0; t < terms_; ++t) {
      State leaf;
      leaf.tensors = Tensors{1} << t;
      leaf.indices = Frame::indices_of(network.terms[t]);
      leaf.elements = frame.elements(leaf.indices);
      add(leaf);
    }
  }

  struct Found {
    ContractionOrder order;
    double cost{};  ///< of the products
  };
  /// The best order, if its products cost at most \p bound.
  [[nodiscard]] std::optional<Found> run(double bound);
  [[nodiscard]] bool proven() const { return proven_; }

  /// A step that was priced: two sets and the set of both.
  struct Pair {
    std::int32_t first{};
    std::int32_t second{};
    std::int32_t whole{};
    double cost{};  ///< above the floor
  };
  /// After run(): prices further steps while they may stand in an order whose products cost at most
  /// \p bound, and gives those that may, each after the steps that make its operands. Sets are
  /// numbered with the terms first.
  [[nodiscard]] std::vector<Pair> pairs_within(double bound);

 private:
  struct State {
    Tensors tensors{};
    Tensors neighbours{};
    Indices indices;
    double elements{};
    double cost{};
    std::int32_t first{-1};
    std::int32_t second{-1};
    bool final{};
  };
  struct Waiting {
    double cost{};
    std::int32_t state{-1};
    std::int32_t partner{-1};  ///< -1: none; else a pair that is not priced yet
    friend bool operator<(const Waiting& a, const Waiting& b) {
      return std::tuple(b.cost, b.state, b.partner) < std::tuple(a.cost, a.state, a.partner);
    }
  };
  void add(const State& state) {
    const auto number = static_cast<std::int32_t>(states_.size());
    queue_.push({state.cost, number});
    numbers_.emplace(state.tensors, number);
    states_.push_back(state);
  }
  void price(std::int32_t a, std::int32_t b);
  void pair_with_all(std::int32_t number);
  /// Takes what waits in the queue up to a cost, or until the set of all terms is final.
  /// \returns its number, or -1.
  std::int32_t advance(double most);

  const Frame& frame_;
  const DeviceOrderOptions& options_;
  Steps& steps_;
  Weights weights_;
  double floor_{};
  std::size_t terms_{};
  double bound_{};
  std::vector<State> states_;
  std::vector<std::int32_t> final_;
  std::vector<Pair> pairs_;
  std::unordered_map<Tensors, std::int32_t> numbers_;
  std::priority_queue<Waiting> queue_;
  std::size_t turns_{};
  bool proven_{true};
};

}  // namespace cairn::search::device
