/// \file
/// Random streams that are the same on every machine and do not depend on threads or order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace cairn {

/// The seed of one consumer's stream, from the study's only seed:
/// `derive_seed(study_seed, "nsga2", generation, index)`.
[[nodiscard]] std::uint64_t derive_seed(std::uint64_t seed, std::string_view consumer,
                                        std::uint64_t a = 0, std::uint64_t b = 0);

/// xoshiro256** 1.0 (D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators",
/// ACM TOMS 47(4), 2021), its state filled by SplitMix64. The distributions are members, because
/// those of <random> differ between standard libraries.
class Rng {
 public:
  using result_type = std::uint64_t;  // NOLINT(readability-identifier-naming): <random> asks for it
  using State = std::array<std::uint64_t, 4>;

  explicit Rng(std::uint64_t seed);
  explicit Rng(const State& state) : state_(state) {}

  [[nodiscard]] static constexpr std::uint64_t min() { return 0; }
  [[nodiscard]] static constexpr std::uint64_t max() {
    return std::numeric_limits<std::uint64_t>::max();
  }
  /// 64 random bits.
  std::uint64_t operator()() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Every whole number from \p low to \p high, both included, equally likely. Needs low <= high.
  std::int64_t uniform_int(std::int64_t low, std::int64_t high);
  /// A multiple of 2^-53 in [0, 1).
  double uniform01() { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }
  /// Standard normal (polar method of G. Marsaglia and T. A. Bray, SIAM Review 6(3), 1964).
  double normal();
  /// Uniform over all orders (R. Durstenfeld, Algorithm 235, CACM 7(7), 1964).
  template <class Container>
  void shuffle(Container& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const auto j = static_cast<std::size_t>(uniform_int(0, static_cast<std::int64_t>(i) - 1));
      using std::swap;
      swap(items[i - 1], items[j]);
    }
  }

  /// To continue a stream later: Rng{rng.state()}.
  [[nodiscard]] const State& state() const { return state_; }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, unsigned k) {
    return (x << k) | (x >> (64U - k));
  }

  State state_{};
};

}  // namespace cairn
