#include "models/quality/gaussian_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace cairn::models {
namespace {

constexpr double kTensorElements = 1 << 24;  // of a tensor with one scale
constexpr int kQuadraturePoints = 64;
constexpr int kEnumeratedBits = 10;  // wider formats are priced by their step
constexpr double kFar = 40.0;        // beyond it a normal density is 0 in double precision

double density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
}
/// P(x > t), accurate in the tail.
double tail(double t) {
  return 0.5 * std::erfc(t / std::numbers::sqrt2);
}

/// Integral of (x - level)^2 times the density over [low, high].
double interval_error(double low, double high, double level) {
  const double mass = tail(low) - tail(high);
  const double first = density(low) - density(high);
  const double second = mass + low * density(low) - high * density(high);
  return std::max(second - 2.0 * level * first + level * level * mass, 0.0);
}

/// Error over [0, limit] of rounding to the nearest of \p levels (from 0 up) times \p scale.
double half_error(const std::vector<double>& levels, double scale, double limit) {
  double sum = 0.0;
  double low = 0.0;
  for (std::size_t i = 0; i < levels.size() && low < limit; ++i) {
    const bool last = i + 1 == levels.size();
    const double middle = last ? limit : 0.5 * scale * (levels[i] + levels[i + 1]);
    const double high = std::min(middle, limit);
    sum += interval_error(low, high, levels[i] * scale);
    low = high;
  }
  return sum;
}

/// t with P(x > t) = p, by bisection.
double inverse_tail(double p) {
  double low = 0.0;
  double high = kFar;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (tail(middle) > p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// Mean over the largest magnitude of \p count values of \p error_at(largest), which prices one of
/// the others; the largest itself is met exactly.
template <class ErrorAt>
double over_largest(double count, ErrorAt error_at) {
  double sum = 0.0;
  for (int i = 0; i < kQuadraturePoints; ++i) {
    const double u = (i + 0.5) / kQuadraturePoints;
    // P(all magnitudes < a) = u  <=>  P(x > a) = (1 - u^(1/count)) / 2.
    const double largest = inverse_tail(-0.5 * std::expm1(std::log(u) / count));
    sum += error_at(largest);
  }
  return sum / kQuadraturePoints * (count - 1.0) / count;
}

/// Levels from 0 up, scaled so that the largest value of a group is the largest level.
double absmax_error(const std::vector<double>& levels, double group) {
  return over_largest(group, [&](double largest) {
    const double inside = 1.0 - 2.0 * tail(largest);
    return 2.0 * half_error(levels, largest / levels.back(), largest) / inside;
  });
}

double group_elements(const Precision& format) {
  return format.group_size > 0 ? static_cast<double>(format.group_size) : kTensorElements;
}

double integer_error(const Precision& format) {
  const auto bits = static_cast<int>(format.element_bits());
  if (bits == 1 || format.group_size == 1) {
    return bits == 1 ? 1.0 - 2.0 / std::numbers::pi : 0.0;
  }
  const double largest_level = std::ldexp(1.0, bits - 1) - 1.0;
  if (bits > kEnumeratedBits) {
    return over_largest(group_elements(format), [&](double largest) {
      const double step = largest / largest_level;
      return step * step / 12.0;
    });
  }
  std::vector<double> levels;
  for (double level = 0.0; level <= largest_level; level += 1.0) {
    levels.push_back(level);
  }
  return absmax_error(levels, group_elements(format));
}

/// Non-negative numbers of a small float. All codes are numbers, but e4m3 keeps one and e5m2 (as
/// IEEE) a whole exponent for what is no number (OCP 8-bit floating point specification 1.0).
std::vector<double> float_levels(int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int steps = 1 << mantissa_bits;
  const bool ieee = exponent_bits == 5 && mantissa_bits == 2;
  const int exponents = (1 << exponent_bits) - (ieee ? 1 : 0);
  std::vector<double> levels;
  for (int exponent = 0; exponent < exponents; ++exponent) {
    for (int mantissa = 0; mantissa < steps; ++mantissa) {
      const double fraction = static_cast<double>(mantissa) / steps;
      levels.push_back(exponent == 0 ? std::ldexp(fraction, 1 - bias)
                                     : std::ldexp(1.0 + fraction, exponent - bias));
    }
  }
  if (exponent_bits == 4 && mantissa_bits == 3) {
    levels.pop_back();
  }
  return levels;
}

double floating_error(const Precision& format) {
  const auto bits = static_cast<int>(format.element_bits());
  const int mantissa = bits - 1 - format.exponent_bits;
  if (bits <= kEnumeratedBits && format.exponent_bits <= 6) {
    const std::vector<double> levels = float_levels(format.exponent_bits, mantissa);
    return format.group_size == 1 ? 0.0 : absmax_error(levels, group_elements(format));
  }
  // Wide floats need no scale: a step of 2^(e-m) in every binade [2^e, 2^(e+1)).
  double sum = 0.0;
  for (int exponent = -40; exponent < 5; ++exponent) {
    const double low = std::ldexp(1.0, exponent);
    const double step = std::ldexp(low, -mantissa);
    sum += 2.0 * (tail(low) - tail(2.0 * low)) * step * step / 12.0;
  }
  return sum;
}

/// The best scalar codebook: levels at the means of their cells, borders half-way (Lloyd, Max).
double scalar_codebook_error(int index_bits) {
  constexpr int kLargestIterated = 6;
  if (index_bits > kLargestIterated) {
    return std::sqrt(3.0) * std::numbers::pi / 2.0 * std::exp2(-2.0 * index_bits);
  }
  const auto half = static_cast<std::size_t>(1) << static_cast<unsigned>(index_bits - 1);
  std::vector<double> levels;
  for (std::size_t i = 0; i < half; ++i) {
    levels.push_back((static_cast<double>(i) + 0.5) * 3.0 / static_cast<double>(half));
  }
  double error = 1.0;
  for (double before = 2.0; before - error > 1e-12;) {
    before = error;
    error = 0.0;
    double low = 0.0;
    std::vector<double> means;
    for (std::size_t i = 0; i < half; ++i) {
      const double high = i + 1 < half ? 0.5 * (levels[i] + levels[i + 1]) : kFar;
      means.push_back((density(low) - density(high)) / (tail(low) - tail(high)));
      error += 2.0 * interval_error(low, high, means.back());
      low = high;
    }
    levels = std::move(means);
  }
  return error;
}

/// High-rate error of the best codebook of vectors: 2 pi G ((L + 2) / L)^((L + 2) / 2) 2^(-2R).
double vector_codebook_error(const Precision& format) {
  struct Moment {
    double length;
    double value;  ///< least known normalised second moment of a cell
  };
  constexpr std::array kMoments{Moment{1, 1.0 / 12.0}, Moment{2, 0.080188}, Moment{3, 0.078543},
                                Moment{4, 0.076603},   Moment{8, 0.071682}, Moment{16, 0.068299},
                                Moment{24, 0.065771},  Moment{64, 0.0635}};
  const auto length = static_cast<double>(format.vector_length);
  double moment = kMoments.front().value;
  for (std::size_t i = 1; i < kMoments.size() && kMoments.at(i - 1).length <= length; ++i) {
    const Moment& a = kMoments.at(i - 1);
    const Moment& b = kMoments.at(i);
    const double share = std::min(1.0, (length - a.length) / (b.length - a.length));
    moment = a.value + share * (b.value - a.value);
  }
  const double rate = static_cast<double>(format.milli_bits) / 1000.0;
  const double shape = std::pow((length + 2.0) / length, (length + 2.0) / 2.0);
  return std::min(1.0, 2.0 * std::numbers::pi * moment * shape * std::exp2(-2.0 * rate));
}

}  // namespace

std::optional<double> gaussian_error(const Precision& format) {
  switch (format.kind) {
    case NumberKind::integer:
      return integer_error(format);
    case NumberKind::floating:
      return floating_error(format);
    case NumberKind::codebook:
      return format.vector_length == 1
                 ? scalar_codebook_error(static_cast<int>(format.element_bits()))
                 : vector_codebook_error(format);
    case NumberKind::unsigned_integer:
    case NumberKind::trellis:
      break;
  }
  return std::nullopt;
}

}  // namespace cairn::models
