/// \file
/// Tensors with values, and plain loops over them, for tests of layouts and orders.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "core/random.h"
#include "models/tensor_network/gemm_step.h"
#include "models/tensor_network/lower.h"

namespace cairn::models {

inline std::int64_t elements(const TensorIndices& tensor, const std::vector<std::int64_t>& sizes) {
  return std::accumulate(tensor.begin(), tensor.end(), std::int64_t{1},
                         [&](std::int64_t product, IndexId index) {
                           return product * sizes[static_cast<std::size_t>(index)];
                         });
}

/// A tensor with its values, the last index contiguous.
struct Dense {
  TensorIndices layout;
  std::vector<double> values;
};

/// Calls `visit` for every combination of values of \p indices, in order.
template <class Visit>
void for_all(const TensorIndices& indices, const std::vector<std::int64_t>& sizes, Visit&& visit) {
  std::vector<std::int64_t> at(sizes.size(), 0);
  const std::int64_t count = elements(indices, sizes);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i;
    for (std::size_t d = indices.size(); d-- > 0;) {
      const auto index = static_cast<std::size_t>(indices[d]);
      at[index] = rest % sizes[index];
      rest /= sizes[index];
    }
    visit(at);
  }
}

inline std::size_t offset(const TensorIndices& layout, const std::vector<std::int64_t>& sizes,
                          const std::vector<std::int64_t>& at) {
  std::int64_t position = 0;
  for (const IndexId index : layout) {
    position =
        position * sizes[static_cast<std::size_t>(index)] + at[static_cast<std::size_t>(index)];
  }
  return static_cast<std::size_t>(position);
}

inline Dense reordered(const Dense& tensor, const TensorIndices& layout,
                       const std::vector<std::int64_t>& sizes) {
  Dense result{layout, std::vector<double>(tensor.values.size())};
  for_all(layout, sizes, [&](const std::vector<std::int64_t>& at) {
    result.values[offset(layout, sizes, at)] = tensor.values[offset(tensor.layout, sizes, at)];
  });
  return result;
}

/// What a matrix product does with both buffers, knowing of no index.
inline std::vector<double> multiply(const GemmStep& step, const std::vector<double>& first,
                                    const std::vector<double>& second) {
  std::vector<double> result(static_cast<std::size_t>(step.batch * step.m * step.n), 0.0);
  for (std::int64_t p = 0; p < step.batch; ++p) {
    for (std::int64_t i = 0; i < step.m; ++i) {
      for (std::int64_t j = 0; j < step.n; ++j) {
        double sum = 0;
        for (std::int64_t l = 0; l < step.k; ++l) {
          const std::int64_t x = step.transpose_first ? l * step.m + i : i * step.k + l;
          const std::int64_t y = step.transpose_second ? j * step.k + l : l * step.n + j;
          sum += first[static_cast<std::size_t>(p * step.m * step.k + x)] *
                 second[static_cast<std::size_t>(p * step.k * step.n + y)];
        }
        const std::int64_t z = step.swapped ? j * step.m + i : i * step.n + j;
        result[static_cast<std::size_t>(p * step.m * step.n + z)] = sum;
      }
    }
  }
  return result;
}

inline std::vector<std::int64_t> sizes_of(const TensorNetwork& network) {
  std::vector<std::int64_t> sizes;
  for (const TensorIndex& index : network.indices) {
    sizes.push_back(index.size);
  }
  return sizes;
}

/// Small whole numbers, so that sums of products are exact in any order.
inline Dense random_tensor(const TensorIndices& layout, const std::vector<std::int64_t>& sizes,
                           Rng& rng) {
  Dense tensor{layout, {}};
  for (std::int64_t i = elements(layout, sizes); i > 0; --i) {
    tensor.values.push_back(static_cast<double>(rng.uniform_int(-3, 3)));
  }
  return tensor;
}

/// What a machine does that knows matrix products and reorderings of buffers.
inline std::vector<double> execute(const LoweredOrder& lowered, const std::vector<Dense>& terms,
                                   const std::vector<std::int64_t>& sizes) {
  std::vector<Dense> tensors;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    tensors.push_back(reordered(terms[t], lowered.terms[t], sizes));
  }
  for (const LoweredStep& step : lowered.steps) {
    const Dense& first = tensors[static_cast<std::size_t>(step.first)];
    if (step.is_product()) {
      const Dense& second = tensors[static_cast<std::size_t>(step.second)];
      tensors.push_back({step.layout, multiply(step.product, first.values, second.values)});
    } else {
      tensors.push_back(reordered(first, step.layout, sizes));
    }
  }
  return tensors.back().values;
}

}  // namespace cairn::models
