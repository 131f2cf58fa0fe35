#include "search/contraction/greedy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace cairn::search {
namespace {

constexpr std::size_t kPairsOfIndex = 16;  // holders of an index that a tensor is paired with

/// Base-2 logarithm to about 1e-4: enough for noise, and the same on every machine.
double rough_log2(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<double>(static_cast<std::int64_t>(bits >> 52U) - 1023);
  const auto y = std::bit_cast<double>((bits & 0x000fffffffffffffU) | 0x3ff0000000000000U);
  // atanh series of the mantissa around sqrt(2): log2(y) = 1/2 + 2/ln 2 (z + z^3/3 + z^5/5).
  constexpr double kRoot = 1.4142135623730951;
  const double z = (y - kRoot) / (y + kRoot);
  const double square = z * z;
  return exponent + 0.5 + 2.8853900817779268 * z * (1 + square * (1.0 / 3 + square * 0.2));
}

/// Rising with x, of the size of its logarithm.
double signed_log2(double x) {
  return x >= 0 ? rough_log2(1 + x) : -rough_log2(1 - x);
}

/// Minimum of the Gumbel distribution stands for the Boltzmann draw of the lowest score.
double gumbel(Rng& rng) {
  constexpr double kLn2 = 0.6931471805599453;
  const double u = rng.uniform01() + 0x1p-54;
  const double wait = -kLn2 * rough_log2(u);
  return -kLn2 * rough_log2(std::max(wait, 0x1p-54));
}

constexpr auto kLater = [](const auto& a, const auto& b) {
  if (a.score != b.score) {
    return a.score > b.score;
  }
  return a.first != b.first ? a.first > b.first : a.second > b.second;
};

}  // namespace

GreedySearch::GreedySearch(const BitNetwork& network)
    : network_(&network), words_(network.words), first_length_(network.indices(), 0) {
  for (std::size_t t = 0; t < network.terms; ++t) {
    for_bits(network.legs_of(t), [&](std::size_t index) { ++first_length_[index]; });
  }
  std::int32_t at = 0;
  for (const std::int32_t length : first_length_) {
    start_.push_back(at);
    at += length;
  }
  first_list_.resize(static_cast<std::size_t>(at));
  std::vector<std::int32_t> fill = start_;
  for (std::size_t t = 0; t < network.terms; ++t) {
    for_bits(network.legs_of(t), [&](std::size_t index) {
      first_list_[static_cast<std::size_t>(fill[index]++)] = static_cast<std::int32_t>(t);
    });
  }
  const std::size_t tensors = 2 * network.terms;
  legs_.resize(tensors * words_);
  size_.resize(tensors);
  alive_.resize(tensors);
  seen_.resize(tensors);
  reset();
  first_pairs_ = all_pairs();
}

void GreedySearch::reset() {
  std::ranges::copy(network_->legs, legs_.begin());
  std::ranges::copy(network_->term_size, size_.begin());
  list_ = first_list_;
  length_ = first_length_;
  holders_ = network_->holders;
  std::fill_n(alive_.begin(), network_->terms, char{1});
  std::ranges::fill(seen_, -1);
  heap_.clear();
  parts_.clear();
  order_.clear();
  disconnected_ = false;
}

GreedySearch::Pair GreedySearch::pair(std::int32_t first, std::int32_t second) {
  const BitView a = legs(first);
  const BitView b = legs(second);
  double summed = 1;
  double shared = 1;
  bool same = true;
  for (std::size_t w = 0; w < words_; ++w) {
    same = same && a[w] == b[w];
    for (std::uint64_t rest = a[w] & b[w]; rest != 0; rest &= rest - 1) {
      const std::size_t index = w * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      shared *= network_->size[index];
      if (holders_[index] == 2) {
        summed *= network_->size[index];
      }
    }
  }
  const double first_size = size_[static_cast<std::size_t>(first)];
  const double second_size = size_[static_cast<std::size_t>(second)];
  return {.first = first,
          .second = second,
          .operands = first_size + second_size,
          .result = first_size / shared * second_size / summed,
          .same = same};
}

double GreedySearch::score(const Pair& pair, const GreedyChoice& choice, Rng& rng) {
  if (pair.same) {
    return -std::numeric_limits<double>::infinity();
  }
  const double plain = pair.result - choice.alpha * pair.operands;
  if (choice.temperature == 0) {
    return plain;
  }
  return signed_log2(plain) - choice.temperature * gumbel(rng);
}

std::vector<GreedySearch::Pair> GreedySearch::all_pairs() {
  std::vector<std::pair<std::int32_t, std::int32_t>> found;
  for (std::size_t index = 0; index < start_.size(); ++index) {
    const auto list = holders_of(index);
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t j = i + 1; j < std::min(list.size(), i + 1 + kPairsOfIndex); ++j) {
        found.emplace_back(std::min(list[i], list[j]), std::max(list[i], list[j]));
      }
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<Pair> pairs;
  pairs.reserve(found.size());
  for (const auto& [first, second] : found) {
    pairs.push_back(pair(first, second));
  }
  return pairs;
}

void GreedySearch::push_neighbours(std::int32_t tensor, const GreedyChoice& choice, Rng& rng) {
  seen_[static_cast<std::size_t>(tensor)] = tensor;
  for_bits(legs(tensor), [&](std::size_t index) {
    const auto list = holders_of(index);
    for (const std::int32_t other : list.first(std::min(list.size(), kPairsOfIndex))) {
      if (std::exchange(seen_[static_cast<std::size_t>(other)], tensor) == tensor) {
        continue;
      }
      heap_.push_back({score(pair(other, tensor), choice, rng), other, tensor});
      std::ranges::push_heap(heap_, kLater);
    }
  });
}

StepSizes GreedySearch::join(std::int32_t first, std::int32_t second) {
  const auto made = static_cast<std::int32_t>(network_->terms + order_.size());
  const BitView a = legs(first);
  const BitView b = legs(second);
  const std::span<std::uint64_t> result = legs(made);
  const Pair sizes = pair(first, second);
  double shared = 1;
  for (std::size_t w = 0; w < words_; ++w) {
    result[w] = a[w] | b[w];
    for (std::uint64_t rest = result[w]; rest != 0; rest &= rest - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(rest));
      const std::size_t index = w * 64 + bit;
      const auto list = holders_of(index);
      if (((a[w] & b[w]) >> bit & 1U) == 0) {
        *std::ranges::find(list, (a[w] >> bit & 1U) != 0 ? first : second) = made;
        continue;
      }
      shared *= network_->size[index];
      if (--holders_[index] == 1) {
        result[w] &= ~(std::uint64_t{1} << bit);
        length_[index] = 0;
        continue;
      }
      *std::ranges::find(list, first) = made;
      *std::ranges::find(list, second) = list.back();
      --length_[index];
    }
  }
  alive_[static_cast<std::size_t>(first)] = 0;
  alive_[static_cast<std::size_t>(second)] = 0;
  alive_[static_cast<std::size_t>(made)] = 1;
  size_[static_cast<std::size_t>(made)] = sizes.result;
  order_.push_back({.first = first, .second = second});
  const double first_size = size_[static_cast<std::size_t>(first)];
  const double second_size = size_[static_cast<std::size_t>(second)];
  return {.first = first_size,
          .second = second_size,
          .result = sizes.result,
          .united = first_size / shared * second_size};
}

bool GreedySearch::next(const GreedyChoice& choice, Rng& rng, Entry& entry) {
  if (order_.empty()) {
    std::ranges::make_heap(heap_, kLater);
  }
  while (!disconnected_) {
    while (!heap_.empty()) {
      entry = heap_.front();
      std::ranges::pop_heap(heap_, kLater);
      heap_.pop_back();
      if (alive_[static_cast<std::size_t>(entry.first)] != 0 &&
          alive_[static_cast<std::size_t>(entry.second)] != 0) {
        return true;
      }
    }
    // Either the rest is disconnected, or pairs of an index with many holders were passed over.
    for (const Pair& pair : all_pairs()) {
      heap_.push_back({score(pair, choice, rng), pair.first, pair.second});
    }
    std::ranges::make_heap(heap_, kLater);
    disconnected_ = heap_.empty();
  }
  const auto larger = [&](std::int32_t a, std::int32_t b) {
    const double size_a = size_[static_cast<std::size_t>(a)];
    const double size_b = size_[static_cast<std::size_t>(b)];
    return size_a != size_b ? size_a > size_b : a > b;
  };
  const auto made = static_cast<std::int32_t>(network_->terms + order_.size());
  if (parts_.empty()) {
    for (std::int32_t t = 0; t < made; ++t) {
      if (alive_[static_cast<std::size_t>(t)] != 0) {
        parts_.push_back(t);
      }
    }
    std::ranges::sort(parts_, larger);
  } else {
    parts_.insert(std::ranges::upper_bound(parts_, made - 1, larger), made - 1);
  }
  entry.first = parts_.back();
  parts_.pop_back();
  entry.second = parts_.back();
  parts_.pop_back();
  return true;
}

models::ContractionOrder greedy_order(const models::TensorNetwork& network) {
  const BitNetwork bits = bit_network(network);
  GreedySearch search(bits);
  Rng rng(0);
  (void)search.run(GreedyChoice{}, rng, FlopsPrice{});
  return search.order();
}

}  // namespace cairn::search
