/// \file
/// Networks of known shapes, for tests of orders.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "models/tensor_network/tensor_network.h"

namespace cairn::search {

/// Appends an index of \p size values to the terms of \p holders.
inline models::IndexId add_index(models::TensorNetwork& network, std::int64_t size,
                                 const std::vector<std::size_t>& holders) {
  const auto id = static_cast<models::IndexId>(network.indices.size());
  network.indices.push_back({.name = "x" + std::to_string(id), .size = size});
  for (const std::size_t term : holders) {
    network.terms[term].push_back(id);
  }
  return id;
}

/// side x side tensors, each sharing an index with its neighbours.
inline models::TensorNetwork square_lattice(std::size_t side, std::int64_t bond) {
  models::TensorNetwork network;
  network.terms.resize(side * side);
  for (std::size_t i = 0; i < side * side; ++i) {
    if (i + side < side * side) {
      add_index(network, bond, {i, i + side});
    }
    if (i % side + 1 < side) {
      add_index(network, bond, {i, i + 1});
    }
  }
  return network;
}

/// Two lattices, one above the other: the norm of a state on a lattice.
inline models::TensorNetwork double_lattice(std::size_t side, std::int64_t bond,
                                            std::int64_t physical) {
  models::TensorNetwork network;
  network.terms.resize(2 * side * side);
  for (std::size_t i = 0; i < side * side; ++i) {
    add_index(network, physical, {2 * i, 2 * i + 1});
    for (std::size_t layer = 0; layer < 2; ++layer) {
      if (i + side < side * side) {
        add_index(network, bond, {2 * i + layer, 2 * (i + side) + layer});
      }
      if (i % side + 1 < side) {
        add_index(network, bond, {2 * i + layer, 2 * (i + 1) + layer});
      }
    }
  }
  return network;
}

/// Three chains of \p sites tensors, one below the other: an expectation value of a matrix-product
/// operator.
inline models::TensorNetwork three_chains(std::size_t sites, std::int64_t outer, std::int64_t inner,
                                          std::int64_t physical) {
  models::TensorNetwork network;
  network.terms.resize(3 * sites);
  for (std::size_t i = 0; i < sites; ++i) {
    add_index(network, physical, {i, sites + i});
    add_index(network, physical, {sites + i, 2 * sites + i});
    if (i + 1 < sites) {
      add_index(network, outer, {i, i + 1});
      add_index(network, inner, {sites + i, sites + i + 1});
      add_index(network, outer, {2 * sites + i, 2 * sites + i + 1});
    }
  }
  return network;
}

/// Every tensor has up to \p degree indices of \p bond values, each shared with a random other one:
/// half-edges are paired at random, those that meet their own tensor are left out.
inline models::TensorNetwork regular_network(std::size_t terms, std::size_t degree,
                                             std::int64_t bond, std::uint64_t seed) {
  models::TensorNetwork network;
  network.terms.resize(terms);
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < terms * degree; ++i) {
    ends.push_back(i % terms);
  }
  Rng rng(seed);
  rng.shuffle(ends);
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) {
    if (ends[i] != ends[i + 1]) {
      add_index(network, bond, {ends[i], ends[i + 1]});
    }
  }
  return network;
}

/// \p count indices of 2 to 4 values, each in 2 to 4 random tensors; a tensor that none fell to
/// is joined to another one by one more.
inline models::TensorNetwork hyper_network(std::size_t terms, std::size_t count,
                                           std::uint64_t seed) {
  models::TensorNetwork network;
  network.terms.resize(terms);
  Rng rng(seed);
  const auto last = static_cast<std::int64_t>(terms) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::size_t> holders;
    const std::int64_t places = rng.uniform_int(2, 4);
    while (holders.size() < static_cast<std::size_t>(places)) {
      const auto term = static_cast<std::size_t>(rng.uniform_int(0, last));
      if (std::ranges::find(holders, term) == holders.end()) {
        holders.push_back(term);
      }
    }
    add_index(network, rng.uniform_int(2, 4), holders);
  }
  for (std::size_t term = 0; term < terms; ++term) {
    if (network.terms[term].empty()) {
      add_index(network, 2, {term, term == 0 ? 1 : term - 1});
    }
  }
  return network;
}

}  // namespace cairn::search
