// Is a network cut where little crosses, with nothing left apart, and always in the same way?
#include "search/contraction/partition.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "search/contraction/step_list.h"
#include "tests/unit/models/tensor_network/random_network.h"
#include "tests/unit/search/contraction/networks.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

TEST_CASE("two groups of tensors that one index joins are contracted apart, then joined") {
  // Two complete graphs of 8 tensors with bonds of 4; one bond of 2 between them.
  TensorNetwork network;
  network.terms.resize(16);
  for (std::size_t group = 0; group < 16; group += 8) {
    for (std::size_t i = group; i < group + 8; ++i) {
      for (std::size_t j = i + 1; j < group + 8; ++j) {
        add_index(network, 4, {i, j});
      }
    }
  }
  add_index(network, 2, {3, 12});
  const BitNetwork bits = bit_network(network);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng(seed);
    const ContractionOrder order = partition_order(bits, {.imbalance = 0.1, .small = 4}, rng);
    models::check(order, 16);
    const auto tensors = models::tensors_of(network, order);
    // The operands of the last step hold the one bond between them.
    const models::PairwiseStep last = order.back();
    CHECK(tensors[static_cast<std::size_t>(last.first)] == models::TensorIndices{56});
    CHECK(tensors[static_cast<std::size_t>(last.second)] == models::TensorIndices{56});
  }
}

TEST_CASE("tensors that share no index are never joined in a connected network") {
  Rng rng(1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const TensorNetwork network = square_lattice(7, 2);
    const BitNetwork bits = bit_network(network);
    const PartitionChoice choice = draw_partition(rng);
    const ContractionOrder order = partition_order(bits, choice, rng);
    models::check(order, network.terms.size());
    const auto tensors = models::tensors_of(network, order);
    for (const models::PairwiseStep& step : order) {
      models::TensorIndices shared;
      std::ranges::set_intersection(tensors[static_cast<std::size_t>(step.first)],
                                    tensors[static_cast<std::size_t>(step.second)],
                                    std::back_inserter(shared));
      CHECK_FALSE(shared.empty());
    }
  }
}

TEST_CASE("networks of every kind are cut to an order, by the seed alone") {
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const TensorNetwork network = models::pairwise(models::random_network(rng, 30, 40, 3)).network;
    const BitNetwork bits = bit_network(network);
    const PartitionChoice choice = draw_partition(rng);
    const std::uint64_t seed = rng();
    Rng first(seed);
    Rng second(seed);
    const ContractionOrder order = partition_order(bits, choice, first);
    models::check(order, network.terms.size());
    CHECK(partition_order(bits, choice, second) == order);
  }
}

}  // namespace
}  // namespace cairn::search
