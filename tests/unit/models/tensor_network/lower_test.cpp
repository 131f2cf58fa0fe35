#include "models/tensor_network/lower.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "dense_tensor.h"

namespace cairn::models {
namespace {

TensorNetwork network_of(std::vector<std::int64_t> sizes, std::vector<TensorIndices> terms,
                         TensorIndices output) {
  TensorNetwork network{
      .name = {}, .indices = {}, .terms = std::move(terms), .output = std::move(output)};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    network.indices.push_back(
        {.name = std::string(1, static_cast<char>('a' + i)), .size = sizes[i]});
  }
  return network;
}

/// Terms of small whole numbers, so that sums are exact in any order.
std::vector<Dense> random_terms(const TensorNetwork& network, Rng& rng) {
  std::vector<Dense> terms;
  for (const TensorIndices& layout : network.terms) {
    terms.push_back(random_tensor(layout, sizes_of(network), rng));
  }
  return terms;
}

/// The sum of products, index by index.
std::vector<double> einsum(const TensorNetwork& network, const std::vector<Dense>& terms) {
  const std::vector<std::int64_t> sizes = sizes_of(network);
  std::vector<double> result(static_cast<std::size_t>(elements(network.output, sizes)), 0.0);
  TensorIndices all(sizes.size());
  std::iota(all.begin(), all.end(), 0);
  for_all(all, sizes, [&](const std::vector<std::int64_t>& at) {
    double product = 1;
    for (const Dense& term : terms) {
      product *= term.values[offset(term.layout, sizes, at)];
    }
    result[offset(network.output, sizes, at)] += product;
  });
  return result;
}

/// The least price, by trying all layouts of all tensors and every reordering before a product.
class BruteForce {
 public:
  BruteForce(const TensorNetwork& network, const ContractionOrder& order,
             const LowerOptions& options)
      : network_(network), order_(order), options_(options), steps_(network) {}

  double least() {
    const std::vector<TensorIndices> all = tensors_of(network_, order_);
    std::vector<std::map<TensorIndices, double>> made(all.size());
    const std::size_t terms = network_.terms.size();
    for (std::size_t t = 0; t < all.size(); ++t) {
      if (t < terms) {
        made[t][network_.terms[t]] = 0;
        TensorIndices layout = all[t];
        while (options_.free_layout[t]) {
          made[t][layout] = 0;
          if (!std::ranges::next_permutation(layout).found) {
            break;
          }
        }
        continue;
      }
      const auto readings = [&](std::int32_t operand) {
        const auto at = static_cast<std::size_t>(operand);
        std::map<TensorIndices, double> prices;
        TensorIndices layout = all[at];
        do {
          prices[layout] = std::numeric_limits<double>::infinity();
          for (const auto& [from, price] : made[at]) {
            prices[layout] = std::min(prices[layout], price + move(from, layout));
          }
        } while (std::ranges::next_permutation(layout).found);
        return prices;
      };
      const auto firsts = readings(order_[t - terms].first);
      const auto seconds = readings(order_[t - terms].second);
      for (const auto& [first, price] : firsts) {
        for (const auto& [second, other_price] : seconds) {
          for (const GemmStep& way : steps_.ways(first, second, all[t])) {
            if (!way.permute_first && !way.permute_second) {
              const auto [place, added] = made[t].try_emplace(way.result, price + other_price);
              place->second = std::min(place->second, price + other_price);
            }
          }
        }
      }
    }
    double best = std::numeric_limits<double>::infinity();
    for (const auto& [layout, price] : made.back()) {
      best = std::min(best, price + move(layout, network_.output));
    }
    return best;
  }

 private:
  double move(const TensorIndices& from, const TensorIndices& to) const {
    if (from == to) {
      return 0;
    }
    const std::int64_t count = elements(from, steps_.sizes());
    const std::int64_t run = contiguous_run(from, to, steps_.sizes());
    return options_.permute_price ? options_.permute_price(count, run) : static_cast<double>(count);
  }
  const TensorNetwork& network_;
  const ContractionOrder& order_;
  const LowerOptions& options_;
  GemmSteps steps_;
};

TEST_CASE("a chain of matrices is three products and nothing else") {
  // ab,bc,cd->ad from the left.
  const TensorNetwork network = network_of({2, 3, 5, 7}, {{0, 1}, {1, 2}, {2, 3}}, {0, 3});
  const LoweredOrder lowered = lower(network, {{0, 1}, {3, 2}}, {});
  REQUIRE(lowered.steps.size() == 2);
  CHECK(lowered.permute_price == 0);
  CHECK(lowered.terms == network.terms);
  CHECK((lowered.steps[0].product.m == 2 && lowered.steps[0].product.k == 3 &&
         lowered.steps[0].product.n == 5));
  CHECK((lowered.steps[1].first == 3 && lowered.steps[1].second == 2));
  CHECK(lowered.steps[1].layout == TensorIndices{0, 3});
}

TEST_CASE("the smaller of two tensors is reordered, and only where it has to be") {
  // x (a, b, c) times w (b, d), wanted as (a, c, d): b is in the middle of x (2 x 3 x 5 elements),
  // and no product can read x so. The result (20 elements) then lies right.
  const TensorNetwork network = network_of({2, 3, 5, 2}, {{0, 1, 2}, {1, 3}}, {0, 2, 3});
  const LoweredOrder lowered = lower(network, {{0, 1}}, {});
  REQUIRE(lowered.steps.size() == 2);
  CHECK_FALSE(lowered.steps[0].is_product());
  CHECK(lowered.steps[0].first == 0);
  CHECK(lowered.steps[0].elements == 30);
  CHECK(lowered.permute_price == 30);
  CHECK((lowered.steps[1].first == 2 && lowered.steps[1].second == 1));
}

TEST_CASE("a tensor in free layout lies as its product reads it") {
  // x (a, b, c) and w, listed as (c, d, b): the sum over bc wants w as (b, c, d) or (d, b, c), so
  // w, 5 x 7 x 3 elements, has to be reordered unless it lies as one likes.
  const TensorNetwork network = network_of({2, 3, 5, 7}, {{0, 1, 2}, {2, 3, 1}}, {0, 3});
  CHECK(lower(network, {{0, 1}}, {}).permute_price == 105);
  const LoweredOrder lowered =
      lower(network, {{0, 1}}, {.free_layout = {false, true}, .permute_price = {}});
  CHECK(lowered.permute_price == 0);
  REQUIRE(lowered.steps.size() == 1);
  CHECK((lowered.terms[1] == TensorIndices{1, 2, 3} || lowered.terms[1] == TensorIndices{3, 1, 2}));
}

TEST_CASE("one term alone is reordered to the output, or nothing is done") {
  const TensorNetwork network = network_of({2, 3, 1}, {{0, 1, 2}}, {1, 2, 0});
  const LoweredOrder lowered = lower(network, {}, {});
  REQUIRE(lowered.steps.size() == 1);
  CHECK(lowered.steps[0].elements == 6);
  CHECK(lowered.steps[0].run == 1);
  CHECK(lower(network_of({2, 3, 1}, {{0, 1, 2}}, {0, 2, 1}), {}, {}).steps.empty());
}

/// A random network of \p terms, with hyperedges and batch indices, and a random order of it.
struct RandomCase {
  TensorNetwork network;
  ContractionOrder order;
  LowerOptions options;
};
RandomCase random_case(Rng& rng, std::int64_t terms, std::int64_t indices) {
  TensorNetwork network;
  network.terms.resize(static_cast<std::size_t>(terms));
  for (std::int64_t i = 0; i < indices; ++i) {
    network.indices.push_back({.name = "i", .size = rng.uniform_int(1, 3)});
    std::vector<std::size_t> order(network.terms.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    rng.shuffle(order);
    const auto holders = rng.uniform_int(1, std::min<std::int64_t>(terms, 3));
    for (std::int64_t h = 0; h < holders; ++h) {
      network.terms[order[static_cast<std::size_t>(h)]].push_back(static_cast<IndexId>(i));
    }
    if (holders == 1 || rng.uniform_int(0, 2) == 0) {
      network.output.push_back(static_cast<IndexId>(i));
    }
  }
  RandomCase made;
  for (TensorIndices& term : network.terms) {
    rng.shuffle(term);
    made.options.free_layout.push_back(rng.uniform_int(0, 2) == 0);
  }
  rng.shuffle(network.output);
  std::vector<std::int32_t> left(network.terms.size());
  std::iota(left.begin(), left.end(), 0);
  for (std::int32_t next = static_cast<std::int32_t>(terms); left.size() > 1; ++next) {
    rng.shuffle(left);
    made.order.push_back({.first = left[left.size() - 1], .second = left[left.size() - 2]});
    left.resize(left.size() - 2);
    left.push_back(next);
  }
  made.network = std::move(network);
  return made;
}

TEST_CASE("the layouts chosen are the cheapest of all, by elements and by runs") {
  Rng rng(derive_seed(11, "lowering"));
  for (int round = 0; round < 300; ++round) {
    RandomCase made = random_case(rng, 2 + round % 3, 5);
    for (TensorIndex& index : made.network.indices) {
      index.size = std::max<std::int64_t>(index.size, 2);  // brute force knows no size 1
    }
    for (const bool by_runs : {false, true}) {
      if (by_runs) {
        made.options.permute_price = [](std::int64_t count, std::int64_t run) {
          return static_cast<double>(count) * (1.0 + 3.0 / static_cast<double>(run));
        };
      }
      const LoweredOrder lowered = lower(made.network, made.order, made.options);
      CHECK(lowered.permute_price ==
            Approx(BruteForce(made.network, made.order, made.options).least()).margin(1e-9));
    }
  }
}

TEST_CASE("executing the lowered steps gives the value of the sum") {
  Rng rng(derive_seed(12, "lowering"));
  int reorderings = 0;
  for (int round = 0; round < 300; ++round) {
    const RandomCase made = random_case(rng, 1 + round % 5, 7);
    const std::vector<Dense> terms = random_terms(made.network, rng);
    const LoweredOrder lowered = lower(made.network, made.order, made.options);
    double price = 0;
    for (const LoweredStep& step : lowered.steps) {
      price += step.is_product() ? 0.0 : static_cast<double>(step.elements);
      reorderings += step.is_product() ? 0 : 1;
    }
    CHECK(price == lowered.permute_price);
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const bool is_free = made.options.free_layout[t];
      CHECK((is_free || lowered.terms[t] == made.network.terms[t]));
    }
    REQUIRE(execute(lowered, terms, sizes_of(made.network)) == einsum(made.network, terms));
    const auto layout = [&](std::int32_t tensor) {
      const auto at = static_cast<std::size_t>(tensor);
      return at < terms.size() ? lowered.terms[at] : lowered.steps[at - terms.size()].layout;
    };
    for (const LoweredStep& step : lowered.steps) {
      CHECK(step.elements == elements(step.layout, sizes_of(made.network)));
      CHECK((step.is_product() ||
             step.run == contiguous_run(layout(step.first), step.layout, sizes_of(made.network))));
    }
  }
  CHECK(reorderings > 100);
}

TEST_CASE("a tensor with more layouts than can be tried is still lowered to the right value") {
  // Two tensors of nine indices each: 9! layouts; five are summed, four are free on either side.
  std::vector<std::int64_t> sizes(13, 2);
  TensorNetwork network =
      network_of(sizes, {{0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 9, 6, 10, 4, 11, 5, 12, 7}},
                 {0, 9, 1, 10, 2, 11, 3, 12});
  Rng rng(derive_seed(13, "lowering"));
  const std::vector<Dense> terms = random_terms(network, rng);
  for (const bool is_free : {false, true}) {
    const LoweredOrder lowered =
        lower(network, {{0, 1}}, {.free_layout = {false, is_free}, .permute_price = {}});
    CHECK(execute(lowered, terms, sizes_of(network)) == einsum(network, terms));
    // The second (2^9 elements) where it is not free, and the result (2^8): m and n alternate.
    CHECK(lowered.permute_price == (is_free ? 256 : 512 + 256));
  }
}

}  // namespace
}  // namespace cairn::models
