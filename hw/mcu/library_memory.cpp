#include "hw/mcu/library_memory.h"

#include <variant>

#include "core/hash.h"

namespace cairn::hw {
namespace {

using models::Convolution;

constexpr double kBiasBits = 32;

double count(std::int64_t n) {
  return static_cast<double>(n);
}

bool pointwise(const Convolution& c) {
  return c.kernel_height == 1 && c.kernel_width == 1;
}

double padded_plane(const Convolution& c) {
  return count(c.height + c.pad_top + c.pad_bottom) * count(c.width + c.pad_left + c.pad_right);
}

/// Output channels of an operator with weights; 0 for all others.
std::int64_t filters(const models::Operator& op) {
  if (const auto* c = std::get_if<Convolution>(&op.shape)) {
    return c->filters;
  }
  const auto* m = std::get_if<models::MatMul>(&op.shape);
  return m != nullptr && m->weight ? m->n * (m->distinct_weights ? m->batch : 1) : 0;
}

}  // namespace

double window_buffer_bits(const MemoryTraits& traits, const models::Operator& op) {
  const auto* c = std::get_if<Convolution>(&op.shape);
  if (c == nullptr) {
    return 0;
  }
  const double window = count(c->kernel_height) * count(c->kernel_width);
  const double width = count(traits.column_width.count());
  if (c->depthwise()) {
    switch (traits.depthwise_buffer) {
      case DepthwiseBuffer::none:
        return 0;
      case DepthwiseBuffer::column:
        return window * count(c->channels) * width;
      case DepthwiseBuffer::column_and_kernel:
        return window * count(c->channels) * (width + op.formats.weights.bits_per_element());
      case DepthwiseBuffer::plane:
        return 2 * padded_plane(*c) * op.formats.activations.bits_per_element();
    }
  }
  if (pointwise(*c) && !traits.pointwise_columns) {
    return 0;
  }
  return count(traits.convolution_columns) * window * count(c->channels / c->groups) * width;
}

double kernel_buffer_bits(const MemoryTraits& traits, const models::Operator& op) {
  const auto* c = std::get_if<Convolution>(&op.shape);
  if (c == nullptr || !traits.widened_kernels || pointwise(*c) || c->depthwise()) {
    return 0;
  }
  return count(models::weight_elements(op.shape)) * count(traits.column_width.count());
}

double scratch_bits(const MemoryTraits& traits, const models::Operator& op) {
  return window_buffer_bits(traits, op) + kernel_buffer_bits(traits, op);
}

bool overwrites_input(const MemoryTraits& traits, const models::Operator& op) {
  if (const auto* c = std::get_if<Convolution>(&op.shape)) {
    // One channel is read into a buffer and its result written in its place.
    if (c->depthwise()) {
      return traits.depthwise_in_place && c->filters == c->channels;
    }
    // From the last pixel to the first, no result reaches an input that is still needed.
    return traits.pointwise_in_place && pointwise(*c) && c->stride_height == 1 &&
           c->stride_width == 1;
  }
  return traits.elementwise_in_place && std::holds_alternative<models::Elementwise>(op.shape);
}

double padded_copy_bits(const MemoryTraits& traits, const models::Operator& op) {
  const auto* c = std::get_if<Convolution>(&op.shape);
  const bool strided = c != nullptr && (c->stride_height > 1 || c->stride_width > 1);
  if (!traits.padding_operator || !strided ||
      c->pad_top + c->pad_bottom + c->pad_left + c->pad_right == 0) {
    return 0;
  }
  return count(c->batch) * padded_plane(*c) * count(c->channels) *
         op.formats.activations.bits_per_element();
}

std::int64_t scaled_channels(const MemoryTraits& traits, const models::Operator& op) {
  const bool convolution = std::holds_alternative<Convolution>(op.shape);
  return convolution || traits.linear_per_channel ? filters(op) : 0;
}

double stored_weight_bits(const models::Operator& op) {
  const std::int64_t channels = filters(op);
  if (op.parameters == 0 || channels == 0) {
    return 0;
  }
  const std::int64_t elements = models::weight_elements(op.shape);
  const std::int64_t row = elements / channels;
  // A layer without bias and normalisation keeps a bias of zeros: kernels read one.
  return models::stored_tensor(op.formats.weights, op.sparsity, elements, row).total() +
         kBiasBits * count(channels);
}

std::uint64_t kernel_class(const models::Operator& op) {
  Hasher hasher;
  hasher.add(models::kind_name(op.shape));
  if (const auto* c = std::get_if<Convolution>(&op.shape)) {
    for (const std::int64_t n :
         {c->kernel_height, c->kernel_width, c->stride_height, c->stride_width}) {
      hasher.add(n);
    }
  }
  return hasher.value();
}

}  // namespace cairn::hw
