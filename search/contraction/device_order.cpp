#include "search/contraction/device_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <span>
#include <tuple>

#include "core/error.h"
#include "models/tensor_network/gemm_step.h"
#include "models/tensor_network/product_shape.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/order_search.h"

namespace cairn::search {
namespace {

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

StepPrice twice(const StepPrice& price) {
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

 private:
  const DeviceOrderOptions& options_;
  StepPrices& prices_;
};

DeviceOrderCost price_by(const TensorNetwork& network, const ContractionOrder& order,
                         const DeviceOrderOptions& options, StepPrices& prices,
                         const Weights& weights) {
  Steps steps(options, prices);
  DeviceOrderCost cost;
  // Stored weights lie as their only use wants; gradients of theirs lie alike.
  cost.lowered = models::lower(network, order,
                               {.free_layout = options.stored,
                                .permute_price = [&](std::int64_t elements, std::int64_t run) {
                                  return weights.of(steps.permute(elements, run));
                                }});
  for (const models::LoweredStep& step : cost.lowered.steps) {
    if (step.is_product()) {
      cost.price +=
          steps.product(step.product, steps.stored(step.first), steps.stored(step.second));
    } else {
      cost.permutes += steps.permute(step.elements, step.run);
      ++cost.reorderings;
    }
  }
  cost.price += cost.permutes;
  return cost;
}

/// One search for the least weighted sum.
class Search {
 public:
  Search(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
         const Weights& weights, double bound);

  /// The best order, if one is below the bound.
  [[nodiscard]] std::optional<ContractionOrder> run();
  /// Whether nothing was left out.
  [[nodiscard]] bool proven() const { return proven_; }

 private:
  using Set = std::uint64_t;
  struct State {
    Set tensors{};
    double cost{};
    std::int32_t first{-1};
    std::int32_t second{-1};
    bool final{};
    TensorIndices layout;
  };
  struct Waiting {
    double cost{};
    std::int32_t state{-1};    ///< a state; or, with `partner`, a pair that is not priced yet
    std::int32_t partner{-1};  ///< -1: none; -2: the state is the whole, in the output's layout
    friend bool operator<(const Waiting& a, const Waiting& b) {
      return std::tuple(b.cost, b.state, b.partner) < std::tuple(a.cost, a.state, a.partner);
    }
  };
  static constexpr std::int32_t kGoal = -2;

  [[nodiscard]] double elements(Set indices) const;
  [[nodiscard]] bool is_free(const State& state) const {
    return state.first < 0 && steps_.stored(std::countr_zero(state.tensors));
  }
  void finalise(std::int32_t number);
  void pair_with_all(std::int32_t number);
  void price_pair(std::int32_t a, std::int32_t b);
  void offer(State state);
  [[nodiscard]] bool dominated(const State& state);
  [[nodiscard]] double reordering(std::span<const IndexId> from, std::span<const IndexId> to);
  void append_steps(std::int32_t number, ContractionOrder& order,
                    std::vector<std::int32_t>& names) const;

  const TensorNetwork& network_;
  const DeviceOrderOptions& options_;
  Steps steps_;
  Weights weights_;
  double bound_;
  Set all_{};
  models::GemmSteps ways_;
  std::vector<Set> holders_;  ///< of each index: tensors that have it
  std::vector<bool> in_output_;
  std::vector<State> states_;
  std::vector<std::int32_t> final_;  ///< states, in the order of their costs
  std::map<std::pair<Set, TensorIndices>, std::int32_t> known_;
  std::map<Set, std::vector<std::int32_t>> layouts_;  ///< final states of a set
  std::priority_queue<Waiting> queue_;
  bool proven_{true};
};

Search::Search(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
               const Weights& weights, double bound)
    : network_(network),
      options_(options),
      steps_(options, prices),
      weights_(weights),
      bound_(bound),
      ways_(network),
      holders_(network.indices.size(), 0),
      in_output_(network.indices.size(), false) {
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    all_ |= Set{1} << t;
    for (const IndexId index : network.terms[t]) {
      holders_[static_cast<std::size_t>(index)] |= Set{1} << t;
    }
  }
  for (const IndexId index : network.output) {
    in_output_[static_cast<std::size_t>(index)] = true;
  }
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    State state;
    state.tensors = Set{1} << t;
    state.layout = network.terms[t];
    offer(std::move(state));
  }
}

double Search::reordering(std::span<const IndexId> from, std::span<const IndexId> to) {
  std::int64_t total = 1;
  for (const IndexId index : from) {
    total *= ways_.sizes()[static_cast<std::size_t>(index)];
  }
  const std::int64_t run = models::contiguous_run(from, to, ways_.sizes());
  return run == total ? 0 : weights_.of(steps_.permute(total, run));
}

void Search::offer(State state) {
  if (state.cost >= bound_) {
    return;
  }
  const auto number = static_cast<std::int32_t>(states_.size());
  const auto [known, is_new] = known_.try_emplace({state.tensors, state.layout}, number);
  if (is_new) {
    queue_.push({state.cost, number});
    states_.push_back(std::move(state));
    return;
  }
  State& before = states_[static_cast<std::size_t>(known->second)];
  if (!before.final && state.cost < before.cost) {
    before.cost = state.cost;
    before.first = state.first;
    before.second = state.second;
    queue_.push({state.cost, known->second});
  }
}

bool Search::dominated(const State& state) {
  const auto others = layouts_.find(state.tensors);
  if (others == layouts_.end()) {
    return false;
  }
  return std::ranges::any_of(others->second, [&](std::int32_t other) {
    const State& cheaper = states_[static_cast<std::size_t>(other)];
    return cheaper.cost + reordering(cheaper.layout, state.layout) <= state.cost;
  });
}

void Search::price_pair(std::int32_t a, std::int32_t b) {
  const Set tensors =
      states_[static_cast<std::size_t>(a)].tensors | states_[static_cast<std::size_t>(b)].tensors;
  TensorIndices kept;
  for (const std::int32_t operand : {a, b}) {
    for (const IndexId index : states_[static_cast<std::size_t>(operand)].layout) {
      const auto i = static_cast<std::size_t>(index);
      if ((in_output_[i] || (holders_[i] & ~tensors) != 0) &&
          std::ranges::find(kept, index) == kept.end()) {
        kept.push_back(index);
      }
    }
  }
  const bool first_stored = is_free(states_[static_cast<std::size_t>(a)]);
  const bool second_stored = is_free(states_[static_cast<std::size_t>(b)]);
  const auto size_of = [&](std::int32_t operand) {
    std::int64_t total = 1;
    for (const IndexId index : states_[static_cast<std::size_t>(operand)].layout) {
      total *= ways_.sizes()[static_cast<std::size_t>(index)];
    }
    return total;
  };
  const double children =
      states_[static_cast<std::size_t>(a)].cost + states_[static_cast<std::size_t>(b)].cost;
  for (const GemmStep& way : ways_.ways(states_[static_cast<std::size_t>(a)].layout,
                                        states_[static_cast<std::size_t>(b)].layout, kept)) {
    StepPrice price = steps_.product(way, first_stored, second_stored);
    if (way.permute_first && !first_stored) {
      price += steps_.permute(size_of(a), way.first_run);
    }
    if (way.permute_second && !second_stored) {
      price += steps_.permute(size_of(b), way.second_run);
    }
    offer({.tensors = tensors,
           .cost = children + weights_.of(price),
           .first = a,
           .second = b,
           .final = false,
           .layout = way.result});
  }
}

void Search::pair_with_all(std::int32_t number) {
  const State& state = states_[static_cast<std::size_t>(number)];
  Set neighbours = 0;
  for (const IndexId index : state.layout) {
    neighbours |= holders_[static_cast<std::size_t>(index)];
  }
  for (const std::int32_t other : final_) {
    const State& partner = states_[static_cast<std::size_t>(other)];
    if ((partner.tensors & state.tensors) != 0 ||
        (!options_.outer_products && (partner.tensors & neighbours) == 0)) {
      continue;
    }
    double multiplications = 1;
    for (const IndexId index : state.layout) {
      multiplications *= static_cast<double>(ways_.sizes()[static_cast<std::size_t>(index)]);
    }
    for (const IndexId index : partner.layout) {
      if (std::ranges::find(state.layout, index) == state.layout.end()) {
        multiplications *= static_cast<double>(ways_.sizes()[static_cast<std::size_t>(index)]);
      }
    }
    const double least = state.cost + partner.cost + weights_.of(steps_.least(multiplications));
    if (least < bound_) {
      queue_.push({least, number, other});
    }
  }
}

void Search::append_steps(std::int32_t number, ContractionOrder& order,
                          std::vector<std::int32_t>& names) const {
  const State& state = states_[static_cast<std::size_t>(number)];
  std::int32_t& name = names[static_cast<std::size_t>(number)];
  if (state.first < 0) {
    name = std::countr_zero(state.tensors);
    return;
  }
  append_steps(state.first, order, names);
  append_steps(state.second, order, names);
  name = static_cast<std::int32_t>(network_.terms.size() + order.size());
  order.push_back({.first = names[static_cast<std::size_t>(state.first)],
                   .second = names[static_cast<std::size_t>(state.second)]});
}

void Search::finalise(std::int32_t number) {
  State& state = states_[static_cast<std::size_t>(number)];
  state.final = true;
  if (dominated(state)) {
    return;
  }
  layouts_[state.tensors].push_back(number);
  if (state.tensors == all_) {
    const double total = state.cost + reordering(state.layout, network_.output);
    if (total < bound_) {
      queue_.push({total, number, kGoal});
    }
    return;
  }
  pair_with_all(number);
  final_.push_back(number);
}

std::optional<ContractionOrder> Search::run() {
  constexpr std::size_t kLookAtTime = 64;
  const std::int64_t start = thread_cpu_nanoseconds();
  std::size_t turns = 0;
  while (!queue_.empty()) {
    const Waiting next = queue_.top();
    queue_.pop();
    if (next.partner == kGoal) {
      ContractionOrder order;
      std::vector<std::int32_t> names(states_.size(), -1);
      append_steps(next.state, order, names);
      return order;
    }
    if (next.partner >= 0) {
      price_pair(next.state, next.partner);
    } else if (const State& state = states_[static_cast<std::size_t>(next.state)];
               !state.final && next.cost <= state.cost) {
      finalise(next.state);
    }
    if (states_.size() > options_.most_states ||
        (++turns % kLookAtTime == 0 &&
         1e-9 * static_cast<double>(thread_cpu_nanoseconds() - start) > options_.cpu_seconds)) {
      proven_ = false;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// The least weighted sum, starting from the cheapest of the given orders.
struct Found {
  ContractionOrder order;
  DeviceOrderCost cost;
  bool proven{};
};
Found least_sum(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
                const Weights& weights, std::span<const ContractionOrder> known) {
  Found best;
  double bound = std::numeric_limits<double>::infinity();
  for (const ContractionOrder& order : known) {
    DeviceOrderCost cost = price_by(network, order, options, prices, weights);
    if (weights.of(cost.price) < bound) {
      bound = weights.of(cost.price);
      best = {order, std::move(cost), false};
    }
  }
  constexpr std::size_t kMostTerms = 64;
  if (network.terms.size() > kMostTerms || network.terms.size() < 2) {
    best.proven = network.terms.size() < 2;
    return best;
  }
  Search search(network, options, prices, weights, bound);
  if (std::optional<ContractionOrder> order = search.run()) {
    best.cost = price_by(network, *order, options, prices, weights);
    best.order = std::move(*order);
  }
  best.proven = search.proven();
  return best;
}

double product_of(const DeviceOrderCost& cost) {
  return cost.price.latency_s * cost.price.energy_j;
}

/// The least product of seconds and joules. A product is least at a corner of the convex hull of
/// all (latency, energy), and each corner is least by some weighted sum: from the two ends inwards,
/// a pair of corners is looked between while the lines through them leave room for a better one.
class LeastProduct {
 public:
  LeastProduct(const TensorNetwork& network, const DeviceOrderOptions& options, StepPrices& prices,
               std::span<const ContractionOrder> known)
      : network_(network), options_(options), prices_(prices), known_(known) {}

  [[nodiscard]] Found run() {
    const Found fast = least_sum(network_, options_, prices_, {1, 0}, known_);
    if (fast.order.empty()) {
      return fast;
    }
    const Found frugal = least_sum(network_, options_, prices_, {0, 1}, known_);
    best_ = product_of(frugal.cost) < product_of(fast.cost) ? frugal : fast;
    proven_ = fast.proven && frugal.proven;
    between(fast.cost.price, frugal.cost.price, kMostDepth);
    best_.proven = proven_;
    return best_;
  }

 private:
  static constexpr int kMostDepth = 12;

  /// \p fast has less latency and more energy than \p frugal.
  void between(const StepPrice& fast, const StepPrice& frugal, int depth) {
    const double time = frugal.latency_s - fast.latency_s;
    const double energy = fast.energy_j - frugal.energy_j;
    // Nothing between them is below both (their least time, their least energy).
    if (time <= 0 || energy <= 0 || fast.latency_s * frugal.energy_j >= product_of(best_.cost)) {
      return;
    }
    if (depth == 0) {
      proven_ = false;
      return;
    }
    const Weights weights{energy, time};
    const Found middle = least_sum(network_, options_, prices_, weights, known_);
    proven_ = proven_ && middle.proven;
    if (product_of(middle.cost) < product_of(best_.cost)) {
      best_ = middle;
    }
    constexpr double kRounding = 1e-9;
    if (weights.of(middle.cost.price) >= weights.of(fast) * (1 - kRounding)) {
      return;  // the line through both ends is a side of the hull
    }
    between(fast, middle.cost.price, depth - 1);
    between(middle.cost.price, frugal, depth - 1);
  }

  const TensorNetwork& network_;
  const DeviceOrderOptions& options_;
  StepPrices& prices_;
  std::span<const ContractionOrder> known_;
  Found best_;
  bool proven_{true};
};

Weights weights_of(DeviceObjective objective) {
  return objective == DeviceObjective::energy ? Weights{0, 1} : Weights{1, 0};
}

}  // namespace

DeviceOrderCost price_order(const TensorNetwork& network, const ContractionOrder& order,
                            const DeviceOrderOptions& options, StepPrices& prices) {
  return price_by(network, order, options, prices, weights_of(options.objective));
}

DeviceOrderResult search_device_order(const TensorNetwork& network,
                                      const DeviceOrderOptions& options, StepPrices& prices) {
  // Orders without a machine bound the search, and are the answer where it does not end.
  OrderOptions fewest;
  fewest.outer_products = options.outer_products;
  const std::vector<ContractionOrder> known{search_order(network, fewest).order};
  const Found found =
      options.objective == DeviceObjective::edp
          ? LeastProduct(network, options, prices, known).run()
          : least_sum(network, options, prices, weights_of(options.objective), known);
  DeviceOrderResult result;
  if (network.terms.size() > 1 && found.order.empty()) {
    result.refusal = prices.refusal();
    return result;
  }
  result.order = found.order;
  result.cost = found.cost;
  result.optimal = found.proven;
  return result;
}

}  // namespace cairn::search
