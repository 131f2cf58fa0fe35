#include "models/operator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>

#include "core/error.h"
#include "core/hash.h"
#include "core/text/enum_names.h"

namespace cairn::models {
namespace {

constexpr double kRunBits = 4.0;      // of a run-length code, as Eyeriss stores it
constexpr double kLongestRun = 16.0;  // 15 zeros and the value after them

/// Product of counts. \throws std::overflow_error beyond 63 bits.
std::int64_t product(std::initializer_list<std::int64_t> factors) {
  Bits total{1};
  for (const std::int64_t factor : factors) {
    total = total * Quantity<Dim{}, std::int64_t>{factor};
  }
  return total.count();
}

std::int64_t output_extent(std::int64_t in, std::int64_t padding, std::int64_t kernel,
                           std::int64_t dilation, std::int64_t stride) {
  return (in + padding - dilation * (kernel - 1) - 1) / stride + 1;
}

/// Sum of min(x, cap) for x in [first, last].
std::int64_t capped_sum(std::int64_t first, std::int64_t last, std::int64_t cap) {
  const std::int64_t rising_end = std::min(last, cap);
  std::int64_t sum = 0;
  if (rising_end >= first) {
    sum += (first + rising_end) * (rising_end - first + 1) / 2;
  }
  const std::int64_t flat_begin = std::max(first, cap + 1);
  if (last >= flat_begin) {
    sum += product({last - flat_begin + 1, cap});
  }
  return sum;
}

int bits_for(std::int64_t values) {
  return values <= 1 ? 0 : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(values - 1)));
}

std::uint64_t pack(const Precision& format) {
  return static_cast<std::uint64_t>(format.kind) |
         static_cast<std::uint64_t>(format.exponent_bits) << 8U |
         static_cast<std::uint64_t>(format.vector_length) << 16U |
         static_cast<std::uint64_t>(format.scale_bits) << 24U |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(format.milli_bits)) << 32U;
}

std::uint64_t pack(std::int32_t high, std::int32_t low) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32U |
         static_cast<std::uint32_t>(low);
}

struct AddShape {
  Hasher& hash;

  void add(std::initializer_list<std::int64_t> values) const {
    for (const std::int64_t value : values) {
      hash.add(static_cast<std::uint64_t>(value));
    }
  }
  void operator()(const MatMul& s) const {
    add({s.batch, s.m, s.n, s.k, (s.weight ? 2 : 0) + (s.distinct_weights ? 1 : 0)});
  }
  void operator()(const Convolution& s) const {
    add({s.batch, s.height, s.width, s.channels, s.filters, s.kernel_height, s.kernel_width,
         s.stride_height, s.stride_width, s.pad_top, s.pad_bottom, s.pad_left, s.pad_right,
         s.dilation_height, s.dilation_width, s.groups});
  }
  void operator()(const Attention& s) const {
    add({s.batch, s.heads, s.kv_heads, s.head_dim, s.queries, s.context, s.causal ? 1 : 0,
         s.window});
  }
  void operator()(const Normalization& s) const {
    add({static_cast<std::int64_t>(s.kind), s.rows, s.columns});
  }
  void operator()(const Elementwise& s) const {
    add({static_cast<std::int64_t>(s.kind), s.rows, s.columns, s.inputs});
  }
  void operator()(const Softmax& s) const { add({s.rows, s.columns}); }
  void operator()(const Embedding& s) const { add({s.tokens, s.width, s.vocabulary}); }
  void operator()(const Pooling& s) const {
    add({static_cast<std::int64_t>(s.kind), s.batch, s.height, s.width, s.channels, s.output_height,
         s.output_width, s.kernel_height, s.kernel_width});
  }
  void operator()(const Collective& s) const {
    add({static_cast<std::int64_t>(s.kind), s.elements, s.ranks});
  }
};

}  // namespace

std::int64_t Convolution::output_height() const {
  return output_extent(height, pad_top + pad_bottom, kernel_height, dilation_height, stride_height);
}
std::int64_t Convolution::output_width() const {
  return output_extent(width, pad_left + pad_right, kernel_width, dilation_width, stride_width);
}

std::int64_t Attention::visible_pairs() const {
  const std::int64_t reach = window > 0 ? window : context;
  if (!causal) {
    return product({queries, std::min(context, reach)});
  }
  return capped_sum(context - queries + 1, context, reach);
}

std::int64_t Attention::visible_keys() const {
  if (window == 0) {
    return context;
  }
  // The first query reaches window - 1 keys back, the last one is the last key.
  return std::min(context, causal ? queries + window - 1 : context);
}

std::string_view kind_name(const Shape& shape) {
  struct Name {
    std::string_view operator()(const MatMul& /*s*/) const { return MatMul::kKind; }
    std::string_view operator()(const Convolution& s) const {
      return s.depthwise() ? "depthwise_conv2d" : Convolution::kKind;
    }
    std::string_view operator()(const Attention& /*s*/) const { return Attention::kKind; }
    std::string_view operator()(const Normalization& s) const { return cairn::to_text(s.kind); }
    std::string_view operator()(const Elementwise& s) const { return cairn::to_text(s.kind); }
    std::string_view operator()(const Softmax& /*s*/) const { return Softmax::kKind; }
    std::string_view operator()(const Embedding& /*s*/) const { return Embedding::kKind; }
    std::string_view operator()(const Pooling& /*s*/) const { return Pooling::kKind; }
    std::string_view operator()(const Collective& s) const { return cairn::to_text(s.kind); }
  };
  return std::visit(Name{}, shape);
}

std::int64_t multiply_accumulates(const Shape& shape) {
  if (const auto* matmul = std::get_if<MatMul>(&shape)) {
    return product({matmul->batch, matmul->m, matmul->n, matmul->k});
  }
  if (const auto* conv = std::get_if<Convolution>(&shape)) {
    return product({conv->batch, conv->output_height(), conv->output_width(), conv->filters,
                    conv->channels / conv->groups, conv->kernel_height, conv->kernel_width});
  }
  if (const auto* attention = std::get_if<Attention>(&shape)) {
    // Scores and values: head_dim multiply-accumulates each for every visible pair.
    return product(
        {2, attention->batch, attention->heads, attention->head_dim, attention->visible_pairs()});
  }
  return 0;
}

std::int64_t weight_elements(const Shape& shape) {
  struct Weights {
    std::int64_t operator()(const MatMul& s) const {
      return s.weight ? product({s.distinct_weights ? s.batch : 1, s.k, s.n}) : 0;
    }
    std::int64_t operator()(const Convolution& s) const {
      return product({s.filters, s.channels / s.groups, s.kernel_height, s.kernel_width});
    }
    std::int64_t operator()(const Attention& s) const {
      return product({2, s.batch, s.kv_heads, s.head_dim, s.visible_keys()});
    }
    std::int64_t operator()(const Normalization& s) const {
      return s.kind == NormalizationKind::rms_norm ? s.columns : 2 * s.columns;
    }
    std::int64_t operator()(const Elementwise& s) const {
      return s.kind == ElementwiseKind::bias ? s.columns : 0;
    }
    std::int64_t operator()(const Softmax& /*s*/) const { return 0; }
    std::int64_t operator()(const Embedding& s) const { return product({s.vocabulary, s.width}); }
    std::int64_t operator()(const Pooling& /*s*/) const { return 0; }
    std::int64_t operator()(const Collective& /*s*/) const { return 0; }
  };
  return std::visit(Weights{}, shape);
}

std::int64_t input_elements(const Shape& shape) {
  struct Inputs {
    std::int64_t operator()(const MatMul& s) const {
      const std::int64_t a = product({s.batch, s.m, s.k});
      return s.weight ? a : a + product({s.batch, s.k, s.n});
    }
    std::int64_t operator()(const Convolution& s) const {
      return product({s.batch, s.height, s.width, s.channels});
    }
    std::int64_t operator()(const Attention& s) const {
      return product({s.batch, s.heads, s.head_dim, s.queries});
    }
    std::int64_t operator()(const Normalization& s) const { return product({s.rows, s.columns}); }
    std::int64_t operator()(const Elementwise& s) const {
      return product({s.inputs, s.rows, s.columns});
    }
    std::int64_t operator()(const Softmax& s) const { return product({s.rows, s.columns}); }
    std::int64_t operator()(const Embedding& s) const { return s.tokens; }
    std::int64_t operator()(const Pooling& s) const {
      return product({s.batch, s.height, s.width, s.channels});
    }
    std::int64_t operator()(const Collective& s) const {
      return s.kind == CollectiveKind::all_gather ? s.part() : s.elements;
    }
  };
  return std::visit(Inputs{}, shape);
}

std::int64_t output_elements(const Shape& shape) {
  struct Outputs {
    std::int64_t operator()(const MatMul& s) const { return product({s.batch, s.m, s.n}); }
    std::int64_t operator()(const Convolution& s) const {
      return product({s.batch, s.output_height(), s.output_width(), s.filters});
    }
    std::int64_t operator()(const Attention& s) const {
      return product({s.batch, s.heads, s.head_dim, s.queries});
    }
    std::int64_t operator()(const Normalization& s) const { return product({s.rows, s.columns}); }
    std::int64_t operator()(const Elementwise& s) const { return product({s.rows, s.columns}); }
    std::int64_t operator()(const Softmax& s) const { return product({s.rows, s.columns}); }
    std::int64_t operator()(const Embedding& s) const { return product({s.tokens, s.width}); }
    std::int64_t operator()(const Pooling& s) const {
      return product({s.batch, s.output_height, s.output_width, s.channels});
    }
    std::int64_t operator()(const Collective& s) const {
      return s.kind == CollectiveKind::reduce_scatter ? s.part() : s.elements;
    }
  };
  return std::visit(Outputs{}, shape);
}

StoredTensor stored_tensor(const Precision& format, const Sparsity& sparsity, std::int64_t elements,
                           std::int64_t row_length) {
  const auto total = static_cast<double>(elements);
  const double element_bits = static_cast<double>(format.milli_bits) / 1000.0;
  // Groups stand at fixed places of the dense tensor, so pruning does not remove their scales.
  const double scale_bits = total * (format.bits_per_element() - element_bits);
  const double kept = total * sparsity.density;
  switch (sparsity.storage) {
    case SparseStorage::dense:
      return {.value_bits = total * element_bits + scale_bits, .metadata_bits = 0.0};
    case SparseStorage::bitmask:
      return {.value_bits = kept * element_bits + scale_bits, .metadata_bits = total};
    case SparseStorage::run_length: {
      // A code word covers the zeros before a value and the value: a geometric length, cut at 16
      // where an explicit zero stands in. Its mean is (1 - (1-d)^16) / d for zeros at random.
      const double zero = 1.0 - sparsity.density;
      const double codes = kept / (1.0 - std::pow(zero, kLongestRun));
      return {.value_bits = codes * element_bits + scale_bits, .metadata_bits = codes * kRunBits};
    }
    case SparseStorage::csr: {
      CAIRN_CHECK(row_length > 0, "a compressed row needs a length");
      const double rows = std::ceil(total / static_cast<double>(row_length));
      const int pointer_bits = bits_for(static_cast<std::int64_t>(std::ceil(kept)) + 1);
      return {.value_bits = kept * element_bits + scale_bits,
              .metadata_bits = kept * bits_for(row_length) + (rows + 1.0) * pointer_bits};
    }
    case SparseStorage::n_m:
      CAIRN_CHECK(sparsity.block > 0, "N:M storage needs a pattern");
      return {.value_bits = kept * element_bits + scale_bits,
              .metadata_bits = kept * bits_for(sparsity.block)};
  }
  CAIRN_CHECK(false, "unknown sparse storage");
  return {};
}

std::uint64_t price_hash(const Operator& op) {
  Hasher hash;
  hash.add(op.shape.index());
  std::visit(AddShape{hash}, op.shape);
  const Formats& formats = op.formats;
  hash.add(pack(formats.weights));
  hash.add(pack(formats.activations));
  hash.add(pack(formats.outputs));
  hash.add(pack(formats.weights.group_size, formats.activations.group_size));
  hash.add(pack(formats.outputs.group_size, static_cast<std::int32_t>(op.sparsity.storage)));
  hash.add(op.sparsity.density);
  hash.add(pack(op.sparsity.kept, op.sparsity.block));
  hash.add(op.input_density);
  hash.add(op.output_density);
  return hash.value();
}

}  // namespace cairn::models
