#include "hw/mcu/convolution_unit.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace cairn::hw {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Sum over groups of at most \p most of \p count things of f(things in the group).
template <class F>
double over_groups(std::int64_t count, std::int64_t most, const F& f) {
  const std::int64_t whole = count / most;
  const std::int64_t rest = count % most;
  return real(whole) * f(most) + (rest > 0 ? f(rest) : 0.0);
}

/// With a stride only every s-th output of the tile is kept.
std::int64_t kept_side(const McuEngineSpec& unit, const models::Convolution& shape) {
  return ceil_div(unit.tile, shape.stride_height);
}

}  // namespace

std::int64_t unit_tiles(const McuEngineSpec& unit, const models::Convolution& shape) {
  const std::int64_t side = kept_side(unit, shape);
  return shape.batch * ceil_div(shape.output_height(), side) * ceil_div(shape.output_width(), side);
}

bool unit_computes(const McuEngineSpec& unit, const models::Convolution& shape) {
  const bool square =
      shape.kernel_height == shape.kernel_width && shape.stride_height == shape.stride_width;
  const bool size = shape.kernel_height == 1 || shape.kernel_height == unit.kernel;
  const bool dense = shape.groups == 1;
  const bool depthwise =
      shape.depthwise() && shape.filters == shape.channels && shape.kernel_height > 1;
  const bool plain = shape.dilation_height == 1 && shape.dilation_width == 1;
  return square && size && plain && (dense || depthwise) && shape.stride_height <= unit.tile;
}

double unit_cycles(const McuEngineSpec& unit, const models::Convolution& shape, double weight_bits,
                   double input_bits, double output_bits) {
  const std::int64_t side = kept_side(unit, shape);
  const double tiles = real(unit_tiles(unit, shape));
  const std::int64_t patch = unit.tile - 1 + shape.kernel_height;
  const auto load = [&](std::int64_t channels) {
    return std::ceil(real(patch * patch * channels) * input_bits / unit.load.count());
  };
  const auto store = [&](std::int64_t filters) {
    return std::ceil(real(side * side * filters) * output_bits / unit.store.count()) +
           real(unit.tile_overhead.count());
  };
  const double rate = shape.kernel_height == 1 ? unit.pointwise_weight_bits : unit.weight_bits;
  const double filter = std::max(1.0, weight_bits / rate);  // cycles of one filter's weights
  if (shape.depthwise()) {
    return tiles * over_groups(shape.channels, unit.channels, [&](std::int64_t channels) {
             return load(channels) + real(channels) * filter + store(channels);
           });
  }
  return tiles * over_groups(shape.filters, unit.filters, [&](std::int64_t filters) {
           const double reduction = over_groups(
               shape.channels, unit.channels,
               [&](std::int64_t channels) { return load(channels) + real(filters) * filter; });
           return reduction + store(filters);
         });
}

double unit_peak(const McuEngineSpec& unit, double weight_bits) {
  const double outputs = real(unit.tile * unit.tile * unit.channels);
  const double dense =
      outputs * real(unit.kernel * unit.kernel) / std::max(1.0, weight_bits / unit.weight_bits);
  const double pointwise = outputs / std::max(1.0, weight_bits / unit.pointwise_weight_bits);
  return std::max(dense, pointwise);
}

}  // namespace cairn::hw
