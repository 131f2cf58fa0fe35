// Weights of a few bits under 16-bit activations: where they are decoded, what overlaps, what few
// rows cost, and what a running kernel draws whatever it does.
#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

using test::GpuFile;
using test::matmul;
using test::price;
using test::small_gpu;
using test::small_machine;

models::Operator four_bits(models::Operator op) {
  op.formats.weights = {.kind = models::NumberKind::integer,
                        .exponent_bits = 0,
                        .scale_bits = 16,
                        .group_size = 128,
                        .milli_bits = 4000};
  return op;
}

TEST_CASE(
    "decoding 4-bit weights to memory first is slower than fp16 on a T4, in the kernel it is not") {
  const GpuFile fused("t4");
  const GpuFile separate("t4", {}, "dequantize_first");
  for (const std::int64_t rows : {1, 8, 16}) {
    CAPTURE(rows);
    const models::Operator op = matmul(rows, 4096, 4096);
    const double plain = price(fused.gpu(), op).latency_s();
    CHECK(price(separate.gpu(), four_bits(op)).latency_s() > plain);
    CHECK(price(fused.gpu(), four_bits(op)).latency_s() < plain);
  }
}

TEST_CASE("a separate decoding kernel writes the weights in 16 bits and reads them again") {
  // 4096 x 4096 weights: 4.125 bits read, 16 written, 16 read; one row of input and output.
  const GpuFile separate("t4", {}, "dequantize_first");
  const OperatorCost cost = price(separate.gpu(), four_bits(matmul(1, 4096, 4096)));
  const double weights = 4096.0 * 4096.0;
  CHECK(cost.dram_read_bits == Approx(weights * (4.125 + 16) + 4096 * 16));
  CHECK(cost.dram_write_bits == Approx(weights * 16 + 4096 * 16));
}

TEST_CASE("a card without 4-bit products gains memory traffic from 4-bit weights, not arithmetic") {
  const GpuFile v100("v100");
  models::Operator op = four_bits(matmul(1, 8192, 8192));
  CHECK(price(v100.gpu(), op).latency_s() <
        0.6 * price(v100.gpu(), matmul(1, 8192, 8192)).latency_s());
  op.formats.activations = models::integer_format(4);
  models::Formats fp16;
  CHECK(v100.gpu().peak_macs_per_second(op.formats) == v100.gpu().peak_macs_per_second(fp16));
}

TEST_CASE(
    "decoding beside the tensor cores is never slower, and hides until it is the longer one") {
  const models::Operator op = four_bits(matmul(256, 8192, 8192));
  const auto at = [&](const char* overlapped) {
    const GpuFile file("a100",
                       {std::string{"devices.gpu.stack.dequantization.overlapped="} + overlapped});
    return price(file.gpu(), op).latency_s();
  };
  CHECK(at("true") < at("false"));
}

TEST_CASE("kernels that load far ahead take the longer stream alone") {
  GpuSpec spec = small_gpu();
  spec.stack.gemm.pipelined = true;
  const GpuGemmTime t =
      gpu_gemm(small_machine(spec), {.m = 64, .n = 128, .k = 1024, .peak = 2048e9});
  CHECK(t.body == Approx(std::max(t.main, t.dram)));
  const GpuGemmTime partial =
      gpu_gemm(small_machine(), {.m = 64, .n = 128, .k = 1024, .peak = 2048e9});
  CHECK(partial.body > std::max(partial.main, partial.dram));
}

TEST_CASE("a product of one row on the CUDA cores, by hand") {
  // 1 x 1000 by 1000 x 1000 in fp16 at 1000 bits a nanosecond: 16 Mbit of weights and 32 kbit of
  // rows take 16.032 us. Arithmetic: 10^6 products on 2 x 64 lanes at 1 GHz, 7.8 us. Loads: 2 SMs x
  // 100 bit/cycle, 16.016 Mbit: 80.08 us.
  GpuGemvSpec gemv{.rows = 4, .dram = 1.0, .load = {}, .operations = 1.0, .floor = Cycles{500}};
  const GpuGemmShape shape{.m = 1, .n = 1000, .k = 1000, .peak = 2048e9};
  const GpuGemmMachine machine = small_machine();
  CHECK(gpu_gemv(machine, gemv, 1e-6, 1e12, shape).total == Approx(0.5e-6 + 1e-6 + 16.032e-6));
  gemv.load = BitsPerCycle{100};
  CHECK(gpu_gemv(machine, gemv, 0, 1e12, shape).total == Approx(0.5e-6 + 80.08e-6));
  gemv.load = {};
  gemv.operations = 8;
  CHECK(gpu_gemv(machine, gemv, 0, 1e12, shape).total == Approx(0.5e-6 + 62.5e-6));
}

TEST_CASE("a kernel that reads the weights for each row takes as long as its rows one by one") {
  GpuGemvSpec gemv{.rows = 8, .dram = 1.0, .load = {}, .operations = 0.1, .floor = Cycles{0}};
  GpuGemmShape shape{.m = 1, .n = 4096, .k = 4096, .weight_bits = 4, .peak = 2048e9};
  const GpuGemmMachine machine = small_machine();
  const double one = gpu_gemv(machine, gemv, 0, 1e12, shape).total;
  shape.m = 4;
  CHECK(gpu_gemv(machine, gemv, 0, 1e12, shape).total < 1.1 * one);
  gemv.each_row = true;
  CHECK(gpu_gemv(machine, gemv, 0, 1e12, shape).total == Approx(4 * one));
}

TEST_CASE("while a kernel runs the board draws its active power, up to the limit") {
  // 4096 x 4096 by one row moves 33.6 MB: far below the limit, so all of the active power is drawn.
  const GpuFile file("a100", {"devices.gpu.active_power=100 W"});
  const OperatorCost cost = price(file.gpu(), matmul(1, 4096, 4096));
  CHECK(cost.energy[EnergyComponent::control] == Approx(100 * cost.latency_s()));
  // A large product would pass 400 W: the sum stays at the limit.
  const OperatorCost large = price(file.gpu(), matmul(8192, 8192, 8192));
  double background = 0;
  for (const ResolvedMemory& memory : file.machine().memories()) {
    background += memory.static_power;
  }
  CHECK(large.energy.total() / large.latency_s() + 70 + background <= 400 * (1 + 1e-9));
}

TEST_CASE("several kernels hand a tensor on through the L2 while it fits") {
  GpuSpec spec = small_gpu();
  spec.stack.kernels.resident = 0;
  // L2 of 1 Mbit; ten kernels, each reading and writing the tensor; nothing but DRAM takes time.
  const GpuStreamMachine machine(spec, 1e12, 1e15, 1e6);
  const GpuKernelSpec chain{.floor = Cycles{0},
                            .dram = 1.0,
                            .traffic = 10,
                            .launches = 10,
                            .chain = 0.5,
                            .host = {},
                            .rows = {},
                            .grid = {}};
  const auto dram_of = [&](double bits) {
    return gpu_stream(machine, chain,
                      {.rows = 1, .columns = 1, .read_bits = bits, .write_bits = bits})
        .dram;
  };
  CHECK(dram_of(0.5e6) == 0);                          // half of the L2 holds it
  CHECK(dram_of(1e6) == Approx(10 * 2e6 / 2 / 1e12));  // of twice that, half
}

}  // namespace
}  // namespace cairn::hw
