/// \file
/// Orders and layouts together. Private to this folder.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "search/contraction/device_steps.h"
#include "search/contraction/product_search.h"

namespace cairn::search::device {

/// Dynamic programming over sets of tensors and the layouts of their results: for every set some
/// ways to make it, each with the layouts that it may have at that cost. Costs are what is above
/// the floor of a step.
///
/// Ignores: reordering an operand that fits a product as it lies, so that the result lies better;
///          all but the kMostWays cheapest ways to make a set, and kMostLayouts layouts of each.
class LayoutSearch {
 public:
  LayoutSearch(const TensorNetwork& network, const Frame& frame, const DeviceOrderOptions& options,
               Steps& steps, const Weights& weights);

  struct Found {
    ContractionOrder order;
    DeviceOrderCost cost;
  };
  /// The cheapest state that \p order leads to when each step takes its operands' cheapest ones: a
  /// bound for run(). Nothing if the machine refuses a step.
  [[nodiscard]] std::optional<Found> follow(const ContractionOrder& order);
  /// What the products of \p order cost, reorderings left out.
  [[nodiscard]] double products_of(const ContractionOrder& order);
  /// The best order of these steps, if one is cheaper than \p bound.
  [[nodiscard]] std::optional<Found> run(const std::vector<ProductSearch::Pair>& pairs,
                                         double bound);

 private:
  /// A set made in one way, in any of several layouts at the same cost.
  struct State {
    Tensors tensors{};
    Indices indices;
    double elements{};
    double cost{};
    DeviceOrderCost prices;
    std::int32_t first{-1};
    std::int32_t second{-1};
    std::vector<TensorIndices> layouts;
  };
  static constexpr std::size_t kMostWays = 2;
  static constexpr std::size_t kMostLayouts = 12;
  /// A layout of a step's result and what it costs to have the operands fit it.
  struct Result {
    double cost{};
    StepPrice permutes;
    const TensorIndices* layout{};
  };

  [[nodiscard]] const State& state(std::int32_t number) const {
    return states_[static_cast<std::size_t>(number)];
  }
  [[nodiscard]] bool is_free(const State& state) const {
    return state.first < 0 && steps_.stored(std::countr_zero(state.tensors));
  }
  /// The layouts in which \p operand may be read with \p partner.
  [[nodiscard]] const std::vector<TensorIndices>& layouts_of(
      const State& operand, const State& partner, std::vector<TensorIndices>& made) const;
  /// Appends the states that a step of two states may lead to, cheapest first.
  void step(std::int32_t a, std::int32_t b);
  /// Keeps of the states from \p begin on, all of one set, those that matter; their numbers.
  [[nodiscard]] std::vector<std::int32_t> sift(std::size_t begin);
  [[nodiscard]] StepPrice reordering(const TensorIndices& from, const TensorIndices& to);
  [[nodiscard]] StepPrice to_output(const State& whole);
  [[nodiscard]] Found found(std::int32_t number);

  const TensorNetwork& network_;
  const Frame& frame_;
  const DeviceOrderOptions& options_;
  Steps& steps_;
  Weights weights_;
  double floor_{};
  double bound_{std::numeric_limits<double>::infinity()};
  models::GemmSteps ways_;
  std::vector<State> states_;
  TensorIndices kept_list_;
  std::vector<TensorIndices> first_layouts_;
  std::vector<TensorIndices> second_layouts_;
  std::deque<TensorIndices> result_layouts_;
  std::vector<Result> results_;
};

}  // namespace cairn::search::device
