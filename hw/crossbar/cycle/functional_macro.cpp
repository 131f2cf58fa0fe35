#include "hw/crossbar/cycle/functional_macro.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::int64_t slice_of(std::int64_t value, std::int64_t slice, std::int64_t bits) {
  return (value >> (slice * bits)) & ((std::int64_t{1} << bits) - 1);
}

}  // namespace

FunctionalMacro::FunctionalMacro(const ColumnSpec& column, std::int64_t rows, std::int64_t columns,
                                 std::span<const std::int64_t> weights, Rng random)
    : spec_(column), rows_(rows), columns_(columns), random_(random) {
  CAIRN_CHECK(static_cast<std::int64_t>(weights.size()) == rows * columns,
              "a macro needs a weight for every place");
  const double top_level = std::exp2(to_real(spec_.cell_bits)) - 1;
  const double top_slice = std::exp2(to_real(spec_.input_bits)) - 1;
  const double span = spec_.range * to_real(spec_.rows) * top_level * top_slice;
  if (spec_.converter_bits > 0) {
    step_ = (spec_.differential ? 2 : 1) * span / (std::exp2(to_real(spec_.converter_bits)) - 1);
    step_ = std::max(step_, 1.0);  // finer than whole sums changes nothing
  }
  highest_ = span;
  lowest_ = spec_.differential ? -span : 0.0;
  const std::int64_t limit = std::int64_t{1} << (spec_.cell_bits * spec_.weight_slices);
  const int cells = spec_.differential ? 2 : 1;
  cells_.reserve(weights.size() * static_cast<std::size_t>(spec_.weight_slices));
  for (const std::int64_t weight : weights) {
    const std::int64_t magnitude = std::abs(weight);
    CAIRN_CHECK(magnitude < limit && (weight >= 0 || spec_.differential),
                "a weight does not fit its cells");
    for (std::int64_t slice = 0; slice < spec_.weight_slices; ++slice) {
      double level = to_real(slice_of(magnitude, slice, spec_.cell_bits));
      level = weight < 0 ? -level : level;
      if (spec_.programming_sigma > 0) {
        for (int cell = 0; cell < cells; ++cell) {
          level += top_level * spec_.programming_sigma * random_.normal();
        }
      }
      cells_.push_back(level);
    }
  }
}

double FunctionalMacro::convert(double sum) {
  ++conversions_;
  if (spec_.converter_bits == 0) {
    return sum;
  }
  if (sum < lowest_ || sum > highest_) {
    ++clipped_;
  }
  const double code = std::round((std::clamp(sum, lowest_, highest_) - lowest_) / step_);
  return lowest_ + code * step_;
}

std::vector<double> FunctionalMacro::multiply(std::span<const std::int64_t> inputs) {
  CAIRN_CHECK(static_cast<std::int64_t>(inputs.size()) == rows_, "a macro needs an input a row");
  const double reading = (std::exp2(to_real(spec_.cell_bits)) - 1) * spec_.read_sigma *
                         (spec_.differential ? std::sqrt(2.0) : 1.0);
  std::vector<double> results(static_cast<std::size_t>(columns_), 0.0);
  for (std::int64_t first = 0; first < rows_; first += spec_.rows) {  // a group of driven rows
    const std::int64_t end = std::min(rows_, first + spec_.rows);
    for (std::int64_t i = 0; i < spec_.input_slices; ++i) {
      for (std::int64_t c = 0; c < columns_; ++c) {
        for (std::int64_t j = 0; j < spec_.weight_slices; ++j) {
          double sum = 0;
          double driven = 0;  // squares of the applied slices: each cell errs by itself
          for (std::int64_t r = first; r < end; ++r) {
            const double slice =
                to_real(slice_of(inputs[static_cast<std::size_t>(r)], i, spec_.input_bits));
            const auto cell =
                static_cast<std::size_t>((r * columns_ + c) * spec_.weight_slices + j);
            sum += slice * cells_[cell];
            driven += slice * slice;
          }
          if (reading > 0) {
            sum += reading * std::sqrt(driven) * random_.normal();
          }
          results[static_cast<std::size_t>(c)] +=
              std::exp2(to_real(i * spec_.input_bits + j * spec_.cell_bits)) * convert(sum);
        }
      }
    }
  }
  return results;
}

}  // namespace cairn::hw::cycle
