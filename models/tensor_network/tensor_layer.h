/// \file
/// Decomposed layers as tensor networks: a weight tensor held as small cores.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

enum class Decomposition : std::uint8_t {
  tensor_train,         ///< cores o0 - o1 - ... - i0 - i1 - ..., one mode each
  tensor_train_matrix,  ///< cores with one output and one input mode each
  tensor_ring,          ///< a tensor train whose ends are joined by a bond
  tucker,               ///< one small core and a factor matrix a mode
  canonical_polyadic,   ///< a factor matrix a mode, all joined by one index
  hierarchical_tucker,  ///< a binary tree of transfer tensors over factor matrices
  block_term,           ///< a sum of Tucker terms
};
constexpr auto enum_names(Decomposition /*tag*/) {
  using D = Decomposition;
  using S = std::string_view;
  return std::array{std::pair{D::tensor_train, S{"tensor_train"}},
                    std::pair{D::tensor_train_matrix, S{"tensor_train_matrix"}},
                    std::pair{D::tensor_ring, S{"tensor_ring"}},
                    std::pair{D::tucker, S{"tucker"}},
                    std::pair{D::canonical_polyadic, S{"canonical_polyadic"}},
                    std::pair{D::hierarchical_tucker, S{"hierarchical_tucker"}},
                    std::pair{D::block_term, S{"block_term"}}};
}

/// How a weight of prod(input_modes) x prod(output_modes) is decomposed.
struct TensorLayerShape {
  Decomposition decomposition{Decomposition::tensor_train};
  std::vector<std::int64_t> input_modes;
  std::vector<std::int64_t> output_modes;
  std::int64_t rank{1};    ///< of every bond, cut down where a smaller one is exact
  std::int64_t blocks{1};  ///< of a block term decomposition
  friend bool operator==(const TensorLayerShape&, const TensorLayerShape&) = default;
};

/// A layer as a network: term 0 is its input (batch, then the input modes), the others are its
/// cores; the output is (batch, then the output modes).
struct TensorLayer {
  TensorNetwork network;
  std::int64_t parameters{};  ///< elements of all cores
};
/// \param batch rows of the input: sequences x tokens, or output pixels of a convolution.
[[nodiscard]] TensorLayer tensor_layer(const TensorLayerShape& shape, std::int64_t batch);

/// The network of the gradient of term \p term: the other terms, then the gradient of the output;
/// its output is the indices of that term.
[[nodiscard]] TensorNetwork gradient_network(const TensorNetwork& network, std::int32_t term);

/// \p count factors of \p size, as equal as its divisors allow, largest first.
[[nodiscard]] std::vector<std::int64_t> balanced_modes(std::int64_t size, std::int64_t count);

}  // namespace cairn::models
