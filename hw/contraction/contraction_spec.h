/// \file
/// What a YAML file may say about an array of contraction engines.
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
#include "hw/systolic/systolic_spec.h"
#include "models/precision.h"

namespace cairn::hw {

/// How operands come from the scratchpads to the engines.
enum class DistributionNetwork : std::uint8_t {
  bus,        ///< wires that any number of engines listen to; words keep their order
  butterfly,  ///< log2(ports) stages of 2 x 2 switches, each of which can copy
  benes,      ///< 2 log2(ports) - 1 stages: every permutation in one pass
};
constexpr auto enum_names(DistributionNetwork) {
  using D = DistributionNetwork;
  using S = std::string_view;
  return std::array{std::pair{D::bus, S{"bus"}}, std::pair{D::butterfly, S{"butterfly"}},
                    std::pair{D::benes, S{"benes"}}};
}

/// How results come from the engines to the scratchpads.
enum class ReductionNetwork : std::uint8_t {
  none,       ///< wires: engines cannot share a reduction, words keep their order
  butterfly,  ///< log2(ports) stages of 2 x 2 switches, each of which can add
};
constexpr auto enum_names(ReductionNetwork) {
  using R = ReductionNetwork;
  using S = std::string_view;
  return std::array{std::pair{R::none, S{"none"}}, std::pair{R::butterfly, S{"butterfly"}}};
}

/// Plain data: `engines` arrays of rows x cols multiply-accumulators, one native MAC each a cycle.
struct ContractionArraySpec {
  static constexpr std::string_view kKind = "contraction_array";

  std::int64_t engines{};
  std::int64_t rows{};
  std::int64_t cols{};
  DistributionNetwork distribution{DistributionNetwork::butterfly};
  ReductionNetwork reduction{ReductionNetwork::butterfly};
  std::optional<Dataflow> dataflow{};
  Frequency clock{};
  models::Precision native{models::kInt8};
  models::Precision accumulator{models::kInt32};
  FoldOverlap folds{FoldOverlap::pipelined};
  std::int64_t vector_lanes{};
  std::optional<std::int64_t> decode_lanes{};
  std::int64_t operator_overhead_cycles{0};
  std::string weights_from;
  std::string activations_from;
  std::string outputs_to;
  std::string backing;

  template <class Archive>
  void fields(Archive& a) {
    a("engines", engines, "contraction engines", Range{1, 65536});
    a("rows", rows, "multiply-accumulators of an engine along its rows", Range{1, 4096});
    a("cols", cols, "and along its columns", Range{1, 4096});
    a("distribution", distribution, "from scratchpads to engines: bus, butterfly or benes",
      kOptional);
    a("reduction", reduction, "from engines to scratchpads: none or butterfly", kOptional);
    a("dataflow", dataflow, "which operand stays in the engines; absent: the best for each step",
      kOptional);
    a("clock", clock, "clock of engines, networks and vector unit", Positive{});
    a("native", native, "operand format of one MAC a cycle", kOptional);
    a("accumulator", accumulator, "format of partial sums", kOptional);
    a("folds", folds, "whether stationary operands are double-buffered in the engines", kOptional);
    a("vector_lanes", vector_lanes, "vector operations per cycle", Range{1, 1048576});
    a("decode_lanes", decode_lanes, "coded weights decoded per cycle; absent: on the vector unit",
      kOptional, Positive{});
    a("operator_overhead_cycles", operator_overhead_cycles, "cycles to set up an operator",
      kOptional, Range{0, 1000000000});
    a("weights_from", weights_from, "scratchpad that feeds weights");
    a("activations_from", activations_from, "scratchpad that feeds activations");
    a("outputs_to", outputs_to, "scratchpad that takes partial sums and results");
    a("backing", backing, "memory behind the scratchpads; on-chip memory is one, too");
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    return {{"weights_from", weights_from},
            {"activations_from", activations_from},
            {"outputs_to", outputs_to},
            {"backing", backing}};
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    std::vector<FieldProblem> found;
    if (native.is_coded()) {
      found.push_back(
          {"native", "a coded format cannot be multiplied", "give int8, fp16, bf16, ..."});
    }
    if ((engines & (engines - 1)) != 0) {
      found.push_back({"engines", "networks and gangs halve the engines again and again",
                       "give a power of two"});
    }
    return found;
  }
};

}  // namespace cairn::hw
