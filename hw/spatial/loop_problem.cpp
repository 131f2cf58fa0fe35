#include "hw/spatial/loop_problem.h"

#include <variant>

#include "core/error.h"

namespace cairn::hw {
namespace {

void from_matmul(const models::MatMul& s, LoopProblem& p) {
  const bool one_b = s.weight && !s.distinct_weights;
  p.extent[index(Loop::g)] = one_b ? 1 : s.batch;
  p.extent[index(Loop::q)] = one_b ? s.batch * s.m : s.m;
  p.extent[index(Loop::k)] = s.n;
  p.extent[index(Loop::c)] = s.k;
  p.input_cols = p.extent[index(Loop::q)];
}

void from_convolution(const models::Convolution& s, LoopProblem& p) {
  p.extent = {s.batch,           s.groups,         s.filters / s.groups, s.channels / s.groups,
              s.output_height(), s.output_width(), s.kernel_height,      s.kernel_width};
  p.stride_rows = s.stride_height;
  p.stride_cols = s.stride_width;
  p.dilation_rows = s.dilation_height;
  p.dilation_cols = s.dilation_width;
  p.input_rows = s.height;
  p.input_cols = s.width;
}

}  // namespace

LoopProblem loop_problem(const models::Operator& op) {
  LoopProblem p;
  if (const auto* matmul = std::get_if<models::MatMul>(&op.shape)) {
    from_matmul(*matmul, p);
  } else if (const auto* convolution = std::get_if<models::Convolution>(&op.shape)) {
    from_convolution(*convolution, p);
  } else {
    throw InternalError("loops of an operator that is no GEMM");
  }
  const std::int64_t elements =
      p.of(Loop::g) * p.of(Loop::k) * p.of(Loop::c) * p.of(Loop::r) * p.of(Loop::s);
  const std::int64_t reduction = p.of(Loop::c) * p.of(Loop::r) * p.of(Loop::s);
  const models::StoredTensor stored =
      models::stored_tensor(op.formats.weights, op.sparsity, elements, reduction);
  p.bits = {stored.total() / static_cast<double>(elements),
            op.formats.activations.bits_per_element(), op.formats.outputs.bits_per_element()};
  p.backing_bits = p.bits;
  p.partial_bits = p.bits[index(Operand::outputs)];
  p.weight_density = op.sparsity.density;
  p.kept = op.sparsity.kept;
  p.block = op.sparsity.block;
  return p;
}

}  // namespace cairn::hw
