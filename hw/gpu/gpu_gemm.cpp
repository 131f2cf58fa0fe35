#include "hw/gpu/gpu_gemm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

namespace cairn::hw {
namespace {

constexpr double kAccumulatorBits = 32;
constexpr double kFewestStepsOfSplit = 4;  ///< a split block must fill its pipeline
constexpr double kRounding = 1e-12;        ///< keeps a lower bound below what it bounds
constexpr double kFewestStages = 3;        ///< before a second block may join on the SM

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Down and up to a whole number, for values far below 2^53: a cast is one instruction where
/// std::floor and std::ceil are calls on a baseline x86-64.
double whole_down(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value));
}
double whole(double value) {
  const double down = whole_down(value);
  return down < value ? down + 1 : down;
}

double cube(double value) {
  return value * value * value;
}

/// Whether two overlapped streams take at least \p budget: cheaper than the cube root, which only
/// a new best needs.
bool cannot_beat(const GpuGemmMachine& machine, double budget, double main, double dram) {
  if (machine.pipelined) {
    return std::max(main, dram) >= budget;
  }
  return budget <= 0 || cube(main) + cube(dram) >= cube(budget);
}

bool permits(const MappingConstraint& allowed, const GpuGemmMachine::Tile& tile) {
  const auto fits = [&allowed](std::size_t dimension, double size) {
    const std::optional<std::int64_t>& exact = allowed.tile.at(dimension);
    const std::optional<std::int64_t>& most = allowed.tile_at_most.at(dimension);
    return (!exact || to_real(*exact) == size) && (!most || to_real(*most) >= size);
  };
  return fits(0, tile.m) && fits(1, tile.n);
}

}  // namespace

GpuRaster gpu_raster(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                     const GpuGemmMachine::Tile& tile, double wave) {
  const double a_bits = shape.m * shape.k * shape.activation_bits;
  const double b_bits = shape.n * shape.k * shape.weight_bits;
  const double rows = whole(shape.m / tile.m);
  const double cols = whole(shape.n / tile.n);
  if (wave >= rows * cols) {
    return {.bits = a_bits + b_bits, .row_tiles = rows, .col_tiles = cols, .along_n = true};
  }
  GpuRaster raster;
  raster.row_tiles =
      std::min(rows, std::max(1.0, whole_down(std::sqrt(wave * tile.n / tile.m) + 0.5)));
  raster.col_tiles = std::min(cols, whole(wave / raster.row_tiles));
  const bool keeps_a = a_bits <= machine.l2_kept;
  const bool keeps_b = b_bits <= machine.l2_kept;
  const double again_a = std::max(1.0, cols / raster.col_tiles);
  const double again_b = std::max(1.0, rows / raster.row_tiles);
  const bool keeps_a_panel =
      raster.row_tiles * tile.m * shape.k * shape.activation_bits <= machine.l2_kept;
  const bool keeps_b_panel =
      raster.col_tiles * tile.n * shape.k * shape.weight_bits <= machine.l2_kept;
  const double along_n =
      a_bits * (keeps_a || keeps_a_panel ? 1.0 : again_a) + b_bits * (keeps_b ? 1.0 : again_b);
  const double along_m =
      a_bits * (keeps_a ? 1.0 : again_a) + b_bits * (keeps_b || keeps_b_panel ? 1.0 : again_b);
  raster.along_n = along_n <= along_m;
  raster.bits = std::min(along_n, along_m);
  return raster;
}

GpuTileCosts gpu_tile_costs(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                            const GpuGemmMachine::Tile& tile) {
  GpuTileCosts c;
  c.rows = whole(shape.m / tile.m);
  c.cols = whole(shape.n / tile.n);
  c.step = std::max(1.0, tile.stage_bits / shape.operand_bits);
  const double sm_rate = shape.peak / machine.sms * machine.tensor_share;
  c.tensor_step = tile.m * tile.n * c.step / sm_rate *
                  (1 + machine.tile_edge / tile.m + machine.tile_edge / tile.n);
  c.decode_step = tile.n * c.step * shape.decode_operations / machine.vector_rate;
  const double used_m = std::min(tile.m, shape.m);
  const double used_n = std::min(tile.n, shape.n);
  const double a = used_m * shape.activation_bits;
  const double b = used_n * shape.weight_bits;
  c.load_bits = (std::min(a, b) + std::max(a, b) / machine.multicast) * c.step;
  c.latency_step = machine.latency / (tile.stages - 1);
  c.store = used_m * used_n * shape.output_bits * shape.output_share / machine.port_bandwidth;
  c.epilogue = used_m * used_n * shape.epilogue_operations / machine.vector_rate;
  return c;
}

GpuGemmMachine::GpuGemmMachine(const GpuSpec& spec, double dram, double l2, double l2_capacity)
    : sms(to_real(spec.sms)),
      clock(spec.clock.count()),
      dram_bandwidth(dram * spec.stack.gemm.dram),
      l2_bandwidth(l2 * spec.stack.gemm.l2),
      port_bandwidth(spec.l2_port.count() * clock),
      l2_kept(l2_capacity * spec.stack.gemm.l2_retained),
      multicast(to_real(spec.multicast)),
      vector_rate(to_real(spec.vector_lanes) * clock),
      special_rate(to_real(spec.special_lanes) * clock),
      warp_level(spec.warp_level),
      tensor_share(spec.stack.gemm.tensor),
      load_stretch(spec.stack.gemm.tensor / spec.stack.gemm.sustained),
      l2_warm(l2_capacity * spec.stack.gemm.l2_warm),
      tile_edge(spec.stack.gemm.tile_edge),
      fixed(to_real(spec.stack.gemm.fixed.count()) / clock +
            (spec.stack.host_ahead ? 0.0 : spec.stack.host_launch.count())),
      round(to_real(spec.stack.gemm.round.count()) / clock),
      reduction(to_real(spec.stack.gemm.reduction.count()) / clock),
      latency(to_real(spec.stack.gemm.load_latency.count()) / clock),
      split_waves(to_real(spec.stack.gemm.split_k_waves)),
      decode_overlapped(spec.stack.dequantization.overlapped),
      pipelined(spec.stack.gemm.pipelined) {
  constexpr double kTileElementBits = 16;
  const double shared = to_real(spec.shared_memory.count());
  for (const GpuTileSpec& t : spec.stack.gemm.tiles) {
    const double stage = to_real((t.m + t.n) * t.k) * kTileElementBits;
    Tile tile{
        .m = to_real(t.m),
        .n = to_real(t.n),
        .stage_bits = to_real(t.k) * kTileElementBits,
        .stages = 0,
        .per_sm = std::clamp(std::floor(shared / (kFewestStages * stage)), 1.0, to_real(t.per_sm))};
    tile.stages = std::min(to_real(t.stages), std::floor(shared / (tile.per_sm * stage)));
    if (tile.stages >= 2) {
      tiles.push_back(tile);
    }
  }
  for (const std::int64_t split : spec.stack.gemm.split_k) {
    splits.push_back(to_real(split));
  }
}

GpuGemmTime gpu_gemv(const GpuGemmMachine& machine, const GpuGemvSpec& spec, double host_launch,
                     double dram_bandwidth, const GpuGemmShape& shape) {
  const double weights = shape.instances * shape.n * shape.k;
  const double passes = spec.each_row ? shape.m : 1.0;
  const double products = shape.instances * shape.m * shape.n;
  GpuGemmTime t;
  t.read_bits = passes * weights * shape.weight_bits +
                shape.instances * shape.m * shape.k * shape.activation_bits + shape.epilogue_bits;
  t.write_bits = products * shape.output_bits * shape.output_share;
  t.dram = (t.read_bits + t.write_bits) / (dram_bandwidth * spec.dram);
  t.decode = passes * weights * shape.decode_operations / (machine.vector_rate * machine.sms);
  t.tensor = products * shape.k * spec.operations / (machine.vector_rate * machine.sms);
  const double loads =
      spec.load ? t.read_bits / (machine.sms * spec.load->count() * machine.clock) : 0.0;
  t.main = std::max(t.tensor + t.decode, loads);
  t.fixed = to_real(spec.floor.count()) / machine.clock + host_launch;
  t.body = std::max(t.dram, t.main);
  t.total = t.fixed + t.body;
  t.l2_bits = t.read_bits;
  t.decoded = shape.decode_operations > 0 ? passes * weights : 0.0;
  t.blocks = machine.sms;
  t.tile = 0;
  t.considered = 1;
  return t;
}

GpuGemmTime gpu_gemm(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                     const MappingConstraint& allowed) {
  GpuGemmTime best;
  best.total = std::numeric_limits<double>::infinity();
  const double products = shape.instances * shape.m * shape.n;
  const double a_bits = shape.m * shape.k * shape.activation_bits;
  const double b_bits = shape.n * shape.k * shape.weight_bits;
  const double out_bits = products * shape.output_bits * shape.output_share;
  const double compulsory = shape.input_bits > 0 ? shape.input_bits + shape.instances * b_bits
                                                 : shape.instances * (a_bits + b_bits);
  const double least_read = std::max(compulsory - machine.l2_warm, 0.0) + shape.epilogue_bits;
  const double least_share = (1 - kRounding) / machine.sms * machine.load_stretch;
  for (std::size_t index = 0; index < machine.tiles.size(); ++index) {
    const GpuGemmMachine::Tile& tile = machine.tiles[index];
    if (!permits(allowed, tile)) {
      continue;
    }
    const GpuTileCosts c = gpu_tile_costs(machine, shape, tile);
    const double tiles = c.rows * c.cols;
    const double slots = machine.sms * tile.per_sm;
    const double last_wave = std::min(1.0, slots / (shape.instances * tiles));
    const double under_way = out_bits * (1 - last_wave);  // outputs that leave during the body
    const double least_dram = (least_read + under_way) / machine.dram_bandwidth * (1 - kRounding);
    const double least_main =
        shape.instances * tiles * shape.k / c.step * c.tensor_step * least_share;
    if (cannot_beat(machine, best.total - machine.fixed - c.store, least_main, least_dram)) {
      continue;  // not even with perfect balance
    }
    for (const double split : machine.splits) {
      if (allowed.split_k && to_real(*allowed.split_k) != split) {
        continue;
      }
      const double steps = whole(shape.k / (split * c.step));
      const double blocks = shape.instances * tiles * split;
      if (split > 1 && !allowed.split_k &&
          (steps < kFewestStepsOfSplit || blocks > machine.split_waves * slots)) {
        break;
      }
      ++best.considered;
      const double busiest = whole(blocks / machine.sms);
      const double active = std::min(blocks, machine.sms);
      const double share = std::min(machine.l2_bandwidth / active, machine.port_bandwidth);
      const auto round_of = [&](double together) {
        return steps * std::max({c.math(together, machine.decode_overlapped),
                                 together * c.load_bits / share, c.latency_step});
      };
      const double full = whole_down(busiest / tile.per_sm);
      const double rest = busiest - full * tile.per_sm;
      // SMs that wait for the last round leave power to those that work.
      const double stretch = std::max(1.0, machine.load_stretch * blocks / (busiest * machine.sms));
      const double main = stretch * ((full > 0 ? full * round_of(tile.per_sm) : 0.0) +
                                     (rest > 0 ? round_of(rest) : 0.0)) +
                          busiest * c.epilogue + machine.round * (busiest - 1) / tile.per_sm;
      const double least_tail = c.store + (split > 1 ? machine.reduction : 0.0);
      if (cannot_beat(machine, best.total - machine.fixed - least_tail, main, least_dram)) {
        continue;
      }
      const double wave = std::min(blocks, slots) / split;
      const double operands = gpu_raster(machine, shape, tile, wave).bits;
      const double saved =  // a convolution's patches overlap: the tensor is smaller than m x k
          shape.input_bits > 0 ? shape.instances * a_bits - shape.input_bits : 0.0;
      const double read =
          std::max(shape.instances * operands - saved - machine.l2_warm, 0.0) + shape.epilogue_bits;
      const double dram = (read + under_way) / machine.dram_bandwidth;
      double tail = c.store;
      tail += last_wave * out_bits / machine.dram_bandwidth;
      if (split > 1) {
        tail += machine.reduction + products * kAccumulatorBits * split / machine.l2_bandwidth;
      }
      if (cannot_beat(machine, best.total - machine.fixed - tail, main, dram)) {
        continue;
      }
      const double body =
          machine.pipelined ? std::max(main, dram) : std::cbrt(cube(main) + cube(dram));
      const double total = machine.fixed + tail + body;
      if (total < best.total) {
        best.total = total;
        best.fixed = machine.fixed;
        best.body = body;
        best.tail = tail;
        best.main = main;
        best.tensor = stretch * busiest * steps * c.tensor_step;
        best.decode = stretch * busiest * steps * c.decode_step;
        best.dram = dram;
        best.read_bits = read;
        best.write_bits = out_bits;
        best.l2_bits = blocks * steps * c.load_bits;
        best.decoded = shape.decode_operations > 0 ? blocks * steps * c.step * tile.n : 0.0;
        best.blocks = blocks;
        best.tile = static_cast<std::int64_t>(index);
        best.split = static_cast<std::int64_t>(split);
        best.stretch = stretch;
      }
    }
  }
  return best;
}

}  // namespace cairn::hw
