/// \file
/// What is computed: the closed set of operators, with shapes in elements.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "models/precision.h"

namespace cairn::models {

/// C[b] = A[b] (m x k) times B[b] (k x n), for b in [0, batch).
struct MatMul {
  static constexpr std::string_view kKind = "matmul";
  std::int64_t batch{1};
  std::int64_t m{1};
  std::int64_t n{1};
  std::int64_t k{1};
  /// B is a stored weight (true) or an activation made at run time (false).
  bool weight{true};
  /// B differs for every b (a grouped matmul: experts), instead of one B for the whole batch.
  bool distinct_weights{false};
  friend bool operator==(const MatMul&, const MatMul&) = default;
};

/// Convolution over NHWC input; depthwise when groups == c (filters a multiple of c).
struct Convolution {
  static constexpr std::string_view kKind = "conv2d";
  std::int64_t batch{1};
  std::int64_t height{1};  ///< of the input
  std::int64_t width{1};
  std::int64_t channels{1};
  std::int64_t filters{1};
  std::int64_t kernel_height{1};
  std::int64_t kernel_width{1};
  std::int64_t stride_height{1};
  std::int64_t stride_width{1};
  std::int64_t pad_top{0};
  std::int64_t pad_bottom{0};
  std::int64_t pad_left{0};
  std::int64_t pad_right{0};
  std::int64_t dilation_height{1};
  std::int64_t dilation_width{1};
  std::int64_t groups{1};
  friend bool operator==(const Convolution&, const Convolution&) = default;
  [[nodiscard]] std::int64_t output_height() const;
  [[nodiscard]] std::int64_t output_width() const;
  [[nodiscard]] bool depthwise() const { return groups == channels && groups > 1; }
};

/// softmax(Q K^T / sqrt(d)) V with a KV cache of `context` keys in total (new ones included).
/// MHA when kv_heads == heads, MQA when kv_heads == 1, GQA between.
struct Attention {
  static constexpr std::string_view kKind = "attention";
  std::int64_t batch{1};
  std::int64_t heads{1};
  std::int64_t kv_heads{1};
  std::int64_t head_dim{1};
  std::int64_t queries{1};  ///< new tokens per sequence
  std::int64_t context{1};  ///< keys each sequence attends to, the new ones included
  bool causal{true};        ///< of the `queries` new tokens, each sees only earlier ones
  std::int64_t window{0};   ///< sliding window in tokens, 0 = whole context
  friend bool operator==(const Attention&, const Attention&) = default;
  /// Sum over the queries of the keys each one sees.
  [[nodiscard]] std::int64_t visible_pairs() const;
  /// Keys of the cache that at least one query sees.
  [[nodiscard]] std::int64_t visible_keys() const;
};

enum class NormalizationKind : std::uint8_t { layer_norm, rms_norm, batch_norm, group_norm };
constexpr auto enum_names(NormalizationKind /*tag*/) {
  return std::array{std::pair{NormalizationKind::layer_norm, std::string_view{"layer_norm"}},
                    std::pair{NormalizationKind::rms_norm, std::string_view{"rms_norm"}},
                    std::pair{NormalizationKind::batch_norm, std::string_view{"batch_norm"}},
                    std::pair{NormalizationKind::group_norm, std::string_view{"group_norm"}}};
}
/// One statistic per row over `columns` elements.
struct Normalization {
  static constexpr std::string_view kKind = "normalization";
  NormalizationKind kind{NormalizationKind::layer_norm};
  std::int64_t rows{1};
  std::int64_t columns{1};
  friend bool operator==(const Normalization&, const Normalization&) = default;
};

enum class ElementwiseKind : std::uint8_t {
  add,
  multiply,
  bias,
  relu,
  relu6,
  gelu,
  silu,
  sigmoid,
  tanh,
  hard_swish,
  hard_sigmoid,
  rotary,
  requantize,
  copy,
  other,
  permute,  ///< the dimensions of a tensor reordered; `columns`: elements that stay neighbours
  activation_gradient,     ///< derivative of an activation times the gradient of its output
  normalization_gradient,  ///< gradient of the input of a normalisation, and of scale and shift
  softmax_gradient,        ///< p (g - sum p g)
  sgd,                     ///< w - rate (g + decay w), with momentum where there are 3 inputs
  adam,                    ///< both moments, their corrections and the step
};
constexpr auto enum_names(ElementwiseKind /*tag*/) {
  return std::array{
      std::pair{ElementwiseKind::add, std::string_view{"add"}},
      std::pair{ElementwiseKind::multiply, std::string_view{"multiply"}},
      std::pair{ElementwiseKind::bias, std::string_view{"bias"}},
      std::pair{ElementwiseKind::relu, std::string_view{"relu"}},
      std::pair{ElementwiseKind::relu6, std::string_view{"relu6"}},
      std::pair{ElementwiseKind::gelu, std::string_view{"gelu"}},
      std::pair{ElementwiseKind::silu, std::string_view{"silu"}},
      std::pair{ElementwiseKind::sigmoid, std::string_view{"sigmoid"}},
      std::pair{ElementwiseKind::tanh, std::string_view{"tanh"}},
      std::pair{ElementwiseKind::hard_swish, std::string_view{"hard_swish"}},
      std::pair{ElementwiseKind::hard_sigmoid, std::string_view{"hard_sigmoid"}},
      std::pair{ElementwiseKind::rotary, std::string_view{"rotary"}},
      std::pair{ElementwiseKind::requantize, std::string_view{"requantize"}},
      std::pair{ElementwiseKind::copy, std::string_view{"copy"}},
      std::pair{ElementwiseKind::other, std::string_view{"other"}},
      std::pair{ElementwiseKind::permute, std::string_view{"permute"}},
      std::pair{ElementwiseKind::activation_gradient, std::string_view{"activation_gradient"}},
      std::pair{ElementwiseKind::normalization_gradient,
                std::string_view{"normalization_gradient"}},
      std::pair{ElementwiseKind::softmax_gradient, std::string_view{"softmax_gradient"}},
      std::pair{ElementwiseKind::sgd, std::string_view{"sgd"}},
      std::pair{ElementwiseKind::adam, std::string_view{"adam"}}};
}
/// rows x columns outputs, each from `inputs` tensors of that size.
struct Elementwise {
  static constexpr std::string_view kKind = "elementwise";
  ElementwiseKind kind{ElementwiseKind::add};
  std::int64_t rows{1};
  std::int64_t columns{1};
  std::int64_t inputs{1};
  friend bool operator==(const Elementwise&, const Elementwise&) = default;
};

struct Softmax {
  static constexpr std::string_view kKind = "softmax";
  std::int64_t rows{1};
  std::int64_t columns{1};
  friend bool operator==(const Softmax&, const Softmax&) = default;
};

/// tokens rows of `width` gathered from a table of `vocabulary` rows.
struct Embedding {
  static constexpr std::string_view kKind = "embedding";
  std::int64_t tokens{1};
  std::int64_t width{1};
  std::int64_t vocabulary{1};
  friend bool operator==(const Embedding&, const Embedding&) = default;
};

enum class PoolingKind : std::uint8_t { max, average };
constexpr auto enum_names(PoolingKind /*tag*/) {
  return std::array{std::pair{PoolingKind::max, std::string_view{"max"}},
                    std::pair{PoolingKind::average, std::string_view{"average"}}};
}
/// Window pooling over NHWC (global pooling: kernel = input size).
struct Pooling {
  static constexpr std::string_view kKind = "pooling";
  PoolingKind kind{PoolingKind::max};
  std::int64_t batch{1};
  std::int64_t height{1};
  std::int64_t width{1};
  std::int64_t channels{1};
  std::int64_t output_height{1};
  std::int64_t output_width{1};
  std::int64_t kernel_height{1};
  std::int64_t kernel_width{1};
  friend bool operator==(const Pooling&, const Pooling&) = default;
};

enum class CollectiveKind : std::uint8_t {
  all_reduce,
  all_gather,
  reduce_scatter,
  all_to_all,
  broadcast,
  point_to_point
};
constexpr auto enum_names(CollectiveKind /*tag*/) {
  return std::array{std::pair{CollectiveKind::all_reduce, std::string_view{"all_reduce"}},
                    std::pair{CollectiveKind::all_gather, std::string_view{"all_gather"}},
                    std::pair{CollectiveKind::reduce_scatter, std::string_view{"reduce_scatter"}},
                    std::pair{CollectiveKind::all_to_all, std::string_view{"all_to_all"}},
                    std::pair{CollectiveKind::broadcast, std::string_view{"broadcast"}},
                    std::pair{CollectiveKind::point_to_point, std::string_view{"point_to_point"}}};
}
/// An exchange between `ranks` equal devices. `elements` counts the tensor as one rank sees it
/// whole: what every rank holds before (all_reduce, reduce_scatter, all_to_all, broadcast,
/// point_to_point) or after it (all_gather, of which each rank gives its part).
struct Collective {
  CollectiveKind kind{CollectiveKind::all_reduce};
  std::int64_t elements{1};
  std::int64_t ranks{1};
  friend bool operator==(const Collective&, const Collective&) = default;
  /// Elements of one rank's part, rounded up.
  [[nodiscard]] std::int64_t part() const { return (elements + ranks - 1) / ranks; }
};

/// The closed set. Adding an alternative makes the compiler list every visitor to extend.
using Shape = std::variant<MatMul, Convolution, Attention, Normalization, Elementwise, Softmax,
                           Embedding, Pooling, Collective>;

/// How a pruned tensor is laid out in memory; metadata bits are stored and moved with it.
enum class SparseStorage : std::uint8_t {
  dense,       ///< zeros stored as they are
  bitmask,     ///< one bit per element, then the non-zeros
  run_length,  ///< 4-bit run of zeros before each non-zero (as Eyeriss), then the non-zero
  csr,         ///< column index per non-zero and a row pointer per row
  n_m,         ///< ceil(log2(M)) index bits per kept element (rounded to the pattern's code)
};
constexpr auto enum_names(SparseStorage /*tag*/) {
  return std::array{std::pair{SparseStorage::dense, std::string_view{"dense"}},
                    std::pair{SparseStorage::bitmask, std::string_view{"bitmask"}},
                    std::pair{SparseStorage::run_length, std::string_view{"run_length"}},
                    std::pair{SparseStorage::csr, std::string_view{"csr"}},
                    std::pair{SparseStorage::n_m, std::string_view{"n_m"}}};
}

/// What pruning left of a weight tensor.
struct Sparsity {
  double density{1.0};    ///< share of non-zeros, (0, 1]
  std::int32_t kept{0};   ///< N of N:M, 0 for unstructured
  std::int32_t block{0};  ///< M of N:M, 0 for unstructured
  SparseStorage storage{SparseStorage::dense};
  friend bool operator==(const Sparsity&, const Sparsity&) = default;
};

/// Formats of an operator's tensors. For attention `weights` is the format of the KV cache.
struct Formats {
  Precision weights{kFp16};
  Precision activations{kFp16};
  Precision outputs{kFp16};
  friend bool operator==(const Formats&, const Formats&) = default;
};

/// One operator of a workload: a shape, its formats, and what compression did to it.
struct Operator {
  std::string name;   ///< unique in its workload, e.g. `layers.3.mlp.down_proj`
  std::string group;  ///< the kind of layer it is, equal over depth, e.g. `mlp.down_proj`
  Shape shape{MatMul{}};
  Formats formats{};
  Sparsity sparsity{};         ///< of the weights
  double input_density{1.0};   ///< share of non-zero inputs, (0, 1]
  double output_density{1.0};  ///< share of non-zero outputs, after the activation that follows
  std::int64_t parameters{0};  ///< stored weights, biases included (0 for shared or none)
  std::int32_t layer{-1};      ///< index of the block it belongs to, -1 outside blocks
};

/// The kind's name as it stands in tables and selectors: matmul, conv2d, depthwise_conv2d,
/// attention, layer_norm, rms_norm, add, gelu, ..., softmax, embedding, pooling.
[[nodiscard]] std::string_view kind_name(const Shape& shape);

/// Multiply-accumulates of the dense operator (attention: visible pairs only).
[[nodiscard]] std::int64_t multiply_accumulates(const Shape& shape);
/// Elements of the (dense) weight tensor without biases (norms: scale and shift), or of the KV
/// cache read by attention. \throws std::overflow_error beyond 63 bits, as the functions below.
[[nodiscard]] std::int64_t weight_elements(const Shape& shape);
/// Elements of all activation inputs: B of a matmul counts here when it is no weight; of attention
/// the queries only (keys and values, the new ones included, are its weight_elements); of an
/// embedding one index per token.
[[nodiscard]] std::int64_t input_elements(const Shape& shape);
[[nodiscard]] std::int64_t output_elements(const Shape& shape);

/// Stored bits of a pruned tensor of \p elements with rows of \p row_length: kept elements in
/// \p format plus the metadata of the storage format, in bits on average.
///
/// Assumes:   unstructured zeros lie independently and uniformly; scales of groups stay at their
///            places in the dense tensor.
/// Reference: run length: Y.-H. Chen et al., "Eyeriss", IEEE JSSC 52(1), 2017, section IV-C (runs
///            of up to 15 zeros; a longer run stores an explicit zero); N:M: A. Mishra et al.,
///            "Accelerating sparse deep neural networks", arXiv:2104.08378 (2 bits per kept of
///            2:4).
/// Checked by: tests/unit/models/operator_test.cpp
struct StoredTensor {
  double value_bits{};
  double metadata_bits{};
  [[nodiscard]] double total() const { return value_bits + metadata_bits; }
};
[[nodiscard]] StoredTensor stored_tensor(const Precision& format, const Sparsity& sparsity,
                                         std::int64_t elements, std::int64_t row_length);

/// Stable hash of everything that a cost model may read: shape, formats, sparsity; not the name.
[[nodiscard]] std::uint64_t price_hash(const Operator& op);

}  // namespace cairn::models
