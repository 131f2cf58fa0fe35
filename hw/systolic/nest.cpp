#include "hw/systolic/nest.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

constexpr std::size_t kM = 0;
constexpr std::size_t kN = 1;
constexpr std::size_t kK = 2;
constexpr std::size_t kW = 0;
constexpr std::size_t kA = 1;
constexpr std::size_t kO = 2;

constexpr std::size_t index(Dimension d) {
  return static_cast<std::size_t>(d);
}
constexpr bool bypassed(std::uint8_t bits, std::size_t tensor) {
  return ((bits >> tensor) & 1U) != 0;
}

using Trips = std::array<std::int64_t, 3>;

Trips trips_of(const GemmProblem& p, const Nest& nest) {
  Trips trips{};
  for (std::size_t d = 0; d < 3; ++d) {
    trips[d] = (p.extent[d] + nest.tile[d] - 1) / nest.tile[d];
  }
  return trips;
}

/// How often a tensor without the dimension \p free is fetched whole: the trips of `free` if that
/// loop lies outside a loop of the tensor's own that really turns.
double refetches(const Trips& trips, const std::array<Dimension, 3>& order, std::size_t free) {
  std::size_t innermost_own = 0;
  std::size_t free_at = 0;
  bool turns = false;
  for (std::size_t level = 0; level < 3; ++level) {
    const std::size_t d = index(order[level]);
    if (d == free) {
      free_at = level;
    } else if (trips[d] > 1) {
      innermost_own = level;
      turns = true;
    }
  }
  return turns && free_at < innermost_own ? static_cast<double>(trips[free]) : 1.0;
}

std::int64_t compute_cycles(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  const ArrayAxes axes = axes_of(machine.dataflow);
  const RowGeometry along_rows = row_geometry(machine, p, nest.tile[index(axes.rows)]);
  FoldShape shape{.rows_extent = along_rows.extent,
                  .cols_extent = p.of(axes.cols),
                  .time_extent = p.of(axes.time),
                  .rows_tile = along_rows.tile,
                  .cols_tile = nest.tile[index(axes.cols)],
                  .time_tile = nest.tile[index(axes.time)]};
  const bool stationary = machine.dataflow != Dataflow::output_stationary;
  if (!stationary && machine.products > 1) {  // k passes in time, several products a cycle
    shape.time_tile = (shape.time_tile + machine.products - 1) / machine.products;
    shape.time_extent = (shape.time_extent + machine.products - 1) / machine.products;
  }
  return machine.timing == SystolicTiming::scalesim
             ? scalesim_cycles(shape, machine.rows, machine.cols, stationary)
             : rtl_cycles(shape, along_rows.rows, machine.cols, stationary, machine.overlap);
}

struct Footprint {
  std::array<double, 3> bits{};  ///< by tensor, double buffers included
};

Footprint footprint(const GemmMachine& machine, const GemmProblem& p, const Nest& nest,
                    const Trips& trips) {
  const auto& t = nest.tile;
  const bool whole_problem = p.instances == 1 && !machine.ping_pong;
  // A second buffer is needed only where another tile follows.
  const double w_buffers = whole_problem && trips[kN] * trips[kK] == 1 ? 1.0 : 2.0;
  const double a_buffers = whole_problem && trips[kM] * trips[kK] == 1 ? 1.0 : 2.0;
  const double o_buffers = whole_problem && trips[kM] * trips[kN] == 1 ? 1.0 : 2.0;
  Footprint f;
  f.bits[kW] = w_buffers * static_cast<double>(t[kN]) * static_cast<double>(t[kK]) * p.weight_bits;
  f.bits[kA] = a_buffers * p.activation_elements(t[kM], t[kK]) * p.activation_bits;
  f.bits[kO] = o_buffers * static_cast<double>(t[kM]) * static_cast<double>(t[kN]) * p.partial_bits;
  return f;
}

/// Tiles of a tensor without the dimension \p free that are held at once when its scratchpad is
/// filled as far as it goes: from the innermost loop outwards, while \p tile_bits fit.
double tiles_held(const Trips& trips, const std::array<Dimension, 3>& order, std::size_t free,
                  double tile_bits, double capacity) {
  double tiles = 1;
  for (std::size_t level = 3; level-- > 0;) {
    const std::size_t d = index(order[level]);
    if (d == free) {
      continue;
    }
    const double more = tiles * static_cast<double>(trips[d]);
    if (more * tile_bits > capacity) {
      break;
    }
    tiles = more;
  }
  return tiles;
}

}  // namespace

RowGeometry row_geometry(const GemmMachine& machine, const GemmProblem& p, std::int64_t tile) {
  const Dimension along = axes_of(machine.dataflow).rows;
  const std::int64_t extent = p.of(along);
  const std::int64_t channels = p.position_channels;
  if (channels == 0 || along != Dimension::k) {
    return {machine.rows, extent, tile};
  }
  // The folds of one position, evenly filled; positions are padded to whole folds.
  const std::int64_t per_position = (channels + machine.rows - 1) / machine.rows;
  const std::int64_t rows = (channels + per_position - 1) / per_position;
  const std::int64_t padded = extent / channels * per_position * rows;
  return {rows, padded, tile == extent ? padded : (tile * padded + extent - 1) / extent};
}

ArrayTraffic array_traffic(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  const ArrayAxes axes = axes_of(machine.dataflow);
  const auto fold_count = [&](Dimension d, std::int64_t pes) {
    return static_cast<double>(folds(p.of(d), nest.tile[index(d)], pes));
  };
  const auto m = static_cast<double>(p.extent[kM]);
  const auto n = static_cast<double>(p.extent[kN]);
  const auto k = static_cast<double>(p.extent[kK]);
  const RowGeometry along_rows = row_geometry(machine, p, nest.tile[index(axes.rows)]);
  const auto row_folds =
      static_cast<double>(folds(along_rows.extent, along_rows.tile, along_rows.rows));
  const double col_folds = fold_count(axes.cols, machine.cols);
  const auto slices = fold_count(axes.time, p.of(axes.time));
  switch (machine.dataflow) {
    case Dataflow::output_stationary:
      return {k * n * row_folds, m * k * col_folds, m * n * slices, m * n * (slices - 1)};
    case Dataflow::weight_stationary:
      return {k * n * slices, m * k * col_folds, m * n * row_folds, m * n * (row_folds - 1)};
    case Dataflow::input_stationary:
      break;
  }
  return {k * n * col_folds, m * k * slices, m * n * row_folds, m * n * (row_folds - 1)};
}

Overflow overflow(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  const Footprint f = footprint(machine, p, nest, trips_of(p, nest));
  std::array<double, 3> needed{};
  for (std::size_t tensor = 0; tensor < 3; ++tensor) {
    if (!bypassed(nest.bypass, tensor)) {
      needed[static_cast<std::size_t>(machine.slot[tensor])] += f.bits[tensor];
    }
  }
  Overflow worst{.bits = needed[0] - machine.capacity[0], .slot = 0, .needed = needed[0]};
  for (int s = 1; s < 3; ++s) {
    const auto i = static_cast<std::size_t>(s);
    if (needed[i] > 0 && needed[i] - machine.capacity[i] > worst.bits) {
      worst = {.bits = needed[i] - machine.capacity[i], .slot = s, .needed = needed[i]};
    }
  }
  return worst;
}

std::int64_t buffer_places(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  constexpr std::int64_t kFewest = 2;
  if (machine.ping_pong) {
    return kFewest;
  }
  const std::array<double, 3> tile{
      static_cast<double>(nest.tile[kN]) * static_cast<double>(nest.tile[kK]) * p.weight_bits,
      p.activation_elements(nest.tile[kM], nest.tile[kK]) * p.activation_bits,
      static_cast<double>(nest.tile[kM]) * static_cast<double>(nest.tile[kN]) * p.partial_bits};
  std::array<double, 3> needed{};
  for (std::size_t tensor = 0; tensor < 3; ++tensor) {
    if (!bypassed(nest.bypass, tensor)) {
      needed[static_cast<std::size_t>(machine.slot[tensor])] += tile[tensor];
    }
  }
  std::int64_t places = kMostPlaces;
  for (std::size_t s = 0; s < 3; ++s) {
    if (needed[s] * static_cast<double>(places) > machine.capacity[s]) {
      places = static_cast<std::int64_t>(machine.capacity[s] / needed[s]);
    }
  }
  return std::max(places, kFewest);
}

DramTraffic dram_traffic(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  const Trips trips = trips_of(p, nest);
  const auto instances = static_cast<double>(p.instances);
  const auto m = static_cast<double>(p.extent[kM]);
  const auto n = static_cast<double>(p.extent[kN]);
  const auto k = static_cast<double>(p.extent[kK]);
  double w_elements = n * k * refetches(trips, nest.order, kM);
  double a_elements = 0;
  double rounds = refetches(trips, nest.order, kK);
  if (nest.bypass != 0) {  // a tensor that is not held is fetched whenever the array wants it
    const ArrayTraffic words = array_traffic(machine, p, nest);
    w_elements = bypassed(nest.bypass, kW) ? words.weights : w_elements;
    a_elements = words.activations;
    rounds = bypassed(nest.bypass, kO) ? words.output_writes / (m * n) : rounds;
  }
  if (!bypassed(nest.bypass, kA)) {
    const std::int64_t rest = p.extent[kM] % nest.tile[kM];
    const std::int64_t whole_tiles = p.extent[kM] / nest.tile[kM];
    const auto whole = static_cast<double>(whole_tiles);
    a_elements = (whole * p.activation_elements(nest.tile[kM], p.extent[kK]) +
                  (rest > 0 ? p.activation_elements(rest, p.extent[kK]) : 0.0)) *
                 refetches(trips, nest.order, kN);
  }
  return {.weights = instances * w_elements * p.weight_bits,
          .activations = instances * a_elements * p.activation_bits,
          .spilled = instances * m * n * (rounds - 1) * p.partial_bits,
          .outputs = instances * m * n * p.output_share * p.output_bits,
          .epilogue = instances * p.epilogue_read_bits,
          .preloaded = instances * m * n * p.preload_bits};
}

NestCost evaluate(const GemmMachine& machine, const GemmProblem& p, const Nest& nest) {
  const Trips trips = trips_of(p, nest);
  const ArrayTraffic words = array_traffic(machine, p, nest);
  const DramTraffic traffic = dram_traffic(machine, p, nest);
  const auto instances = static_cast<double>(p.instances);
  const auto m = static_cast<double>(p.extent[kM]);
  const auto n = static_cast<double>(p.extent[kN]);
  const auto k = static_cast<double>(p.extent[kK]);

  NestCost cost;
  cost.weight_bits = traffic.weights;
  cost.dram_read_bits = traffic.reads();
  cost.dram_write_bits = traffic.writes();
  cost.dram_joules = cost.dram_read_bits * machine.dram_read_energy +
                     cost.dram_write_bits * machine.dram_write_energy;

  // Time.
  const double scaled = static_cast<double>(compute_cycles(machine, p, nest)) *
                        static_cast<double>(p.passes) * p.useful_share * instances;
  cost.array_cycles = std::llround(scaled);
  cost.array_s = scaled / machine.clock;
  cost.vector_s = p.vector_operations / machine.vector_rate;
  const double decodes = p.decode_operations * words.weights * instances;
  cost.decode_s = decodes > 0 ? decodes / machine.decode_rate : 0.0;

  // Scratchpad ports: what the array moves and what DRAM fills and drains.
  const double useful = p.useful_share * instances;
  std::array<double, 3> reads{};
  std::array<double, 3> writes{};
  reads[kW] = useful * words.weights * p.weight_bits;
  reads[kA] = useful * words.activations * p.activation_bits * static_cast<double>(p.passes);
  reads[kO] = useful * words.output_reads * p.partial_bits + traffic.outputs + traffic.spilled;
  writes[kW] = traffic.weights;
  writes[kA] = traffic.activations;
  writes[kO] = useful * words.output_writes * p.partial_bits + traffic.spilled + traffic.preloaded;
  std::array<double, 3> port_bits{};
  for (std::size_t tensor = 0; tensor < 3; ++tensor) {
    if (bypassed(nest.bypass, tensor)) {
      continue;
    }
    cost.scratchpad_joules +=
        reads[tensor] * machine.read_energy[tensor] + writes[tensor] * machine.write_energy[tensor];
    port_bits[static_cast<std::size_t>(machine.slot[tensor])] += reads[tensor] + writes[tensor];
  }
  for (std::size_t s = 0; s < 3; ++s) {
    cost.port_s = std::max(cost.port_s, port_bits[s] / machine.port_bandwidth[s]);
  }

  cost.decode_joules = words.weights * instances * machine.decode_energy;
  cost.fixed_joules =
      useful * p.dense_share * m * n * k * (machine.mac_energy + machine.register_energy) +
      p.vector_operations * machine.vector_energy;

  if (machine.timing == SystolicTiming::scalesim) {  // that tool's memory never stalls the array
    cost.busy_s = cost.array_s;
    return cost;
  }
  const double inverse_bandwidth = 1.0 / machine.dram_bandwidth;
  const double w_tile =
      bypassed(nest.bypass, kW)
          ? static_cast<double>(std::min(machine.rows * machine.cols, p.extent[kN] * p.extent[kK]))
          : static_cast<double>(nest.tile[kN] * nest.tile[kK]);
  const double a_tile = bypassed(nest.bypass, kA)
                            ? static_cast<double>(machine.rows)
                            : p.activation_elements(nest.tile[kM], nest.tile[kK]);
  const double o_tile = bypassed(nest.bypass, kO)
                            ? static_cast<double>(machine.cols)
                            : static_cast<double>(nest.tile[kM] * nest.tile[kN]);
  double w_first = std::min(w_tile, n * k);
  double a_first = a_tile;
  double o_first = o_tile;
  if (machine.fill_first && nest.bypass == 0) {
    const auto room = [&](std::size_t tensor) {
      return machine.capacity[static_cast<std::size_t>(machine.slot[tensor])] / 2;
    };
    w_first *= tiles_held(trips, nest.order, kM, w_tile * p.weight_bits, room(kW));
    a_first *= tiles_held(trips, nest.order, kN, a_tile * p.activation_bits, room(kA));
    o_first *= tiles_held(trips, nest.order, kK, o_tile * p.partial_bits, room(kO));
    // Edge tiles and shared window rows are smaller than whole tiles.
    w_first = std::min(w_first, n * k);
    a_first = std::min(a_first, p.activation_elements(p.extent[kM], p.extent[kK]));
    o_first = std::min(o_first, m * n);
  }
  cost.weight_fill_s = w_first * p.weight_bits * inverse_bandwidth;
  const double a_fill =
      (a_first * p.activation_bits + o_first * p.preload_bits) * inverse_bandwidth;
  cost.input_fill_s = a_fill + machine.dram_latency + machine.overhead_s;
  cost.drain_s = o_first * p.output_share * p.output_bits * inverse_bandwidth;
  const double dram_s = (cost.dram_read_bits + cost.dram_write_bits) * inverse_bandwidth;
  cost.stream_s = std::max(0.0, dram_s - cost.weight_fill_s - a_fill - cost.drain_s);
  // Loading, multiplying and the vector unit follow each other tile by tile: the slowest takes all
  // of its time, the others the first tile before it and the last one after it.
  const auto last = [&](std::size_t d) {
    return static_cast<double>(p.extent[d] - (trips[d] - 1) * nest.tile[d]);
  };
  const double outputs = instances * m * n;
  const double first_share =
      static_cast<double>(nest.tile[kM] * nest.tile[kN] * nest.tile[kK]) / (outputs * k);
  const double outputs_share = last(kM) * last(kN) / outputs;
  const double work_s = std::max(cost.array_s, cost.decode_s);
  const double passes = instances * static_cast<double>(trips[kM] * trips[kN] * trips[kK]);
  const double last_work = work_s / passes;  // a small last tile leaves part of the one before it
  const double last_vector = cost.vector_s * outputs_share;
  cost.busy_s = std::max({cost.stream_s + last_work + last_vector, work_s + last_vector,
                          work_s * first_share + cost.vector_s, cost.port_s});
  if (passes > 1) {
    const double turns = (passes - 1) / static_cast<double>(buffer_places(machine, p, nest));
    // What a tile reads waits behind what the tile before writes.
    const double load_s = dram_s / passes;
    cost.busy_s = std::max(cost.busy_s, turns * (machine.dram_latency + load_s + work_s / passes));
  }
  return cost;
}

}  // namespace cairn::hw
