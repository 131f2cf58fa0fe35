#include "hw/vector_work.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <variant>

namespace cairn::hw {
namespace {

using models::ElementwiseKind;

constexpr std::int64_t per_element(ElementwiseKind kind) {
  switch (kind) {
    case ElementwiseKind::add:
    case ElementwiseKind::multiply:
    case ElementwiseKind::bias:
    case ElementwiseKind::relu:
    case ElementwiseKind::copy:
    case ElementwiseKind::other:
    case ElementwiseKind::permute:
      return 1;
    case ElementwiseKind::relu6:
    case ElementwiseKind::requantize:  // scale, round and clamp
      return 2;
    case ElementwiseKind::rotary:        // x cos + y sin
    case ElementwiseKind::sigmoid:       // exp, add, divide
    case ElementwiseKind::hard_sigmoid:  // add, clamp, scale
      return 3;
    case ElementwiseKind::silu:        // sigmoid and a product
    case ElementwiseKind::tanh:        // exp, two adds, divide
    case ElementwiseKind::hard_swish:  // hard sigmoid and a product
    // p g, its sum over the row, g less the sum, times p. (A scale of scores is part of products.)
    case ElementwiseKind::softmax_gradient:
    // With decay, d = g + c w (2), and w - r d (2); a momentum m u + d before: kMomentum.
    case ElementwiseKind::sgd:
      return 4;
    // m = a m + (1 - a) g (3), v = b v + (1 - b) g g (4), both corrected (2), root, add, divide
    // (3), step (2)
    case ElementwiseKind::adam:
      return 14;
    // The dearest, of gelu = x (1 + t) / 2 with t = tanh(u), u = x (a + b x x): u (4) and t (4)
    // again; g ((1 + t) / 2 + x (1 - t t) (a / 2 + 3 b / 2 x x)): 2, 2 and 2, 2 products, 1 sum, 1
    // product with g. silu: sigmoid again (3) and g s (1 + x (1 - s)) (5); tanh and sigmoid 3.
    case ElementwiseKind::activation_gradient:
      return 18;
    // x' = (x - mean) r (2), h = g gain (1), gradients of gain and shift (2 + 1), sums of h and
    // h x' (1 + 2), r (h - mean - x' mean) (4). Without mean and shift (rms) 9.
    case ElementwiseKind::normalization_gradient:
      return 13;
    case ElementwiseKind::gelu:  // x (1 + tanh(a (x + b x^3))) / 2: 4 + 4
      return 8;
  }
  return 1;
}

constexpr std::int64_t kPlainUpdateInputs = 2;    // gradient and weight; then the momentum
constexpr std::int64_t kMomentum = 2;             // m u + d
constexpr std::int64_t kSoftmaxPerElement = 5;    // max, subtract, exp, sum, divide
constexpr std::int64_t kLayerNormPerElement = 7;  // sum, subtract, square, sum, scale, gain, bias
constexpr std::int64_t kRmsNormPerElement = 4;    // square, sum, scale, gain
constexpr std::int64_t kBatchNormPerElement = 2;  // gain, bias

}  // namespace

std::int64_t vector_operations(const models::Shape& shape) {
  return std::visit(
      [](const auto& s) -> std::int64_t {
        using T = std::decay_t<decltype(s)>;
        if constexpr (std::is_same_v<T, models::Attention>) {
          return kSoftmaxPerElement * s.batch * s.heads * s.visible_pairs();
        } else if constexpr (std::is_same_v<T, models::Normalization>) {
          switch (s.kind) {
            case models::NormalizationKind::rms_norm:
              return kRmsNormPerElement * s.rows * s.columns;
            case models::NormalizationKind::batch_norm:
              return kBatchNormPerElement * s.rows * s.columns;
            case models::NormalizationKind::layer_norm:
            case models::NormalizationKind::group_norm:
              break;
          }
          return kLayerNormPerElement * s.rows * s.columns;
        } else if constexpr (std::is_same_v<T, models::Elementwise>) {
          const bool momentum = s.kind == ElementwiseKind::sgd && s.inputs > kPlainUpdateInputs;
          return (per_element(s.kind) + (momentum ? kMomentum : 0)) * s.rows * s.columns;
        } else if constexpr (std::is_same_v<T, models::Softmax>) {
          return kSoftmaxPerElement * s.rows * s.columns;
        } else if constexpr (std::is_same_v<T, models::Embedding>) {
          return s.tokens * s.width;
        } else if constexpr (std::is_same_v<T, models::Pooling>) {
          return s.batch * s.output_height * s.output_width * s.channels * s.kernel_height *
                 s.kernel_width;
        } else {
          return 0;
        }
      },
      shape);
}

std::int64_t input_passes(const models::Shape& shape, double bits_per_element,
                          double on_chip_bits) {
  const auto rows_of = [&](std::int64_t columns) -> std::int64_t {
    return static_cast<double>(columns) * bits_per_element > on_chip_bits ? 2 : 1;
  };
  if (const auto* norm = std::get_if<models::Normalization>(&shape)) {
    return norm->kind == models::NormalizationKind::batch_norm ? 1 : rows_of(norm->columns);
  }
  if (const auto* softmax = std::get_if<models::Softmax>(&shape)) {
    return rows_of(softmax->columns);
  }
  if (const auto* e = std::get_if<models::Elementwise>(&shape)) {
    const bool sums = e->kind == models::ElementwiseKind::normalization_gradient ||
                      e->kind == models::ElementwiseKind::softmax_gradient;
    return sums ? rows_of(e->inputs * e->columns) : 1;
  }
  return 1;
}

double vector_chunks(double bits) {
  constexpr double kMostChunks = 256;
  constexpr double kLeastBits = 8 * 1024;
  return std::clamp(std::floor(bits / kLeastBits), 1.0, kMostChunks);
}

}  // namespace cairn::hw
