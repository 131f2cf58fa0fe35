/// \file
/// Tensor networks as JSON: one, or a list of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

/// What a file held.
struct NetworkFile {
  std::vector<TensorNetwork> networks;
  bool list{};  ///< a list, even of one
};

/// Each network is `{"terms": [["a","b"],["b","c"]], "output": ["a","c"], "sizes": {"a": 2, "b": 3,
/// "c": 4}, "name": "product"}`: names of any length, `name` may be absent, other keys and sizes of
/// indices that no term has are ignored.
/// \param file for messages.
/// \throws ConfigError with line, column and path of every mistake: no JSON, a missing key, a wrong
///         type, an index without a size, a size below 1 or given twice and different, an output
///         index that no term has or that stands there twice, a network without terms.
[[nodiscard]] NetworkFile parse_networks(std::string_view text, const std::string& file);

/// parse_networks() of a file. \throws also IoError if it cannot be read.
[[nodiscard]] NetworkFile read_networks(const std::string& path);

}  // namespace cairn::models
