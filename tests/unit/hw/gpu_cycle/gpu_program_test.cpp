#include "hw/gpu/cycle/gpu_program.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu_cycle/support.h"

namespace cairn::hw {
namespace {

using test::fp16_matmul;
using test::SmallGpu;
using test::totals;
using test::Totals;

constexpr std::int32_t kDram = 0;
constexpr std::int32_t kL2 = 1;
constexpr double kCycle = 1e-9;

TEST_CASE("a product loads what its blocks need, multiplies as the closed form, stores once") {
  // 128 x 128 x 64 in 64 x 64 x 32 tiles: 4 blocks of 2 steps, of (64 + 64) x 32 x 16 bit and 128
  // cycles each.
  const SmallGpu small(2);
  const Totals t = totals(small.program(fp16_matmul(128, 128, 64)));
  CHECK(t.legal);
  CHECK(t.read_bits.at(kL2) == 4 * 2 * 65536);
  CHECK(t.write_bits.at(kDram) == 128 * 128 * 16);
  CHECK(t.seconds.at("multiply") == Approx(4 * 2 * 128 * kCycle));
  CHECK(t.seconds.at("launch") == Approx(2 * 1000 * kCycle));
  CHECK(t.seconds.at("next blocks") == Approx(2 * 100 * kCycle));
}

TEST_CASE("ragged products load and store what exists and compute whole tiles") {
  const SmallGpu small(3);
  const std::int64_t m = 100;
  const std::int64_t n = 130;
  const std::int64_t k = 70;
  const Totals t = totals(small.program(fp16_matmul(m, n, k)));
  // 2 x 3 tiles: A is loaded by 3 columns of tiles, B by 2 rows, over 3 steps.
  CHECK(t.read_bits.at(kL2) == 16 * (3 * m * k + 2 * k * n));
  CHECK(t.write_bits.at(kDram) == 16 * m * n);
  CHECK(t.seconds.at("multiply") == Approx(6 * 3 * 128 * kCycle));
}

TEST_CASE("programs of all kinds of kernels are legal and move what the closed form says") {
  const test::GpuFile file("a100");
  const std::vector<ResolvedMemory>& memories = file.machine().memories();
  const std::int32_t dram = cycle::memory_index(memories, file.gpu().spec().dram);
  std::vector<std::pair<models::Operator, std::uint8_t>> work;
  work.emplace_back(fp16_matmul(512, 4096, 1024), 0);
  work.emplace_back(fp16_matmul(3, 256, 8192), 0);  // split
  models::Operator op = fp16_matmul(1, 1, 1);
  op.shape = models::Attention{
      .batch = 2, .heads = 8, .kv_heads = 2, .head_dim = 128, .queries = 300, .context = 700};
  work.emplace_back(op, test::kFusedAttention);
  work.emplace_back(op, 0);
  op.shape = models::Normalization{
      .kind = models::NormalizationKind::rms_norm, .rows = 1000, .columns = 4096};
  work.emplace_back(op, 0);
  op.shape = models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 8192, .columns = 8192, .inputs = 2};
  work.emplace_back(op, 0);
  for (const auto& [operation, fused] : work) {
    GroupView group;
    group.anchor = &operation;
    group.fused = fused;
    const OperatorCost cost = test::price(file.gpu(), operation, fused);
    double written = 0;
    for (const GpuKernel& kernel : file.gpu().kernels(group, cost)) {
      CHECK(kernel.latency > 0);
      if (const auto* stream = std::get_if<GpuStreamKernel>(&kernel.what)) {
        written -= stream->time.hits;  // the L2 keeps some of it
      }
    }
    const Totals t =
        totals(std::get<cycle::Program>(cycle::program_of(file.gpu(), group, cost, memories)));
    CHECK(t.legal);
    // Each SM rounds its share up to bytes.
    CHECK(t.write_bits.at(dram) <= cost.dram_write_bits * 1.01 + 8 * 108);
    CHECK(t.write_bits.at(dram) >= (cost.dram_write_bits + written) * 0.99);
  }
}

TEST_CASE("the kernels behind a price add up to it") {
  const test::GpuFile file("h100");
  models::Operator op = fp16_matmul(1, 1, 1);
  op.shape = models::Attention{
      .batch = 2, .heads = 8, .kv_heads = 2, .head_dim = 128, .queries = 300, .context = 700};
  GroupView group;
  group.anchor = &op;
  for (const std::uint8_t fused : {std::uint8_t{0}, test::kFusedAttention}) {
    group.fused = fused;
    const OperatorCost cost = test::price(file.gpu(), op, fused);
    double sum = 0;
    for (const GpuKernel& kernel : file.gpu().kernels(group, cost)) {
      sum += kernel.latency;
    }
    CHECK(sum == Approx(cost.latency_s()));
  }
}

}  // namespace
}  // namespace cairn::hw
