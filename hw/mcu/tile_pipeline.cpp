#include "hw/mcu/tile_pipeline.h"

#include <algorithm>

#include "core/units.h"

namespace cairn::hw {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

constexpr std::int64_t kMostParts = std::int64_t{1} << 40;

/// Whether two tiles are in the scratchpad together, or all of the operator.
bool fits(const TiledWork& work, const TileTransport& transport, const TileSize& size) {
  const double bits = work.bits();
  if (size.tiles(work.rounds) == 1) {
    return bits <= transport.capacity_bits;
  }
  const double share = real(size.rounds) / (real(work.rounds) * real(size.parts));
  return 2 * bits * share <= transport.capacity_bits;
}

/// The next smaller of the sizes that are tried: all small ones, then steps of a quarter.
TileSize smaller(const TileSize& size) {
  constexpr std::int64_t kEveryOne = 8;
  const auto step = [](std::int64_t n) { return n <= kEveryOne ? 1 : n / 4; };
  if (size.rounds > 1) {
    return {.rounds = size.rounds - step(size.rounds), .parts = 1};
  }
  return {.rounds = 1, .parts = size.parts + step(size.parts)};
}

}  // namespace

std::int64_t TileSize::tiles(std::int64_t of_rounds) const {
  return parts > 1 ? of_rounds * parts : ceil_div(of_rounds, rounds);
}

PipelineCycles pipeline_cycles(const TiledWork& work, const TileTransport& transport,
                               const TileSize& size) {
  const std::int64_t tiles = size.tiles(work.rounds);
  // Shares of the operator: of a tile, and of the last one.
  const double share =
      tiles == 1 ? 1.0 : real(size.rounds) / (real(work.rounds) * real(size.parts));
  const double rest = 1.0 - share * real(tiles - 1);
  // Transfers that load one share and store another: until they are set up, and done.
  struct Moves {
    double set_up{};
    double end{};
  };
  const auto moves = [&](double loaded, double stored) {
    Moves sum;
    for (const double bits :
         {work.input_bits * loaded, work.weight_bits * loaded, work.output_bits * stored}) {
      if (bits > 0) {
        sum.set_up += transport.setup;
        sum.end = std::max(sum.set_up, sum.end) + bits / transport.bits_per_cycle;
      }
    }
    return sum;
  };
  PipelineCycles cycles;
  const auto tile = [&](double computed, double loaded, double stored) {
    const Moves beside = moves(loaded, stored);
    const double cores = work.compute * computed + (work.on_unit ? 0.0 : beside.set_up);
    cycles.waits = cycles.waits || beside.end > cores;
    return std::max(cores, beside.end);
  };
  cycles.fill = moves(share, 0).end;
  cycles.drain = moves(0, rest).end;
  if (tiles == 1) {
    cycles.steady = work.compute;
    return cycles;
  }
  // Beside the first tile there is no store, beside the last no load.
  if (tiles == 2) {
    cycles.steady = tile(share, rest, 0) + tile(rest, 0, share);
    return cycles;
  }
  cycles.steady = tile(share, share, 0) + tile(share, rest, share) + tile(rest, 0, share);
  if (tiles > 3) {
    cycles.waits = false;
    cycles.steady += real(tiles - 3) * tile(share, share, share);
  }
  return cycles;
}

TileSize best_tile(const TiledWork& work, const TileTransport& transport) {
  TileSize size{.rounds = std::max<std::int64_t>(1, work.rounds), .parts = 1};
  TileSize best = size;
  double shortest = -1;
  // Beyond the size at which set-ups alone take longer than anything else, smaller is slower.
  while (size.parts < kMostParts) {
    if (fits(work, transport, size)) {
      const double cycles = pipeline_cycles(work, transport, size).total();
      if (shortest < 0 || cycles < shortest) {
        shortest = cycles;
        best = size;
      } else if (cycles > 2 * shortest + transport.setup) {
        break;
      }
    }
    size = smaller(size);
  }
  return best;
}

}  // namespace cairn::hw
