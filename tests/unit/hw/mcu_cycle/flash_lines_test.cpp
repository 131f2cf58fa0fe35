// Lines that reads of weights miss, by hand and against the closed form.

#include "hw/mcu/cycle/flash_lines.h"

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

namespace {

/// Eight pixels one by one over rows of 16 bytes, read in steps of four, two rows side by side.
KernelBlocks two_rows_at_a_time(std::int64_t filters) {
  KernelBlocks blocks;
  blocks.pixels = 8;
  blocks.filters = filters;
  blocks.block_filters = 2;
  blocks.reads = {.rows = filters, .row_bytes = 16, .together = 2, .step_bytes = 4, .passes = 8};
  return blocks;
}

McuMachine with_cache(double bytes, std::int64_t ways = 0) {
  McuMachine machine;
  machine.line_bytes = 8;
  machine.cache_bytes = bytes;
  machine.ways = ways;
  return machine;
}

}  // namespace

TEST_CASE("a cache of one set forgets the line used longest ago") {
  LineCache cache(2, 0);
  CHECK(cache.touch(1));
  CHECK(cache.touch(2));
  CHECK_FALSE(cache.touch(1));
  CHECK(cache.touch(3));  // in the place of 2
  CHECK_FALSE(cache.touch(1));
  CHECK(cache.touch(2));
}

TEST_CASE("lines of different sets do not push each other out") {
  LineCache cache(4, 2);  // even lines, odd lines
  for (const std::uint64_t line : {0U, 2U, 4U, 1U}) {
    CHECK(cache.touch(line));
  }
  CHECK_FALSE(cache.touch(1));
  CHECK(cache.touch(0));
}

TEST_CASE("weights that stay are missed once, those that do not for every pixel") {
  // Four rows of 16 bytes: 8 lines of 8 bytes.
  const KernelBlocks blocks = two_rows_at_a_time(4);
  const FlashLines all_stay(with_cache(64), blocks);
  CHECK(all_stay.before(blocks.count()) == 8);
  CHECK(all_stay.before(1) == 4);  // the first two rows
  const FlashLines none_stays(with_cache(56), blocks);
  CHECK(none_stays.before(blocks.count()) == 8 * 8);
  CHECK(none_stays.before(3) == 12);
}

TEST_CASE("two rows side by side need two lines: one line is fetched again at every step") {
  // Four steps a row, each on its own: 4 rows x 4 steps for each of 8 pixels.
  const KernelBlocks blocks = two_rows_at_a_time(4);
  CHECK(FlashLines(with_cache(0), blocks).before(blocks.count()) == 4 * 4 * 8);
  CHECK(fetched_bytes(with_cache(0), blocks.reads) == Approx(4 * 4 * 8 * 8));
}

TEST_CASE("only the sets that overflow miss again") {
  // Ten lines over two sets of four: one line more than ways in each, so all ten again; nine lines:
  // one set has five, which miss, the other four, which stay.
  KernelBlocks blocks = two_rows_at_a_time(2);
  blocks.reads.row_bytes = 40;
  CHECK(FlashLines(with_cache(64, 4), blocks).before(blocks.count()) == 10 * 8);
  blocks.reads.rows = 9;
  blocks.filters = 9;
  blocks.block_filters = 1;
  blocks.reads.together = 1;
  blocks.reads.row_bytes = 8;
  CHECK(FlashLines(with_cache(64, 4), blocks).before(blocks.count()) == 9 + 7 * 5);
  CHECK(fetched_bytes(with_cache(64, 4), blocks.reads) == Approx(8 * (9 + 7 * 5)));
}

TEST_CASE("repeats begin with other weights") {
  KernelBlocks blocks = two_rows_at_a_time(4);
  blocks.repeats = 3;
  CHECK(FlashLines(with_cache(64), blocks).before(3 * blocks.count()) == 24);
}

TEST_CASE("the closed form counts the lines that a walk finds") {
  // Rows of whole lines: no line is shared by two rows, which the closed form ignores.
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    KernelBlocks blocks;
    blocks.pixels = rng.uniform_int(1, 20);
    blocks.filters = 2 * rng.uniform_int(1, 40);
    blocks.block_filters = 2;
    blocks.filters_outer = rng.uniform_int(0, 1) == 1;
    blocks.reads = {.rows = blocks.filters,
                    .row_bytes = static_cast<double>(8 * rng.uniform_int(1, 30)),
                    .together = 2,
                    .step_bytes = 4,
                    .passes = blocks.pixels,
                    .group_passes = blocks.filters_outer};
    const McuMachine machine =
        rng.uniform_int(0, 1) == 0
            ? with_cache(static_cast<double>(8 * rng.uniform_int(0, 30)))
            : with_cache(static_cast<double>(8 * 4 * rng.uniform_int(8, 200)), 4);
    const auto lines = static_cast<double>(FlashLines(machine, blocks).before(blocks.count()));
    CHECK(fetched_bytes(machine, blocks.reads) == Approx(8 * lines).epsilon(1e-9));
  }
}
