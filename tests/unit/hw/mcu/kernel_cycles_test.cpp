// Kernels of a library on a core, worked by hand.

#include "hw/mcu/kernel_cycles.h"

#include <catch2/catch.hpp>

using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

/// Loads and multiply-accumulates of one cycle, everything else of two.
McuMachine plain_core() {
  McuMachine machine;
  machine.issue = {.load = 1,
                   .store = 2,
                   .multiply_accumulate = 1,
                   .arithmetic = 2,
                   .branch = 2,
                   .long_multiply = 2,
                   .divide = 2,
                   .floating = 2,
                   .floating_multiply_accumulate = 1};
  return machine;
}

McuKernelsSpec kernels() {
  McuKernelsSpec k;
  k.output = {.store = 1, .arithmetic = 3};
  return k;
}

MatrixKernelSpec two_by_two() {
  MatrixKernelSpec kernel;
  kernel.pixels = 2;
  kernel.filters = 2;
  kernel.depth = 4;
  kernel.step = {.load = 6, .multiply_accumulate = 8, .branch = 1};
  kernel.tail = {.load = 4, .multiply_accumulate = 4};
  kernel.block = {.load = 4};
  return kernel;
}

}  // namespace

TEST_CASE("a matrix kernel costs its steps, tails, blocks and outputs") {
  // 4 x 4 outputs in 2 x 2 blocks: 4 blocks. Depth 9: two steps of 6 + 8 + 2 = 16 cycles, one tail
  // of 8, 4 around them: 44 a block, 176 in all. 16 outputs of 3 x 2 + 2 = 8: 128.
  const KernelCycles cycles =
      matrix_cycles(plain_core(), kernels(), two_by_two(), {.pixels = 4, .filters = 4, .depth = 9});
  CHECK(cycles.products == Approx(176));
  CHECK(cycles.outputs == Approx(128));
  CHECK(cycles.gather == 0);
  CHECK(cycles.stall == 0);
  CHECK(cycles.total() == Approx(304));
}

TEST_CASE("the last block of an odd number costs as a whole one") {
  const auto products = [](std::int64_t pixels) {
    return matrix_cycles(plain_core(), kernels(), two_by_two(),
                         {.pixels = pixels, .filters = 2, .depth = 4})
        .products;
  };
  CHECK(products(3) == Approx(products(4)));
  CHECK(products(5) > products(4));
}

TEST_CASE("a kernel's expansion leaves its multiply-accumulates alone") {
  MatrixKernelSpec kernel = two_by_two();
  kernel.expansion = 2;
  // One block, one step: 8 + 2 x (6 + 2) = 24, and 2 x 4 around it.
  CHECK(matrix_cycles(plain_core(), kernels(), kernel, {.pixels = 2, .filters = 2, .depth = 4})
            .products == Approx(32));
}

TEST_CASE("gathering costs every element and every run of each pixel") {
  MatrixKernelSpec kernel = two_by_two();
  kernel.gathers = true;
  kernel.gather = {.load = 1, .store = 0.5};
  kernel.gather_run = {.branch = 3};
  // 4 pixels: 18 elements of 1 + 1 = 2 and 9 runs of 6 cycles: 4 x (36 + 54).
  CHECK(matrix_cycles(plain_core(), kernels(), kernel,
                      {.pixels = 4, .filters = 2, .depth = 18, .runs = 9})
            .gather == Approx(360));
}

TEST_CASE("weights beyond the cache are fetched for every block of pixels") {
  McuMachine machine = plain_core();
  machine.stall_per_byte = 0.5;
  machine.cache_bytes = 64;
  const auto fetched = [&](const MatrixKernelSpec& kernel, std::int64_t depth) {
    return matrix_cycles(machine, kernels(), kernel, {.pixels = 8, .filters = 4, .depth = depth})
        .fetched_bytes;
  };
  MatrixKernelSpec kernel = two_by_two();
  CHECK(fetched(kernel, 16) == Approx(64));      // 4 x 16 bytes just fit: once
  CHECK(fetched(kernel, 17) == Approx(68 * 4));  // one row more: for each of 4 blocks of pixels
  kernel.filters_outer = true;                   // two filters stay: 2 x 32 bytes fit
  CHECK(fetched(kernel, 32) == Approx(128));
  CHECK(fetched(kernel, 33) == Approx(132 * 4));
  CHECK(matrix_cycles(machine, kernels(), kernel, {.pixels = 8, .filters = 4, .depth = 32}).stall ==
        Approx(64));
}

TEST_CASE("unpacking costs every weight that is read, also again") {
  McuKernelsSpec k = kernels();
  k.unpack = {.arithmetic = 1.5};
  // 4 filters x 8 deep, read for 2 blocks of pixels: 64 weights of 3 cycles.
  CHECK(matrix_cycles(plain_core(), k, two_by_two(),
                      {.pixels = 4, .filters = 4, .depth = 8, .unpacked = true})
            .unpack == Approx(192));
}

TEST_CASE("cores share blocks, and the busiest decides") {
  McuMachine machine = plain_core();
  const MatrixWork work{.pixels = 10, .filters = 2, .depth = 4};  // 5 blocks
  const double one = matrix_cycles(machine, kernels(), two_by_two(), work).products;
  machine.cores = 4;
  CHECK(matrix_cycles(machine, kernels(), two_by_two(), work).products == Approx(one * 2 / 5));
  machine.cores = 5;
  CHECK(matrix_cycles(machine, kernels(), two_by_two(), work).products == Approx(one / 5));
}

TEST_CASE("a depthwise kernel pads its channels to its lanes") {
  DepthwiseKernelSpec kernel;
  kernel.lanes = 4;
  kernel.product = {.load = 1, .multiply_accumulate = 1};
  kernel.block = {.load = 6};
  // 3 pixels, 6 channels in 2 blocks of 4: 6 blocks x (4 x 9 products x 2 + 6) = 468; 18 outputs
  // x 8.
  const KernelCycles cycles =
      depthwise_cycles(plain_core(), kernels(), kernel, {.pixels = 3, .channels = 6, .taps = 9});
  CHECK(cycles.products == Approx(468));
  CHECK(cycles.outputs == Approx(144));
}

TEST_CASE("streaming kernels cost their elements") {
  McuMachine machine = plain_core();
  CHECK(streaming_cycles(machine, {.load = 1, .arithmetic = 2}, 10).outputs == Approx(50));
  machine.cores = 4;  // three elements on the busiest
  CHECK(streaming_cycles(machine, {.load = 1, .arithmetic = 2}, 10).outputs == Approx(15));
}
