#include "hw/crossbar/cycle/functional_macro.h"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

using cairn::Rng;
using namespace cairn::hw;         // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<std::int64_t> random_numbers(Rng& random, std::int64_t count, std::int64_t low,
                                         std::int64_t high) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) {
    numbers.push_back(random.uniform_int(low, high));
  }
  return numbers;
}

std::int64_t product(const std::vector<std::int64_t>& inputs,
                     const std::vector<std::int64_t>& weights, std::int64_t columns,
                     std::int64_t column) {
  std::int64_t sum = 0;
  for (std::size_t r = 0; r < inputs.size(); ++r) {
    sum += inputs[r] *
           weights[r * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
  }
  return sum;
}

/// Variance of the errors of dot products over fresh macros.
double error_variance(const ColumnSpec& column, int macros, int vectors, std::uint64_t seed) {
  Rng random{seed};
  constexpr std::int64_t kColumns = 16;
  const std::int64_t top_weight =
      (std::int64_t{1} << (column.cell_bits * column.weight_slices)) - 1;
  const std::int64_t top_input = (std::int64_t{1} << (column.input_bits * column.input_slices)) - 1;
  double sum = 0;
  double square = 0;
  double count = 0;
  for (int m = 0; m < macros; ++m) {
    const auto weights = random_numbers(random, column.rows * kColumns,
                                        column.differential ? -top_weight : 0, top_weight);
    FunctionalMacro macro(column, column.rows, kColumns, weights, Rng{random()});
    for (int v = 0; v < vectors; ++v) {
      const auto inputs = random_numbers(random, column.rows, 0, top_input);
      const std::vector<double> results = macro.multiply(inputs);
      for (std::int64_t c = 0; c < kColumns; ++c) {
        const double error = results[static_cast<std::size_t>(c)] -
                             static_cast<double>(product(inputs, weights, kColumns, c));
        sum += error;
        square += error * error;
        count += 1;
      }
    }
  }
  return square / count - sum / count * (sum / count);
}

}  // namespace

TEST_CASE("two rows and one column by hand") {
  // Weights 3 and 2 in one-bit cells: 11 and 10; inputs 1 and 3, bit by bit. Sums of bit 0: 2 and
  // 1 (columns of weight bits 0 and 1): rows (1, 1) drive (1, 0) and (1, 1): 1 and 2. Bit 1 drives
  // row 1 alone: 0 and 1. 1 x 1 + 2 x 2 + 2 x 0 + 4 x 1 = 9 = 1 x 3 + 3 x 2.
  const ColumnSpec column{.rows = 2, .weight_slices = 2, .input_slices = 2, .converter_bits = 2};
  FunctionalMacro macro(column, 2, 1, std::vector<std::int64_t>{3, 2}, Rng{1});
  CHECK(macro.multiply(std::vector<std::int64_t>{1, 3}) == std::vector<double>{9});
  CHECK(macro.conversions() == 4);
}

TEST_CASE("without noise, and with a code for every sum, products are exact") {
  Rng random{42};
  for (int run = 0; run < 60; ++run) {
    ColumnSpec column;
    column.rows = random.uniform_int(1, 40);
    column.cell_bits = random.uniform_int(1, 3);
    column.weight_slices = random.uniform_int(1, 4);
    column.input_bits = random.uniform_int(1, 3);
    column.input_slices = random.uniform_int(1, 4);
    column.differential = random.uniform_int(0, 1) == 1;
    // rows x top level x top slice below 40 x 7 x 7 x 2 signs: 12 bits name them all.
    column.converter_bits = 12;
    const std::int64_t rows = random.uniform_int(1, 100);  // in groups of column.rows
    const std::int64_t columns = random.uniform_int(1, 8);
    const std::int64_t top = (std::int64_t{1} << (column.cell_bits * column.weight_slices)) - 1;
    const auto weights =
        random_numbers(random, rows * columns, column.differential ? -top : 0, top);
    FunctionalMacro macro(column, rows, columns, weights, Rng{random()});
    const auto inputs = random_numbers(
        random, rows, 0, (std::int64_t{1} << (column.input_bits * column.input_slices)) - 1);
    const std::vector<double> results = macro.multiply(inputs);
    for (std::int64_t c = 0; c < columns; ++c) {
      CHECK(results[static_cast<std::size_t>(c)] ==
            static_cast<double>(product(inputs, weights, columns, c)));
    }
    CHECK(macro.conversions() == columns * column.weight_slices * column.input_slices *
                                     ((rows + column.rows - 1) / column.rows));
    CHECK(macro.clipped() == 0);
  }
}

TEST_CASE("a converter with too few codes rounds to its step, and one with a short range clips") {
  // Sums from 0 to 30 in four codes: 0, 10, 20, 30.
  const ColumnSpec coarse{.rows = 30, .converter_bits = 2};
  const std::vector<std::int64_t> ones(30, 1);
  std::vector<std::int64_t> inputs(30, 0);
  std::fill(inputs.begin(), inputs.begin() + 14, 1);
  FunctionalMacro rounding(coarse, 30, 1, ones, Rng{1});
  CHECK(rounding.multiply(inputs) == std::vector<double>{10});
  std::fill(inputs.begin(), inputs.begin() + 16, 1);
  CHECK(rounding.multiply(inputs) == std::vector<double>{20});
  // A third of the range: 0 to 10.
  const ColumnSpec narrow{.rows = 30, .converter_bits = 8, .range = 1.0 / 3};
  FunctionalMacro clipping(narrow, 30, 1, ones, Rng{1});
  CHECK(clipping.multiply(inputs) == std::vector<double>{10});
  CHECK(clipping.clipped() == 1);
}

TEST_CASE("the variance of errors is that of the closed form") {
  // Programming errors of a column are the same for all vectors: 100 macros x 16 columns are 1,600
  // independent draws, whose variance scatters by sqrt(2 / 1600) = 3.5 %; bars are three of that.
  const ColumnSpec programming{
      .rows = 64, .cell_bits = 2, .weight_slices = 4, .input_slices = 8, .programming_sigma = 0.05};
  CHECK(error_variance(programming, 100, 10, 3) ==
        Approx(dot_product_noise(programming).total()).epsilon(0.1));
  const ColumnSpec reading{
      .rows = 64, .cell_bits = 2, .weight_slices = 2, .input_slices = 4, .read_sigma = 0.05};
  CHECK(error_variance(reading, 20, 50, 4) ==
        Approx(dot_product_noise(reading).total()).epsilon(0.05));
  const ColumnSpec both{.rows = 128,
                        .cell_bits = 2,
                        .weight_slices = 2,
                        .input_bits = 2,
                        .input_slices = 2,
                        .converter_bits = 6,
                        .programming_sigma = 0.01};
  CHECK(error_variance(both, 100, 10, 5) == Approx(dot_product_noise(both).total()).epsilon(0.1));
  const ColumnSpec pair{.rows = 64,
                        .cell_bits = 3,
                        .weight_slices = 1,
                        .input_slices = 3,
                        .differential = true,
                        .converter_bits = 7,
                        .range = 0.5,
                        .programming_sigma = 0.03,
                        .read_sigma = 0.01};
  CHECK(error_variance(pair, 100, 10, 6) == Approx(dot_product_noise(pair).total()).epsilon(0.1));
}

TEST_CASE("the same seed makes the same macro, another one another") {
  const ColumnSpec column{
      .rows = 16, .input_slices = 4, .programming_sigma = 0.05, .read_sigma = 0.05};
  const std::vector<std::int64_t> weights(16, 1);
  const std::vector<std::int64_t> inputs(16, 9);
  FunctionalMacro a(column, 16, 1, weights, Rng{7});
  FunctionalMacro b(column, 16, 1, weights, Rng{7});
  FunctionalMacro c(column, 16, 1, weights, Rng{8});
  const std::vector<double> first = a.multiply(inputs);
  CHECK(first == b.multiply(inputs));
  CHECK(first != c.multiply(inputs));
  CHECK(first != a.multiply(inputs));  // readings are drawn anew
}
