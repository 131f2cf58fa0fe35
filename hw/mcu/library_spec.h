/// \file
/// What a microcontroller's software library is: a file of configs/software/, apart from boards.
///
/// A library is kernels by operator class, for an instruction set and a number format; a kernel is
/// the shape of its loops as instruction counts. It knows no core, no board and no net: cycles
/// come from the core that executes the counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/named_list.h"
#include "core/units.h"
#include "hw/mcu/core_spec.h"
#include "hw/mcu/instruction_classes.h"
#include "hw/mcu/library_memory.h"

namespace cairn::hw {

/// Number formats that kernels are written for. Narrower weights are unpacked to them.
enum class KernelFormat : std::uint8_t { int8, int16, fp32 };
constexpr auto enum_names(KernelFormat /*tag*/) {
  using F = KernelFormat;
  using S = std::string_view;
  return std::array{std::pair{F::int8, S{"int8"}}, std::pair{F::int16, S{"int16"}},
                    std::pair{F::fp32, S{"fp32"}}};
}

/// Matrix product in register blocks of pixels x filters outputs, `depth` elements of the
/// reduction in one step. A convolution may first gather the inputs of the block's pixels into a
/// buffer; how large that is stands in the library's `memory`.
struct MatrixKernelSpec {
  std::int64_t pixels{1};
  std::int64_t filters{1};
  std::int64_t depth{1};
  InstructionClasses step{};
  InstructionClasses tail{};
  InstructionClasses block{};
  InstructionClasses gather{};
  InstructionClasses gather_run{};
  bool gathers{false};
  double expansion{1.0};
  bool filters_outer{false};

  template <class Archive>
  void fields(Archive& a) {
    a("pixels", pixels, "output pixels (rows) of a register block", Range{1, 64});
    a("filters", filters, "filters (columns) of a register block", Range{1, 64});
    a("depth", depth, "reduction elements of one step", Range{1, 64});
    a("step", step, "instructions of one step: pixels x filters x depth products");
    a("tail", tail, "instructions for one reduction element beyond the last whole step", kOptional);
    a("block", block, "instructions around the steps of one block", kOptional);
    a("gather", gather, "instructions to copy one input element into the buffer", kOptional);
    a("gather_run", gather_run, "instructions around each run of adjacent elements", kOptional);
    a("gathers", gathers, "inputs are copied into a buffer first", kOptional);
    a("expansion", expansion, "what this kernel has beyond the library's expansion", kOptional,
      Range{0.25, 4.0});
    a("filters_outer", filters_outer,
      "the filters of a block stay while all pixels pass; else all filters pass for each block of "
      "pixels",
      kOptional);
  }
};

/// Depthwise convolution: `lanes` neighbouring channels at a time.
struct DepthwiseKernelSpec {
  std::int64_t lanes{1};
  InstructionClasses product{};
  InstructionClasses block{};
  InstructionClasses gather{};
  InstructionClasses gather_run{};
  bool gathers{false};
  double expansion{1.0};
  bool channels_outer{false};

  template <class Archive>
  void fields(Archive& a) {
    a("lanes", lanes, "channels of a register block", Range{1, 64});
    a("product", product, "instructions of one product");
    a("block", block, "instructions around one block: a pixel of `lanes` channels", kOptional);
    a("gather", gather, "instructions to copy one input element into the buffer", kOptional);
    a("gather_run", gather_run, "instructions around each run of adjacent elements", kOptional);
    a("gathers", gathers, "inputs are copied into a buffer first", kOptional);
    a("expansion", expansion, "what this kernel has beyond the library's expansion", kOptional,
      Range{0.25, 4.0});
    a("channels_outer", channels_outer,
      "all pixels of one channel pass before the next channel; else all channels of each pixel",
      kOptional);
  }
};

/// All kernels for one instruction set and one number format. Counts of the streaming kernels are
/// those of one output element (pooling: of one element of a window).
struct McuKernelsSpec {
  InstructionSet instruction_set{InstructionSet::scalar};
  KernelFormat format{KernelFormat::int8};
  MatrixKernelSpec convolution{};
  std::int64_t channel_multiple{1};
  std::optional<MatrixKernelSpec> narrow{};
  std::optional<MatrixKernelSpec> pointwise{};
  MatrixKernelSpec fully_connected{};
  DepthwiseKernelSpec depthwise{};
  std::optional<DepthwiseKernelSpec> depthwise_3x3{};
  InstructionClasses output{};
  InstructionClasses unpack{};
  InstructionClasses add{};
  InstructionClasses multiply{};
  InstructionClasses activation{};
  InstructionClasses function{};
  InstructionClasses copy{};
  InstructionClasses pooling{};
  InstructionClasses softmax{};
  InstructionClasses normalization{};

  template <class Archive>
  void fields(Archive& a) {
    a("instruction_set", instruction_set, "what the kernels are compiled for");
    a("format", format, "format of activations, and of weights as multiplied");
    a("convolution", convolution, "convolutions, and products of activations");
    a("channel_multiple", channel_multiple,
      "input channels that the fast convolution kernels need a multiple of", kOptional,
      Range{1, 1024});
    a("narrow", narrow,
      "convolutions whose input channels are no such multiple; absent: the fast one", kOptional);
    a("pointwise", pointwise, "1 x 1 convolutions of stride 1; absent: as other convolutions",
      kOptional);
    a("fully_connected", fully_connected, "matrix products with stored weights");
    a("depthwise", depthwise, "depthwise convolutions");
    a("depthwise_3x3", depthwise_3x3, "depthwise convolutions with a 3 x 3 kernel", kOptional);
    a("output", output, "one output of the above: bias, scale, clamp and store");
    a("unpack", unpack, "one weight narrower than the format, turned into it", kOptional);
    a("add", add, "one sum of two tensors' elements, with their scales");
    a("multiply", multiply, "one product of two tensors' elements", kOptional);
    a("activation", activation, "one clamp (relu, relu6) as a kernel of its own", kOptional);
    a("function", function, "one element of gelu, silu, sigmoid and the like", kOptional);
    a("copy", copy, "one element copied", kOptional);
    a("pooling", pooling, "one element of a pooling window");
    a("softmax", softmax, "one element of a softmax");
    a("normalization", normalization, "one element of a normalisation", kOptional);
  }
};

/// The content of a library file.
struct McuLibrarySpec {
  std::int64_t schema{1};
  std::string name;
  std::string source;
  double expansion{1.0};
  Cycles operator_overhead{};
  bool fused_activations{true};
  MemoryTraits memory{};
  NamedList<McuKernelsSpec> kernels;

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", Range{1, 1});
    a("name", name, "name of the library");
    a("source", source, "where the figures come from", kOptional);
    a("expansion", expansion,
      "instructions as compiled over those counted in the kernels, multiply-accumulates apart: "
      "registers spilled, address arithmetic, calls",
      kOptional, Range{0.25, 4.0});
    a("operator_overhead", operator_overhead, "cycles around every operator: dispatch, checks",
      kOptional, NotNegative{});
    a("fused_activations", fused_activations, "relu and relu6 are the clamp of the output",
      kOptional);
    a("memory", memory, "buffers, bookkeeping and program", kOptional);
    a("kernels", kernels, "kernels for each instruction set and number format, by any name");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (kernels.empty()) {
      return {{"kernels", "the map is empty", "give at least one set of kernels"}};
    }
    return {};
  }
};

}  // namespace cairn::hw
