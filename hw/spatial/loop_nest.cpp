#include "hw/spatial/loop_nest.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cairn::hw {
namespace {

constexpr std::size_t kW = index(Operand::weights);
constexpr std::size_t kI = index(Operand::inputs);
constexpr std::size_t kO = index(Operand::outputs);

double real(std::int64_t value) {
  return static_cast<double>(value);
}
std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Pieces of one loop by size: at most one size of whole pieces and one rest for each level above.
class Pieces {
 public:
  explicit Pieces(std::int64_t extent) { add(extent, 1); }
  Pieces() = default;
  void add(std::int64_t size, std::int64_t count) {
    if (count == 0 || size == 0) {
      return;
    }
    for (std::size_t i = 0; i < used_; ++i) {
      if (size_[i] == size) {
        count_[i] += count;
        return;
      }
    }
    size_[used_] = size;
    count_[used_++] = count;
  }
  [[nodiscard]] std::int64_t count() const {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      total += count_[i];
    }
    return total;
  }
  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      sum += count_[i] * size_[i];
    }
    return sum;
  }
  /// How many pieces of \p size they are cut into.
  [[nodiscard]] std::int64_t cuts(std::int64_t size) const {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      total += count_[i] * ceil_divide(size_[i], size);
    }
    return total;
  }
  /// Cut at \p step; of each piece only \p tile remains (the first instance's share).
  [[nodiscard]] Pieces cut(std::int64_t step, std::int64_t tile) const {
    Pieces next;
    for (std::size_t i = 0; i < used_; ++i) {
      next.add(tile, count_[i] * (size_[i] / step));
      next.add(std::min(tile, size_[i] % step), count_[i]);
    }
    return next;
  }

 private:
  std::array<std::int64_t, 2 * kMaxLevels + 2> size_{};
  std::array<std::int64_t, 2 * kMaxLevels + 2> count_{};
  std::size_t used_ = 0;
};

/// How often each loop is cut, by level.
struct Cuts {
  std::array<LoopExtents, kMaxLevels> spread{};  ///< pieces as large as what siblings hold together
  std::array<LoopExtents, kMaxLevels> own{};     ///< pieces as large as one instance's tile
  std::array<LoopExtents, kMaxLevels> steps{};   ///< pieces that follow each other in time
  double work{1};                                ///< MACs of the busiest PE
  std::size_t levels{};
  [[nodiscard]] std::int64_t outside(std::size_t level, std::size_t d) const {
    return level + 1 < levels ? own[level + 1][d] : 1;
  }
  [[nodiscard]] std::int64_t steps_outside(std::size_t level, std::size_t d) const {
    return level + 1 < levels ? steps[level + 1][d] : 1;
  }
};

Cuts cuts_of(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest) {
  Cuts cuts;
  cuts.levels = machine.levels;
  for (std::size_t d = 0; d < kLoops; ++d) {
    if (p.extent[d] == 1) {
      for (std::size_t l = 0; l < machine.levels; ++l) {
        cuts.spread[l][d] = cuts.own[l][d] = cuts.steps[l][d] = 1;
      }
      continue;
    }
    Pieces all{p.extent[d]};
    Pieces in_time = all;
    for (std::size_t l = machine.levels; l-- > 0;) {
      const std::int64_t tile = nest.tile[l][d];
      const std::int64_t spread = nest.spread(l, d);
      cuts.spread[l][d] = all.cuts(spread);
      all = all.cut(tile, tile);
      cuts.own[l][d] = all.count();
      in_time = in_time.cut(spread, tile);
      cuts.steps[l][d] = in_time.count();
    }
    cuts.work *= real(in_time.total());
  }
  return cuts;
}

/// Input rows (or columns) under all tiles: \p out outputs in \p out_cuts pieces times \p taps
/// kernel rows in \p tap_cuts pieces.
double window_sum(double out, double out_cuts, double taps, double tap_cuts, double stride,
                  double dilation) {
  const double reach = (dilation * (taps - tap_cuts) + tap_cuts);  // sum over the tap pieces
  if (reach < stride * tap_cuts) {                                 // windows do not touch
    return out * reach;
  }
  return stride * (out - out_cuts) * tap_cuts + out_cuts * reach;
}

using Multiples = std::array<double, kLoops>;

/// Elements over all tiles, where loop d is cut (or a tile repeated) multiple[d] times.
double elements_over_tiles(const LoopProblem& p, Operand tensor, const Multiples& multiple) {
  if (tensor != Operand::inputs) {
    double product = 1;
    for (std::size_t d = 0; d < kLoops; ++d) {
      product *= walks(tensor, static_cast<Loop>(d)) ? real(p.extent[d]) : multiple[d];
    }
    return product;
  }
  const auto at = [&](Loop loop) { return multiple[index(loop)]; };
  const auto whole = [&](Loop loop) { return real(p.of(loop)); };
  return whole(Loop::n) * whole(Loop::g) * whole(Loop::c) * at(Loop::k) *
         window_sum(whole(Loop::p), at(Loop::p), whole(Loop::r), at(Loop::r), real(p.stride_rows),
                    real(p.dilation_rows)) *
         window_sum(whole(Loop::q), at(Loop::q), whole(Loop::s), at(Loop::s), real(p.stride_cols),
                    real(p.dilation_cols));
}

NestTraffic traffic_into(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest,
                         const Cuts& cuts, std::size_t level, Operand tensor) {
  Multiples repeats{};  // for the parent
  Multiples spread{};   // for the instances, one by one
  double visits = 1;
  const bool kept = machine.level[level].kept[index(tensor)];
  LoopExtents pieces = cuts.spread[level];
  LoopExtents steps = cuts.steps[level];
  LoopExtents separate = cuts.own[level];
  if (!kept) {  // every MAC fetches its own
    for (std::size_t d = 0; d < kLoops; ++d) {
      pieces[d] = std::min(pieces[d] * nest.tile[level][d], p.extent[d]);
      separate[d] = p.extent[d];
    }
  } else {
    bool stays = true;
    for (std::size_t l = level; l < machine.levels && stays; ++l) {
      for (const Loop loop : nest.order[l]) {
        const std::size_t d = index(loop);
        if (cuts.spread[l][d] == cuts.outside(l, d)) {
          continue;  // does not turn
        }
        if (!walks(tensor, loop)) {
          separate[d] = separate[d] * cuts.outside(l, d) / pieces[d];
          pieces[d] = cuts.outside(l, d);
          steps[d] = cuts.steps_outside(l, d);
          continue;
        }
        if (tensor == Operand::inputs && (loop == Loop::p || loop == Loop::q)) {  // the window
          separate[d] = std::max<std::int64_t>(separate[d] * cuts.outside(l, d) / pieces[d], 1);
          pieces[d] = cuts.outside(l, d);
        }
        stays = false;
        break;
      }
    }
  }
  for (std::size_t d = 0; d < kLoops; ++d) {
    repeats[d] = real(pieces[d]);
    spread[d] = real(separate[d]);
    visits *= real(steps[d]);
  }
  const double words = elements_over_tiles(p, tensor, repeats);
  const double received = elements_over_tiles(p, tensor, spread);
  if (tensor != Operand::outputs) {
    return {.down = words, .delivered = received, .visits = visits};
  }
  // A first visit finds nothing to add to.
  double finished = 1;
  for (std::size_t d = 0; d < kLoops; ++d) {
    finished *= walks(tensor, static_cast<Loop>(d)) ? real(p.extent[d]) : 1.0;
  }
  return {.down = words - finished,
          .delivered = (words - finished) * (received / words),
          .up = words,
          .collected = received,
          .visits = visits};
}

/// The level that feeds a tensor to \p level; `levels` when the memory behind the chip does.
std::size_t parent_of(const NestMachine& machine, std::size_t level, std::size_t tensor) {
  for (std::size_t l = level + 1; l < machine.levels; ++l) {
    if (machine.level[l].kept[tensor]) {
      return l;
    }
  }
  return machine.levels;
}

/// Bits of an element on the way between levels.
double bits_on_chip(const LoopProblem& p, std::size_t tensor) {
  return tensor == kO ? p.partial_bits : p.bits[tensor];
}

LoopExtents held_together(const LoopNest& nest, std::size_t level, const LoopProblem& p) {
  LoopExtents extents{};
  for (std::size_t d = 0; d < kLoops; ++d) {
    extents[d] = std::min(nest.spread(level, d), p.extent[d]);
  }
  return extents;
}

/// Share of the padded input that lies inside the image.
double inside_share(const LoopProblem& p) {
  const auto share = [](std::int64_t have, std::int64_t out, std::int64_t taps, std::int64_t stride,
                        std::int64_t dilation) {
    const std::int64_t reach = (taps - 1) * dilation + 1;
    if (reach < stride) {
      return 1.0;
    }
    const auto wanted = real((out - 1) * stride + reach);
    return std::min(1.0, real(have) / wanted);
  };
  return share(p.input_rows, p.of(Loop::p), p.of(Loop::r), p.stride_rows, p.dilation_rows) *
         share(p.input_cols, p.of(Loop::q), p.of(Loop::s), p.stride_cols, p.dilation_cols);
}

/// Instances along x and y that have work, on average over the tiles.
struct Used {
  double x{1};
  double y{1};
};
Used used_instances(const LoopNest& nest, const Cuts& cuts, std::size_t level) {
  Used used;
  for (std::size_t d = 0; d < kLoops; ++d) {
    const std::int64_t x = nest.x[level][d];
    const std::int64_t y = nest.y[level][d];
    if (x * y == 1) {
      continue;
    }
    const double mean = real(cuts.own[level][d]) / real(cuts.spread[level][d]);
    const double along_y = std::min(mean, real(y));
    used.y *= y > 1 ? along_y : 1.0;
    used.x *= x > 1 ? mean / (y > 1 ? along_y : 1.0) : 1.0;
  }
  return used;
}

/// Instances that work on the very last tile: with all tiles in flight one behind the other, its
/// results are the last to leave.
Used last_instances(const LoopNest& nest, const LoopProblem& p, std::size_t levels,
                    std::size_t level) {
  Used used;
  for (std::size_t d = 0; d < kLoops; ++d) {
    const std::int64_t x = nest.x[level][d];
    const std::int64_t y = nest.y[level][d];
    if (x * y == 1) {
      continue;
    }
    std::int64_t rest = p.extent[d];
    for (std::size_t l = levels; l-- > level;) {
      rest = (rest - 1) % nest.spread(l, d) + 1;
    }
    const std::int64_t busy = (rest + nest.tile[level][d] - 1) / nest.tile[level][d];
    const std::int64_t along_y = std::min(busy, y);
    used.y *= y > 1 ? real(along_y) : 1.0;
    used.x *= x > 1 ? std::ceil(real(busy) / (y > 1 ? real(along_y) : 1.0)) : 1.0;
  }
  return used;
}

/// Cycles in which the instances of a level wait for what they cannot prefetch, and for the
/// pipeline to fill again after it.
double reload_cycles(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest,
                     const Cuts& cuts, const SpatialCost& cost, std::size_t level, double parents) {
  const NestLevel& here = machine.level[level];
  const Used used = used_instances(nest, cuts, level);
  const LoopExtents together = held_together(nest, level, p);
  double loads = 0;
  double restarts = 1;
  double refill = 0;
  for (std::size_t t = 0; t < kOperands; ++t) {
    const NestTraffic& traffic = cost.traffic[level][t];
    const auto tensor = static_cast<Operand>(t);
    if (!here.kept[t]) {
      continue;
    }
    if (!here.prefetch[t]) {
      restarts = std::max(restarts, traffic.visits);
      if (here.network == Network::multicast) {
        loads += std::max(traffic.down, traffic.up) * bits_on_chip(p, t) / (here.bus[t] * parents);
      } else if (t != kO) {
        loads += traffic.visits * used.y * tile_elements(p, tensor, nest.tile[level]);
      }
    } else if (here.network == Network::multicast) {
      refill += tile_elements(p, tensor, together) * bits_on_chip(p, t) / here.bus[t];
    }
  }
  if (here.network == Network::forward) {
    const Used draining = restarts > 1 ? used : last_instances(nest, p, machine.levels, level);
    refill = draining.x + draining.y - 2;
    for (std::size_t t = 0; t < kO; ++t) {
      if (here.kept[t] && here.prefetch[t]) {  // the first one, which nothing precedes
        loads += used.y * tile_elements(p, static_cast<Operand>(t), nest.tile[level]);
      }
    }
  }
  return loads + restarts * refill;
}

void add_time(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest,
              const Cuts& cuts, SpatialCost& cost) {
  const double scale = p.useful_share * machine.work_share;
  cost.work_cycles = cuts.work * real(p.passes) * scale;
  double parents = 1;
  for (std::size_t l = machine.levels; l-- > 0;) {
    const NestLevel& here = machine.level[l];
    std::array<double, kOperands> port_bits{};
    for (std::size_t t = 0; t < kOperands; ++t) {
      const NestTraffic& traffic = cost.traffic[l][t];
      const double words = std::max(traffic.down, traffic.up);
      if (here.network == Network::forward && here.kept[t] && here.prefetch[t] && t != kO) {
        // Loaded row by row behind the present tile, which is held at least as long.
        cost.bus_cycles =
            std::max(cost.bus_cycles, traffic.visits * used_instances(nest, cuts, l).y *
                                          tile_elements(p, static_cast<Operand>(t), nest.tile[l]));
      }
      if (here.prefetch[t] || !here.kept[t]) {
        cost.bus_cycles = std::max(
            cost.bus_cycles, words * p.useful_share * bits_on_chip(p, t) / (here.bus[t] * parents));
      }
      if (here.kept[t] && l > 0) {
        double bits = traffic.delivered + traffic.collected;
        for (std::size_t child = 0; child < l; ++child) {
          if (parent_of(machine, child, t) == l) {
            bits += cost.traffic[child][t].down + cost.traffic[child][t].up;
          }
        }
        port_bits[here.slot[t]] += bits * bits_on_chip(p, t) * p.useful_share;
      }
    }
    const Used used = used_instances(nest, cuts, l);
    const double instances = parents * used.x * used.y;
    for (std::size_t s = 0; s < kOperands; ++s) {
      cost.port_s =
          std::max(cost.port_s, port_bits[s] / (here.port[s] * instances) / machine.clock);
    }
    if (l == 0 || l + 1 < machine.levels) {
      cost.reload_cycles += reload_cycles(machine, p, nest, cuts, cost, l, parents);
    }
    parents = instances;
  }
  cost.array_s = (std::max(cost.work_cycles, cost.bus_cycles) + cost.reload_cycles) / machine.clock;
  cost.vector_s = p.vector_operations / machine.vector_rate;
}

/// Turns of the loops around the outermost level.
struct TopTrips {
  double passes{1};
  double outputs{1};  ///< distinct tiles of outputs
};
TopTrips top_trips(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest) {
  TopTrips trips;
  for (std::size_t d = 0; d < kLoops; ++d) {
    const std::int64_t tile = nest.spread(machine.levels - 1, d);
    const std::int64_t tiles = (p.extent[d] + tile - 1) / tile;
    const auto turns = static_cast<double>(tiles);
    trips.passes *= turns;
    trips.outputs *= walks(Operand::outputs, static_cast<Loop>(d)) ? turns : 1.0;
  }
  return trips;
}

void add_backing(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest,
                 SpatialCost& cost) {
  const std::size_t top = machine.levels - 1;
  std::array<double, kOperands> first{};
  double exposed_bits = 0;
  for (std::size_t t = 0; t < kOperands; ++t) {
    std::size_t level = top;
    while (level > 0 && !machine.level[level].kept[t]) {
      --level;
    }
    const NestTraffic& traffic = cost.traffic[level][t];
    double bits = 0;
    if (t == kO) {
      const double finished = (traffic.up - traffic.down) * p.output_share * p.backing_bits[t];
      const double spilled = traffic.down * p.partial_bits;
      cost.dram_write_bits += finished + spilled;
      cost.dram_read_bits += spilled;
      bits = finished + 2 * spilled;
    } else {
      bits = traffic.down * p.backing_bits[t] * (t == kI ? inside_share(p) : 1.0);
      cost.dram_read_bits += bits;
      cost.weight_bits += t == kW ? bits : 0.0;
    }
    if (level == top && top > 0 && machine.level[top].kept[t] && !machine.level[top].prefetch[t]) {
      exposed_bits += bits;
    } else {
      const double share = t == kO ? p.output_share : 1.0;
      first[t] =
          std::min(bits, tile_elements(p, static_cast<Operand>(t), held_together(nest, level, p)) *
                             p.backing_bits[t] * share);
    }
  }
  cost.dram_read_bits += p.epilogue_read_bits;
  const double inverse = 1.0 / machine.dram_bandwidth;
  cost.weight_fill_s = first[kW] * inverse;
  cost.input_fill_s = first[kI] * inverse + machine.dram_latency + machine.overhead_s;
  cost.drain_s = first[kO] * inverse;
  cost.exposed_s = exposed_bits * inverse;
  const double all = (cost.dram_read_bits + cost.dram_write_bits) * inverse;
  const double hidden =
      std::max(0.0, all - cost.exposed_s - (first[kW] + first[kI] + first[kO]) * inverse);
  const double decodes = p.decode_operations * cost.traffic[0][kW].down;
  cost.decode_s = decodes > 0 ? decodes / machine.decode_rate : 0.0;
  cost.decode_joules = decodes > 0 ? cost.traffic[0][kW].down * machine.decode_energy : 0.0;
  cost.stream_s = hidden + cost.exposed_s;
  // Loading, multiplying and the vector unit follow each other tile by tile of the outermost level:
  // the slowest takes all of its time, the others the first tile before it and the last one after.
  const TopTrips trips = top_trips(machine, p, nest);
  const double work = std::max({cost.array_s, cost.port_s, cost.decode_s});
  const double last_work = work / trips.passes;
  const double last_vector = cost.vector_s / trips.outputs;
  const double steady =
      std::max({hidden + last_work + last_vector, work + last_vector, last_work + cost.vector_s});
  // The places turn in no less than the latency, what one tile moves, and one computation.
  const double places = real(top_places(machine, p, nest));
  const double turns =
      (trips.passes - 1) / places * (machine.dram_latency + all / trips.passes + last_work);
  cost.busy_s = std::max(steady, turns - cost.exposed_s) + cost.exposed_s;
  cost.dram_joules = cost.dram_read_bits * machine.dram_read_energy +
                     cost.dram_write_bits * machine.dram_write_energy;
}

void add_energy(const NestMachine& machine, const LoopProblem& p, SpatialCost& cost) {
  const double macs = p.products() * p.useful_share;
  const double toggled = macs * machine.toggle_share;
  cost.mac_joules = toggled * machine.mac_energy;
  cost.vector_joules = p.vector_operations * machine.vector_energy;
  cost.register_joules = macs * machine.extra_pe_joules;
  const NestLevel& pe = machine.level[0];
  const double done = macs * std::max(machine.toggle_share, machine.work_share);
  if (pe.kept[kW]) {
    cost.register_joules += toggled * p.bits[kW] * pe.read_energy[kW];
  }
  if (pe.kept[kI]) {  // read to see that it is zero
    cost.register_joules += std::min(done, macs) * p.bits[kI] * pe.read_energy[kI];
  }
  if (pe.kept[kO]) {
    cost.register_joules += toggled * p.partial_bits * (pe.read_energy[kO] + pe.write_energy[kO]);
  }
  for (std::size_t l = 0; l < machine.levels; ++l) {
    const NestLevel& here = machine.level[l];
    for (std::size_t t = 0; t < kOperands; ++t) {
      if (!here.kept[t] && l > 0) {
        continue;
      }
      const NestTraffic& traffic = cost.traffic[l][t];
      const double bits = bits_on_chip(p, t) * p.useful_share;
      double& own = l == 0 ? cost.register_joules : cost.scratchpad_joules;
      if (here.kept[t]) {
        own += bits *
               (traffic.delivered * here.write_energy[t] + traffic.collected * here.read_energy[t]);
      }
      cost.register_joules += bits * (traffic.delivered + traffic.collected) * here.hop_energy;
      const std::size_t parent = parent_of(machine, l, t);
      if (parent < machine.levels) {
        const NestLevel& from = machine.level[parent];
        cost.scratchpad_joules +=
            bits * (traffic.down * from.read_energy[t] + traffic.up * from.write_energy[t]);
      }
    }
  }
}

}  // namespace

double tile_elements(const LoopProblem& p, Operand tensor, const LoopExtents& tile) {
  if (tensor == Operand::inputs) {
    const auto span = [](std::int64_t out, std::int64_t taps, std::int64_t stride,
                         std::int64_t dilation) {
      return window_sum(real(out), 1, real(taps), 1, real(stride), real(dilation));
    };
    const auto at = [&](Loop loop) { return tile[index(loop)]; };
    return real(at(Loop::n) * at(Loop::g) * at(Loop::c)) *
           span(at(Loop::p), at(Loop::r), p.stride_rows, p.dilation_rows) *
           span(at(Loop::q), at(Loop::s), p.stride_cols, p.dilation_cols);
  }
  double product = 1;
  for (std::size_t d = 0; d < kLoops; ++d) {
    product *= walks(tensor, static_cast<Loop>(d)) ? real(tile[d]) : 1.0;
  }
  return product;
}

NestOverflow overflow(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest,
                      std::size_t level) {
  NestOverflow worst{.bits = -std::numeric_limits<double>::infinity(), .level = level};
  const NestLevel& here = machine.level[level];
  std::array<double, kOperands> needed{};
  for (std::size_t t = 0; t < kOperands; ++t) {
    if (!here.kept[t]) {
      continue;
    }
    bool another = false;  // a second tile of this tensor will follow
    for (std::size_t d = 0; level > 0 && d < kLoops; ++d) {
      another |= walks(static_cast<Operand>(t), static_cast<Loop>(d)) &&
                 nest.spread(level, d) < p.extent[d];
    }
    const double copies = here.prefetch[t] && another ? 2.0 : 1.0;
    needed[here.slot[t]] +=
        copies * bits_on_chip(p, t) * tile_elements(p, static_cast<Operand>(t), nest.tile[level]);
  }
  for (std::size_t s = 0; s < kOperands; ++s) {
    if (needed[s] > 0 && needed[s] - here.capacity[s] > worst.bits) {
      worst.bits = needed[s] - here.capacity[s];
      worst.needed = needed[s];
      worst.slot = s;
    }
  }
  return worst;
}

NestOverflow overflow(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest) {
  NestOverflow worst = overflow(machine, p, nest, 0);
  for (std::size_t l = 1; l < machine.levels; ++l) {
    const NestOverflow here = overflow(machine, p, nest, l);
    worst = here.bits > worst.bits ? here : worst;
  }
  return worst;
}

std::int64_t top_places(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest) {
  constexpr std::int64_t kFewest = 2;
  constexpr std::int64_t kMost = 16;
  const std::size_t top = machine.levels - 1;
  const NestLevel& here = machine.level[top];
  std::array<double, kOperands> once{};    // bits that are there once
  std::array<double, kOperands> places{};  // bits of one place
  for (std::size_t t = 0; t < kOperands; ++t) {
    if (here.kept[t]) {
      const double bits =
          bits_on_chip(p, t) * tile_elements(p, static_cast<Operand>(t), nest.tile[top]);
      (here.prefetch[t] ? places : once)[here.slot[t]] += bits;
    }
  }
  std::int64_t most = kMost;
  for (std::size_t s = 0; s < kOperands; ++s) {
    if (places[s] * static_cast<double>(most) > here.capacity[s] - once[s]) {
      most = static_cast<std::int64_t>((here.capacity[s] - once[s]) / places[s]);
    }
  }
  return std::max(most, kFewest);
}

SpatialCost evaluate(const NestMachine& machine, const LoopProblem& problem, const LoopNest& nest) {
  const Cuts cuts = cuts_of(machine, problem, nest);
  SpatialCost cost;
  for (std::size_t l = 0; l < machine.levels; ++l) {
    for (std::size_t t = 0; t < kOperands; ++t) {
      if (l == 0 || machine.level[l].kept[t]) {
        cost.traffic[l][t] = traffic_into(machine, problem, nest, cuts, l, static_cast<Operand>(t));
      }
    }
  }
  add_time(machine, problem, nest, cuts, cost);
  add_backing(machine, problem, nest, cost);
  add_energy(machine, problem, cost);
  // The clock of the array runs as long as the operator does.
  cost.register_joules += machine.clock_energy * machine.clock * cost.latency_s();
  return cost;
}

}  // namespace cairn::hw
