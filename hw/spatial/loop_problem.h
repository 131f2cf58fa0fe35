/// \file
/// A convolution (or GEMM) as eight loops, and the three tensors that they walk over.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "models/operator.h"

namespace cairn::hw {

/// n images, g channel groups, k filters of a group, c channels of a group, p output rows, q output
/// columns, r kernel rows, s kernel columns.
enum class Loop : std::uint8_t { n, g, k, c, p, q, r, s };
inline constexpr std::size_t kLoops = 8;
constexpr auto enum_names(Loop /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{Loop::n, S{"n"}}, std::pair{Loop::g, S{"g"}},
                    std::pair{Loop::k, S{"k"}}, std::pair{Loop::c, S{"c"}},
                    std::pair{Loop::p, S{"p"}}, std::pair{Loop::q, S{"q"}},
                    std::pair{Loop::r, S{"r"}}, std::pair{Loop::s, S{"s"}}};
}
[[nodiscard]] constexpr std::size_t index(Loop loop) {
  return static_cast<std::size_t>(loop);
}

/// One number for each loop.
using LoopExtents = std::array<std::int64_t, kLoops>;
inline constexpr LoopExtents kOnes{1, 1, 1, 1, 1, 1, 1, 1};

/// The tensors of a convolution, in the order used by arrays indexed by tensor.
enum class Operand : std::uint8_t { weights, inputs, outputs };
inline constexpr std::size_t kOperands = 3;
constexpr auto enum_names(Operand /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{Operand::weights, S{"weights"}},
                    std::pair{Operand::inputs, S{"inputs"}},
                    std::pair{Operand::outputs, S{"outputs"}}};
}
[[nodiscard]] constexpr std::size_t index(Operand operand) {
  return static_cast<std::size_t>(operand);
}

/// Does the loop change which element of the tensor is used?
[[nodiscard]] constexpr bool walks(Operand tensor, Loop loop) {
  switch (tensor) {
    case Operand::weights:
      return loop == Loop::g || loop == Loop::k || loop == Loop::c || loop == Loop::r ||
             loop == Loop::s;
    case Operand::inputs:
      return loop != Loop::k;
    case Operand::outputs:
      break;
  }
  return loop == Loop::n || loop == Loop::g || loop == Loop::k || loop == Loop::p ||
         loop == Loop::q;
}

/// Extents, the sliding window, and bits of an element of each tensor.
struct LoopProblem {
  LoopExtents extent{kOnes};
  std::int64_t stride_rows{1};
  std::int64_t stride_cols{1};
  std::int64_t dilation_rows{1};
  std::int64_t dilation_cols{1};
  std::int64_t input_rows{1};  ///< without padding, which nobody fetches from memory
  std::int64_t input_cols{1};
  std::array<double, kOperands> bits{};          ///< of an element on chip (outputs: finished)
  std::array<double, kOperands> backing_bits{};  ///< of an element behind the chip, metadata too
  double partial_bits{};                         ///< of a partial sum
  double output_share{1};                        ///< finished elements kept per output of the loops
  double epilogue_read_bits{};                   ///< further inputs of followers, all of them
  double vector_operations{};                    ///< of followers
  double decode_operations{};                    ///< per weight fetched
  std::int64_t passes{1};    ///< cycles of a PE per MAC (operands wider than a multiplier)
  double useful_share{1};    ///< share of the products that must be computed
  double weight_density{1};  ///< share of non-zero weights
  double input_density{1};   ///< share of non-zero inputs
  std::int32_t kept{0};      ///< N of an N:M pattern of the weights, 0 for none
  std::int32_t block{0};     ///< M of it

  [[nodiscard]] std::int64_t of(Loop loop) const { return extent[index(loop)]; }
  [[nodiscard]] double products() const {
    double product = 1;
    for (const std::int64_t e : extent) {
      product *= static_cast<double>(e);
    }
    return product;
  }
};

/// The loops of a matmul (rows are q, columns k, the reduction c; products with a B of their own
/// are g) or of a convolution. Formats and sparsity are those of \p op; passes, decode work and
/// what is compressed behind the chip depend on the machine.
[[nodiscard]] LoopProblem loop_problem(const models::Operator& op);

}  // namespace cairn::hw
