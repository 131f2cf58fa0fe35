#include "hw/mcu/library_memory.h"

#include <catch2/catch.hpp>

using cairn::Bits;
using cairn::hw::DepthwiseBuffer;
using cairn::hw::kernel_buffer_bits;
using cairn::hw::kernel_class;
using cairn::hw::MemoryTraits;
using cairn::hw::overwrites_input;
using cairn::hw::padded_copy_bits;
using cairn::hw::scaled_channels;
using cairn::hw::scratch_bits;
using cairn::hw::stored_weight_bits;
using cairn::hw::window_buffer_bits;
using cairn::models::Convolution;
using cairn::models::Elementwise;
using cairn::models::Formats;
using cairn::models::kInt8;
using cairn::models::MatMul;
using cairn::models::Operator;

namespace {

Operator int8(cairn::models::Shape shape) {
  Operator op;
  op.shape = shape;
  op.formats = Formats{kInt8, kInt8, kInt8};
  op.parameters = cairn::models::weight_elements(op.shape);
  return op;
}

/// 3x3, stride 2, 3 to 16 channels, on 64 x 64 with one row of zeros around it.
Operator first_layer() {
  return int8(Convolution{.height = 64,
                          .width = 64,
                          .channels = 3,
                          .filters = 16,
                          .kernel_height = 3,
                          .kernel_width = 3,
                          .stride_height = 2,
                          .stride_width = 2,
                          .pad_top = 1,
                          .pad_bottom = 1,
                          .pad_left = 1,
                          .pad_right = 1});
}

Operator depthwise(std::int64_t kernel, std::int64_t stride) {
  const std::int64_t pad = kernel / 2;
  return int8(Convolution{.height = 32,
                          .width = 32,
                          .channels = 48,
                          .filters = 48,
                          .kernel_height = kernel,
                          .kernel_width = kernel,
                          .stride_height = stride,
                          .stride_width = stride,
                          .pad_top = pad,
                          .pad_bottom = pad,
                          .pad_left = pad,
                          .pad_right = pad,
                          .groups = 48});
}

Operator pointwise() {
  return int8(Convolution{.height = 32, .width = 32, .channels = 8, .filters = 48});
}

}  // namespace

TEST_CASE("a library without traits needs nothing beside its tensors") {
  const MemoryTraits none;
  for (const Operator& op : {first_layer(), depthwise(3, 1), pointwise()}) {
    CHECK(scratch_bits(none, op) == 0);
    CHECK(padded_copy_bits(none, op) == 0);
    CHECK_FALSE(overwrites_input(none, op));
  }
}

TEST_CASE("unfolded windows are columns of 16-bit values") {
  const MemoryTraits two{.convolution_columns = 2, .depthwise_buffer = DepthwiseBuffer::column};
  CHECK(window_buffer_bits(two, first_layer()) == 2 * 3 * 3 * 3 * 16);
  CHECK(window_buffer_bits(two, depthwise(5, 1)) == 5 * 5 * 48 * 16);
  CHECK(window_buffer_bits(two, pointwise()) == 0);
  const MemoryTraits all{.convolution_columns = 2, .pointwise_columns = true};
  CHECK(window_buffer_bits(all, pointwise()) == 2 * 8 * 16);
}

TEST_CASE("a depthwise convolution in place keeps two padded planes") {
  const MemoryTraits traits{.depthwise_buffer = DepthwiseBuffer::plane, .depthwise_in_place = true};
  CHECK(scratch_bits(traits, depthwise(3, 1)) == 2 * 34 * 34 * 8);
  CHECK(scratch_bits(traits, depthwise(7, 2)) == 2 * 38 * 38 * 8);
  CHECK(overwrites_input(traits, depthwise(7, 2)));
  CHECK_FALSE(overwrites_input(traits, pointwise()));
}

TEST_CASE("a point-wise convolution in place overwrites, a wider one cannot") {
  const MemoryTraits traits{.depthwise_buffer = DepthwiseBuffer::column_and_kernel,
                            .pointwise_in_place = true};
  CHECK(overwrites_input(traits, pointwise()));
  CHECK_FALSE(overwrites_input(traits, first_layer()));
  CHECK_FALSE(overwrites_input(traits, depthwise(3, 1)));
  CHECK(scratch_bits(traits, depthwise(7, 1)) == 7 * 7 * 48 * (16 + 8));
}

TEST_CASE("kernels larger than a point are widened in RAM") {
  const MemoryTraits traits{.widened_kernels = true};
  CHECK(kernel_buffer_bits(traits, first_layer()) == 3 * 3 * 3 * 16 * 16);
  CHECK(kernel_buffer_bits(traits, pointwise()) == 0);
  CHECK(kernel_buffer_bits(traits, depthwise(3, 1)) == 0);
}

TEST_CASE("only strided convolutions are padded by an operator of their own") {
  const MemoryTraits traits{.padding_operator = true};
  CHECK(padded_copy_bits(traits, first_layer()) == 66 * 66 * 3 * 8);
  CHECK(padded_copy_bits(traits, depthwise(5, 2)) == 36 * 36 * 48 * 8);
  CHECK(padded_copy_bits(traits, depthwise(5, 1)) == 0);
}

TEST_CASE("element-wise operators overwrite only where the library says so") {
  const Operator add = int8(Elementwise{.rows = 4, .columns = 4, .inputs = 2});
  CHECK(overwrites_input(MemoryTraits{.elementwise_in_place = true}, add));
  CHECK_FALSE(overwrites_input(MemoryTraits{.depthwise_in_place = true}, add));
}

TEST_CASE("flash holds weights and one 32-bit bias a filter") {
  CHECK(stored_weight_bits(first_layer()) == 3 * 3 * 3 * 16 * 8 + 16 * 32);
  CHECK(stored_weight_bits(depthwise(3, 1)) == 3 * 3 * 48 * 8 + 48 * 32);
  CHECK(stored_weight_bits(int8(MatMul{.m = 1, .n = 10, .k = 64})) == 64 * 10 * 8 + 10 * 32);
  CHECK(stored_weight_bits(int8(Elementwise{.rows = 4, .columns = 4})) == 0);
}

TEST_CASE("scales belong to channels of convolutions, of linear layers if the library says so") {
  const Operator linear = int8(MatMul{.m = 1, .n = 10, .k = 64});
  CHECK(scaled_channels({}, first_layer()) == 16);
  CHECK(scaled_channels({}, linear) == 0);
  CHECK(scaled_channels({.linear_per_channel = true}, linear) == 10);
}

TEST_CASE("kernels are told apart by kind, size and stride, not by channels") {
  Operator wider = pointwise();
  std::get<Convolution>(wider.shape).filters = 96;
  CHECK(kernel_class(wider) == kernel_class(pointwise()));
  CHECK(kernel_class(depthwise(3, 1)) != kernel_class(depthwise(3, 2)));
  CHECK(kernel_class(depthwise(3, 1)) != kernel_class(depthwise(5, 1)));
  CHECK(kernel_class(depthwise(3, 1)) != kernel_class(pointwise()));
}
