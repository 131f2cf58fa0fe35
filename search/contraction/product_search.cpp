#include "search/contraction/product_search.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

#include "search/contraction/cpu_budget.h"

namespace cairn::search::device {

void ProductSearch::price(std::int32_t a, std::int32_t b) {
  const State& first = states_[static_cast<std::size_t>(a)];
  const State& second = states_[static_cast<std::size_t>(b)];
  const Tensors tensors = first.tensors | second.tensors;
  const Indices united = first.indices | second.indices;
  const Indices kept = frame_.kept(united, tensors);
  const GemmStep product = frame_.product(first.indices, second.indices, kept);
  const auto stored = [&](const State& state) {
    return state.first < 0 && steps_.stored(std::countr_zero(state.tensors));
  };
  const double step = weights_.of(steps_.product(product, stored(first), stored(second))) - floor_;
  const double cost = first.cost + second.cost + step;
  if (!(cost <= bound_)) {
    return;
  }
  const auto known = numbers_.find(tensors);
  const auto number =
      known == numbers_.end() ? static_cast<std::int32_t>(states_.size()) : known->second;
  pairs_.push_back({a, b, number, step});
  if (known != numbers_.end()) {
    State& state = states_[static_cast<std::size_t>(known->second)];
    if (!state.final && cost < state.cost) {
      state.cost = cost;
      state.first = a;
      state.second = b;
      queue_.push({cost, known->second});
    }
    return;
  }
  State made;
  made.tensors = tensors;
  made.indices = kept;
  made.elements = frame_.elements(kept);
  made.cost = cost;
  made.first = a;
  made.second = b;
  add(made);
}

void ProductSearch::pair_with_all(std::int32_t number) {
  State& state = states_[static_cast<std::size_t>(number)];
  state.neighbours = frame_.neighbours(state.indices, state.tensors);
  for (const std::int32_t other : final_) {
    const State& partner = states_[static_cast<std::size_t>(other)];
    if ((partner.tensors & state.tensors) != 0 ||
        (!options_.outer_products && state.neighbours != 0 &&
         (partner.tensors & state.neighbours) == 0)) {
      continue;
    }
    const double multiplications =
        state.elements * partner.elements / frame_.elements(state.indices & partner.indices);
    const double least =
        state.cost + partner.cost + weights_.of(steps_.least(multiplications)) - floor_;
    if (least <= bound_) {
      queue_.push({least, number, other});
    }
  }
  final_.push_back(number);
}

std::int32_t ProductSearch::advance(double most) {
  constexpr std::size_t kLookAtTime = 64;
  const std::int64_t start = thread_cpu_nanoseconds();
  while (!queue_.empty() && queue_.top().cost <= most) {
    const Waiting next = queue_.top();
    queue_.pop();
    if (next.partner >= 0) {
      price(next.state, next.partner);
    } else if (State& state = states_[static_cast<std::size_t>(next.state)];
               !state.final && next.cost <= state.cost) {
      state.final = true;
      if (state.tensors == frame_.all) {
        return next.state;
      }
      pair_with_all(next.state);
    }
    if (++turns_ > options_.most_turns || states_.size() > options_.most_states ||
        (turns_ % kLookAtTime == 0 &&
         1e-9 * static_cast<double>(thread_cpu_nanoseconds() - start) > options_.cpu_seconds)) {
      proven_ = false;
      return -1;
    }
  }
  return -1;
}

std::optional<ProductSearch::Found> ProductSearch::run(double bound) {
  constexpr double kRounding = 1e-12;
  const auto steps = static_cast<double>(terms_ - 1);
  bound_ = bound * (1 + kRounding) - steps * floor_;
  const std::int32_t whole = advance(bound_);
  if (whole < 0) {
    return std::nullopt;
  }
  Found found;
  found.cost = states_[static_cast<std::size_t>(whole)].cost + steps * floor_;
  std::vector<std::int32_t> names(states_.size(), -1);
  append_steps(states_, whole, terms_, found.order, names);
  return found;
}

std::vector<ProductSearch::Pair> ProductSearch::pairs_within(double bound) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  bound_ = std::min(bound_, bound - static_cast<double>(terms_ - 1) * floor_);
  advance(bound_);
  // What the rest of an order costs at least once a set is made: from the set of all downwards. A
  // set costs at least what its parts do, so by falling cost of the whole every set's rest is known
  // before it is used; of equal costs the larger set comes first.
  const auto state = [&](std::int32_t number) -> const State& {
    return states_[static_cast<std::size_t>(number)];
  };
  std::ranges::sort(pairs_, [&](const Pair& a, const Pair& b) {
    const State& first = state(a.whole);
    const State& second = state(b.whole);
    return std::tuple(first.cost, std::popcount(first.tensors), a.whole, a.first, a.second) >
           std::tuple(second.cost, std::popcount(second.tensors), b.whole, b.first, b.second);
  });
  std::vector<double> rest(states_.size(), kInfinity);
  rest[static_cast<std::size_t>(numbers_.at(frame_.all))] = 0;
  std::vector<Pair> within;
  for (const Pair& pair : pairs_) {
    const double above = rest[static_cast<std::size_t>(pair.whole)] + pair.cost;
    const double first = state(pair.first).cost;
    const double second = state(pair.second).cost;
    if (!(above + first + second <= bound_)) {
      continue;
    }
    double& rest_first = rest[static_cast<std::size_t>(pair.first)];
    double& rest_second = rest[static_cast<std::size_t>(pair.second)];
    rest_first = std::min(rest_first, above + second);
    rest_second = std::min(rest_second, above + first);
    within.push_back(pair);
  }
  std::ranges::reverse(within);
  return within;
}

}  // namespace cairn::search::device
