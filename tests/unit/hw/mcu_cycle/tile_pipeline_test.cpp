// Tiles through a scratchpad: by hand, step by step, and what a larger scratchpad does.

#include "hw/mcu/tile_pipeline.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

/// Tile by tile, as the engine and the cores go.
double step_by_step(const TiledWork& work, const TileTransport& transport, const TileSize& size) {
  std::vector<double> share;
  const auto rounds = static_cast<double>(work.rounds);
  if (size.parts > 1) {
    share.assign(static_cast<std::size_t>(work.rounds * size.parts),
                 1.0 / (rounds * static_cast<double>(size.parts)));
  } else {
    for (std::int64_t done = 0; done < work.rounds; done += size.rounds) {
      share.push_back(static_cast<double>(std::min(size.rounds, work.rounds - done)) / rounds);
    }
  }
  // What the engine has done when, with what a core has set up when.
  double core = 0;
  double engine = 0;
  const auto move = [&](double bits) {
    if (bits > 0) {
      core += transport.setup;
      engine = std::max(core, engine) + bits / transport.bits_per_cycle;
    }
  };
  const auto load = [&](std::size_t t) {
    move(work.input_bits * share[t]);
    move(work.weight_bits * share[t]);
  };
  load(0);
  double now = engine;
  for (std::size_t t = 0; t < share.size(); ++t) {
    core = engine = now;
    const double start = now;
    if (t + 1 < share.size()) {
      load(t + 1);
    }
    if (t > 0) {
      move(work.output_bits * share[t - 1]);
    }
    now = std::max(engine, (work.on_unit ? start : core) + work.compute * share[t]);
  }
  core = engine = now;
  move(work.output_bits * share.back());
  return engine;
}

TiledWork random_work(Rng& rng) {
  TiledWork work;
  work.rounds = rng.uniform_int(1, 300);
  work.compute = static_cast<double>(work.rounds) * static_cast<double>(rng.uniform_int(10, 2000));
  work.input_bits = static_cast<double>(rng.uniform_int(1, 2'000'000));
  work.weight_bits = static_cast<double>(rng.uniform_int(0, 1) * rng.uniform_int(1, 2'000'000));
  work.output_bits = static_cast<double>(rng.uniform_int(0, 2'000'000));
  work.on_unit = rng.uniform_int(0, 3) == 0;
  return work;
}

}  // namespace

TEST_CASE("a pipeline of four tiles, by hand") {
  // Ten rounds in tiles of three: shares of 3, 3, 3 and 1. A round loads 640 bits (10 cycles),
  // stores 128 (2) and computes for 20; a transfer is set up in 4.
  const TiledWork work{.compute = 200, .rounds = 10, .input_bits = 6400, .output_bits = 1280};
  const TileTransport transport{.bits_per_cycle = 64, .setup = 4, .capacity_bits = 1e9};
  const PipelineCycles cycles = pipeline_cycles(work, transport, {.rounds = 3});
  CHECK(cycles.fill == Approx(34));  // 4 + 30
  // One transfer is set up beside the first and the last tile, two beside the others.
  CHECK(cycles.steady == Approx((4 + 60) + (8 + 60) + (8 + 60) + (4 + 20)));
  CHECK(cycles.drain == Approx(6));  // 4 + 2
  CHECK_FALSE(cycles.waits);
  // With a tenth of the computation the engine decides: beside tile 0 a load (4 + 30), beside tile
  // 1 a load and a store (4 + 30 + 6), beside tile 2 the last load and a store (4 + 10 + 6), beside
  // the last tile a store (4 + 6).
  TiledWork light = work;
  light.compute = 20;
  const PipelineCycles bound = pipeline_cycles(light, transport, {.rounds = 3});
  CHECK(bound.total() == Approx(34 + 34 + 40 + 20 + 10 + 6));
  CHECK(bound.waits);
}

TEST_CASE("beside a convolution unit setting up costs nothing") {
  const TiledWork work{
      .compute = 200, .rounds = 10, .input_bits = 6400, .output_bits = 1280, .on_unit = true};
  const TileTransport transport{.bits_per_cycle = 64, .setup = 4, .capacity_bits = 1e9};
  CHECK(pipeline_cycles(work, transport, {.rounds = 3}).steady == Approx(200));
}

TEST_CASE("one tile is loaded, computed and stored") {
  const TiledWork work{.compute = 200, .rounds = 10, .input_bits = 6400, .output_bits = 1280};
  const TileTransport transport{.bits_per_cycle = 64, .setup = 4, .capacity_bits = 1e9};
  CHECK(pipeline_cycles(work, transport, {.rounds = 10}).total() == Approx(104 + 200 + 24));
}

TEST_CASE("the closed form of the pipeline is its steps") {
  Rng rng(11);
  for (int i = 0; i < 500; ++i) {
    const TiledWork work = random_work(rng);
    const TileTransport transport{.bits_per_cycle = 64,
                                  .setup = static_cast<double>(rng.uniform_int(1, 300))};
    const TileSize size = rng.uniform_int(0, 3) == 0
                              ? TileSize{.rounds = 1, .parts = rng.uniform_int(2, 9)}
                              : TileSize{.rounds = rng.uniform_int(1, work.rounds)};
    CHECK(pipeline_cycles(work, transport, size).total() ==
          Approx(step_by_step(work, transport, size)).epsilon(1e-9));
  }
}

TEST_CASE("more capacity is never slower") {
  Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    const TiledWork work = random_work(rng);
    TileTransport transport{.bits_per_cycle = 64,
                            .setup = static_cast<double>(rng.uniform_int(1, 300))};
    double before = 1e300;
    for (transport.capacity_bits = 8e3; transport.capacity_bits < 2e7;
         transport.capacity_bits *= 1.17) {
      const double now = pipeline_cycles(work, transport, best_tile(work, transport)).total();
      CHECK(now <= before);
      before = now;
    }
  }
}

TEST_CASE("the size that is chosen fits, and none of the whole sizes is much shorter") {
  Rng rng(6);
  for (int i = 0; i < 200; ++i) {
    const TiledWork work = random_work(rng);
    const TileTransport transport{.bits_per_cycle = 64, .setup = 100, .capacity_bits = 512e3};
    const TileSize best = best_tile(work, transport);
    const double bits = work.bits();
    const auto part = [&](const TileSize& size) {
      return static_cast<double>(size.rounds) /
             (static_cast<double>(work.rounds) * static_cast<double>(size.parts));
    };
    CHECK((best.tiles(work.rounds) == 1 ? bits : 2 * bits * part(best)) <= 512e3);
    const double chosen = pipeline_cycles(work, transport, best).total();
    for (std::int64_t rounds = 1; rounds <= work.rounds; ++rounds) {
      const TileSize size{.rounds = rounds};
      if (2 * bits * part(size) <= 512e3) {
        CHECK(chosen <= 1.05 * pipeline_cycles(work, transport, size).total());
      }
    }
  }
}
