#include "hw/tiling/convolution_tiles.h"

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::hw::tile_for;
using cairn::models::Convolution;
using cairn::models::Formats;
using cairn::models::kInt8;
using cairn::models::MatMul;

namespace {

constexpr Formats kBytes{kInt8, kInt8, kInt8};
constexpr double kByte = 8;

/// 16 x 16 x 8 -> 3x3 -> 16 x 16 x 16: input 2,048 B, weights 1,152 B, output 4,096 B.
Convolution layer() {
  return {.height = 16,
          .width = 16,
          .channels = 8,
          .filters = 16,
          .kernel_height = 3,
          .kernel_width = 3,
          .pad_top = 1,
          .pad_bottom = 1,
          .pad_left = 1,
          .pad_right = 1};
}

}  // namespace

TEST_CASE("what fits is one tile, moved once and not buffered twice") {
  const auto tile = tile_for(layer(), kBytes, (2048 + 1152 + 4096) * kByte);
  REQUIRE(tile);
  CHECK(tile->tiles == 1);
  CHECK(tile->moved_bits == (2048 + 1152 + 4096) * kByte);
  CHECK(tile->buffer_bits == tile->moved_bits);
}

TEST_CASE("one bit less needs tiles, and their halo is loaded again") {
  const auto tile = tile_for(layer(), kBytes, (2048 + 1152 + 4096) * kByte - 1);
  REQUIRE(tile);
  CHECK(tile->tiles > 1);
  CHECK(tile->buffer_bits <= (2048 + 1152 + 4096) * kByte - 1);
  // Input whole and outputs in two blocks of filters: nothing is loaded twice, but buffers double.
  // 2,048 + 2 x 576 + 2 x 2,048 = 7,296: does not fit. In three blocks of 6 filters:
  // 2,048 + 2 x 432 + 2 x 1,536 = 5,984.
  CHECK(tile->filters == 6);
  CHECK(tile->rows == 16);
  CHECK(tile->moved_bits == (2048 + 1152 + 4096) * kByte);
}

TEST_CASE("rows of an image share their halo") {
  // One filter: splitting filters cannot help. 16 rows in tiles of 4: 5 + 6 + 6 + 5 input rows.
  Convolution c = layer();
  c.filters = 1;
  // Whole: 2,048 + 72 + 256. Four tiles: 2 x 6 x 16 x 8 + 72 + 2 x 64 = 1,736.
  const auto tile = tile_for(c, kBytes, 1736 * kByte);
  REQUIRE(tile);
  CHECK(tile->rows == 4);
  CHECK(tile->tiles == 4);
  CHECK(tile->buffer_bits == 1736 * kByte);
  CHECK(tile->moved_bits == (22 * 16 * 8 + 72 + 256) * kByte);
}

TEST_CASE("a depthwise convolution is cut by channels without loading anything twice") {
  Convolution c = layer();
  c.filters = 8;
  c.groups = 8;
  // 2,048 + 72 + 2,048 in all. Blocks of 3 channels: 2 x (768 + 27 + 768) = 3,126.
  const auto tile = tile_for(c, kBytes, 3126 * kByte);
  REQUIRE(tile);
  CHECK(tile->filters == 3);
  CHECK(tile->tiles == 3);
  CHECK(tile->moved_bits == (2048 + 72 + 2048) * kByte);
}

TEST_CASE("channels are split last, and something always fits in a few words") {
  Convolution c = layer();
  c.channels = 512;
  const auto tile = tile_for(c, kBytes, 300 * kByte);
  REQUIRE(tile);
  CHECK(tile->channels < 512);
  CHECK(tile->buffer_bits <= 300 * kByte);
  CHECK_FALSE(tile_for(c, kBytes, 8 * kByte));
}

TEST_CASE("a product is a convolution of points") {
  const MatMul shape{.batch = 3, .m = 64, .n = 32, .k = 16};
  const auto tile = tile_for(shape, kBytes, 1e9);
  REQUIRE(tile);
  CHECK(tile->moved_bits == 3 * (64 * 16 + 16 * 32 + 64 * 32) * kByte);
  CHECK(tile->tiles == 3);
}

TEST_CASE("more capacity never moves more, and nothing moves less than every tensor once") {
  cairn::Rng rng(17);
  for (int i = 0; i < 60; ++i) {
    Convolution c = layer();
    c.height = rng.uniform_int(3, 24);
    c.width = rng.uniform_int(3, 24);
    c.channels = rng.uniform_int(1, 32);
    c.filters = rng.uniform_int(1, 32);
    c.stride_height = c.stride_width = rng.uniform_int(1, 2);
    const double least =
        kByte * static_cast<double>(c.height * c.width * c.channels + 9 * c.channels * c.filters +
                                    c.output_height() * c.output_width() * c.filters);
    double moved = 1e300;
    for (double capacity = 4096; capacity < 4 * least; capacity *= 1.5) {
      const auto tile = tile_for(c, kBytes, capacity);
      if (!tile) {
        CHECK(moved == 1e300);
        continue;
      }
      CHECK(tile->buffer_bits <= capacity);
      CHECK(tile->moved_bits <= moved);
      // A stride of two can leave the last row and column of an even image unread.
      CHECK(tile->moved_bits >= 0.8 * least);
      moved = tile->moved_bits;
    }
  }
}
