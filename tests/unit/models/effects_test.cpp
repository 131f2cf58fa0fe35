#include "models/compression/effects.h"

#include <string>

#include <catch2/catch.hpp>

using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {
Precision format(const std::string& text) {
  std::string why;
  return parse_precision(text, why).value();
}
}  // namespace

TEST_CASE("effects of a compressed matmul stay apart") {
  Operator op;
  op.shape = MatMul{.m = 4, .n = 32, .k = 64};  // 2048 weights, 8192 multiply-accumulates
  op.formats.weights = format("int4/g64");
  op.sparsity = {.density = 0.5, .kept = 2, .block = 4, .storage = SparseStorage::n_m};
  const Effects e = effects(op);
  CHECK(e.metadata_bits == Approx(1024 * 2));
  CHECK(e.stored_bits == Approx(1024 * 4 + 32 * 16 + 2048));
  CHECK(e.moved_bits == Approx(e.stored_bits));
  CHECK(e.dense_macs == Approx(8192));
  CHECK(e.effective_macs == Approx(4096));
  CHECK(e.decode_operations == Approx(1024));  // one scale for each kept weight
}

TEST_CASE("zeros that are stored are decoded and moved") {
  Operator op;
  op.shape = MatMul{.m = 1, .n = 32, .k = 64};
  op.formats.weights = format("tcq3");
  op.sparsity = {.density = 0.5};
  const Effects e = effects(op);
  CHECK(e.stored_bits == Approx(2048 * 3));
  CHECK(e.effective_macs == Approx(1024));
  CHECK(e.decode_operations == Approx(2048 * 3));
}

TEST_CASE("decode work by format") {
  CHECK(decode_operations_per_weight(format("fp16")) == Approx(0));
  CHECK(decode_operations_per_weight(format("int4")) == Approx(0));
  CHECK(decode_operations_per_weight(format("int4/g128")) == Approx(1));
  CHECK(decode_operations_per_weight(format("cb2x8")) == Approx(0.5));
  CHECK(decode_operations_per_weight(format("cb2x8/g64")) == Approx(1.5));
  CHECK(decode_operations_per_weight(format("tcq2.5")) == Approx(3));
}

TEST_CASE("the cache is the weight tensor of attention") {
  Operator op;
  op.shape = Attention{.batch = 2, .heads = 8, .kv_heads = 2, .head_dim = 16, .context = 10};
  op.formats.weights = format("int8");
  CHECK(effects(op).stored_bits == Approx(8 * 2 * 2 * 2 * 16 * 10));
}
