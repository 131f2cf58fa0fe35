/// \file
/// Greedy orders: of all pairs that share an index, the one that looks cheapest is next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/random.h"
#include "models/tensor_network/contraction_order.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/step_price.h"

namespace cairn::search {

/// How a pair's score is made: size(result) - alpha (size(first) + size(second)), and for a
/// temperature above 0 the logarithm of its magnitude less the temperature times a Gumbel number
/// (so that a pair is drawn with the Boltzmann probability of its score).
struct GreedyChoice {
  double alpha{1};
  double temperature{0};
};

/// Runs greedy on one network, again and again. Tensors with the same indices are joined first
/// (Hadamard steps); parts that share no index last, the smallest two first. Near-linear in the
/// terms: pairs are found through a list of holders by index, at most 16 of an index at a time, and
/// wait in a heap until one of the two is gone.
class GreedySearch {
 public:
  explicit GreedySearch(const BitNetwork& network);

  /// Sum of the prices of the steps, or nothing if it passes \p limit.
  template <class Price>
  std::optional<double> run(const GreedyChoice& choice, Rng& rng, const Price& price,
                            double limit = std::numeric_limits<double>::infinity());
  /// The steps of the last run that was finished.
  [[nodiscard]] const models::ContractionOrder& order() const { return order_; }

 private:
  struct Pair {
    std::int32_t first{};
    std::int32_t second{};
    double operands{};  ///< elements of both
    double result{};    ///< elements of the result
    bool same{};        ///< both have the same indices
  };
  struct Entry {
    double score{};
    std::int32_t first{};
    std::int32_t second{};
  };

  [[nodiscard]] std::span<std::uint64_t> legs(std::int32_t tensor) {
    return std::span(legs_).subspan(static_cast<std::size_t>(tensor) * words_, words_);
  }
  /// Tensors that are left and have an index.
  [[nodiscard]] std::span<std::int32_t> holders_of(std::size_t index) {
    return std::span(list_).subspan(static_cast<std::size_t>(start_[index]),
                                    static_cast<std::size_t>(length_[index]));
  }
  void reset();
  [[nodiscard]] Pair pair(std::int32_t first, std::int32_t second);
  [[nodiscard]] static double score(const Pair& pair, const GreedyChoice& choice, Rng& rng);
  /// The pairs of holders of every index, once each.
  [[nodiscard]] std::vector<Pair> all_pairs();
  void push_neighbours(std::int32_t tensor, const GreedyChoice& choice, Rng& rng);
  /// Appends the step, and returns the sizes it has.
  StepSizes join(std::int32_t first, std::int32_t second);
  [[nodiscard]] bool next(const GreedyChoice& choice, Rng& rng, Entry& entry);

  const BitNetwork* network_;
  std::size_t words_;
  std::vector<Pair> first_pairs_;
  std::vector<std::int32_t> first_list_;  ///< terms by index, the lists one after another
  std::vector<std::int32_t> first_length_;
  std::vector<std::int32_t> start_;  ///< of each list
  // State of a run.
  std::vector<std::uint64_t> legs_;
  std::vector<double> size_;
  std::vector<std::int32_t> list_;
  std::vector<std::int32_t> length_;
  std::vector<std::int32_t> holders_;
  std::vector<char> alive_;
  std::vector<std::int32_t> seen_;
  std::vector<Entry> heap_;
  std::vector<std::int32_t> parts_;  ///< tensors that share nothing, largest first
  bool disconnected_{};
  models::ContractionOrder order_;
};

/// One greedy order without noise, alpha 1.
/// Precondition: \p network is that of models::pairwise().
[[nodiscard]] models::ContractionOrder greedy_order(const models::TensorNetwork& network);

// ---- implementation of the template ----

template <class Price>
std::optional<double> GreedySearch::run(const GreedyChoice& choice, Rng& rng, const Price& price,
                                        double limit) {
  reset();
  for (const Pair& pair : first_pairs_) {
    heap_.push_back({score(pair, choice, rng), pair.first, pair.second});
  }
  double total = 0;
  Entry entry;
  while (order_.size() + 1 < network_->terms) {
    if (!next(choice, rng, entry)) {
      break;
    }
    total += price(join(entry.first, entry.second));
    if (total > limit) {
      return std::nullopt;
    }
    if (!disconnected_) {
      push_neighbours(static_cast<std::int32_t>(network_->terms + order_.size()) - 1, choice, rng);
    }
  }
  return total;
}

}  // namespace cairn::search
