#include "models/compression/effects.h"

namespace cairn::models {
namespace {
constexpr double kTrellisOperations = 3.0;
}  // namespace

double decode_operations_per_weight(const Precision& format) {
  const double scale = format.group_size > 0 ? 1.0 : 0.0;
  switch (format.kind) {
    case NumberKind::codebook:
      return 1.0 / static_cast<double>(format.vector_length) + scale;
    case NumberKind::trellis:
      return kTrellisOperations + scale;
    case NumberKind::integer:
    case NumberKind::unsigned_integer:
    case NumberKind::floating:
      break;
  }
  return scale;
}

std::int64_t reduction_length(const Shape& shape) {
  if (const auto* matmul = std::get_if<MatMul>(&shape)) {
    return matmul->k;
  }
  if (const auto* conv = std::get_if<Convolution>(&shape)) {
    return conv->channels / conv->groups * conv->kernel_height * conv->kernel_width;
  }
  if (const auto* attention = std::get_if<Attention>(&shape)) {
    return attention->head_dim;
  }
  if (const auto* embedding = std::get_if<Embedding>(&shape)) {
    return embedding->width;
  }
  return 1;
}

Effects effects(const Operator& op) {
  Effects result;
  const std::int64_t elements = weight_elements(op.shape);
  const StoredTensor stored =
      stored_tensor(op.formats.weights, op.sparsity, elements, reduction_length(op.shape));
  result.stored_bits = stored.total();
  result.metadata_bits = stored.metadata_bits;
  result.moved_bits = result.stored_bits;
  result.dense_macs = static_cast<double>(multiply_accumulates(op.shape));
  result.effective_macs = result.dense_macs * op.sparsity.density;
  const bool zeros_stored = op.sparsity.storage == SparseStorage::dense;
  result.decode_operations = static_cast<double>(elements) *
                             (zeros_stored ? 1.0 : op.sparsity.density) *
                             decode_operations_per_weight(op.formats.weights);
  return result;
}

}  // namespace cairn::models
