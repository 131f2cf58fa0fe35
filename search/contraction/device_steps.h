/// \file
/// What the searches over a machine's steps share: prices of whole steps, sets of tensors, orders.
/// Private to this folder.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_network/gemm_step.h"
#include "models/tensor_network/product_shape.h"
#include "search/contraction/bits.h"
#include "search/contraction/device_order.h"
#include "search/contraction/step_prices.h"

namespace cairn::search::device {

using models::ContractionOrder;
using models::GemmStep;
using models::IndexId;
using models::TensorIndices;
using models::TensorNetwork;

/// What is minimised: a weighted sum of seconds and joules.
struct Weights {
  double latency{};
  double energy{};
  [[nodiscard]] double of(const StepPrice& price) const {
    // A weight of zero must not turn an infinite price into no number.
    return (latency > 0 ? latency * price.latency_s : 0) +
           (energy > 0 ? energy * price.energy_j : 0);
  }
};

[[nodiscard]] inline StepPrice twice(const StepPrice& price) {
  return price + price;
}

/// Prices of whole steps: all that a forward pass, or a training step, does for one.
class Steps {
 public:
  Steps(const DeviceOrderOptions& options, StepPrices& prices)
      : options_(options), prices_(prices) {}

  [[nodiscard]] bool stored(std::int32_t tensor) const {
    return static_cast<std::size_t>(tensor) < options_.stored.size() &&
           options_.stored[static_cast<std::size_t>(tensor)];
  }
  [[nodiscard]] StepPrice product(const GemmStep& step, bool first_stored, bool second_stored) {
    const models::ProductShape p = models::product_shape(step, first_stored, second_stored);
    StepPrice price = prices_.product(p.batch, p.m, p.n, p.k, p.weight);
    if (options_.training) {
      // The gradient of the m x k operand reads the k x n one, as the forward product does.
      price += prices_.product(p.batch, p.m, p.k, p.n, p.weight);
      price += prices_.product(p.batch, p.k, p.n, p.m, false);
    }
    return price;
  }
  [[nodiscard]] StepPrice permute(std::int64_t elements, std::int64_t run) {
    const StepPrice once = prices_.permute(elements, run);
    return options_.training ? twice(once) : once;
  }
  [[nodiscard]] StepPrice least(double multiplications) const {
    const StepPrice once = prices_.least(multiplications);
    return options_.training ? once + twice(once) : once;
  }
  /// Every order has the same number of steps, and none costs less than this.
  [[nodiscard]] StepPrice floor() const { return least(1); }

 private:
  const DeviceOrderOptions& options_;
  StepPrices& prices_;
};

using Tensors = std::uint64_t;
inline constexpr std::size_t kMostTerms = 64;
inline constexpr std::size_t kMostIndices = 192;
using Indices = Bits<kMostIndices / 64>;

/// What both searches below know of a network.
struct Frame {
  explicit Frame(const TensorNetwork& network) : holders(network.indices.size(), 0) {
    for (const models::TensorIndex& index : network.indices) {
      sizes.push_back(static_cast<double>(index.size));
    }
    for (std::size_t t = 0; t < network.terms.size(); ++t) {
      all |= Tensors{1} << t;
      for (const IndexId index : network.terms[t]) {
        holders[static_cast<std::size_t>(index)] |= Tensors{1} << t;
      }
    }
    for (const IndexId index : network.output) {
      output.set(static_cast<std::size_t>(index));
    }
  }
  [[nodiscard]] double elements(const Indices& indices) const {
    double product = 1;
    indices.for_each([&](std::size_t index) { product *= sizes[index]; });
    return product;
  }
  [[nodiscard]] static Indices indices_of(const models::TensorIndices& tensor) {
    Indices indices;
    for (const IndexId index : tensor) {
      indices.set(static_cast<std::size_t>(index));
    }
    return indices;
  }
  /// Of the indices \p united of a set's tensors, those that its result has.
  [[nodiscard]] Indices kept(const Indices& united, Tensors tensors) const {
    Indices result;
    united.for_each([&](std::size_t index) {
      if (output.test(index) || (holders[index] & ~tensors) != 0) {
        result.set(index);
      }
    });
    return result;
  }
  /// The shape of the product of two tensors of which \p kept is left.
  [[nodiscard]] GemmStep product(const Indices& first, const Indices& second,
                                 const Indices& kept) const {
    const Indices shared = first & second;
    const double batch = elements(shared & kept);
    const double k = elements(shared.without(kept));
    GemmStep step;
    step.batch = static_cast<std::int64_t>(batch);
    step.k = static_cast<std::int64_t>(k);
    step.m = static_cast<std::int64_t>(elements(first.without(shared)));
    step.n = static_cast<std::int64_t>(elements(second.without(shared)));
    return step;
  }
  [[nodiscard]] Tensors neighbours(const Indices& indices, Tensors tensors) const {
    Tensors result = 0;
    indices.for_each([&](std::size_t index) { result |= holders[index]; });
    return result & ~tensors;
  }

  std::vector<double> sizes;
  std::vector<Tensors> holders;  ///< of each index: tensors that have it
  Indices output;
  Tensors all{};
};

/// Appends the steps that made \p number; \p names gives each state its number in the order.
template <class State>
void append_steps(const std::vector<State>& states, std::int32_t number, std::size_t terms,
                  ContractionOrder& order, std::vector<std::int32_t>& names) {
  const State& made = states[static_cast<std::size_t>(number)];
  std::int32_t& name = names[static_cast<std::size_t>(number)];
  if (made.first < 0) {
    name = number;  // the terms are the first states
    return;
  }
  append_steps(states, made.first, terms, order, names);
  append_steps(states, made.second, terms, order, names);
  name = static_cast<std::int32_t>(terms + order.size());
  order.push_back({.first = names[static_cast<std::size_t>(made.first)],
                   .second = names[static_cast<std::size_t>(made.second)]});
}

}  // namespace cairn::search::device
