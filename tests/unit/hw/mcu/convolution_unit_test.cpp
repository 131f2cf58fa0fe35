// A unit that computes 3 x 3 outputs of 32 filters from 16 channels at a time, by hand.

#include "hw/mcu/convolution_unit.h"

#include <catch2/catch.hpp>

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

McuEngineSpec unit() {
  McuEngineSpec spec;
  spec.load = BitsPerCycle{128};
  spec.store = BitsPerCycle{256};
  spec.tile_overhead = Cycles{10};
  return spec;
}

models::Convolution convolution(std::int64_t side, std::int64_t channels, std::int64_t filters,
                                std::int64_t kernel) {
  return {.height = side,
          .width = side,
          .channels = channels,
          .filters = filters,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .pad_top = kernel / 2,
          .pad_bottom = kernel / 2,
          .pad_left = kernel / 2,
          .pad_right = kernel / 2};
}

}  // namespace

TEST_CASE("a dense tile loads its patch, takes weights bit by bit and stores its outputs") {
  // 6 x 6 outputs: 4 tiles. Patch 5 x 5 x 16 bytes: 25 cycles; 32 filters x 8 bits: 256; store
  // 9 x 32 bytes: 9 cycles and 10 more: 300 a tile.
  CHECK(unit_cycles(unit(), convolution(6, 16, 32, 3), 8, 8, 8) == Approx(1200));
  // Twice the channels load and multiply twice: 2 x 281 + 19 = 581.
  CHECK(unit_cycles(unit(), convolution(6, 32, 32, 3), 8, 8, 8) == Approx(4 * 581));
}

TEST_CASE("cycles follow the bits of weights") {
  // 4-bit weights: 25 + 128 + 19 a tile.
  CHECK(unit_cycles(unit(), convolution(6, 16, 32, 3), 4, 8, 8) == Approx(4 * 172));
}

TEST_CASE("1 x 1 kernels take a weight a cycle in") {
  // Patch 3 x 3 x 16 bytes: 9; 32 filters: 32; 19: 60 a tile.
  CHECK(unit_cycles(unit(), convolution(6, 16, 32, 1), 8, 8, 8) == Approx(240));
}

TEST_CASE("depthwise filters follow one another") {
  models::Convolution shape = convolution(6, 16, 16, 3);
  shape.groups = 16;
  // 25 + 16 x 8 + ceil(9 x 16 x 8 / 256) = 5 and 10 more: 168 a tile.
  CHECK(unit_cycles(unit(), shape, 8, 8, 8) == Approx(4 * 168));
}

TEST_CASE("with a stride only some outputs of a tile are kept") {
  models::Convolution shape = convolution(12, 16, 32, 3);
  shape.stride_height = 2;
  shape.stride_width = 2;  // 6 x 6 outputs, 2 x 2 of a tile: 9 tiles
  // 25 + 256 + ceil(4 x 32 x 8 / 256) = 4 and 10 more: 295.
  CHECK(unit_cycles(unit(), shape, 8, 8, 8) == Approx(9 * 295));
}

TEST_CASE("the unit refuses what it is not built for") {
  CHECK(unit_computes(unit(), convolution(6, 16, 32, 3)));
  CHECK(unit_computes(unit(), convolution(6, 16, 32, 1)));
  CHECK_FALSE(unit_computes(unit(), convolution(6, 16, 32, 5)));
  models::Convolution shape = convolution(6, 16, 32, 3);
  shape.kernel_width = 1;
  CHECK_FALSE(unit_computes(unit(), shape));
  shape = convolution(6, 16, 32, 3);
  shape.dilation_height = 2;
  CHECK_FALSE(unit_computes(unit(), shape));
  shape = convolution(6, 16, 32, 3);
  shape.groups = 4;
  CHECK_FALSE(unit_computes(unit(), shape));
}

TEST_CASE("no convolution passes the unit's peak") {
  CHECK(unit_peak(unit(), 8) == Approx(162));  // 9 outputs x 16 channels x 9 taps / 8 bits
  for (const std::int64_t side : {3, 7, 12, 30}) {
    for (const std::int64_t channels : {3, 16, 40}) {
      for (const std::int64_t kernel : {1, 3}) {
        const models::Convolution shape = convolution(side, channels, 48, kernel);
        const auto macs = static_cast<double>(models::multiply_accumulates(shape));
        CHECK(macs / unit_cycles(unit(), shape, 8, 8, 8) <= unit_peak(unit(), 8));
      }
    }
  }
}
