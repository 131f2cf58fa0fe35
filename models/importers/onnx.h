/// \file
/// Workloads from ONNX files: shapes inferred by libonnx, constants folded here.
///
/// Supports inference graphs of convolutions (1-D and 2-D, grouped, depthwise), Gemm, MatMul and
/// two-operand Einsum, normalisation, pooling, softmax, reductions, element-wise operators, table
/// lookups (Gather from constant data) and data movement. Attention written as MatMul, Softmax,
/// MatMul stays that: matmuls of activations.
///
/// Assumes:    batch normalisation after a convolution and a constant vector added after a matmul
///             or convolution are folded into it; reshapes, slices, splits, casts and dropout move
///             nothing; transpositions, concatenations, padding and gathers of activations copy.
///             Parameters are the floating constants that operators read, counted after constant
///             folding, once each; running statistics and single numbers are not parameters.
/// Ignores:    values of weights (they may be missing: external data is not read), control flow
///             (an error), quantised operators (an error: say formats as a compression scheme).
/// Reference:  ONNX operator schemas, opset 1 to 17 (https://onnx.ai/onnx/operators).
/// Checked by: tests/unit/models/onnx_test.cpp (graphs made there; ResNet-50: 25,557,032
///             parameters and 4.09 G multiply-accumulates)
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/diagnostics.h"
#include "models/workload.h"

namespace cairn::models {

struct OnnxOptions {
  /// Values of dynamic dimensions by name (`--dim batch=8`). A dimension without a name is called
  /// `<input>.<axis>`.
  std::map<std::string, std::int64_t> dimensions{};
  /// First dimension of every input, where the file leaves it open and `dimensions` does not say.
  /// An error if it is more than 1 and all first dimensions are fixed at something else.
  std::optional<std::int64_t> batch{};
};

/// Reads an ONNX model. Mistakes (also: not ONNX, cut off, an operator that is not supported, a
/// dynamic dimension without a value) are reported to \p diagnostics; the answer is meaningful
/// only if `diagnostics.ok()` afterwards. Positions name file and node: the format has no lines.
[[nodiscard]] Workload read_onnx(const std::filesystem::path& path, const OnnxOptions& options,
                                 Diagnostics& diagnostics);

}  // namespace cairn::models
