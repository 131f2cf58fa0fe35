// Does a sliced order keep within its limit, give the same numbers, and say what it costs?
#include "search/contraction/slicing.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "models/tensor_network/einsum.h"
#include "models/tensor_network/execute.h"
#include "search/contraction/fronts.h"
#include "search/contraction/greedy.h"
#include "tests/unit/models/tensor_network/random_network.h"
#include "tests/unit/search/contraction/networks.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

double slices_of(const TensorNetwork& network, const std::vector<models::IndexId>& sliced) {
  double slices = 1;
  for (const models::IndexId index : sliced) {
    slices *= static_cast<double>(network.indices[static_cast<std::size_t>(index)].size);
  }
  return slices;
}

/// What a sliced order says of itself, against the slice's network.
void check_says_the_truth(const TensorNetwork& network, const OrderInSlices& found) {
  const TensorNetwork slice = models::without_indices(network, found.sliced);
  models::check(found.order, network.terms.size());
  const models::OrderCost cost = models::cost_of(slice, found.order);
  CHECK(found.peak == cost.peak);
  CHECK(found.slices == slices_of(network, found.sliced));
  CHECK(found.multiplications == found.slices * cost.multiplications);
}

TEST_CASE("an order that fits is given back whole, one element less slices it") {
  // ab,bc->ac of 4 x 4 each: 16 + 16 + 16 = 48 elements alive, 64 multiplications.
  const TensorNetwork network = models::read_einsum("ab,bc->ac", "a=4,b=4,c=4");
  const ContractionOrder order{{0, 1}};
  const auto fits = std::get<OrderInSlices>(slice_order(network, order, {.most_elements = 48}));
  CHECK(fits.sliced.empty());
  CHECK(fits.slices == 1);
  CHECK(fits.order == order);
  CHECK(fits.multiplications == 64);
  CHECK(fits.overhead == 1);
  CHECK(fits.peak == 48);
  // Without any one index two tensors have 4 elements and one has 16: 24 in four slices. Each
  // multiplication is still done once.
  const auto less = std::get<OrderInSlices>(slice_order(network, order, {.most_elements = 47}));
  CHECK(less.sliced.size() == 1);
  CHECK(less.slices == 4);
  CHECK(less.peak == 24);
  CHECK(less.multiplications == 64);
  CHECK(less.overhead == 1);
}

TEST_CASE("with every index sliced each tensor is a number, and less than that is refused") {
  // Three numbers and the result of the first step.
  const TensorNetwork network = models::read_einsum("ab,bc,cd->ad", "a=4,b=4,c=4,d=4");
  const ContractionOrder order{{0, 1}, {2, 3}};
  const auto found = std::get<OrderInSlices>(slice_order(network, order, {.most_elements = 4}));
  CHECK(found.peak == 4);
  CHECK(found.sliced.size() == 4);
  CHECK(found.slices == 256);
  CHECK(found.multiplications == 512);  // two a slice
  CHECK(found.overhead == 4);           // 64 + 64 when whole
  const auto refusal = std::get<SlicingRefusal>(slice_order(network, order, {.most_elements = 3}));
  CHECK(refusal.least_peak == 4);
  CHECK(refusal.reason ==
        "3 tensors need 4 elements even when every index is sliced, 1 more than the limit of 3");
}

TEST_CASE("no limit is ever passed, and the numbers are those of the whole network") {
  Rng rng(31);
  int sliced = 0;
  for (int i = 0; i < 100; ++i) {
    const TensorNetwork given = models::random_network(rng, 7, 9, 3);
    const TensorNetwork network = models::pairwise(given).network;
    const ContractionOrder order = greedy_order(network);
    const double peak = models::cost_of(network, order).peak;
    const double least = static_cast<double>(network.terms.size()) + 1;
    const double limit = std::floor(least + (peak - least) * 0.5 * rng.uniform01());
    if (limit < least) {
      continue;
    }
    const auto found = std::get<OrderInSlices>(
        slice_order(network, order, {.most_elements = limit, .trials = 4, .cpu_seconds = 0.1}));
    check_says_the_truth(network, found);
    CHECK(found.peak <= limit);
    sliced += found.sliced.empty() ? 0 : 1;
    const auto tensors = models::random_tensors(given, rng());
    const auto whole = models::contract(given, order, tensors);
    const auto parts = models::contract(given, found.order, tensors, found.sliced);
    REQUIRE(parts.shape == whole.shape);
    for (std::size_t e = 0; e < whole.values.size(); ++e) {
      CHECK(parts.values[e] == Approx(whole.values[e]).epsilon(1e-9).margin(1e-9));
    }
  }
  CHECK(sliced > 20);
}

TEST_CASE("slicing a network with large intermediates costs little") {
  const TensorNetwork network = double_lattice(3, 4, 2);
  const ContractionOrder order = greedy_order(network);
  const double peak = models::cost_of(network, order).peak;
  const auto found =
      std::get<OrderInSlices>(slice_order(network, order, {.most_elements = std::floor(peak / 4)}));
  check_says_the_truth(network, found);
  CHECK(found.peak <= peak / 4);
  CHECK(found.overhead < 2);
}

TEST_CASE("no point of a front needs more of both than another") {
  const TensorNetwork network = double_lattice(3, 4, 2);
  const auto front = contraction_front(network, {.limits = 4, .cpu_seconds = 2, .seed = 1});
  REQUIRE(front.size() >= 3);
  CHECK(front.front().multiplications == 354'336);  // proven optimum of 3 x 3 sites, bonds of 4
  CHECK(front.front().overhead == 1);
  for (std::size_t i = 0; i < front.size(); ++i) {
    check_says_the_truth(network, front[i]);
    if (i > 0) {
      CHECK(front[i].multiplications > front[i - 1].multiplications);
      CHECK(front[i].peak < front[i - 1].peak);
      CHECK(front[i].overhead == Approx(front[i].multiplications / front.front().multiplications));
    }
  }
}

}  // namespace
}  // namespace cairn::search
