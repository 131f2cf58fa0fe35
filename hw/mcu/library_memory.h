/// \file
/// What a library of kernels needs in memory beside the tensors themselves: buffers of its kernels,
/// what it can compute in place, bookkeeping of an interpreter, code.
///
/// A library description holds one MemoryTraits (`memory: {...}` in a file of configs/software/).
/// Its figures are formulas over one operator: no network, board or layer occurs in them.
///
/// Assumes:    activations and weights of an operator have the formats that it states; biases are
///             32 bits wide; batch normalisation is folded, so that a filter has one bias.
/// Ignores:    the stack and buffers of the application (camera, audio), alignment of weights.
/// Reference:  J. Lin et al., "MCUNet", NeurIPS 2020, section 3.2 (in-place depthwise convolution);
///             L. Lai, N. Suda, V. Chandra, "CMSIS-NN", arXiv:1801.06601 (partial im2col);
///             R. David et al., "TensorFlow Lite Micro", MLSys 2021 (arena, interpreter data).
/// Checked by: tests/unit/hw/mcu/library_memory_test.cpp (by hand)
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/config/fields.h"
#include "core/units.h"
#include "models/operator.h"

namespace cairn::hw {

/// What a depthwise kernel keeps beside its tensors.
enum class DepthwiseBuffer : std::uint8_t {
  none,
  column,             ///< one unfolded window of all channels, in values of `column_width`
  column_and_kernel,  ///< the same, and its kernel as it is stored
  plane,              ///< two padded planes of one channel, in values of the activations
};
constexpr auto enum_names(DepthwiseBuffer /*tag*/) {
  using B = DepthwiseBuffer;
  using S = std::string_view;
  return std::array{std::pair{B::none, S{"none"}}, std::pair{B::column, S{"column"}},
                    std::pair{B::column_and_kernel, S{"column_and_kernel"}},
                    std::pair{B::plane, S{"plane"}}};
}

/// Plain data; every field may be left out and then costs nothing.
struct MemoryTraits {
  std::int64_t convolution_columns{0};
  bool pointwise_columns{false};
  Bits column_width{16};
  bool widened_kernels{false};
  DepthwiseBuffer depthwise_buffer{DepthwiseBuffer::none};
  bool depthwise_in_place{false};
  bool pointwise_in_place{false};
  bool elementwise_in_place{false};
  bool padding_operator{false};
  bool buffers_apart{false};
  Bits alignment{8};
  Bits ram{0};
  Bits ram_per_operator{0};
  Bits ram_per_channel{0};
  Bits code{0};
  Bits code_per_kernel{0};
  Bits flash_per_operator{0};
  Bits flash_per_channel{0};
  bool linear_per_channel{false};

  template <class Archive>
  void fields(Archive& a) {
    a("convolution_columns", convolution_columns,
      "windows that a convolution unfolds at once before it multiplies", kOptional, Range{0, 1024});
    a("pointwise_columns", pointwise_columns, "1x1 convolutions unfold, too", kOptional);
    a("column_width", column_width, "width of an unfolded value", kOptional, Range{1, 64});
    a("widened_kernels", widened_kernels,
      "kernels larger than 1x1 are copied to RAM in values of `column_width`", kOptional);
    a("depthwise_buffer", depthwise_buffer, "what a depthwise convolution keeps beside its tensors",
      kOptional);
    a("depthwise_in_place", depthwise_in_place,
      "a depthwise convolution writes over its input, channel by channel", kOptional);
    a("pointwise_in_place", pointwise_in_place,
      "a 1x1 convolution begins at the end of its input and writes over it", kOptional);
    a("elementwise_in_place", elementwise_in_place,
      "an element-wise operator writes over one of its inputs", kOptional);
    a("padding_operator", padding_operator,
      "the padding of a strided convolution is a copy made by an operator of its own", kOptional);
    a("buffers_apart", buffers_apart,
      "buffers of kernels lie beside the tensors for the whole run, each as large as any operator "
      "needs it; otherwise they live with their operator",
      kOptional);
    a("alignment", alignment, "alignment of tensors in the arena", kOptional, Range{1, 8192});
    a("ram", ram, "data of the runtime, whatever the network", kOptional, NotNegative{});
    a("ram_per_operator", ram_per_operator, "data that the runtime keeps for an operator",
      kOptional, NotNegative{});
    a("ram_per_channel", ram_per_channel,
      "data that the runtime keeps for a channel with a scale of its own", kOptional,
      NotNegative{});
    a("code", code, "program, whatever the network", kOptional, NotNegative{});
    a("code_per_kernel", code_per_kernel,
      "program of one kernel: a kind of operator with one kernel size and stride", kOptional,
      NotNegative{});
    a("flash_per_operator", flash_per_operator, "stored with each operator, weights apart",
      kOptional, NotNegative{});
    a("flash_per_channel", flash_per_channel,
      "stored with each channel that has a scale of its own, bias apart", kOptional, NotNegative{});
    a("linear_per_channel", linear_per_channel,
      "fully connected layers have a scale for each channel, not one for all", kOptional);
  }
};

/// Unfolded windows or padded planes that \p op keeps while it runs, in bits.
[[nodiscard]] double window_buffer_bits(const MemoryTraits& traits, const models::Operator& op);
/// Copy of its kernel in RAM, in bits.
[[nodiscard]] double kernel_buffer_bits(const MemoryTraits& traits, const models::Operator& op);
/// Both together: what a device answers as its `scratch_bits`.
[[nodiscard]] double scratch_bits(const MemoryTraits& traits, const models::Operator& op);
/// Whether \p op may write its output over an input that nobody reads afterwards.
[[nodiscard]] bool overwrites_input(const MemoryTraits& traits, const models::Operator& op);
/// Input of \p op with its padding around it, in bits; 0 if no operator of its own makes it.
[[nodiscard]] double padded_copy_bits(const MemoryTraits& traits, const models::Operator& op);

/// Channels of \p op that have a scale of their own under this library.
[[nodiscard]] std::int64_t scaled_channels(const MemoryTraits& traits, const models::Operator& op);
/// Weights of \p op in flash with one 32-bit bias per output channel, scales and code excluded.
[[nodiscard]] double stored_weight_bits(const models::Operator& op);
/// Equal for operators that one kernel serves: kind, kernel size and stride.
[[nodiscard]] std::uint64_t kernel_class(const models::Operator& op);

}  // namespace cairn::hw
