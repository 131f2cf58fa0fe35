#include "core/random.h"

#include <cmath>

#include "core/error.h"
#include "core/hash.h"

namespace cairn {

namespace {

/// SplitMix64 (S. Vigna, public domain), as its author advises for filling the state.
std::uint64_t split_mix(std::uint64_t& x) {
  x += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = x;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

}  // namespace

std::uint64_t derive_seed(std::uint64_t seed, std::string_view consumer, std::uint64_t a,
                          std::uint64_t b) {
  Hasher hasher{seed};
  hasher.add(consumer);
  hasher.add(a);
  hasher.add(b);
  return hasher.value();
}

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    word = split_mix(seed);
  }
}

std::int64_t Rng::uniform_int(std::int64_t low, std::int64_t high) {
  CAIRN_CHECK(low <= high, "a random number from an empty range");
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  if (span == 0) {  // all 2^64 values
    return static_cast<std::int64_t>((*this)());
  }
  // D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{(*this)()} * span;
  if (static_cast<std::uint64_t>(product) < span) {
    const std::uint64_t threshold = (0 - span) % span;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = Wide{(*this)()} * span;
    }
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) +
                                   static_cast<std::uint64_t>(product >> 64U));
}

double Rng::normal() {
  while (true) {
    const double x = 2.0 * uniform01() - 1.0;
    const double y = 2.0 * uniform01() - 1.0;
    const double s = x * x + y * y;
    if (s > 0.0 && s < 1.0) {
      return x * std::sqrt(-2.0 * std::log(s) / s);
    }
  }
}

}  // namespace cairn
