#include "hw/systolic/gemm_problem.h"

#include <variant>

#include "core/error.h"

namespace cairn::hw {
namespace {

GemmProblem from_matmul(const models::MatMul& s) {
  GemmProblem p;
  if (s.weight && !s.distinct_weights) {  // one B: the batch is more rows
    p.extent = {s.batch * s.m, s.n, s.k};
  } else {
    p.instances = s.batch;
    p.extent = {s.m, s.n, s.k};
  }
  return p;
}

GemmProblem from_convolution(const models::Convolution& s) {
  GemmProblem p;
  const std::int64_t pixels = s.output_height() * s.output_width();
  const std::int64_t channels = s.channels / s.groups;
  p.instances = s.groups;
  p.extent = {s.batch * pixels, s.filters / s.groups, channels * s.kernel_height * s.kernel_width};
  p.window = {.out_width = s.output_width(),
              .out_pixels = pixels,
              .in_height = s.height,
              .in_width = s.width,
              .channels = channels,
              .kernel_height = (s.kernel_height - 1) * s.dilation_height + 1,
              .kernel_width = (s.kernel_width - 1) * s.dilation_width + 1,
              .stride_height = s.stride_height,
              .stride_width = s.stride_width};
  return p;
}

}  // namespace

GemmProblem gemm_problem(const models::Operator& op) {
  GemmProblem p;
  if (const auto* matmul = std::get_if<models::MatMul>(&op.shape)) {
    p = from_matmul(*matmul);
  } else if (const auto* convolution = std::get_if<models::Convolution>(&op.shape)) {
    p = from_convolution(*convolution);
  } else {
    throw InternalError("gemm_problem of an operator that is no GEMM");
  }
  const std::int64_t elements = p.instances * p.extent[1] * p.extent[2];
  const models::StoredTensor stored =
      models::stored_tensor(op.formats.weights, op.sparsity, elements, p.extent[2]);
  p.weight_bits = stored.total() / static_cast<double>(elements);
  p.activation_bits = op.formats.activations.bits_per_element();
  p.output_bits = op.formats.outputs.bits_per_element();
  return p;
}

}  // namespace cairn::hw
