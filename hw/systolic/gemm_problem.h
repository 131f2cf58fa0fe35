/// \file
/// A GEMM-like operator as a tiled machine sees it: three extents and the bits of each tensor.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "hw/mapping.h"
#include "models/operator.h"

namespace cairn::hw {

/// `instances` independent GEMMs C (m x n) = A (m x k) B (k x n), each with its own operands. A is
/// the streamed input, B the weights (or the other activation). Bits are of one element as stored
/// and moved, scales and metadata included.
struct GemmProblem {
  std::int64_t instances{1};
  std::array<std::int64_t, 3> extent{1, 1, 1};  ///< m, n, k
  double weight_bits{};
  double activation_bits{};
  double output_bits{};    ///< of a finished element, in DRAM
  double partial_bits{};   ///< of a partial sum
  double output_share{1};  ///< finished elements kept per m x n element (gate with up: 1/2)
  /// Further bits read from DRAM with the outputs (residual inputs of an epilogue), per instance.
  double epilogue_read_bits{};
  double vector_operations{};  ///< of the epilogue, all instances
  double decode_operations{};  ///< per weight element fetched, 0 when stored as computed with
  std::int64_t passes{1};      ///< cycles of a PE for the products it makes at once
  double useful_share{1};      ///< share of the m x n x k products that must be computed
  double dense_share{1};       ///< share of those that belong to the operator, not to padding zeros
  double preload_bits{};       ///< of a partial sum read before a tile starts, per output; 0: none
  /// Direct convolution: channels of one kernel position, which never share a fold with those of
  /// the next. 0: the reduction is one long vector.
  std::int64_t position_channels{};

  /// A convolution's input window, so that overlapping patches are fetched once. Zero width: none.
  struct Window {
    std::int64_t out_width{};
    std::int64_t out_pixels{};  ///< per image
    std::int64_t in_height{};
    std::int64_t in_width{};
    std::int64_t channels{};  ///< per group
    std::int64_t kernel_height{};
    std::int64_t kernel_width{};
    std::int64_t stride_height{};
    std::int64_t stride_width{};
  } window{};

  [[nodiscard]] std::int64_t of(Dimension d) const { return extent[static_cast<std::size_t>(d)]; }

  /// Elements of A behind \p rows output rows and \p depth of the reduction.
  [[nodiscard]] double activation_elements(std::int64_t rows, std::int64_t depth) const {
    if (window.out_width == 0) {
      return static_cast<double>(rows) * static_cast<double>(depth);
    }
    return patch_elements(rows) * static_cast<double>(depth) / static_cast<double>(extent[2]);
  }

 private:
  [[nodiscard]] double patch_elements(std::int64_t rows) const {
    const Window& w = window;
    const auto image = static_cast<double>(w.in_height) * static_cast<double>(w.in_width) *
                       static_cast<double>(w.channels);
    if (rows >= w.out_pixels) {
      return image * static_cast<double>(rows) / static_cast<double>(w.out_pixels);
    }
    const std::int64_t out_rows = (rows + w.out_width - 1) / w.out_width;
    const std::int64_t in_rows =
        std::min((out_rows - 1) * w.stride_height + w.kernel_height, w.in_height);
    const std::int64_t in_cols =
        rows >= w.out_width ? w.in_width
                            : std::min((rows - 1) * w.stride_width + w.kernel_width, w.in_width);
    return static_cast<double>(in_rows) * static_cast<double>(in_cols) *
           static_cast<double>(w.channels);
  }
};

/// The GEMM behind a matmul or convolution (formats and sparsity of \p op; no epilogue). Operand
/// passes and decode work depend on the machine and are left at their defaults.
[[nodiscard]] GemmProblem gemm_problem(const models::Operator& op);

}  // namespace cairn::hw
