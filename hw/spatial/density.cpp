#include "hw/spatial/density.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace cairn::hw {
namespace {

constexpr std::int64_t kLargestExact = 4096;  // beyond, the normal law is closer than 0.5 %
constexpr double kNegligible = 1e-17;

/// Probabilities of one law, walked upwards.
class Law {
 public:
  Law() = default;
  Law(double density, std::int64_t draws, std::int64_t population)
      : draws_(draws), density_(density), exact_(population > 0) {
    const std::int64_t ones =
        std::llround(density * static_cast<double>(population > 0 ? population : draws));
    if (density <= 0 || density >= 1 || draws == 0) {
      fixed_ = true;
      at_ = density >= 1 ? draws : 0;
      return;
    }
    if (exact_) {
      others_ = population - ones;
      ones_ = ones;
      low_ = std::max<std::int64_t>(0, draws - others_);
      high_ = std::min(draws, ones_);
    } else {
      high_ = draws;
    }
    if (low_ >= high_) {
      fixed_ = true;
      at_ = low_;
      return;
    }
    // Start at the mode, where nothing underflows, and walk down to where it is negligible.
    const double mean = density * static_cast<double>(draws);
    std::int64_t x =
        std::clamp(std::llround(mean), static_cast<long long>(low_), static_cast<long long>(high_));
    double p = std::exp(log_probability(x));
    while (x > low_ && p > kNegligible) {
      p /= ratio(x - 1);
      --x;
    }
    at_ = x;
    probability_ = p;
  }
  /// P(X <= x), to be asked for x = 0, 1, 2, ... in turn.
  double up_to(std::int64_t x) {
    if (fixed_) {
      return x >= at_ ? 1.0 : 0.0;
    }
    while (at_ <= x && at_ <= high_) {
      sum_ += probability_;
      probability_ *= at_ < high_ ? ratio(at_) : 0.0;
      ++at_;
    }
    return std::min(sum_, 1.0);
  }

 private:
  /// P(x + 1) / P(x)
  [[nodiscard]] double ratio(std::int64_t x) const {
    const auto real = [](std::int64_t v) { return static_cast<double>(v); };
    if (exact_) {
      return real(ones_ - x) * real(draws_ - x) / (real(x + 1) * real(others_ - draws_ + x + 1));
    }
    return real(draws_ - x) / real(x + 1) * density_ / (1.0 - density_);
  }
  [[nodiscard]] static double log_choose(std::int64_t n, std::int64_t k) {
    return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
           std::lgamma(static_cast<double>(n - k) + 1);
  }
  [[nodiscard]] double log_probability(std::int64_t x) const {
    if (exact_) {
      return log_choose(ones_, x) + log_choose(others_, draws_ - x) -
             log_choose(ones_ + others_, draws_);
    }
    return log_choose(draws_, x) + static_cast<double>(x) * std::log(density_) +
           static_cast<double>(draws_ - x) * std::log1p(-density_);
  }

  std::int64_t draws_{};
  std::int64_t ones_{};
  std::int64_t others_{};
  std::int64_t low_{};
  std::int64_t high_{};
  std::int64_t at_{};
  double density_{};
  double probability_{};
  double sum_{};
  bool exact_{};
  bool fixed_{};
};

double normal_below(double z) {
  return 0.5 * std::erfc(-z * std::sqrt(0.5));
}

double slowest_of_many(const TileDensities& tiles, std::int64_t draws, std::int64_t population,
                       std::int64_t lanes) {
  const auto n = static_cast<double>(draws);
  const double left =
      population > 1 ? (static_cast<double>(population) - n) / (static_cast<double>(population) - 1)
                     : 1.0;
  double low = n;
  double high = 0;
  std::array<double, TileDensities::kMost> mean{};
  std::array<double, TileDensities::kMost> sigma{};
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const double d = tiles.density[i];
    mean[i] = n * d;
    sigma[i] = std::sqrt(std::max(0.0, n * d * (1 - d) * left)) + 1e-9 * n;
    low = std::min(low, mean[i] - 9 * sigma[i]);
    high = std::max(high, mean[i] + 9 * sigma[i]);
  }
  low = std::max(low, 0.0);
  high = std::min(high, n);
  constexpr int kSteps = 1024;
  const double step = (high - low) / kSteps;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double x = low + (i + 0.5) * step;
    double below = 0;
    for (std::size_t t = 0; t < tiles.count; ++t) {
      below += normal_below((x - mean[t]) / sigma[t]);
    }
    below /= static_cast<double>(tiles.count);
    sum += 1.0 - std::pow(below, static_cast<double>(lanes));
  }
  return low + sum * step;
}

}  // namespace

TileDensities TileDensities::uniform(double density) {
  TileDensities tiles;
  tiles.density[0] = density;
  tiles.count = 1;
  return tiles;
}

TileDensities TileDensities::from(std::span<const double> measured) {
  CAIRN_CHECK(!measured.empty(), "a table of densities has rows");
  std::vector<double> sorted(measured.begin(), measured.end());
  std::sort(sorted.begin(), sorted.end());
  TileDensities tiles;
  tiles.count = std::min(sorted.size(), kMost);
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const std::size_t first = i * sorted.size() / tiles.count;
    const std::size_t last = (i + 1) * sorted.size() / tiles.count;
    double sum = 0;
    for (std::size_t j = first; j < last; ++j) {
      sum += sorted[j];
    }
    tiles.density.at(i) = sum / static_cast<double>(last - first);
  }
  return tiles;
}

double TileDensities::mean() const {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += density[i];
  }
  return sum / static_cast<double>(count);
}

TileDensities TileDensities::scaled(double factor) const {
  TileDensities tiles = *this;
  for (std::size_t i = 0; i < count; ++i) {
    tiles.density[i] = std::min(1.0, tiles.density[i] * factor);
  }
  return tiles;
}

double expected_slowest(const TileDensities& tiles, std::int64_t draws, std::int64_t population,
                        std::int64_t lanes) {
  const std::int64_t own = tiles.count == 1 && population >= draws ? population : 0;
  if (lanes == 1) {
    return tiles.mean() * static_cast<double>(draws);
  }
  if (draws > kLargestExact) {
    return slowest_of_many(tiles, draws, own, lanes);
  }
  std::array<Law, TileDensities::kMost> laws{};
  for (std::size_t i = 0; i < tiles.count; ++i) {
    laws[i] = Law{tiles.density[i], draws, own};
  }
  double expected = 0;  // E[max] = sum over x of P(max > x)
  for (std::int64_t x = 0; x < draws; ++x) {
    double below = 0;
    for (std::size_t i = 0; i < tiles.count; ++i) {
      below += laws[i].up_to(x);
    }
    below /= static_cast<double>(tiles.count);
    const double beyond = 1.0 - std::pow(below, static_cast<double>(lanes));
    expected += beyond;
    if (beyond < kNegligible) {
      break;
    }
  }
  return expected;
}

}  // namespace cairn::hw
