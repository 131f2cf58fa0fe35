#include "search/contraction/step_list.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace cairn::search {

StepList::StepList(const BitNetwork& network)
    : network_(&network), legs_(network.legs), size_(network.term_size), holders_(network.holders) {
  legs_.reserve(2 * legs_.size());
  size_.reserve(2 * size_.size());
  order_.reserve(network.terms);
}

StepList::Sizes StepList::sizes(std::int32_t first, std::int32_t second) const {
  const BitView a = legs(first);
  const BitView b = legs(second);
  double summed = 1;
  double shared = 1;
  bool any = false;
  for (std::size_t w = 0; w < network_->words; ++w) {
    for (std::uint64_t rest = a[w] & b[w]; rest != 0; rest &= rest - 1) {
      const std::size_t index = w * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      any = true;
      shared *= network_->size[index];
      summed *= holders_[index] == 2 ? network_->size[index] : 1.0;
    }
  }
  return {.result = size_[static_cast<std::size_t>(first)] / shared *
                    size_[static_cast<std::size_t>(second)] / summed,
          .shared = any};
}

std::int32_t StepList::join(std::int32_t first, std::int32_t second) {
  size_.push_back(sizes(first, second).result);
  const std::size_t made = legs_.size();
  legs_.resize(made + network_->words);
  const BitView a = legs(first);
  const BitView b = legs(second);
  for (std::size_t w = 0; w < network_->words; ++w) {
    std::uint64_t result = a[w] | b[w];
    for (std::uint64_t rest = a[w] & b[w]; rest != 0; rest &= rest - 1) {
      const std::size_t index = w * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      if (--holders_[index] == 1) {
        result &= ~(std::uint64_t{1} << (index % 64));
      }
    }
    legs_[made + w] = result;
  }
  order_.push_back({.first = first, .second = second});
  return static_cast<std::int32_t>(network_->terms + order_.size()) - 1;
}

std::int32_t StepList::join_all(std::vector<std::int32_t> tensors) {
  while (tensors.size() > 1) {
    std::size_t best_first = 0;
    std::size_t best_second = 1;
    bool best_shared = false;
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      for (std::size_t j = i + 1; j < tensors.size(); ++j) {
        const auto [result, shared] = sizes(tensors[i], tensors[j]);
        const double operands = size_[static_cast<std::size_t>(tensors[i])] +
                                size_[static_cast<std::size_t>(tensors[j])];
        const double score = shared ? result - operands : operands;
        if (shared == best_shared ? score < best : shared) {
          best_first = i;
          best_second = j;
          best_shared = shared;
          best = score;
        }
      }
    }
    const std::int32_t made = join(tensors[best_first], tensors[best_second]);
    tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(best_second));
    tensors[best_first] = made;
  }
  return tensors.front();
}

}  // namespace cairn::search
