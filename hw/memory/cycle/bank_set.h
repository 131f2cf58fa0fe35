/// \file
/// A set of banks, a bit each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::hw::cycle {

class BankSet {
 public:
  BankSet() = default;
  explicit BankSet(std::size_t banks) : words_((banks + kBits - 1) / kBits, 0) {}

  void insert(std::int32_t bank) { word_of(bank) |= bit_of(bank); }
  void remove(std::int32_t bank) { word_of(bank) &= ~bit_of(bank); }
  /// In ascending order.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1) {
        f(static_cast<std::int32_t>(w * kBits) + std::countr_zero(left));
      }
    }
  }

 private:
  static constexpr std::size_t kBits = 64;
  [[nodiscard]] std::uint64_t& word_of(std::int32_t bank) {
    return words_[static_cast<std::size_t>(bank) / kBits];
  }
  [[nodiscard]] static std::uint64_t bit_of(std::int32_t bank) {
    return std::uint64_t{1} << (static_cast<std::size_t>(bank) % kBits);
  }
  std::vector<std::uint64_t> words_;
};

}  // namespace cairn::hw::cycle
