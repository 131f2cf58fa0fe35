/// \file
/// What a YAML file may say about a spatial array: levels of storage from the memory behind the
/// chip inwards, and how many instances of each stand under one instance of the level before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/mapping.h"
#include "hw/memory/reference.h"
#include "hw/spatial/loop_nest.h"
#include "hw/spatial/loop_problem.h"
#include "models/operator.h"
#include "models/precision.h"

namespace cairn::hw {

/// Which operand stays in the PEs, and with it how loops are laid across the innermost level.
enum class SpatialDataflow : std::uint8_t {
  weight_stationary,
  output_stationary,
  input_stationary,
  row_stationary,
};
constexpr auto enum_names(SpatialDataflow /*tag*/) {
  using D = SpatialDataflow;
  using S = std::string_view;
  return std::array{std::pair{D::weight_stationary, S{"weight_stationary"}},
                    std::pair{D::output_stationary, S{"output_stationary"}},
                    std::pair{D::input_stationary, S{"input_stationary"}},
                    std::pair{D::row_stationary, S{"row_stationary"}}};
}

/// What a PE does about an operand that is zero.
enum class ZeroHandling : std::uint8_t {
  compute,  ///< multiplies it
  gate,     ///< does nothing for a cycle: saves energy only
  skip,     ///< goes on to the next pair: saves cycles
};
constexpr auto enum_names(ZeroHandling /*tag*/) {
  using Z = ZeroHandling;
  using S = std::string_view;
  return std::array{std::pair{Z::compute, S{"compute"}}, std::pair{Z::gate, S{"gate"}},
                    std::pair{Z::skip, S{"skip"}}};
}

struct ZeroSpec {
  ZeroHandling weights{};
  ZeroHandling inputs{};
  std::int64_t lanes{1};
  std::int64_t window{64};
  std::int64_t intersection_cycles{0};
  EnergyPerOp intersection_energy{};
  bool balanced{false};
  std::vector<double> densities{};

  template <class Archive>
  void fields(Archive& a) {
    a("weights", weights, "what a PE does about a weight of zero", kOptional);
    a("inputs", inputs, "what a PE does about an input of zero", kOptional);
    a("lanes", lanes, "PEs that wait for each other after each window (skip)", kOptional,
      Range{1, 65536});
    a("window", window, "operand pairs of one lane between two waits (skip)", kOptional,
      Range{1, 1048576});
    a("intersection_cycles", intersection_cycles,
      "cycles per window to find the pairs, beyond the pairs themselves (skip)", kOptional,
      Range{0, 1048576});
    a("intersection_energy", intersection_energy,
      "energy of looking at one pair, metadata included (skip)", kOptional, NotNegative{});
    a("balanced", balanced,
      "each lane's reduction holds exactly its share of non-zero weights (pruned filter by filter)",
      kOptional);
    a("densities", densities,
      "measured shares of non-zeros, one for each tile; they spread around the operator's density",
      kOptional, Range{0.0, 1.0});
  }
};

/// How zeros are packed in the memory behind the chip.
struct PackingSpec {
  models::SparseStorage inputs{models::SparseStorage::dense};
  models::SparseStorage outputs{models::SparseStorage::dense};
  template <class Archive>
  void fields(Archive& a) {
    a("inputs", inputs, "layout of inputs, with the density that the model states", kOptional);
    a("outputs", outputs, "layout of outputs, with the density that the model states", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// One level; `registers` in place of a memory means one element in flip-flops of each instance.
struct SpatialLevelSpec {
  static constexpr std::string_view kRegisters = "registers";
  std::string name{};
  std::int64_t x{1};
  std::int64_t y{1};
  Network network{Network::multicast};
  std::optional<std::string> weights{};
  std::optional<std::string> inputs{};
  std::optional<std::string> outputs{};
  std::optional<std::vector<Operand>> prefetch{};
  std::optional<BitsPerCycle> weight_bus{};
  std::optional<BitsPerCycle> input_bus{};
  std::optional<BitsPerCycle> output_bus{};
  std::optional<EnergyPerBit> hop_energy{};
  std::optional<std::vector<Loop>> spread_x{};
  std::optional<std::vector<Loop>> spread_y{};

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name of the level");
    a("x", x, "instances along x under one instance of the level before", kOptional,
      Range{1, 65536});
    a("y", y, "instances along y", kOptional, Range{1, 65536});
    a("network", network, "buses to all instances, or forwarding between neighbours", kOptional);
    a("weights", weights, "memory that keeps weights, or registers; absent: they pass by",
      kOptional);
    a("inputs", inputs, "memory that keeps inputs, or registers; absent: they pass by", kOptional);
    a("outputs", outputs, "memory that keeps partial sums, or registers; absent: they pass by",
      kOptional);
    a("prefetch", prefetch, "tensors whose next tile is loaded behind the present one; absent: all",
      kOptional);
    a("weight_bus", weight_bus, "bits of weights a cycle that reach all instances; absent: enough",
      kOptional, Positive{});
    a("input_bus", input_bus, "the same for inputs", kOptional, Positive{});
    a("output_bus", output_bus, "the same for partial sums, each way", kOptional, Positive{});
    a("hop_energy", hop_energy,
      "energy for each instance that a bit reaches; absent: a pipeline register read and written",
      kOptional, NotNegative{});
    a("spread_x", spread_x, "loops that may be split along x, in order; absent: by dataflow",
      kOptional);
    a("spread_y", spread_y, "loops that may be split along y, in order; absent: by dataflow",
      kOptional);
  }
  [[nodiscard]] const std::optional<std::string>& memory(Operand tensor) const {
    return tensor == Operand::weights ? weights : tensor == Operand::inputs ? inputs : outputs;
  }
};

/// Plain data.
struct SpatialArraySpec {
  static constexpr std::string_view kKind = "spatial";

  Frequency clock{};
  models::Precision native{models::kInt8};
  models::Precision accumulator{models::kInt32};
  SpatialDataflow dataflow{SpatialDataflow::weight_stationary};
  std::vector<SpatialLevelSpec> levels{};
  std::string backing{};
  std::int64_t vector_lanes{};
  std::optional<std::int64_t> decode_lanes{};
  std::int64_t operator_overhead_cycles{0};
  std::int64_t clocked_bits{0};
  ZeroSpec zeros{};
  PackingSpec packing{};
  std::optional<MappingConstraint> mapping{};

  template <class Archive>
  void fields(Archive& a) {
    a("clock", clock, "clock of array and vector unit", Positive{});
    a("native", native, "operand format of one MAC per PE and cycle", kOptional);
    a("accumulator", accumulator, "format of partial sums", kOptional);
    a("dataflow", dataflow, "which operand stays in the PEs");
    a("levels", levels, "levels of storage, outermost first; the last one is inside the PEs");
    a("backing", backing, "memory behind the levels");
    a("vector_lanes", vector_lanes, "vector operations per cycle", Range{1, 1048576});
    a("decode_lanes", decode_lanes, "coded weights decoded per cycle; absent: on the vector unit",
      kOptional, Positive{});
    a("operator_overhead_cycles", operator_overhead_cycles, "cycles to set up an operator",
      kOptional, Range{0, 1000000000});
    a("clocked_bits", clocked_bits,
      "flip-flops of one PE (pipeline, FIFOs, control) that are clocked every cycle", kOptional,
      Range{0, 1000000});
    a("zeros", zeros, "what PEs do about zeros", kOptional);
    a("packing", packing, "how zeros of activations are packed behind the chip", kOptional);
    a("mapping", mapping, "mapping, whole or in part, of every operator", kOptional);
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const;
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

}  // namespace cairn::hw
