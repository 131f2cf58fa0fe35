// What one core has to do of a kernel that several share.

#include "hw/mcu/cycle/core_share.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

namespace {

double all_of(const KernelBlocks& blocks, std::int64_t core, std::int64_t cores) {
  return CoreShare(blocks, core, cores).advance_to(static_cast<double>(blocks.rounds(cores)));
}

KernelBlocks random_blocks(Rng& rng) {
  KernelBlocks blocks;
  blocks.repeats = rng.uniform_int(1, 3);
  blocks.pixels = rng.uniform_int(1, 60);
  blocks.filters = rng.uniform_int(1, 40);
  blocks.block_pixels = rng.uniform_int(1, 3);
  blocks.block_filters = rng.uniform_int(1, 4);
  blocks.filters_outer = rng.uniform_int(0, 1) == 1;
  blocks.products = static_cast<double>(rng.uniform_int(1, 500));
  blocks.output = static_cast<double>(rng.uniform_int(1, 20));
  blocks.gather = static_cast<double>(rng.uniform_int(0, 50));
  blocks.gathers = blocks.pixels;
  return blocks;
}

}  // namespace

TEST_CASE("nine blocks on eight cores: one core has two") {
  KernelBlocks blocks;
  blocks.pixels = 9;
  blocks.products = 10;
  blocks.output = 2;
  CHECK(all_of(blocks, 0, 8) == Approx(24));
  CHECK(all_of(blocks, 1, 8) == Approx(12));
  CHECK(all_of(blocks, 7, 8) == Approx(12));
}

TEST_CASE("an edge block has the outputs that are left") {
  // Three pixels in blocks of two, three filters in blocks of two: 4, 2, 2 and 1 outputs.
  KernelBlocks blocks;
  blocks.pixels = 3;
  blocks.filters = 3;
  blocks.block_pixels = 2;
  blocks.block_filters = 2;
  blocks.output = 1;
  CoreShare one(blocks, 0, 1);
  CHECK(one.advance_to(1) == Approx(4));
  CHECK(one.advance_to(2) == Approx(2));
  CHECK(one.advance_to(3.5) == Approx(2.5));
  CHECK(one.advance_to(4) == Approx(0.5));
}

TEST_CASE("a single core has what the closed form sums, in steps of any size") {
  Rng rng(8);
  for (int i = 0; i < 200; ++i) {
    const KernelBlocks blocks = random_blocks(rng);
    CoreShare share(blocks, 0, 1);
    double sum = 0;
    const auto rounds = static_cast<double>(blocks.rounds(1));
    for (double at = 0; at < rounds; at += 0.1 + 3 * rng.uniform01()) {
      sum += share.advance_to(at);
    }
    sum += share.advance_to(rounds);
    CHECK(sum == Approx(cycles_of({}, blocks).total()).epsilon(1e-9));
  }
}

TEST_CASE("no core of several has more blocks than the closed form's busiest") {
  Rng rng(9);
  for (int i = 0; i < 200; ++i) {
    KernelBlocks blocks = random_blocks(rng);
    blocks.output = 0;  // the closed form spreads the outputs of edge blocks
    const std::int64_t cores = rng.uniform_int(1, 9);
    McuMachine machine;
    machine.cores = static_cast<double>(cores);
    double most = 0;
    for (std::int64_t core = 0; core < cores; ++core) {
      most = std::max(most, all_of(blocks, core, cores));
    }
    CHECK(most == Approx(cycles_of(machine, blocks).total()).epsilon(1e-9));
  }
}
