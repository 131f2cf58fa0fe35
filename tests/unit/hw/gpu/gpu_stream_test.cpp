#include "hw/gpu/gpu_stream.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

using test::small_gpu;

constexpr double kByHand = 1e-9;  // relative: the same formula with a pocket calculator
constexpr double kCycle = 1e-9;   // s

/// Two SMs at 1 GHz, 1000 bits a cycle of DRAM, 2000 of L2, which holds 1e6 bits.
GpuStreamMachine machine(const GpuSpec& spec = small_gpu()) {
  return {spec, 1e12, 2e12, 1e6};
}

GpuSpec with_resident(double share) {
  GpuSpec spec = small_gpu();
  spec.stack.kernels.l2 = 1;
  spec.stack.kernels.resident = share;
  return spec;
}

GpuKernelSpec plain() {
  GpuKernelSpec kernel;
  kernel.floor = Cycles{500};
  kernel.dram = 0.5;
  return kernel;
}

TEST_CASE("a plain kernel is its launch and its traffic, by hand") {
  // 600,000 bits in and 400,000 out. Nothing in the L2: 1e6 / 500 = 2000 cycles.
  const GpuStreamShape shape{1, 1, 6e5, 4e5, 0};
  const GpuStreamTime t = gpu_stream(machine(with_resident(0)), plain(), shape);
  CHECK(t.fixed == Approx(500 * kCycle).epsilon(kByHand));
  CHECK(t.body == Approx(2000 * kCycle).epsilon(kByHand));
  // 250,000 of them in the L2: 250000 / 2000 + 750000 / 500 = 125 + 1500 cycles.
  const GpuStreamTime half = gpu_stream(machine(with_resident(0.25)), plain(), shape);
  CHECK(half.body == Approx(1625 * kCycle).epsilon(kByHand));
  CHECK(half.read_bits == Approx(6e5));
}

TEST_CASE("several launches and stored intermediates cost what they say") {
  GpuKernelSpec kernel = plain();
  kernel.launches = 3;
  kernel.traffic = 2;
  const GpuStreamTime t = gpu_stream(machine(with_resident(0)), kernel, {1, 1, 6e5, 4e5, 0});
  CHECK(t.fixed == Approx(1500 * kCycle).epsilon(kByHand));
  CHECK(t.body == Approx(4000 * kCycle).epsilon(kByHand));
  CHECK(t.write_bits == Approx(8e5));
}

TEST_CASE("host time of a class stands in place of that of every launch") {
  GpuSpec spec = with_resident(0);
  spec.stack.host_launch = Seconds{2e-6};
  GpuKernelSpec kernel = plain();
  kernel.launches = 2;
  const GpuStreamShape shape{1, 1, 0, 0, 0};
  CHECK(gpu_stream(machine(spec), kernel, shape).fixed == Approx(2 * 2e-6 + 1000 * kCycle));
  kernel.host = Seconds{7e-6};
  CHECK(gpu_stream(machine(spec), kernel, shape).fixed == Approx(7e-6 + 1000 * kCycle));
}

TEST_CASE("blocks of rows run in waves, and one row more is a wave more") {
  // 1024 threads: two blocks on each of two SMs, four rows a wave. 2048 columns: two steps a pass,
  // two passes: four steps of max(100, blocks x 80) cycles, and 30 cycles of setup.
  GpuSpec spec = with_resident(0);
  spec.threads_per_sm = 2048;
  GpuKernelSpec kernel = plain();
  kernel.rows = GpuRowBlocksSpec{.threads = 1024, .passes = 2};
  kernel.rows->step = Cycles{100};
  kernel.rows->issue = Cycles{80};
  kernel.rows->setup = Cycles{30};
  const auto cycles = [&](double rows) {
    return gpu_stream(machine(spec), kernel, {rows, 2048, 0, 0, 0}).body / kCycle;
  };
  CHECK(cycles(4) == Approx(4 * 160 + 30));        // one wave of two blocks an SM
  CHECK(cycles(2) == Approx(4 * 100 + 30));        // one block an SM waits, but issues less
  CHECK(cycles(5) == Approx(4 * 160 + 30 + 430));  // a second wave for the fifth row
  spec.threads_per_sm = 1024;                      // half the blocks fit: twice the waves
  CHECK(cycles(4) == Approx(2 * 430));
}

TEST_CASE("narrow rows have no waves") {
  GpuSpec spec = with_resident(0);
  GpuKernelSpec kernel = plain();
  kernel.rows = GpuRowBlocksSpec{.threads = 1024, .passes = 3, .narrow = 64};
  kernel.rows->issue = Cycles{80};
  // 1000 x 64 elements / 1024 threads x 3 passes x 80 cycles on two SMs: 7500 cycles
  CHECK(gpu_stream(machine(spec), kernel, {1000, 64, 0, 0, 0}).body == Approx(7500 * kCycle));
  CHECK(gpu_stream(machine(spec), kernel, {1000, 65, 0, 0, 0}).body > 7600 * kCycle);
}

TEST_CASE("a second pass is free in the SM, then read from the L2, then from DRAM") {
  // Shared memory of 64 KiB = 524,288 bits; two blocks an SM, four rows in flight.
  GpuKernelSpec kernel = plain();
  kernel.dram = 1;
  kernel.rows = GpuRowBlocksSpec{.threads = 1024, .passes = 2};
  GpuSpec spec = with_resident(0);
  const auto body = [&](double row_bits, double l2_bits) {
    const GpuStreamMachine m{spec, 1e12, 2e12, l2_bits};
    return gpu_stream(m, kernel, {100, 1024, 100 * row_bits, 0, 0}).body / kCycle;
  };
  CHECK(body(262144, 1e9) == Approx(100 * 262.144));  // two rows just fit the SM
  CHECK(body(262145, 1e9) == Approx(100 * 262.145 * 1.5));
  CHECK(body(262145, 4 * 262145) == Approx(100 * 262.145 * 1.5));
  CHECK(body(262145, 4 * 262145 - 1) == Approx(100 * 262.145 * 2));
}

TEST_CASE("a looping grid takes whole steps, and few rows one after the other") {
  GpuKernelSpec kernel = plain();
  kernel.grid = GpuLoopingGridSpec{.threads = 1024, .step = Cycles{50}, .serial = 4};
  const auto cycles = [&](double rows) {
    return gpu_stream(machine(with_resident(0)), kernel, {rows, 2048, 0, 0, 0}).body / kCycle;
  };
  CHECK(cycles(4) == Approx(4 * 50));
  CHECK(cycles(5) == Approx(5 * 50));  // 5 x 2048 / 2048
  CHECK(cycles(1000) == Approx(1000 * 50));
}

TEST_CASE("arithmetic that takes longer than everything else is what a kernel takes") {
  // 64 lanes on two SMs: 1.28e6 operations in 10,000 cycles.
  const GpuStreamTime t = gpu_stream(machine(with_resident(0)), plain(), {1, 1, 1e5, 1e5, 1.28e6});
  CHECK(t.body == Approx(10000 * kCycle).epsilon(kByHand));
  CHECK(t.work == Approx(t.body));
}

}  // namespace
}  // namespace cairn::hw
