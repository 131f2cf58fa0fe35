/// \file
/// Random networks of every kind, and random orders, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

inline ContractionOrder random_order(std::size_t terms, Rng& rng) {
  LinearPath path;
  for (auto left = static_cast<std::int64_t>(terms); left > 1; --left) {
    const std::int64_t high = rng.uniform_int(1, left - 1);
    const std::int64_t low = rng.uniform_int(0, high - 1);
    path.emplace_back(static_cast<std::int32_t>(low), static_cast<std::int32_t>(high));
  }
  return order_of(path, terms);
}

/// At most \p most_terms terms and \p most_indices indices of 1 to \p most_size values. Each index
/// stands in one to four places, which may be of one term (a diagonal), and in the output with a
/// chance of a third: so hyperedges, batch indices, traces, sums of one term, scalars and outer
/// products all occur.
inline TensorNetwork random_network(Rng& rng, std::int64_t most_terms, std::int64_t most_indices,
                                    std::int64_t most_size) {
  TensorNetwork network;
  network.terms.resize(static_cast<std::size_t>(rng.uniform_int(1, most_terms)));
  const std::int64_t indices = rng.uniform_int(0, most_indices);
  for (std::int64_t i = 0; i < indices; ++i) {
    const auto id = static_cast<IndexId>(i);
    network.indices.push_back(
        {.name = "x" + std::to_string(i), .size = rng.uniform_int(1, most_size)});
    const std::int64_t places = rng.uniform_int(1, 4);
    for (std::int64_t p = 0; p < places; ++p) {
      TensorIndices& term = network.terms[static_cast<std::size_t>(
          rng.uniform_int(0, static_cast<std::int64_t>(network.terms.size()) - 1))];
      term.insert(term.begin() + rng.uniform_int(0, static_cast<std::int64_t>(term.size())), id);
    }
    if (rng.uniform_int(0, 2) == 0) {
      network.output.push_back(id);
    }
  }
  rng.shuffle(network.output);
  return network;
}

}  // namespace cairn::models
