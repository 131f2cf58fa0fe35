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
      return 4;
    case ElementwiseKind::sgd:               // decay, momentum and step, a product and a sum each
    case ElementwiseKind::softmax_gradient:  // p g, its sum, subtract, times p (and scale)
      return 5;
    case ElementwiseKind::adam:  // two moments (3 + 4), two corrections, root, add, divide, step
                                 // (2)
      return 14;
    case ElementwiseKind::activation_gradient:  // gelu: the tanh again (8), and its derivative (6)
      return 14;
    // Normalised input again (2), sums of g and g x (3), g - mean - x mean (4), gains (2)
    case ElementwiseKind::normalization_gradient:
      return 11;
    case ElementwiseKind::gelu:  // x (1 + tanh(a (x + b x^3))) / 2: 4 + 4
      return 8;
  }
  return 1;
}

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
          return per_element(s.kind) * s.rows * s.columns;
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
  return 1;
}

double vector_chunks(double bits) {
  constexpr double kMostChunks = 256;
  constexpr double kLeastBits = 8 * 1024;
  return std::clamp(std::floor(bits / kLeastBits), 1.0, kMostChunks);
}

}  // namespace cairn::hw
