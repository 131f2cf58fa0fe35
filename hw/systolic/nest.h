/// \file
/// Cost of one loop nest: a GEMM, cut into tiles, on an array behind double-buffered scratchpads.
///
/// Time: the first weight tile, then the first input tile, then the steady state, then the last
/// output tile. Loading, multiplying (or decoding) and the vector unit follow each other tile by
/// tile: the steady state is the slowest of them in full, the first tile of those before it (loads:
/// the fills) and the last tile of those after it; or the scratchpad ports, if they are slower. A
/// tile's place is filled again when its pass is over, so that p places turn in no less than the
/// latency, one load and one computation: the steady state takes at least passes x that / p.
/// Traffic: a tensor is fetched once for each trip of the loops outside its innermost own loop;
/// partial sums that leave the chip are written and read back at their own width.
///
/// Assumes:    loads run ahead as far as the scratchpads have places (at most 16), DRAM at its
///             achievable rate.
/// Ignores:    bank conflicts, DRAM row misses and refresh beyond `achievable`.
/// Reference:  reuse analysis as in A. Parashar et al., "Timeloop", ISPASS 2019, section VI.
/// Checked by: tests/unit/hw/systolic/nest_test.cpp (by hand),
///             tests/unit/hw/systolic/mapper_test.cpp (exhaustive search).
#pragma once

#include <array>
#include <cstdint>

#include "hw/cost.h"
#include "hw/device.h"
#include "hw/mapping.h"
#include "hw/systolic/fold_cycles.h"
#include "hw/systolic/gemm_problem.h"

namespace cairn::hw {

/// The three tensors of a GEMM, in the order used by arrays indexed by tensor; the numbers are also
/// the bits of Mapping::bypass.
enum class Tensor : std::uint8_t { weights, activations, outputs };

/// An array with everything resolved to plain numbers, for the inner loop.
struct GemmMachine {
  std::int64_t rows{};
  std::int64_t cols{};
  std::int64_t products{1};  ///< of one PE at once, along k; `rows` counts them where k lies there
  Dataflow dataflow{};
  SystolicTiming timing{};
  FoldOverlap overlap{};
  bool fill_first{};           ///< scratchpads are filled as far as they go before work starts
  bool ping_pong{};            ///< scratchpads are fixed halves: a tile fills one, whatever follows
  double clock{};              ///< Hz
  double dram_bandwidth{};     ///< bit/s
  double dram_latency{};       ///< s
  double dram_read_energy{};   ///< J/bit
  double dram_write_energy{};  ///< J/bit
  std::array<std::uint8_t, 3> slot{};      ///< scratchpad of each tensor; equal numbers share one
  std::array<double, 3> capacity{};        ///< bits, by slot
  std::array<double, 3> port_bandwidth{};  ///< bit/s, by slot
  std::array<double, 3> read_energy{};     ///< J/bit, by tensor
  std::array<double, 3> write_energy{};    ///< J/bit, by tensor
  std::uint8_t forced_bypass{};  ///< tensors whose scratchpad is the backing memory itself
  double vector_rate{};          ///< operations/s
  double decode_rate{};          ///< decode operations/s
  double mac_energy{};           ///< J per MAC in these formats
  double register_energy{};      ///< J per MAC
  double vector_energy{};        ///< J per operation
  double decode_energy{};        ///< J per operation
  double overhead_s{};           ///< set-up of an operator
};

/// The part of a mapping that a nest varies.
struct Nest {
  std::array<std::int64_t, 3> tile{1, 1, 1};
  std::array<Dimension, 3> order{};
  std::uint8_t bypass{};
};

struct NestCost {
  double weight_fill_s{};
  double input_fill_s{};
  double busy_s{};
  double drain_s{};
  double stream_s{};
  double array_s{};
  double vector_s{};
  double decode_s{};
  double port_s{};
  std::int64_t array_cycles{};
  double dram_read_bits{};
  double dram_write_bits{};
  double weight_bits{};
  double scratchpad_joules{};
  double decode_joules{};
  double dram_joules{};
  double fixed_joules{};  ///< MACs, registers, vector: the same for every nest
  [[nodiscard]] double latency_s() const { return weight_fill_s + input_fill_s + busy_s + drain_s; }
  [[nodiscard]] double joules() const {
    return scratchpad_joules + decode_joules + dram_joules + fixed_joules;
  }
};

/// What crosses DRAM, in bits, all instances. Only this part depends on the order of the loops.
struct DramTraffic {
  double weights{};
  double activations{};
  double spilled{};  ///< partial sums, written once and read back once
  double outputs{};
  double epilogue{};   ///< further inputs read with the outputs
  double preloaded{};  ///< partial sums read before a tile starts
  [[nodiscard]] double reads() const {
    return weights + activations + spilled + epilogue + preloaded;
  }
  [[nodiscard]] double writes() const { return outputs + spilled; }
};
[[nodiscard]] DramTraffic dram_traffic(const GemmMachine& machine, const GemmProblem& problem,
                                       const Nest& nest);

/// Words that cross between the array and its scratchpads, per instance.
struct ArrayTraffic {
  double weights{};
  double activations{};
  double output_writes{};
  double output_reads{};  ///< partial sums, to add to
};
[[nodiscard]] ArrayTraffic array_traffic(const GemmMachine& machine, const GemmProblem& problem,
                                         const Nest& nest);

/// How the rows of the array see the reduction: `rows` PEs of `extent`, `tile` held on chip. Only a
/// direct convolution differs from the plain extents, where a kernel position never shares a fold.
struct RowGeometry {
  std::int64_t rows{};
  std::int64_t extent{};
  std::int64_t tile{};
};
[[nodiscard]] RowGeometry row_geometry(const GemmMachine& machine, const GemmProblem& problem,
                                       std::int64_t tile);

/// Bits over the capacity of the worst scratchpad (<= 0: fits), and which slot it is.
struct Overflow {
  double bits{};
  int slot{};
  double needed{};
};
[[nodiscard]] Overflow overflow(const GemmMachine& machine, const GemmProblem& problem,
                                const Nest& nest);

/// Tiles of each tensor that the scratchpads have room for at once: at least two, of which one is
/// filled while the other is used; more where tiles are small, so that loads run further ahead.
inline constexpr std::int64_t kMostPlaces = 16;
[[nodiscard]] std::int64_t buffer_places(const GemmMachine& machine, const GemmProblem& problem,
                                         const Nest& nest);

/// Cost of a nest that fits.
[[nodiscard]] NestCost evaluate(const GemmMachine& machine, const GemmProblem& problem,
                                const Nest& nest);

/// What is minimised: smaller is better.
[[nodiscard]] inline double score(const NestCost& cost, MappingObjective objective) {
  switch (objective) {
    case MappingObjective::latency:
      return cost.latency_s();
    case MappingObjective::energy:
      return cost.joules();
    case MappingObjective::energy_delay:
      break;
  }
  return cost.latency_s() * cost.joules();
}

}  // namespace cairn::hw
