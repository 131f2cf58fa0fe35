#include "search/contraction/layout_search.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace cairn::search::device {

LayoutSearch::LayoutSearch(const TensorNetwork& network, const Frame& frame,
                           const DeviceOrderOptions& options, Steps& steps, const Weights& weights)
    : network_(network),
      frame_(frame),
      options_(options),
      steps_(steps),
      weights_(weights),
      floor_(weights.of(steps.floor())),
      ways_(network) {
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    State leaf;
    leaf.tensors = Tensors{1} << t;
    leaf.indices = Frame::indices_of(network.terms[t]);
    leaf.elements = frame.elements(leaf.indices);
    leaf.layouts.push_back(network.terms[t]);
    states_.push_back(std::move(leaf));
  }
}

StepPrice LayoutSearch::reordering(const TensorIndices& from, const TensorIndices& to) {
  if (from == to) {
    return {};
  }
  std::int64_t total = 1;
  for (const IndexId index : from) {
    total *= ways_.sizes()[static_cast<std::size_t>(index)];
  }
  const std::int64_t run = models::contiguous_run(from, to, ways_.sizes());
  return run == total ? StepPrice{} : steps_.permute(total, run);
}

const std::vector<TensorIndices>& LayoutSearch::layouts_of(const State& operand,
                                                           const State& partner,
                                                           std::vector<TensorIndices>& made) const {
  constexpr std::size_t kMostOwn = 3;  // 6 orders
  const TensorIndices& lies = operand.layouts.front();
  const Indices& shared = partner.indices;
  TensorIndices own;
  std::ranges::copy_if(lies, std::back_inserter(own), [&](IndexId index) {
    return !shared.test(static_cast<std::size_t>(index));
  });
  if (!is_free(operand) || own.size() < 2 || own.size() > kMostOwn) {
    return operand.layouts;
  }
  // A stored weight lies as the product wants; what the product leaves open is the order of the
  // indices that only the weight has, in which the result inherits them.
  made.clear();
  std::ranges::sort(own);
  do {
    TensorIndices& layout = made.emplace_back(own);
    std::ranges::copy_if(lies, std::back_inserter(layout), [&](IndexId index) {
      return shared.test(static_cast<std::size_t>(index));
    });
  } while (std::ranges::next_permutation(own).found);
  return made;
}

void LayoutSearch::step(std::int32_t a, std::int32_t b) {
  const State& first = state(a);
  const State& second = state(b);
  const Tensors tensors = first.tensors | second.tensors;
  const Indices united = first.indices | second.indices;
  const Indices kept = frame_.kept(united, tensors);
  kept_list_.clear();
  kept.for_each([&](std::size_t index) { kept_list_.push_back(static_cast<IndexId>(index)); });
  const auto first_elements = static_cast<std::int64_t>(first.elements);
  const auto second_elements = static_cast<std::int64_t>(second.elements);
  const bool first_stored = is_free(state(a));
  const bool second_stored = is_free(state(b));
  results_.clear();
  std::size_t layouts = 0;  // of result_layouts_ in use
  std::optional<StepPrice> product;
  for (const TensorIndices& first_layout : layouts_of(state(a), state(b), first_layouts_)) {
    for (const TensorIndices& second_layout : layouts_of(state(b), state(a), second_layouts_)) {
      for (const GemmStep& way : ways_.ways(first_layout, second_layout, kept_list_)) {
        if (!product) {  // the same for all of them
          product = steps_.product(way, first_stored, second_stored);
        }
        StepPrice permutes;
        if (way.permute_first && !first_stored) {
          permutes += steps_.permute(first_elements, way.first_run);
        }
        if (way.permute_second && !second_stored) {
          permutes += steps_.permute(second_elements, way.second_run);
        }
        const double cost = weights_.of(permutes);
        const auto same = std::ranges::find_if(
            results_, [&](const Result& result) { return *result.layout == way.result; });
        if (same == results_.end()) {
          if (layouts == result_layouts_.size()) {
            result_layouts_.emplace_back();
          }
          result_layouts_[layouts] = way.result;
          results_.push_back({cost, permutes, &result_layouts_[layouts]});
          ++layouts;
        } else if (cost < same->cost) {
          same->cost = cost;
          same->permutes = permutes;
        }
      }
    }
  }
  const double children = state(a).cost + state(b).cost + weights_.of(*product) - floor_;
  if (!(children < bound_)) {
    return;
  }
  std::ranges::stable_sort(results_, {}, &Result::cost);
  for (std::size_t r = 0; r < results_.size();) {
    const Result& result = results_[r];
    State made;
    made.tensors = tensors;
    made.indices = kept;
    made.elements = frame_.elements(kept);
    made.cost = children + result.cost;
    made.prices.price = state(a).prices.price + state(b).prices.price + *product + result.permutes;
    made.prices.permutes = state(a).prices.permutes + state(b).prices.permutes + result.permutes;
    made.first = a;
    made.second = b;
    const double cost = result.cost;
    for (; r < results_.size() && results_[r].cost == cost; ++r) {
      if (made.layouts.size() < kMostLayouts) {
        made.layouts.push_back(*results_[r].layout);
      }
    }
    if (made.cost < bound_) {
      states_.push_back(std::move(made));
    }
  }
}

StepPrice LayoutSearch::to_output(const State& whole) {
  StepPrice least{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  for (const TensorIndices& layout : whole.layouts) {
    const StepPrice price = reordering(layout, network_.output);
    if (weights_.of(price) < weights_.of(least)) {
      least = price;
    }
  }
  return least;
}

LayoutSearch::Found LayoutSearch::found(std::int32_t number) {
  Found result;
  std::vector<std::int32_t> names(states_.size(), -1);
  append_steps(states_, number, network_.terms.size(), result.order, names);
  result.cost = state(number).prices;
  const StepPrice last = to_output(state(number));
  result.cost.price += last;
  result.cost.permutes += last;
  return result;
}

std::optional<LayoutSearch::Found> LayoutSearch::follow(const ContractionOrder& order) {
  std::vector<std::int32_t> cheapest(network_.terms.size());
  std::iota(cheapest.begin(), cheapest.end(), 0);
  for (const models::PairwiseStep& pair : order) {
    const auto made = static_cast<std::int32_t>(states_.size());
    step(cheapest[static_cast<std::size_t>(pair.first)],
         cheapest[static_cast<std::size_t>(pair.second)]);
    if (static_cast<std::size_t>(made) == states_.size()) {
      return std::nullopt;
    }
    cheapest.push_back(made);
  }
  std::optional<Found> result = found(cheapest.back());
  states_.erase(states_.begin() + static_cast<std::ptrdiff_t>(network_.terms.size()),
                states_.end());
  return result;
}

double LayoutSearch::products_of(const ContractionOrder& order) {
  struct Tensor {
    Tensors tensors{};
    Indices indices;
  };
  std::vector<Tensor> made;
  for (std::size_t t = 0; t < network_.terms.size(); ++t) {
    made.push_back({Tensors{1} << t, Frame::indices_of(network_.terms[t])});
  }
  const auto stored = [&](std::int32_t tensor) {
    return static_cast<std::size_t>(tensor) < network_.terms.size() && steps_.stored(tensor);
  };
  double cost = 0;
  for (const models::PairwiseStep& pair : order) {
    const Tensor& first = made[static_cast<std::size_t>(pair.first)];
    const Tensor& second = made[static_cast<std::size_t>(pair.second)];
    const Tensors tensors = first.tensors | second.tensors;
    const Indices kept = frame_.kept(first.indices | second.indices, tensors);
    cost += weights_.of(steps_.product(frame_.product(first.indices, second.indices, kept),
                                       stored(pair.first), stored(pair.second)));
    made.push_back({tensors, kept});
  }
  return cost;
}

std::vector<std::int32_t> LayoutSearch::sift(std::size_t begin) {
  std::vector<std::int32_t> cheapest;
  for (std::size_t s = begin; s < states_.size(); ++s) {
    cheapest.push_back(static_cast<std::int32_t>(s));
  }
  std::ranges::sort(cheapest, [&](std::int32_t a, std::int32_t b) {
    return std::pair(state(a).cost, a) < std::pair(state(b).cost, b);
  });
  std::vector<std::int32_t> kept;
  for (const std::int32_t number : cheapest) {
    State& made = states_[static_cast<std::size_t>(number)];
    // A layout that a cheaper state can be reordered to is not needed a second time.
    std::erase_if(made.layouts, [&](const TensorIndices& layout) {
      return std::ranges::any_of(kept, [&](std::int32_t other) {
        const State& cheaper = state(other);
        return std::ranges::any_of(cheaper.layouts, [&](const TensorIndices& from) {
          return cheaper.cost + weights_.of(reordering(from, layout)) <= made.cost;
        });
      });
    });
    if (!made.layouts.empty()) {
      kept.push_back(number);
      if (kept.size() == kMostWays) {
        break;
      }
    }
  }
  return kept;
}

std::optional<LayoutSearch::Found> LayoutSearch::run(const std::vector<ProductSearch::Pair>& pairs,
                                                     double bound) {
  bound_ = bound - static_cast<double>(network_.terms.size() - 1) * floor_;
  std::vector<std::vector<std::int32_t>> ways(network_.terms.size());
  for (std::size_t t = 0; t < ways.size(); ++t) {
    ways[t].push_back(static_cast<std::int32_t>(t));
  }
  if (pairs.size() > options_.most_layout_steps) {
    return std::nullopt;
  }
  for (std::size_t p = 0; p < pairs.size();) {
    const std::int32_t whole = pairs[p].whole;
    const std::size_t begin = states_.size();
    for (; p < pairs.size() && pairs[p].whole == whole; ++p) {
      const auto operand = [&](std::int32_t set) -> std::vector<std::int32_t> {
        return static_cast<std::size_t>(set) < ways.size() ? ways[static_cast<std::size_t>(set)]
                                                           : std::vector<std::int32_t>{};
      };
      for (const std::int32_t first : operand(pairs[p].first)) {
        for (const std::int32_t second : operand(pairs[p].second)) {
          step(first, second);
        }
      }
    }
    if (static_cast<std::size_t>(whole) >= ways.size()) {
      ways.resize(static_cast<std::size_t>(whole) + 1);
    }
    ways[static_cast<std::size_t>(whole)] = sift(begin);
  }
  std::optional<Found> best;
  for (const std::vector<std::int32_t>& set : ways) {
    for (const std::int32_t number : set) {
      if (state(number).tensors != frame_.all) {
        continue;
      }
      Found made = found(number);
      if (weights_.of(made.cost.price) < (best ? weights_.of(best->cost.price) : bound)) {
        best = std::move(made);
      }
    }
  }
  return best;
}

}  // namespace cairn::search::device
