#include "search/contraction/bit_network.h"

#include <algorithm>
#include <numeric>

namespace cairn::search {

BitNetwork bit_network(const models::TensorNetwork& network) {
  const auto terms = static_cast<std::int32_t>(network.terms.size());
  // The terms of every index; the output counts as one more.
  std::vector<std::vector<std::int32_t>> holders(network.indices.size());
  for (std::int32_t t = 0; t < terms; ++t) {
    for (const models::IndexId index : network.terms[static_cast<std::size_t>(t)]) {
      holders[static_cast<std::size_t>(index)].push_back(t);
    }
  }
  for (const models::IndexId index : network.output) {
    holders[static_cast<std::size_t>(index)].push_back(terms);
  }
  std::vector<std::size_t> by_holders(holders.size());
  std::iota(by_holders.begin(), by_holders.end(), std::size_t{0});
  std::ranges::sort(by_holders, [&](std::size_t a, std::size_t b) {
    return holders[a] != holders[b] ? holders[a] < holders[b] : a < b;
  });
  BitNetwork bits;
  bits.terms = network.terms.size();
  bits.group.assign(holders.size(), -1);
  std::vector<const std::vector<std::int32_t>*> group_holders;
  for (const std::size_t index : by_holders) {
    if (holders[index].empty()) {
      continue;
    }
    if (group_holders.empty() || *group_holders.back() != holders[index]) {
      group_holders.push_back(&holders[index]);
      bits.size.push_back(1);
      bits.holders.push_back(static_cast<std::int32_t>(holders[index].size()));
    }
    bits.size.back() *= static_cast<double>(network.indices[index].size);
    bits.group[index] = static_cast<std::int32_t>(group_holders.size()) - 1;
  }
  bits.words = std::max<std::size_t>(1, (bits.size.size() + 63) / 64);
  bits.legs.assign(bits.terms * bits.words, 0);
  bits.output.assign(bits.words, 0);
  for (std::size_t g = 0; g < group_holders.size(); ++g) {
    const std::uint64_t bit = std::uint64_t{1} << (g % 64);
    for (const std::int32_t t : *group_holders[g]) {
      const std::size_t word = g / 64;
      if (t == terms) {
        bits.output[word] |= bit;
      } else {
        bits.legs[static_cast<std::size_t>(t) * bits.words + word] |= bit;
      }
    }
  }
  for (std::size_t t = 0; t < bits.terms; ++t) {
    bits.term_size.push_back(product(bits, bits.legs_of(t)));
  }
  return bits;
}

}  // namespace cairn::search
