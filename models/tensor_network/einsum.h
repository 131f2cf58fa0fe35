/// \file
/// Tensor networks as einsum text: `ab,bc,cd->ad`, and their indices as text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

/// The network of an einsum. Its terms stand between commas, each index is one letter: of ASCII, or
/// any character from U+00C0 on that is not punctuation, a blank or an arrow. Blanks are skipped, a
/// term without letters is a scalar, a letter may stand several times in a term (a diagonal).
/// Without `->` the output is every index that stands once, in the order of their code points.
/// \param sizes `a=64,b=32`: how many values each index has; in any order, with blanks. A size may
///              be given twice if it is the same.
/// \throws ConfigError with every mistake and its column: a character that names no index, an
///         output index that no term has or that stands there twice, indices without a size, a
///         size given twice and different, the size of an index that no term has, a size below 1.
[[nodiscard]] TensorNetwork read_einsum(std::string_view einsum, std::string_view sizes);

/// Names of \p indices in a row: `ab`, or `b,o0,r1` when one of them is no single character.
[[nodiscard]] std::string names_of(const TensorNetwork& network, std::span<const IndexId> indices);

/// `ab,bc->ac`; names of several characters stand in brackets: `[b,i0],[i0,r1]->[b,r1]`.
[[nodiscard]] std::string einsum_text(const TensorNetwork& network,
                                      std::span<const TensorIndices> terms,
                                      std::span<const IndexId> output);

}  // namespace cairn::models
