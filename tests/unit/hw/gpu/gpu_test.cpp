#include "hw/gpu/gpu.h"

#include <array>
#include <random>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

using test::GpuFile;
using test::matmul;
using test::price;

constexpr std::array<std::string_view, 4> kFiles{"a100", "h100", "a40", "rtx4090"};

models::Precision int4_g128() {
  models::Precision p = models::integer_format(4);
  p.group_size = 128;
  p.scale_bits = 16;
  return p;
}

TEST_CASE("no product is faster than the roofline on any GPU") {
  std::mt19937 random(7);  // only shapes: any engine will do
  std::uniform_int_distribution<std::int64_t> size(1, 9000);
  for (const std::string_view name : kFiles) {
    const GpuFile file{std::string(name)};
    const Gpu& gpu = file.gpu();
    for (int i = 0; i < 300; ++i) {
      const models::Operator op =
          matmul(i % 3 == 0 ? size(random) % 64 + 1 : size(random), size(random), size(random));
      const OperatorCost cost = price(gpu, op);
      const double compute = static_cast<double>(cost.macs) / gpu.peak_macs_per_second(op.formats);
      const double memory = (cost.dram_read_bits + cost.dram_write_bits) / gpu.backing().bandwidth;
      REQUIRE(cost.latency_s() > compute);
      REQUIRE(cost.latency_s() > memory);
      REQUIRE(cost.utilization < 1);
      const auto& s = std::get<models::MatMul>(op.shape);
      REQUIRE(cost.dram_read_bits >= 16.0 * static_cast<double>(s.m * s.k + s.k * s.n) * 0.999999);
    }
  }
}

TEST_CASE("more DRAM bandwidth is never slower, a larger L2 never reads more") {
  const GpuFile base("a100");
  const GpuFile wide("a100", {"memories.hbm.bandwidth=600 GB/s"});
  const GpuFile large("a100", {"memories.l2.capacity=80 MiB"});
  for (const std::int64_t m : {1, 16, 100, 512, 4096, 16384}) {
    for (const std::int64_t n : {1024, 11008, 28672}) {
      const models::Operator op = matmul(m, n, 8192);
      CHECK(price(wide.gpu(), op).latency_s() <= price(base.gpu(), op).latency_s());
      MappingConstraint fixed;  // the same kernel on both
      fixed.tile[0] = 128;
      fixed.tile[1] = 128;
      fixed.split_k = 1;
      CHECK(price(large.gpu(), op, 0, fixed).dram_read_bits <=
            price(base.gpu(), op, 0, fixed).dram_read_bits);
    }
  }
}

TEST_CASE("4-bit weights are faster for one token and slower for a large batch") {
  for (const std::string_view name : kFiles) {
    const GpuFile file{std::string(name)};
    models::Operator few = matmul(1, 11008, 4096);
    models::Operator many = matmul(4096, 11008, 4096);
    const double few_fp16 = price(file.gpu(), few).latency_s();
    const double many_fp16 = price(file.gpu(), many).latency_s();
    few.formats.weights = many.formats.weights = int4_g128();
    CHECK(price(file.gpu(), few).latency_s() < 0.6 * few_fp16);
    CHECK(price(file.gpu(), many).latency_s() > many_fp16);
  }
}

TEST_CASE("int8 runs at the device's int8 rate, and at fp16 where it has none") {
  const GpuFile a100("a100");
  models::Formats formats;
  formats.weights = formats.activations = models::kInt8;
  CHECK(a100.gpu().peak_macs_per_second(formats) == Approx(312e12));
  formats.weights = models::integer_format(4);  // int4 weights are unpacked to int8
  CHECK(a100.gpu().peak_macs_per_second(formats) == Approx(312e12));
  formats.activations = models::integer_format(4);
  CHECK(a100.gpu().peak_macs_per_second(formats) == Approx(624e12));
  formats.weights = formats.activations = models::floating_format(4, 8);
  CHECK(a100.gpu().peak_macs_per_second(formats) == Approx(156e12));  // no fp8 on A100
  const GpuFile h100("h100");
  CHECK(h100.gpu().peak_macs_per_second(formats) == Approx(1978.9e12 / 2));
}

TEST_CASE("only 2:4 sparsity runs faster, and only where the device says so") {
  models::Operator dense = matmul(4096, 8192, 8192);
  models::Operator half = dense;
  half.sparsity = {.density = 0.5, .kept = 2, .block = 4, .storage = models::SparseStorage::n_m};
  models::Operator random = dense;
  random.sparsity = {.density = 0.5, .storage = models::SparseStorage::bitmask};
  const GpuFile has("a100");
  CHECK(price(has.gpu(), half).latency_s() < 0.7 * price(has.gpu(), dense).latency_s());
  CHECK(price(has.gpu(), random).latency_s() > 0.95 * price(has.gpu(), dense).latency_s());
  const GpuFile lacks("a100", {"devices.gpu.sparse_2_4=false"});
  CHECK(price(lacks.gpu(), half).latency_s() > 0.95 * price(lacks.gpu(), dense).latency_s());
}

TEST_CASE("average power stays under the board's limit, and a lower limit stretches the kernel") {
  const GpuFile file("a100");
  const GpuFile capped("a100", {"devices.gpu.board_power=250 W"});
  const models::Operator op = matmul(8192, 8192, 8192);
  const OperatorCost free = price(file.gpu(), op);
  const OperatorCost slow = price(capped.gpu(), op);
  CHECK(free.energy.total() / free.latency_s() + file.gpu().static_power() < 400);
  CHECK(slow.energy.total() / slow.latency_s() + capped.gpu().static_power() < 250);
  CHECK(slow.latency_s() > 1.2 * free.latency_s());
  // What instructions and clocks would add beyond the limit is saved by a lower voltage.
  CHECK(slow.energy.total() <= free.energy.total());
}

TEST_CASE("fused attention beats three kernels and moves less") {
  models::Operator op;
  op.shape = models::Attention{
      .batch = 2, .heads = 32, .kv_heads = 8, .head_dim = 128, .queries = 2048, .context = 2048};
  const GpuFile file("h100");
  const OperatorCost fused = price(file.gpu(), op, test::kFusedAttention);
  const OperatorCost apart = price(file.gpu(), op);
  CHECK(fused.latency_s() < 0.5 * apart.latency_s());
  CHECK(fused.dram_read_bits < 0.1 * apart.dram_read_bits);
  CHECK(fused.macs == apart.macs);
}

TEST_CASE("an 8-bit cache makes long decode nearly twice as fast") {
  models::Operator op;
  op.shape = models::Attention{
      .batch = 32, .heads = 32, .kv_heads = 32, .head_dim = 128, .queries = 1, .context = 8192};
  const GpuFile file("h100");
  const double wide = price(file.gpu(), op, test::kFusedAttention).latency_s();
  op.formats.weights = models::kInt8;
  CHECK(price(file.gpu(), op, test::kFusedAttention).latency_s() < 0.6 * wide);
}

TEST_CASE("an epilogue in the product's kernel saves its launch and its traffic") {
  const GpuFile file("a100");
  const models::Operator product = matmul(2048, 4096, 4096);
  models::Operator add;
  add.shape = models::Elementwise{.rows = 2048, .columns = 4096, .inputs = 2};
  const std::array<const models::Operator*, 1> followers{&add};
  GroupView group;
  group.anchor = &product;
  group.followers = followers;
  group.fused = 2;
  const auto together =
      std::get<OperatorCost>(file.gpu().price(group, {}, MappingObjective::latency));
  const double apart = price(file.gpu(), product).latency_s() + price(file.gpu(), add).latency_s();
  CHECK(together.latency_s() < apart);
  CHECK(together.latency_s() > price(file.gpu(), product).latency_s());
}

TEST_CASE("a ResNet-50 convolution is priced as an implicit product, depthwise on the CUDA cores") {
  const GpuFile file("a100");
  models::Operator op;
  op.shape = models::Convolution{.batch = 64,
                                 .height = 56,
                                 .width = 56,
                                 .channels = 64,
                                 .filters = 64,
                                 .kernel_height = 3,
                                 .kernel_width = 3,
                                 .pad_top = 1,
                                 .pad_bottom = 1,
                                 .pad_left = 1,
                                 .pad_right = 1};
  const OperatorCost dense = price(file.gpu(), op);
  CHECK(dense.macs == 64LL * 56 * 56 * 64 * 64 * 9);
  // The input is read once, not once for each of the nine taps.
  CHECK(dense.dram_read_bits < 16.0 * 64 * 56 * 56 * 64 * 1.1);
  std::get<models::Convolution>(op.shape).groups = 64;
  const OperatorCost depthwise = price(file.gpu(), op);
  CHECK(depthwise.macs == dense.macs / 64);
  CHECK(depthwise.utilization < 0.5);
}

TEST_CASE("a mapping that the library cannot run is infeasible") {
  const GpuFile file("a100");
  const models::Operator op = matmul(64, 64, 64);
  GroupView group;
  group.anchor = &op;
  MappingConstraint odd;
  odd.tile[0] = 100;
  CHECK(
      std::holds_alternative<Infeasible>(file.gpu().price(group, odd, MappingObjective::latency)));
}

TEST_CASE("feeding a mapping back gives the same cost") {
  const GpuFile file("h100");
  for (const std::int64_t m : {1, 100, 2048}) {
    const models::Operator op = matmul(m, 4096, 11008);
    const OperatorCost first = price(file.gpu(), op);
    MappingConstraint same;
    same.tile[0] = first.mapping.tile[0];
    same.tile[1] = first.mapping.tile[1];
    same.split_k = first.mapping.split_k;
    const OperatorCost again = price(file.gpu(), op, 0, same);
    CHECK(again.latency_s() == first.latency_s());
    CHECK(again.mapping == first.mapping);
  }
}

}  // namespace
}  // namespace cairn::hw
