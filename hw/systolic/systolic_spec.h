/// \file
/// What a YAML file may say about a systolic array.
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
#include "hw/systolic/arithmetic.h"
#include "models/precision.h"

namespace cairn::hw {

/// Which cycle count is wanted.
enum class SystolicTiming : std::uint8_t {
  rtl,       ///< what hardware does: exact edge folds
  scalesim,  ///< what SCALE-Sim prints: full folds, minus one, memory never stalls
};
constexpr auto enum_names(SystolicTiming) {
  return std::array{std::pair{SystolicTiming::rtl, std::string_view{"rtl"}},
                    std::pair{SystolicTiming::scalesim, std::string_view{"scalesim"}}};
}

/// How successive folds follow each other.
enum class FoldOverlap : std::uint8_t {
  serial,     ///< a fold starts when the wavefront of the one before has left the array
  pipelined,  ///< stationary operands are double-buffered in the PEs: wavefronts follow closely
  resident,   ///< each PE holds the operands of all folds of a tile: nothing is shifted in
};
constexpr auto enum_names(FoldOverlap) {
  return std::array{std::pair{FoldOverlap::serial, std::string_view{"serial"}},
                    std::pair{FoldOverlap::pipelined, std::string_view{"pipelined"}},
                    std::pair{FoldOverlap::resident, std::string_view{"resident"}}};
}

/// How a convolution's reduction is laid along the array.
enum class ConvolutionLowering : std::uint8_t {
  im2col,  ///< channels and kernel positions as one long reduction
  direct,  ///< the channels of one kernel position at a time
};
constexpr auto enum_names(ConvolutionLowering) {
  return std::array{std::pair{ConvolutionLowering::im2col, std::string_view{"im2col"}},
                    std::pair{ConvolutionLowering::direct, std::string_view{"direct"}}};
}

/// How the groups of a grouped or depthwise convolution share the array. Absent: one after the
/// other, so that a depthwise one keeps a single column busy.
struct GroupedConvolutionSpec {
  std::int64_t channels{};
  bool separate{false};

  template <class Archive>
  void fields(Archive& a) {
    a("channels", channels,
      "input channels laid side by side as one dense block (its other weights are zeros), for each "
      "product of a PE",
      Range{1, 65536});
    a("separate", separate, "whether scratchpads are filled and drained around every block",
      kOptional);
  }
};

/// Plain data: rows x cols PEs, one native MAC per PE and cycle, on each of `cores` equal arrays.
struct SystolicArraySpec {
  static constexpr std::string_view kKind = "systolic_array";

  std::int64_t rows{};
  std::int64_t cols{};
  Dataflow dataflow{Dataflow::weight_stationary};
  Frequency clock{};
  models::Precision native{models::kInt8};
  models::Precision accumulator{models::kInt32};
  ElementArithmetic arithmetic{};
  std::int64_t cores{1};
  SystolicTiming timing{SystolicTiming::rtl};
  FoldOverlap folds{FoldOverlap::serial};
  ConvolutionLowering convolution{ConvolutionLowering::im2col};
  std::optional<GroupedConvolutionSpec> grouped_convolution{};
  bool preload_outputs{false};
  bool ping_pong{false};
  bool fill_first{false};
  bool two_ported{false};
  std::optional<Bandwidth> host_bandwidth{};
  bool padded_inputs{false};
  std::int64_t vector_lanes{};
  std::optional<std::int64_t> decode_lanes{};
  std::int64_t operator_overhead_cycles{0};
  std::string weights_from;
  std::string activations_from;
  std::string outputs_to;
  std::string backing;
  std::optional<MappingConstraint> mapping{};

  template <class Archive>
  void fields(Archive& a) {
    a("rows", rows, "PE rows (OS: m, WS and IS: k)", Range{1, 65536});
    a("cols", cols, "PE columns (OS and WS: n, IS: m)", Range{1, 65536});
    a("dataflow", dataflow, "which operand stays in the PEs");
    a("clock", clock, "clock of array and vector unit", Positive{});
    a("native", native, "operand format of one MAC per PE and cycle", kOptional);
    a("accumulator", accumulator, "format of partial sums", kOptional);
    a("arithmetic", arithmetic, "how a PE multiplies narrow and wide operands", kOptional);
    a("cores", cores, "equal arrays that share the scratchpads evenly, and the backing memory",
      kOptional, Range{1, 65536});
    a("timing", timing, "rtl or scalesim cycle counts", kOptional);
    a("folds", folds, "whether stationary operands are double-buffered in the PEs", kOptional);
    a("convolution", convolution, "how a convolution's reduction is laid along the array",
      kOptional);
    a("grouped_convolution", grouped_convolution, "groups laid side by side; absent: one at a time",
      kOptional);
    a("preload_outputs", preload_outputs,
      "whether partial sums are loaded from the backing memory before a tile starts", kOptional);
    a("ping_pong", ping_pong, "whether scratchpads are two fixed halves, of which a tile fills one",
      kOptional);
    a("fill_first", fill_first,
      "whether work starts only when scratchpads hold all they can, instead of one tile",
      kOptional);
    a("two_ported", two_ported,
      "whether activation and output scratchpads are read and written in the same cycle (area)",
      kOptional);
    a("host_bandwidth", host_bandwidth,
      "link to the host, one direction (area; inputs and results in the shares of time)", kOptional,
      Positive{});
    a("padded_inputs", padded_inputs, "whether inputs are stored with their zero padding",
      kOptional);
    a("vector_lanes", vector_lanes, "vector operations per cycle", Range{1, 1048576});
    a("decode_lanes", decode_lanes, "coded weights decoded per cycle; absent: on the vector unit",
      kOptional, Positive{});
    a("operator_overhead_cycles", operator_overhead_cycles, "cycles to set up an operator",
      kOptional, Range{0, 1000000000});
    a("weights_from", weights_from, "scratchpad that feeds weights");
    a("activations_from", activations_from, "scratchpad that feeds activations");
    a("outputs_to", outputs_to, "scratchpad that takes partial sums and results");
    a("backing", backing, "memory behind the scratchpads");
    a("mapping", mapping, "mapping, whole or in part, of every operator", kOptional);
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
    if (arithmetic.kind != ArithmeticKind::fixed && !native.is_integer()) {
      found.push_back({"native", "bit_serial and bit_fusion multiply integers only",
                       "give int8 or int16, or `arithmetic: {kind: fixed}`"});
    }
    if (arithmetic.kind != ArithmeticKind::fixed && timing == SystolicTiming::scalesim) {
      found.push_back(
          {"timing", "SCALE-Sim knows one product per PE and cycle only", "give `timing: rtl`"});
    }
    return found;
  }
};

}  // namespace cairn::hw
