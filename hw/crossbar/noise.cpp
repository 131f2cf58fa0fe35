#include "hw/crossbar/noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace cairn::hw {
namespace {

/// Moments of a whole number uniform over 0 .. 2^bits - 1.
struct Uniform {
  double mean{};
  double square{};  ///< mean of the square
  [[nodiscard]] double variance() const { return square - mean * mean; }
};
Uniform uniform(double bits) {
  const double top = std::exp2(bits) - 1;
  return {top / 2, top * (2 * top + 1) / 6};
}

/// Sum of 4^(step x i) for i below count: variances of shifted numbers add so.
double shifted(std::int64_t count, std::int64_t step) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    sum += std::exp2(2.0 * static_cast<double>(i * step));
  }
  return sum;
}

/// Beyond half its drive lost the first order says nothing any more.
constexpr double kSmallestGain = 0.05;

/// Mean square of what a standard normal number exceeds \p bound by.
double excess(double bound) {
  const double density = std::exp(-bound * bound / 2) / std::sqrt(2 * std::numbers::pi);
  const double tail = std::erfc(bound / std::numbers::sqrt2) / 2;
  return (1 + bound * bound) * tail - bound * density;
}

}  // namespace

double DotProductNoise::snr_db() const {
  return total() > 0 ? 10 * std::log10(signal / total()) : std::numeric_limits<double>::infinity();
}

double DotProductNoise::effective_bits() const {
  return (snr_db() - 1.76) / 6.02;
}

double wire_loss(const ColumnSpec& column, std::int64_t row, double mean_current) {
  // Row r sends its current over r + 1 segments, which it shares with rows that lie farther out:
  // the drop at r is sum over all rows j of (min(r, j) + 1) currents.
  const auto r = static_cast<double>(row + 1);
  const auto rows = static_cast<double>(column.rows);
  return column.wire_drop * mean_current * (r * rows - r * (r - 1) / 2);
}

DotProductNoise dot_product_noise(const ColumnSpec& c) {
  const auto rows = static_cast<double>(c.rows);
  const Uniform input = uniform(static_cast<double>(c.input_bits * c.input_slices));
  const Uniform weight = uniform(static_cast<double>(c.cell_bits * c.weight_slices));
  const Uniform slice = uniform(static_cast<double>(c.input_bits));
  const Uniform level = uniform(static_cast<double>(c.cell_bits));
  const double top_level = std::exp2(static_cast<double>(c.cell_bits)) - 1;
  const double top_slice = std::exp2(static_cast<double>(c.input_bits)) - 1;
  const double over_weights = shifted(c.weight_slices, c.cell_bits);
  const double over_both = over_weights * shifted(c.input_slices, c.input_bits);
  const double cells = c.differential ? 2 : 1;

  DotProductNoise n;
  // A signed weight of a pair has no mean, so the product has the mean square as its variance.
  n.signal = c.differential ? rows * input.square * weight.square
                            : rows * (input.square * weight.square -
                                      input.mean * input.mean * weight.mean * weight.mean);
  const double sigma_p = top_level * c.programming_sigma;
  const double sigma_r = top_level * c.read_sigma;
  n.programming = cells * rows * input.square * sigma_p * sigma_p * over_weights;
  n.read = cells * rows * slice.square * sigma_r * sigma_r * over_both;

  if (c.converter_bits > 0) {
    const double span = c.range * rows * top_level * top_slice;
    const double codes = std::exp2(static_cast<double>(c.converter_bits));
    const double step = (c.differential ? 2 : 1) * span / (codes - 1);
    // Whole sums without noise survive steps of at most one.
    const bool exact = step <= 1 && n.programming == 0 && n.read == 0 && c.wire_drop == 0;
    n.conversion = exact ? 0 : step * step / 12 * over_both;
    const double mean = c.differential ? 0 : rows * slice.mean * level.mean;
    const double sigma =
        c.differential ? std::sqrt(rows * slice.square * level.square)
                       : std::sqrt(rows * (slice.square * level.square -
                                           slice.mean * slice.mean * level.mean * level.mean));
    if (c.range < 1 && sigma > 0) {
      const double above = excess((span - mean) / sigma);
      const double below = c.differential ? above : 0;
      n.clipping = sigma * sigma * (above + below) * over_both;
    }
  }

  if (c.wire_drop > 0) {
    const double current = slice.mean * level.mean / (top_level * top_slice);
    double sum = 0;
    double squares = 0;
    for (std::int64_t r = 0; r < c.rows; ++r) {
      const double loss = wire_loss(c, r, current);
      sum += loss;
      squares += loss * loss;
    }
    const double mean = sum / rows;
    const double spread = squares / rows - mean * mean;
    // Products of two rows' deviations: the closer both are to the far end, the more they share.
    double shared = 0;
    for (std::int64_t k = 1; k <= c.rows; ++k) {
      const auto segments = static_cast<double>(k);
      shared += segments * segments * static_cast<double>(2 * (c.rows - k) + 1);
    }
    const double variance =
        slice.square * level.square - slice.mean * slice.mean * level.mean * level.mean;
    const double product = c.wire_drop * variance / (top_level * top_slice);
    const double gain = std::max(1 - 2 * mean, kSmallestGain);
    n.wire = (4 * spread * n.signal + 2 * product * product * shared * over_both) / (gain * gain);
  }
  return n;
}

}  // namespace cairn::hw
