// Does contracting in an order give the sum that the network defines, whatever the order, its
// slices and the kind of network?
#include "models/tensor_network/execute.h"

#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "models/tensor_network/einsum.h"
#include "tests/unit/models/tensor_network/random_network.h"

namespace cairn::models {
namespace {

/// Rounding of sums of a few thousand products.
constexpr double kRounding = 1e-12;

/// The definition: for all values of all indices, the product of one element of each term is added
/// to one element of the output.
std::vector<double> by_definition(const TensorNetwork& network,
                                  const std::vector<DenseTensor>& tensors) {
  std::vector<std::int64_t> at(network.indices.size(), 0);
  const auto place = [&](const TensorIndices& indices) {
    std::int64_t offset = 0;
    for (const IndexId index : indices) {
      const auto i = static_cast<std::size_t>(index);
      offset = offset * network.indices[i].size + at[i];
    }
    return static_cast<std::size_t>(offset);
  };
  std::int64_t elements = 1;
  for (const IndexId index : network.output) {
    elements *= network.indices[static_cast<std::size_t>(index)].size;
  }
  std::vector<double> result(static_cast<std::size_t>(elements), 0.0);
  for (;;) {
    double product = 1;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      product *= tensors[t].values[place(network.terms[t])];
    }
    result[place(network.output)] += product;
    std::size_t i = 0;
    while (i < at.size() && ++at[i] == network.indices[i].size) {
      at[i++] = 0;
    }
    if (i == at.size()) {
      return result;
    }
  }
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

TEST_CASE("a product of two matrices has the elements of the textbook") {
  const TensorNetwork network = read_einsum("ab,bc->ca", "a=2,b=3,c=2");
  const std::vector<DenseTensor> tensors{{{2, 3}, {1, 2, 3, 4, 5, 6}},
                                         {{3, 2}, {1, 10, 2, 20, 3, 30}}};
  // Rows (1 2 3) and (4 5 6) with columns (1 2 3) and (10 20 30): 14, 32, 140, 320, transposed.
  const DenseTensor result = contract(network, {{0, 1}}, tensors);
  CHECK(result.shape == std::vector<std::int64_t>{2, 2});
  CHECK(result.values == std::vector<double>{14, 32, 140, 320});
}

TEST_CASE("traces, sums of one term and transposes need no pair") {
  const std::vector<DenseTensor> square{{{2, 2}, {1, 2, 3, 4}}};
  CHECK(contract(read_einsum("aa->", "a=2"), {}, square).values == std::vector<double>{5});
  CHECK(contract(read_einsum("aa->a", "a=2"), {}, square).values == std::vector<double>{1, 4});
  CHECK(contract(read_einsum("ab->a", "a=2,b=2"), {}, square).values == std::vector<double>{3, 7});
  CHECK(contract(read_einsum("ab->ba", "a=2,b=2"), {}, square).values ==
        std::vector<double>{1, 3, 2, 4});
}

TEST_CASE("random networks of every kind have the elements of their definition") {
  Rng rng(derive_seed(20240611, "definition"));
  int diagonals = 0;
  int hyperedges = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const TensorNetwork network = random_network(rng, 6, 7, 3);
    const ContractionOrder order = random_order(network.terms.size(), rng);
    const std::vector<DenseTensor> tensors =
        random_tensors(network, static_cast<std::uint64_t>(trial));
    CAPTURE(trial, einsum_text(network, network.terms, network.output));
    CHECK(largest_difference(by_definition(network, tensors),
                             contract(network, order, tensors).values) < kRounding);
    for (const UnaryStep& step : pairwise(network).unary) {
      diagonals += step.diagonals.empty() ? 0 : 1;
    }
    for (std::size_t i = 0; i < network.indices.size(); ++i) {
      hyperedges += std::ranges::count_if(network.terms, [&](const TensorIndices& term) {
                      return std::ranges::find(term, static_cast<IndexId>(i)) != term.end();
                    }) > 2;
    }
  }
  CHECK(diagonals > 100);
  CHECK(hyperedges > 100);
}

TEST_CASE("two orders of 200 larger random networks agree to rounding") {
  Rng rng(derive_seed(20240611, "orders"));
  int compared = 0;
  for (int trial = 0; compared < 200; ++trial) {
    const TensorNetwork network = random_network(rng, 12, 14, 4);
    const SlicedOrder one{.order = random_order(network.terms.size(), rng), .sliced = {}};
    const SlicedOrder two{.order = random_order(network.terms.size(), rng), .sliced = {}};
    const Verification result =
        verify(network, one, two, static_cast<std::uint64_t>(trial), {.bytes = 64e6});
    if (result.difference) {
      CAPTURE(trial, einsum_text(network, network.terms, network.output));
      CHECK(*result.difference < kRounding);
      ++compared;
    }
  }
}

TEST_CASE("a wrong order of indices is found by comparing") {
  // The same terms, but the output transposed: what a mix-up of two dimensions would give.
  const TensorNetwork network = read_einsum("ab,bc->ac", "a=3,b=4,c=3");
  const TensorNetwork transposed = read_einsum("ab,bc->ca", "a=3,b=4,c=3");
  const std::vector<DenseTensor> tensors = random_tensors(network, 1);
  CHECK(largest_difference(contract(network, {{0, 1}}, tensors).values,
                           contract(transposed, {{0, 1}}, tensors).values) > 0.1);
}

TEST_CASE("slices add up to the whole, whether their index is summed or in the output") {
  Rng rng(derive_seed(20240611, "slices"));
  for (int trial = 0; trial < 200; ++trial) {
    const TensorNetwork network = random_network(rng, 6, 7, 3);
    const ContractionOrder order = random_order(network.terms.size(), rng);
    TensorIndices sliced;
    for (std::size_t i = 0; i < network.indices.size(); ++i) {
      if (rng.uniform_int(0, 2) == 0) {
        sliced.push_back(static_cast<IndexId>(i));
      }
    }
    rng.shuffle(sliced);
    const Verification result = verify(network, {order, {}}, {order, sliced}, 7);
    CAPTURE(trial, einsum_text(network, network.terms, network.output), sliced);
    REQUIRE(result.difference);
    CHECK(*result.difference < kRounding);
  }
}

TEST_CASE("random tensors keep results near one in long chains and dense sums") {
  // 60 matrices of 30 x 30: unscaled, the elements would be about 30^29.5 = 10^43.
  TensorNetwork chain;
  for (int i = 0; i <= 60; ++i) {
    chain.indices.push_back({.name = std::to_string(i), .size = 30});
  }
  ContractionOrder order;
  for (std::int32_t i = 0; i < 60; ++i) {
    chain.terms.push_back({i, i + 1});
    if (i > 0) {
      order.push_back({i == 1 ? 0 : 58 + i, i});
    }
  }
  chain.output = {0, 60};
  const DenseTensor result = contract(chain, order, random_tensors(chain, 3));
  double square = 0;
  for (const double value : result.values) {
    square += value * value / 900;
  }
  CHECK(square > 0.05);
  CHECK(square < 20);
}

TEST_CASE("what needs more memory or time than allowed is refused with how far over") {
  // 2^14 * 2^14 doubles are 2 GiB; with the operands and copies a little more.
  const TensorNetwork network = read_einsum("a,b->ab", "a=16384,b=16384");
  const SlicedOrder order{.order = {{0, 1}}, .sliced = {}};
  const Verification memory = verify(network, order, order, 1, {.bytes = 1024.0 * 1024 * 1024});
  CHECK_FALSE(memory.difference);
  CHECK(memory.refusal.find("GiB of memory, ") != std::string::npos);
  CHECK(memory.refusal.find("the limit of 1 GiB") != std::string::npos);
  const Verification time =
      verify(network, order, order, 1, {.bytes = 1e12, .multiplications = 1e8});
  CHECK_FALSE(time.difference);
  CHECK(time.refusal == "needs 5.369e+08 multiplications, 5.37 times the limit of 1e+08");
  // The two terms as they were given, the result, and its copy as the output.
  CHECK(memory.bytes == 8.0 * (2 * 16384 + 2 * 268435456.0));
  const TensorNetwork small = read_einsum("a,b->ab", "a=512,b=512");
  const Verification slices = verify(small, order, {order.order, {0, 1}}, 1);
  CHECK_FALSE(slices.difference);
  CHECK(slices.refusal == "has 2.621e+05 slices, 2.62 times the limit of 1e+05");
}

}  // namespace
}  // namespace cairn::models
