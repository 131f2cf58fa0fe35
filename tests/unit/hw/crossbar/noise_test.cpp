#include "hw/crossbar/noise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Rng;
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

struct Simulated {
  double signal{};
  double noise{};
  [[nodiscard]] double snr_db() const { return 10 * std::log10(signal / noise); }
};

/// The array itself: cells with their errors, slices converted one by one, numbers put together.
Simulated simulate(const ColumnSpec& c, int trials, std::uint64_t seed) {
  Rng random{seed};
  const auto rows = static_cast<std::size_t>(c.rows);
  const auto weight_top = std::int64_t{1} << (c.cell_bits * c.weight_slices);
  const auto input_top = std::int64_t{1} << (c.input_bits * c.input_slices);
  const double top_level = std::exp2(static_cast<double>(c.cell_bits)) - 1;
  const double top_slice = std::exp2(static_cast<double>(c.input_bits)) - 1;
  const double span = c.range * static_cast<double>(c.rows) * top_level * top_slice;
  const double codes = std::exp2(static_cast<double>(c.converter_bits)) - 1;
  const int cells = c.differential ? 2 : 1;
  const double step = (c.differential ? 2 : 1) * span / codes;
  const double bottom = c.differential ? -span : 0;
  double sum = 0;
  double square = 0;
  double error_sum = 0;
  double error_square = 0;
  double both = 0;
  for (int t = 0; t < trials; ++t) {
    std::vector<std::int64_t> x(rows);
    std::vector<std::int64_t> w(rows);
    std::vector<int> sign(rows, 1);
    std::vector<double> error(rows * static_cast<std::size_t>(cells * c.weight_slices));
    double exact = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      x[r] = static_cast<std::int64_t>(random.uniform01() * static_cast<double>(input_top));
      w[r] = static_cast<std::int64_t>(random.uniform01() * static_cast<double>(weight_top));
      sign[r] = c.differential && random.uniform01() < 0.5 ? -1 : 1;
      exact += static_cast<double>(x[r] * w[r] * sign[r]);
    }
    for (double& e : error) {
      e = top_level * c.programming_sigma * random.normal();
    }
    double result = 0;
    for (std::int64_t i = 0; i < c.input_slices; ++i) {
      for (std::int64_t j = 0; j < c.weight_slices; ++j) {
        // What row r sends meets r + 1 segments of wire, which the currents of all rows share.
        std::vector<double> loss(rows);
        if (c.wire_drop > 0) {
          for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t o = 0; o < rows; ++o) {
              loss[r] += c.wire_drop * static_cast<double>(std::min(r, o) + 1) *
                         static_cast<double>(x[o] * w[o]);
            }
          }
        }
        double column = 0;
        for (std::size_t r = 0; r < rows; ++r) {
          const auto slice = static_cast<double>((x[r] >> (i * c.input_bits)) &
                                                 ((std::int64_t{1} << c.input_bits) - 1));
          const auto level = static_cast<double>((w[r] >> (j * c.cell_bits)) &
                                                 ((std::int64_t{1} << c.cell_bits) - 1));
          double conductance = level * sign[r];
          for (int cell = 0; cell < cells; ++cell) {
            const std::size_t at =
                (r * static_cast<std::size_t>(c.weight_slices) + static_cast<std::size_t>(j)) *
                    static_cast<std::size_t>(cells) +
                static_cast<std::size_t>(cell);
            conductance += error[at] + top_level * c.read_sigma * random.normal();
          }
          column += slice * (1 - loss[r]) * conductance;
        }
        if (c.converter_bits > 0) {
          const double code = std::clamp(std::round((column - bottom) / step), 0.0, codes);
          column = bottom + code * step;
        }
        result += std::exp2(static_cast<double>(i * c.input_bits + j * c.cell_bits)) * column;
      }
    }
    sum += exact;
    square += exact * exact;
    error_sum += result - exact;
    error_square += (result - exact) * (result - exact);
    both += exact * (result - exact);
  }
  const double n = trials;
  const double signal = square / n - sum / n * (sum / n);
  const double noise = error_square / n - error_sum / n * (error_sum / n);
  if (c.wire_drop == 0) {
    return {signal, noise};
  }
  // The wire takes a part of every sum: calibration divides by the gain that fits best.
  const double slope = (both / n - sum / n * (error_sum / n)) / signal;
  const double gain = 1 + slope;
  return {signal, (noise - slope * slope * signal) / (gain * gain)};
}

/// Within 2 % in sigma, or 5 % of the ratio in dB; the draws themselves scatter by about 1 %.
void check_against_simulation(const ColumnSpec& c) {
  const DotProductNoise closed = dot_product_noise(c);
  const Simulated drawn = simulate(c, 20000, 7);
  CHECK(std::sqrt(closed.signal) == Approx(std::sqrt(drawn.signal)).epsilon(0.02));
  CHECK(closed.snr_db() == Approx(drawn.snr_db()).epsilon(0.05));
}

}  // namespace

TEST_CASE("variances of one column follow from moments of uniform numbers") {
  // 100 rows, one-bit cells and inputs: x w is 1 with probability 1/4: variance 3/16 a row.
  ColumnSpec c{.rows = 100};
  DotProductNoise n = dot_product_noise(c);
  CHECK(n.signal == Approx(18.75));
  CHECK(n.total() == 0);
  // Programming: 100 x 1/2 x 0.1^2 = 0.5; reading the same with its own sigma.
  c.programming_sigma = 0.1;
  c.read_sigma = 0.2;
  n = dot_product_noise(c);
  CHECK(n.programming == Approx(0.5));
  CHECK(n.read == Approx(2.0));
  // 4 bits over 0 .. 100: a step of 100 / 15, 3.704 in variance.
  c.converter_bits = 4;
  CHECK(dot_product_noise(c).conversion == Approx(100.0 / 15 * 100.0 / 15 / 12));
}

TEST_CASE("a converter with a code for every sum adds nothing") {
  // 15 rows of one bit: 16 sums, 4 bits. One row more does not fit.
  CHECK(dot_product_noise({.rows = 15, .converter_bits = 4}).total() == 0);
  CHECK(dot_product_noise({.rows = 16, .converter_bits = 4}).total() > 0);
}

TEST_CASE("effective bits turn decibels around") {
  DotProductNoise n;
  n.signal = 1000;
  n.read = 1;
  CHECK(n.snr_db() == Approx(30));
  CHECK(n.effective_bits() == Approx(28.24 / 6.02));
}

TEST_CASE("the closed form of programming noise agrees with the array itself") {
  check_against_simulation({.rows = 64,
                            .cell_bits = 2,
                            .weight_slices = 4,
                            .input_slices = 8,
                            .programming_sigma = 0.05});
}

TEST_CASE("the closed form of read noise agrees with the array itself") {
  check_against_simulation(
      {.rows = 64, .cell_bits = 2, .weight_slices = 2, .input_slices = 4, .read_sigma = 0.05});
}

TEST_CASE("the closed form of conversion agrees with the array itself") {
  check_against_simulation({.rows = 128,
                            .cell_bits = 2,
                            .weight_slices = 2,
                            .input_bits = 2,
                            .input_slices = 2,
                            .converter_bits = 6,
                            .programming_sigma = 0.01});
}

TEST_CASE("the closed form of clipping agrees with the array itself") {
  // Sums of 64 x 1.5 x 1.5 = 144 on average, of 576: a range of 0.28 cuts at 161.
  check_against_simulation({.rows = 64,
                            .cell_bits = 2,
                            .weight_slices = 1,
                            .input_bits = 2,
                            .input_slices = 1,
                            .converter_bits = 9,
                            .range = 0.28,
                            .read_sigma = 0.01});
}

TEST_CASE("the closed form of wire loss agrees with the array itself") {
  check_against_simulation(
      {.rows = 64, .cell_bits = 1, .weight_slices = 1, .input_slices = 1, .wire_drop = 1e-4});
}

TEST_CASE("the closed form of a differential pair agrees with the array itself") {
  check_against_simulation({.rows = 64,
                            .cell_bits = 3,
                            .weight_slices = 1,
                            .input_slices = 3,
                            .differential = true,
                            .converter_bits = 7,
                            .range = 0.5,
                            .programming_sigma = 0.03,
                            .read_sigma = 0.01});
}

TEST_CASE("more noise of a part never raises the ratio, more converter bits never lower it") {
  ColumnSpec c{.rows = 128,
               .cell_bits = 2,
               .weight_slices = 4,
               .input_slices = 8,
               .converter_bits = 4,
               .programming_sigma = 0.01};
  double before = dot_product_noise(c).snr_db();
  for (c.converter_bits = 5; c.converter_bits < 12; ++c.converter_bits) {
    const double now = dot_product_noise(c).snr_db();
    CHECK(now >= before);
    before = now;
  }
  for (const double sigma : {0.02, 0.05, 0.1}) {
    c.programming_sigma = sigma;
    CHECK(dot_product_noise(c).snr_db() < before);
    before = dot_product_noise(c).snr_db();
  }
}
