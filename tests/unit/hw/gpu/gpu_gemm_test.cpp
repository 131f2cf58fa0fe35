#include "hw/gpu/gpu_gemm.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

using test::small_gpu;
using test::small_machine;

constexpr double kPeak = 2048e9;  // multiply-accumulates per second of the small GPU
constexpr double kByHand = 1e-9;  // relative: the same formula with a pocket calculator
constexpr double kCycle = 1e-9;   // s

GpuGemmShape shape(double m, double n, double k) {
  GpuGemmShape s;
  s.m = m;
  s.n = n;
  s.k = k;
  s.peak = kPeak;
  return s;
}

TEST_CASE("four tiles on two SMs take two rounds, by hand") {
  // 128 x 128 x 64 in 64 x 64 x 32 tiles: 4 blocks, 2 on each SM, 2 steps each.
  //   tensor step   64 x 64 x 32 / 1024        = 128 cycles
  //   load step     (64 + 64) x 32 x 16 / 512  = 128 cycles
  //   main          2 rounds x 2 x 128 + 100   = 612 cycles
  //   dram          (2 x 128 x 64 + 128 x 128 / 2) x 16 bit / 1000 = 393.216 cycles: the last
  //                 wave's outputs, half of them, leave behind the main loop
  //   store         64 x 64 x 16 / 512         = 128 cycles
  //   last wave     2 of 4 tiles: 262144 / 1000 / 2 = 131.072 cycles
  const GpuGemmTime t = gpu_gemm(small_machine(), shape(128, 128, 64));
  CHECK(t.main == Approx(612 * kCycle).epsilon(kByHand));
  CHECK(t.dram == Approx(393.216 * kCycle).epsilon(kByHand));
  CHECK(t.tail == Approx((128 + 131.072) * kCycle).epsilon(kByHand));
  CHECK(t.fixed == Approx(1000 * kCycle).epsilon(kByHand));
  const double body = std::cbrt(612.0 * 612 * 612 + 393.216 * 393.216 * 393.216);
  CHECK(t.total == Approx((1000 + 128 + 131.072 + body) * kCycle).epsilon(kByHand));
  CHECK(t.split == 1);
  CHECK(t.blocks == 4);
}

TEST_CASE("one row more than a tile costs a whole tile, one row less costs nothing") {
  const GpuGemmMachine machine = small_machine();
  const double at = gpu_gemm(machine, shape(128, 64, 256)).main;
  CHECK(gpu_gemm(machine, shape(127, 64, 256)).main == Approx(at).epsilon(0.01));
  CHECK(gpu_gemm(machine, shape(129, 64, 256)).main > 1.5 * at);
}

TEST_CASE("a deep product of one tile is split over both SMs") {
  // 64 x 64 x 1024: 32 steps of 128 cycles on one SM, 16 on each of two with 500 cycles to add up.
  const GpuGemmTime t = gpu_gemm(small_machine(), shape(64, 64, 1024));
  CHECK(t.split == 2);
  CHECK(t.main == Approx(16 * 128 * kCycle).epsilon(kByHand));
  MappingConstraint one;
  one.split_k = 1;
  const GpuGemmTime whole = gpu_gemm(small_machine(), shape(64, 64, 1024), one);
  CHECK(whole.split == 1);
  CHECK(whole.main == Approx(32 * 128 * kCycle).epsilon(kByHand));
  CHECK(whole.total > t.total);
}

TEST_CASE("a split that leaves fewer than four steps is not taken") {
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 4 * 32 * 2)).considered == 2);
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 4 * 32 * 2 - 32)).considered == 2);
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 3 * 32 * 2)).considered == 1);
}

TEST_CASE("a mapping that names no tile of the stack finds none") {
  MappingConstraint odd;
  odd.tile[0] = 65;
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 64), odd).tile == -1);
  odd.tile[0] = 64;
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 64), odd).tile == 0);
  MappingConstraint bound;
  bound.tile_at_most[1] = 63;
  CHECK(gpu_gemm(small_machine(), shape(64, 64, 64), bound).tile == -1);
}

TEST_CASE("decoding adds to tensor work unless it is overlapped") {
  GpuGemmShape s = shape(64, 64, 3200);
  s.decode_operations = 2;  // 64 x 32 x 2 operations a step on 64 lanes: 64 cycles
  MappingConstraint one;
  one.split_k = 1;
  CHECK(gpu_gemm(small_machine(), s, one).main ==
        Approx(100 * (128 + 64) * kCycle).epsilon(kByHand));
  GpuSpec spec = small_gpu();
  spec.stack.dequantization.overlapped = true;
  CHECK(gpu_gemm(small_machine(spec), s, one).main == Approx(100 * 128 * kCycle).epsilon(kByHand));
}

TEST_CASE("tiles that do not fit shared memory with two stages are left out") {
  GpuSpec spec = small_gpu();  // one stage of 64 x 64 x 32: 128 x 32 x 2 B = 8 KiB
  spec.shared_memory = bytes(16 * 1024);
  CHECK(small_machine(spec).tiles.size() == 1);
  spec.shared_memory = bytes(16 * 1024 - 1);
  CHECK(small_machine(spec).tiles.empty());
}

TEST_CASE("an L2 that keeps nothing reads operands again") {
  const GpuSpec spec = small_gpu();
  const GpuGemmMachine keeps{spec, 1e12, 1e15, 1e12};
  const GpuGemmMachine forgets{spec, 1e12, 1e15, 1.0};
  const GpuGemmShape s = shape(1024, 1024, 256);
  CHECK(gpu_gemm(keeps, s).read_bits == Approx(2 * 1024 * 256 * 16));
  CHECK(gpu_gemm(forgets, s).read_bits > 4 * 2 * 1024 * 256 * 16);
}

}  // namespace
}  // namespace cairn::hw
