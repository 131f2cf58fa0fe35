#include "models/operator.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "core/error.h"

using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

/// The definition, one pair at a time.
std::int64_t counted_pairs(const Attention& a) {
  std::int64_t pairs = 0;
  for (std::int64_t query = a.context - a.queries; query < a.context; ++query) {
    for (std::int64_t key = 0; key < a.context; ++key) {
      const bool past = !a.causal || key <= query;
      const bool near = a.window == 0 || query - key < a.window;
      pairs += past && near ? 1 : 0;
    }
  }
  return pairs;
}

std::int64_t counted_keys(const Attention& a) {
  std::int64_t keys = 0;
  for (std::int64_t key = 0; key < a.context; ++key) {
    bool seen = false;
    for (std::int64_t query = a.context - a.queries; query < a.context; ++query) {
      seen = seen || (key <= query && (a.window == 0 || query - key < a.window));
    }
    keys += seen ? 1 : 0;
  }
  return keys;
}

}  // namespace

TEST_CASE("causal attention sees the pairs that its definition counts") {
  for (std::int64_t context = 1; context <= 12; ++context) {
    for (std::int64_t queries = 1; queries <= context; ++queries) {
      for (std::int64_t window = 0; window <= context + 1; ++window) {
        const Attention a{.queries = queries, .context = context, .window = window};
        CAPTURE(context, queries, window);
        CHECK(a.visible_pairs() == counted_pairs(a));
        CHECK(a.visible_keys() == counted_keys(a));
      }
    }
  }
  // Prefill of 4 tokens: 1 + 2 + 3 + 4; a bidirectional encoder sees 4 x 4.
  CHECK(Attention{.queries = 4, .context = 4}.visible_pairs() == 10);
  CHECK(Attention{.queries = 4, .context = 4, .causal = false}.visible_pairs() == 16);
}

TEST_CASE("multiply-accumulates and elements of a matmul") {
  const MatMul shared{.batch = 3, .m = 2, .n = 5, .k = 7};
  CHECK(multiply_accumulates(shared) == 210);
  CHECK(weight_elements(shared) == 35);
  CHECK(input_elements(shared) == 42);
  CHECK(output_elements(shared) == 30);
  MatMul experts = shared;
  experts.distinct_weights = true;
  CHECK(weight_elements(experts) == 105);
  MatMul activations = shared;
  activations.weight = false;
  CHECK(weight_elements(activations) == 0);
  CHECK(input_elements(activations) == 42 + 105);
}

TEST_CASE("multiply-accumulates and elements of convolutions") {
  // The first layer of ResNet: 224 x 224 x 3, 64 filters of 7 x 7, stride 2, padding 3.
  Convolution conv{.height = 224,
                   .width = 224,
                   .channels = 3,
                   .filters = 64,
                   .kernel_height = 7,
                   .kernel_width = 7,
                   .stride_height = 2,
                   .stride_width = 2,
                   .pad_top = 3,
                   .pad_bottom = 3,
                   .pad_left = 3,
                   .pad_right = 3};
  CHECK(conv.output_height() == 112);
  CHECK(multiply_accumulates(conv) == 118'013'952);
  CHECK(weight_elements(conv) == 9408);
  CHECK(kind_name(conv) == "conv2d");
  // Depthwise 3 x 3 over 32 channels of 112 x 112 (MobileNetV2).
  Convolution depthwise{.height = 112,
                        .width = 112,
                        .channels = 32,
                        .filters = 32,
                        .kernel_height = 3,
                        .kernel_width = 3,
                        .pad_top = 1,
                        .pad_bottom = 1,
                        .pad_left = 1,
                        .pad_right = 1,
                        .groups = 32};
  CHECK(multiply_accumulates(depthwise) == 3'612'672);
  CHECK(weight_elements(depthwise) == 288);
  CHECK(kind_name(depthwise) == "depthwise_conv2d");
  // Dilation 2 widens a 3 x 3 kernel to 5 x 5.
  conv.kernel_height = 3;
  conv.dilation_height = 2;
  conv.stride_height = 1;
  CHECK(conv.output_height() == 224 + 6 - 4);
}

TEST_CASE("attention counts two products per visible pair and reads its cache once") {
  const Attention a{.batch = 2, .heads = 8, .kv_heads = 2, .head_dim = 16, .context = 100};
  CHECK(multiply_accumulates(a) == 2 * 2 * 8 * 16 * 100);
  CHECK(weight_elements(a) == 2 * 2 * 2 * 16 * 100);
  CHECK(input_elements(a) == 2 * 8 * 16);
}

TEST_CASE("counts beyond 63 bits throw instead of wrapping") {
  const MatMul huge{.m = 1LL << 32, .n = 1LL << 32, .k = 2};
  CHECK_THROWS_AS(multiply_accumulates(huge), std::overflow_error);
}

TEST_CASE("stored bits of pruned tensors add the metadata of their format") {
  const Precision int8 = kInt8;
  // 1024 elements, a quarter kept: 256 x 8 value bits.
  const Sparsity bitmask{.density = 0.25, .storage = SparseStorage::bitmask};
  CHECK(stored_tensor(int8, bitmask, 1024, 64).value_bits == Approx(2048));
  CHECK(stored_tensor(int8, bitmask, 1024, 64).metadata_bits == Approx(1024));
  // Rows of 64: 6 index bits for each of 256, and 17 row pointers of 9 bits (0 to 256).
  const Sparsity csr{.density = 0.25, .storage = SparseStorage::csr};
  CHECK(stored_tensor(int8, csr, 1024, 64).metadata_bits == Approx(256 * 6 + 17 * 9));
  // 2:4 keeps half with 2 bits each.
  const Sparsity n_m{.density = 0.5, .kept = 2, .block = 4, .storage = SparseStorage::n_m};
  CHECK(stored_tensor(int8, n_m, 1024, 64).value_bits == Approx(4096));
  CHECK(stored_tensor(int8, n_m, 1024, 64).metadata_bits == Approx(1024));
  const Sparsity dense{.density = 0.25, .storage = SparseStorage::dense};
  CHECK(stored_tensor(int8, dense, 1024, 64).total() == Approx(8192));
  // Scales of groups stay: 8 groups of 128 with 16 bits.
  Precision grouped = kInt8;
  grouped.group_size = 128;
  grouped.scale_bits = 16;
  CHECK(stored_tensor(grouped, bitmask, 1024, 64).value_bits == Approx(2048 + 128));
}

TEST_CASE("run length needs a padding zero for every sixteen zeros in a row") {
  // Against counting: zeros placed at random, codes as the definition makes them.
  std::mt19937_64 random(7);
  const double density = 0.05;
  constexpr int kElements = 400'000;
  std::int64_t codes = 0;
  int zeros = 0;
  for (int i = 0; i < kElements; ++i) {
    const bool zero = static_cast<double>(random() >> 11U) * 0x1.0p-53 >= density;
    if (zero && zeros < 15) {
      ++zeros;
    } else {
      ++codes;  // a value, or the sixteenth zero stored as one
      zeros = 0;
    }
  }
  const Sparsity sparsity{.density = density, .storage = SparseStorage::run_length};
  const StoredTensor stored = stored_tensor(kInt8, sparsity, kElements, 100);
  CHECK(stored.metadata_bits == Approx(4.0 * static_cast<double>(codes)).epsilon(0.01));
  CHECK(stored.value_bits == Approx(8.0 * static_cast<double>(codes)).epsilon(0.01));
  // Dense data has no padding: one code word per element.
  const Sparsity full{.density = 1.0, .storage = SparseStorage::run_length};
  CHECK(stored_tensor(kInt8, full, 1000, 100).total() == Approx(1000 * 12));
}

TEST_CASE("the price hash depends on what a cost model may read and on nothing else") {
  const Operator base{.name = "a", .group = "g", .shape = MatMul{.m = 2, .n = 3, .k = 4}};
  Operator other = base;
  other.name = "b";
  other.group = "h";
  other.layer = 5;
  CHECK(price_hash(base) == price_hash(other));
  const auto differs = [&](auto change) {
    Operator changed = base;
    change(changed);
    return price_hash(changed) != price_hash(base);
  };
  CHECK(differs([](Operator& o) { o.shape = MatMul{.m = 3, .n = 2, .k = 4}; }));
  CHECK(differs([](Operator& o) { std::get<MatMul>(o.shape).weight = false; }));
  CHECK(differs([](Operator& o) { std::get<MatMul>(o.shape).distinct_weights = true; }));
  CHECK(differs([](Operator& o) { o.formats.weights = kBf16; }));
  CHECK(differs([](Operator& o) { o.formats.activations.group_size = 32; }));
  CHECK(differs([](Operator& o) { o.formats.outputs.scale_bits = 8; }));
  CHECK(differs([](Operator& o) { o.sparsity.density = 0.5; }));
  CHECK(differs([](Operator& o) { o.sparsity.block = 4; }));
  CHECK(differs([](Operator& o) { o.sparsity.storage = SparseStorage::csr; }));
  CHECK(differs([](Operator& o) { o.shape = Softmax{.rows = 2, .columns = 3}; }));
}
