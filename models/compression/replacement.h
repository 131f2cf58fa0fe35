/// \file
/// Several operators in place of one, and a workload renumbered around them. Private to
/// compression.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/workload.h"

namespace cairn::models {

/// What takes the place of a matmul.
struct Replacement {
  std::vector<Operator> operators;
  std::vector<Edge> edges;    ///< between them, by place; of two with the same reader in order
  std::int32_t entry{};       ///< reads what the matmul read
  std::int32_t exit{};        ///< makes what it made
  std::int64_t parameters{};  ///< stored, without biases, of one of its experts or of its only one
  /// Whether what follows may be fused with the exit (it is a product), and the entry with another
  /// that reads the same input (its weight is stored).
  bool fuses_after{true};
  bool fuses_beside{true};
};

/// U (k x r), then V (r x n).
[[nodiscard]] Replacement two_factors(const Operator& op, std::int64_t rank);

/// Biases of a matmul or convolution.
[[nodiscard]] std::int64_t bias_elements(const Operator& op);

/// \param replacements one place an operator; nothing keeps it.
[[nodiscard]] Workload replace(Workload workload,
                               std::vector<std::optional<Replacement>> replacements);

}  // namespace cairn::models
