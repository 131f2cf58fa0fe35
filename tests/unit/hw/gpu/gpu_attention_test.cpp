#include "hw/gpu/gpu_attention.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

constexpr double kByHand = 1e-9;
constexpr double kCycle = 1e-9;

GpuAttentionSpec small_attention() {
  return {.query_tile = 128, .key_tile = 64, .row_granularity = 16, .tensor = 1, .dram = 1};
}
GpuAttentionFormats formats() {
  GpuAttentionFormats f;
  f.peak = 2048e9;
  f.softmax_operations = 5;
  return f;
}

TEST_CASE("decode reads the cache once and pads its one query to a tensor-core row, by hand") {
  // 1 sequence, 2 heads of 64, 512 keys each: 2 blocks on 2 SMs, 8 steps of 64 keys.
  //   tensor step   2 x 16 x 64 x 64 / 1024 = 128 cycles (16 rows for one query)
  //   softmax step  1 x 64 x (5 / 64 + 1 / 16) = 9 cycles, all of it behind the products
  //   loads         2 x 64 x 64 x 16 / 512  = 256 cycles: the longest
  //   main          8 x 256                 = 2048 cycles
  //   dram          (2 x 2 x 512 x 64 + 2 x 2 x 64) x 16 / 1000 = 2101.248 cycles
  const models::Attention decode{
      .heads = 2, .kv_heads = 2, .head_dim = 64, .queries = 1, .context = 512};
  GpuSpec spec = test::small_gpu();
  spec.stack.gemm.split_k = {1};
  const GpuAttentionTime t =
      gpu_attention(test::small_machine(spec), small_attention(), 1e12, decode, formats());
  CHECK(t.query_tile == 16);
  CHECK(t.main == Approx(2048 * kCycle).epsilon(kByHand));
  CHECK(t.dram == Approx(2101.248 * kCycle).epsilon(kByHand));
  const double body = std::cbrt(std::pow(2048.0, 3) + std::pow(2101.248, 3));
  CHECK(t.total == Approx((1000 + body) * kCycle).epsilon(1e-6));
}

TEST_CASE("a long context of few heads is split over the SMs") {
  const models::Attention decode{
      .heads = 1, .kv_heads = 1, .head_dim = 64, .queries = 1, .context = 8192};
  const GpuAttentionTime t =
      gpu_attention(test::small_machine(), small_attention(), 1e12, decode, formats());
  CHECK(t.split == 2);
}

TEST_CASE("grouped queries share one read of the cache") {
  models::Attention a{
      .batch = 4, .heads = 32, .kv_heads = 32, .head_dim = 128, .queries = 1, .context = 2048};
  const GpuAttentionTime all =
      gpu_attention(test::small_machine(), small_attention(), 1e12, a, formats());
  a.kv_heads = 8;
  const GpuAttentionTime grouped =
      gpu_attention(test::small_machine(), small_attention(), 1e12, a, formats());
  CHECK(grouped.read_bits < 0.26 * all.read_bits);
  CHECK(grouped.total < all.total);
}

TEST_CASE("causal prefill does little more than half of the work") {
  models::Attention a{.heads = 8, .kv_heads = 8, .head_dim = 128, .queries = 4096, .context = 4096};
  const double causal =
      gpu_attention(test::small_machine(), small_attention(), 1e12, a, formats()).executed_macs;
  a.causal = false;
  const double full =
      gpu_attention(test::small_machine(), small_attention(), 1e12, a, formats()).executed_macs;
  CHECK(causal / full > 0.5);
  CHECK(causal / full < 0.52);
}

TEST_CASE("the last queries of a causal prefill see all keys, and nothing runs beside them") {
  // 1 sequence, 1 head of 64, 256 queries in 2 blocks on 2 SMs. The first sees 128 keys, the last
  // 256: 4 tiles of keys at 1152 cycles (softmax 128 x 64 x (5 / 64 + 1 / 16)).
  const models::Attention a{
      .heads = 1, .kv_heads = 1, .head_dim = 64, .queries = 256, .context = 256};
  GpuSpec spec = test::small_gpu();
  spec.stack.gemm.split_k = {1};
  const GpuAttentionTime t =
      gpu_attention(test::small_machine(spec), small_attention(), 1e12, a, formats());
  CHECK(t.main / kCycle == Approx(4 * 1152));
}

TEST_CASE("what a block does outside its loop hides behind nothing") {
  const models::Attention decode{
      .heads = 2, .kv_heads = 2, .head_dim = 64, .queries = 1, .context = 512};
  GpuSpec spec = test::small_gpu();
  spec.stack.gemm.split_k = {1};
  GpuAttentionSpec stack = small_attention();
  const auto total = [&] {
    return gpu_attention(test::small_machine(spec), stack, 1e12, decode, formats()).total;
  };
  const double without = total();
  stack.block = Cycles{300};
  CHECK(total() - without == Approx(300 * kCycle));
}

TEST_CASE("prefill pays for exposed softmax, blocks and older instructions, by hand") {
  // 1 sequence, 2 heads of 64, 128 queries and 512 keys without a mask: 2 blocks, 8 steps.
  //   tensor step   2 x 128 x 64 x 64 / 1024       = 1024 cycles
  //   softmax step  128 x 64 x (5 / 64 + 1 / 16)   = 1152 cycles
  //   loads         256 cycles
  models::Attention a{.heads = 2, .kv_heads = 2, .head_dim = 64, .queries = 128, .context = 512};
  a.causal = false;
  GpuSpec spec = test::small_gpu();
  spec.stack.gemm.split_k = {1};
  GpuAttentionSpec stack = small_attention();
  const auto main_cycles = [&] {
    const GpuAttentionTime t = gpu_attention(test::small_machine(spec), stack, 1e12, a, formats());
    return t.main / kCycle;
  };
  CHECK(main_cycles() == Approx(8 * 1152));  // hidden behind each other: the longer counts
  stack.softmax_exposed = 1;
  CHECK(main_cycles() == Approx(8 * (1024 + 1152)));
  stack.softmax_exposed = 0.25;
  CHECK(main_cycles() == Approx(8 * (1024 + 288)));
  stack.block = Cycles{100};
  CHECK(main_cycles() == Approx(8 * (1024 + 288) + 100));
  spec.warp_level = 0.5;
  CHECK(main_cycles() == Approx(8 * (2048 + 288) + 100));
  stack.warp_level = false;
  CHECK(main_cycles() == Approx(8 * (1024 + 288) + 100));
}

}  // namespace
}  // namespace cairn::hw
