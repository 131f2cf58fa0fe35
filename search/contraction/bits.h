/// \file
/// Sets of small numbers as words of bits, of a size fixed at compile time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace cairn::search {

template <std::size_t Words>
struct Bits {
  std::array<std::uint64_t, Words> words{};

  friend bool operator==(const Bits&, const Bits&) = default;
  void set(std::size_t bit) { words[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  void reset(std::size_t bit) { words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64)); }
  [[nodiscard]] bool test(std::size_t bit) const {
    return (words[bit / 64] >> (bit % 64) & 1) != 0;
  }
  [[nodiscard]] bool any() const {
    std::uint64_t all = 0;
    for (const std::uint64_t word : words) {
      all |= word;
    }
    return all != 0;
  }
  [[nodiscard]] bool meets(const Bits& other) const {
    std::uint64_t both = 0;
    for (std::size_t w = 0; w < Words; ++w) {
      both |= words[w] & other.words[w];
    }
    return both != 0;
  }
  /// Whether every one of these is in \p other.
  [[nodiscard]] bool within(const Bits& other) const {
    std::uint64_t outside = 0;
    for (std::size_t w = 0; w < Words; ++w) {
      outside |= words[w] & ~other.words[w];
    }
    return outside == 0;
  }
  [[nodiscard]] Bits without(const Bits& other) const {
    Bits result;
    for (std::size_t w = 0; w < Words; ++w) {
      result.words[w] = words[w] & ~other.words[w];
    }
    return result;
  }
  friend Bits operator|(const Bits& a, const Bits& b) {
    Bits result;
    for (std::size_t w = 0; w < Words; ++w) {
      result.words[w] = a.words[w] | b.words[w];
    }
    return result;
  }
  friend Bits operator&(const Bits& a, const Bits& b) {
    Bits result;
    for (std::size_t w = 0; w < Words; ++w) {
      result.words[w] = a.words[w] & b.words[w];
    }
    return result;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t w = 0; w < Words; ++w) {
      for (std::uint64_t word = words[w]; word != 0; word &= word - 1) {
        visit(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
      }
    }
  }
  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t h = 0;
    for (const std::uint64_t word : words) {
      h = (h ^ word) * 0x9E3779B97F4A7C15ULL;
      h ^= h >> 29U;
    }
    return h;
  }
};

}  // namespace cairn::search
