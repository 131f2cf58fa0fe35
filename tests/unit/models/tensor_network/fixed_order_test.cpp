#include "models/tensor_network/fixed_order.h"

#include <catch2/catch.hpp>

#include "core/random.h"
#include "core/text/enum_names.h"
#include "dense_tensor.h"
#include "models/tensor_network/lower.h"

namespace cairn::models {
namespace {

/// 768 x 768 as in a tensor train of rank 10. Terms: 0 the input (b, i0, i1, i2), then the cores
/// 1 (o0, r1), 2 (r1, o1, r2), 3 (r2, o2, r3), 4 (r3, i0, r4), 5 (r4, i1, r5), 6 (r5, i2).
TensorNetwork train() {
  return tensor_layer({.decomposition = Decomposition::tensor_train,
                       .input_modes = {8, 8, 12},
                       .output_modes = {12, 8, 8},
                       .rank = 10,
                       .blocks = 1},
                      32)
      .network;
}

TEST_CASE("right to left: the input's cores from the last, then the output's") {
  const ContractionOrder order = right_to_left_order(train());
  CHECK(order == ContractionOrder{{0, 6}, {7, 5}, {8, 4}, {9, 3}, {10, 2}, {11, 1}});
  // 32 x 64 x 12 x 10, 32 x 8 x 8 x 10 x 10, 32 x 8 x 10 x 10, and back.
  CHECK(cost_of(train(), order).multiplications == 2 * (245'760 + 204'800 + 25'600));
}

TEST_CASE("bidirectional: both sides from their outer ends, then the input with each") {
  const ContractionOrder order = bidirectional_order(train());
  CHECK(order == ContractionOrder{{6, 5}, {7, 4}, {1, 2}, {9, 3}, {0, 8}, {11, 10}});
  // Each side 10 x 8 x 10 x 12 and 10 x 8 x 10 x 96, then 32 x 768 x 10.
  CHECK(cost_of(train(), order).multiplications == 2 * (9'600 + 76'800 + 245'760));
}

TEST_CASE("reconstruction makes the dense weight before the input is read") {
  const ContractionOrder order = reconstruct_order(train());
  CHECK(order == ContractionOrder{{1, 2}, {7, 3}, {8, 4}, {9, 5}, {10, 6}, {0, 11}});
  // 96 x 10 x 10, 96 x 10 x 8 x 10, 768 x 10 x 8 x 10, 6144 x 10 x 8 x 10, 49152 x 10 x 12, then
  // 32 x 768 x 768.
  CHECK(cost_of(train(), order).multiplications ==
        9'600 + 76'800 + 614'400 + 4'915'200 + 5'898'240 + 18'874'368);
}

TEST_CASE("every decomposition has its fixed orders, and all of them give the same result") {
  for (const auto& [decomposition, name] : enum_names(Decomposition{})) {
    for (const std::int64_t blocks : {1, 2}) {
      CAPTURE(name, blocks);
      const TensorNetwork layer = tensor_layer({.decomposition = decomposition,
                                                .input_modes = {3, 2, 2},
                                                .output_modes = {2, 3, 2},
                                                .rank = 2,
                                                .blocks = blocks},
                                               3)
                                      .network;
      Rng rng(derive_seed(3, "fixed orders"));
      std::vector<Dense> terms;
      const std::vector<std::int64_t> sizes = sizes_of(layer);
      for (const TensorIndices& term : layer.terms) {
        terms.push_back(random_tensor(term, sizes, rng));
      }
      std::vector<ContractionOrder> orders{right_to_left_order(layer), reconstruct_order(layer)};
      if (is_two_sided(decomposition)) {
        orders.push_back(bidirectional_order(layer));
      }
      LowerOptions options;
      options.free_layout.assign(layer.terms.size(), true);
      options.free_layout.front() = false;
      const std::vector<double> expected = execute(lower(layer, orders.front(), {}), terms, sizes);
      for (const ContractionOrder& order : orders) {
        check(order, layer.terms.size());
        CHECK(execute(lower(layer, order, options), terms, sizes) == expected);
      }
    }
  }
}

TEST_CASE("factors of a block term meet its core before each other, as those of Tucker do") {
  // Terms 1 ... 4 are the factors o0 o1 i0 i1, 5 is the core.
  const ContractionOrder expected{{1, 5}, {6, 2}, {7, 3}, {8, 4}, {0, 9}};
  for (const Decomposition decomposition : {Decomposition::tucker, Decomposition::block_term}) {
    const TensorNetwork layer = tensor_layer({.decomposition = decomposition,
                                              .input_modes = {4, 3},
                                              .output_modes = {3, 4},
                                              .rank = 2,
                                              .blocks = 2},
                                             5)
                                    .network;
    CHECK(reconstruct_order(layer) == expected);
    CHECK(right_to_left_order(layer) == ContractionOrder{{0, 4}, {6, 3}, {7, 5}, {8, 2}, {9, 1}});
  }
}

TEST_CASE("transfer tensors belong to the side whose factors they join") {
  // Terms 1 ... 6 are the factors o0 o1 o2 i0 i1 i2; 7 joins o0 and o1, 8 that with o2, 9 and 10
  // the same of the input, 11 both sides.
  const TensorNetwork layer = tensor_layer({.decomposition = Decomposition::hierarchical_tucker,
                                            .input_modes = {8, 8, 12},
                                            .output_modes = {12, 8, 8},
                                            .rank = 4,
                                            .blocks = 1},
                                           32)
                                  .network;
  REQUIRE(layer.terms.size() == 12);
  const ContractionOrder order = bidirectional_order(layer);
  const std::vector<TensorIndices> tensors = tensors_of(layer, order);
  // The last step but one takes the input (term 0) with all that has the input's modes.
  CHECK(order[order.size() - 2].first == 0);
  const TensorIndices& input_side =
      tensors[static_cast<std::size_t>(order[order.size() - 2].second)];
  CHECK(input_side.size() == 4);  // three modes and one bond
}

}  // namespace
}  // namespace cairn::models
