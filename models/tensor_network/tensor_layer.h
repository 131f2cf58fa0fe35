/// \file
/// Decomposed layers as tensor networks: a weight tensor held as small cores.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
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

/// How a weight of prod(input_modes) x prod(output_modes) is decomposed. Modes are called o0, o1,
/// ... and i0, i1, ..., the list of all modes is the outputs, then the inputs.
struct TensorLayerShape {
  Decomposition decomposition{Decomposition::tensor_train};
  std::vector<std::int64_t> input_modes;
  std::vector<std::int64_t> output_modes;
  std::int64_t rank{1};    ///< of every bond, cut down where a smaller one is exact
  std::int64_t blocks{1};  ///< of a block term decomposition
  friend bool operator==(const TensorLayerShape&, const TensorLayerShape&) = default;
};
/// What is wrong with \p shape: no modes, modes, a rank or blocks below 1, a tensor train matrix
/// with unequally many modes, a weight of more than 2^62 elements.
[[nodiscard]] std::vector<FieldProblem> problems(const TensorLayerShape& shape);

/// A layer as a network: term 0 is its input (batch, then the input modes), the others are its
/// cores; the output is (batch, then the output modes).
///
/// | decomposition | cores, in this order |
/// |---|---|
/// | tensor train | (o0, r1) (r1, o1, r2) ... over all modes |
/// | tensor train matrix | (i0, o0, r1) (r1, i1, o1, r2) ... |
/// | tensor ring | (r0, o0, r1) (r1, o1, r2) ... (r, last mode, r0) |
/// | Tucker | factors (o0, ro0) ..., then the core (ro0, ro1, ..., ri0, ...) |
/// | canonical polyadic | (o0, r) (o1, r) ... (i0, r) ... |
/// | hierarchical Tucker | factors as above, then transfer tensors (left, right, own) from the
///                         leaves of a balanced binary tree over the modes to its root |
/// | block term | factors (n, o0, ro0) ..., then the core (n, ro0, ...): block n of each |
///
/// A bond of a tree has at most the rank of the matrix that it parts the weight into: the smaller
/// of the products of modes on either side. A canonical rank is cut to the product of all modes but
/// the largest. The bonds of a ring are never cut. Bonds of rank 1 stay, as indices of size 1.
///
/// Assumes:    the weight is given in its decomposed form; no bias.
/// Ignores:    how well a rank approximates a weight.
/// Reference:  tensor train: I. Oseledets, SIAM J. Sci. Comput. 33(5), 2011; as a matrix:
///             A. Novikov et al., NIPS 2015; ring: Q. Zhao et al., arXiv:1606.05535; Tucker,
///             canonical polyadic: T. Kolda, B. Bader, SIAM Review 51(3), 2009; hierarchical:
///             L. Grasedyck, SIAM J. Matrix Anal. Appl. 31(4), 2010; block term:
///             L. De Lathauwer, SIAM J. Matrix Anal. Appl. 30(3), 2008.
/// Checked by: tests/unit/models/tensor_network/tensor_layer_test.cpp (weights from their
///             definitions element by element), tests/validation/contraction_test.cpp
struct TensorLayer {
  TensorNetwork network;
  std::int64_t parameters{};  ///< elements of all cores
};
/// \param batch rows of the input: sequences x tokens, or output pixels of a convolution.
/// Precondition: \p shape has no problems, batch >= 1.
[[nodiscard]] TensorLayer tensor_layer(const TensorLayerShape& shape, std::int64_t batch);

/// A convolution whose kernel (kernel_height, kernel_width, channels, filters) is decomposed: the
/// modes of \p shape are those of the channels (inputs) and filters (outputs), the kernel's two
/// sides, called kh and kw, join them. Term 0 is the input as patches (pixel b, kh, kw, channel
/// modes), the output is (b, filter modes): so overlapping patches are read as if they were
/// different data, and what a separable kernel could share between neighbouring pixels is not. A
/// side of 1 is left out.
///
/// The list of modes is filters, kh, kw, channels. A tensor train matrix begins with a core
/// (kh, kw, r) (T. Garipov et al., arXiv:1611.03214); Tucker and block term leave kh and kw in the
/// core, without factors (Y.-D. Kim et al., arXiv:1511.06530).
/// \param pixels output positions x images.
/// Precondition: as tensor_layer(), both sides of the kernel >= 1.
[[nodiscard]] TensorLayer convolution_layer(const TensorLayerShape& shape,
                                            std::int64_t kernel_height, std::int64_t kernel_width,
                                            std::int64_t pixels);

/// The network of a layer's weight: its cores, with the output modes, then the input modes, as its
/// output. Precondition: \p layer is that of tensor_layer() or convolution_layer().
[[nodiscard]] TensorNetwork weight_network(const TensorNetwork& layer);

/// The network of the gradient of term \p term: the other terms, then the gradient of the output;
/// its output is the indices of that term.
/// Precondition: each index of that term stands there once, and in another term or in the output.
[[nodiscard]] TensorNetwork gradient_network(const TensorNetwork& network, std::int32_t term);

/// \p count factors of \p size, as equal as its divisors allow (the least sum), largest first.
/// Precondition: size and count >= 1.
[[nodiscard]] std::vector<std::int64_t> balanced_modes(std::int64_t size, std::int64_t count);

}  // namespace cairn::models
