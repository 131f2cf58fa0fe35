#include "hw/energy/arithmetic_table.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cairn::hw {
namespace {

using models::Precision;

/// Integer: all bits. Floating: mantissa with its hidden bit.
std::int64_t significand_bits(const Precision& format) {
  const std::int64_t bits =
      format.is_floating() ? format.element_bits() - format.exponent_bits : format.element_bits();
  return std::max<std::int64_t>(bits, 1);
}

ArithmeticFigures figures(const Sample& energy, const Sample& area) {
  return {.energy = Joules{energy.value},
          .area = Area{area.value},
          .confidence = energy.confidence,
          .area_confidence = area.confidence};
}

ArithmeticFigures sum(const ArithmeticFigures& a, const ArithmeticFigures& b) {
  return {.energy = a.energy + b.energy,
          .area = a.area + b.area,
          .confidence = weakest(a.confidence, b.confidence),
          .area_confidence = weakest(a.area_confidence, b.area_confidence)};
}

}  // namespace

ArithmeticTable::ArithmeticTable(const ArithmeticSpec& spec, const NodeScaling& scaling,
                                 double node)
    : energy_(make_curves(spec, scaling.logic_energy(), node, false)),
      area_(make_curves(spec, scaling.logic_area(), node, true)) {
  std::vector<ArithmeticFigures> products;
  std::vector<ArithmeticFigures> rests;
  for (std::int64_t a = 0; a <= kTabulated; ++a) {
    for (std::int64_t b = 0; b <= kTabulated; ++b) {
      const std::int64_t least = 1;
      products.push_back(significand_product(std::max(a, least), std::max(b, least)));
      rests.push_back(floating_rest(std::max(a, least), std::max(b, least)));
    }
    const double width = static_cast<double>(std::max<std::int64_t>(a, 1));
    integer_sums_.push_back(figures(energy_.integer_add.at(width), area_.integer_add.at(width)));
    floating_sums_.push_back(figures(energy_.floating_add.at(width), area_.floating_add.at(width)));
  }
  products_ = std::move(products);
  rests_ = std::move(rests);
}

ArithmeticFigures ArithmeticTable::significand_product(std::int64_t a, std::int64_t b) const {
  if (!products_.empty() && a <= kTabulated && b <= kTabulated) {
    return products_[static_cast<std::size_t>(a * (kTabulated + 1) + b)];
  }
  const double product = static_cast<double>(a) * static_cast<double>(b);
  return figures(energy_.integer_multiply.at(product), area_.integer_multiply.at(product));
}

ArithmeticFigures ArithmeticTable::floating_rest(std::int64_t a, std::int64_t b) const {
  if (!rests_.empty() && a <= kTabulated && b <= kTabulated) {
    return rests_[static_cast<std::size_t>(a * (kTabulated + 1) + b)];
  }
  const double width = std::sqrt(static_cast<double>(a) * static_cast<double>(b));
  return figures(energy_.floating_rest.at(width), area_.floating_rest.at(width));
}

ArithmeticTable::Curves ArithmeticTable::make_curves(const ArithmeticSpec& spec,
                                                     const LogCurve& scaling, double node,
                                                     bool area) {
  // Formats with the same significand share a place on the axis, so they are kept by it.
  struct Series {
    ArithmeticOperation operation{};
    bool floating{};
    double width{};
    std::vector<NodeValue> values;
  };
  std::vector<Series> all;
  for (const ArithmeticPointSpec& point : spec.points) {
    if (area && !point.area) {
      continue;
    }
    const double value = area ? point.area->count() : point.energy.count();
    const bool floating = point.format.is_floating();
    const auto width = static_cast<double>(significand_bits(point.format));
    auto same = std::find_if(all.begin(), all.end(), [&](const Series& series) {
      return series.operation == point.operation && series.floating == floating &&
             series.width == width;
    });
    if (same == all.end()) {
      same = all.insert(all.end(), Series{point.operation, floating, width, {}});
    }
    const double at = point.node.count();
    if (std::none_of(same->values.begin(), same->values.end(),
                     [at](const NodeValue& v) { return v.node == at; })) {
      same->values.push_back({at, value, point.confidence});
    }
  }
  const auto curve = [&](ArithmeticOperation operation, bool floating, bool squared) {
    std::vector<LogCurve::Point> points;
    for (const Series& series : all) {
      if (series.operation == operation && series.floating == floating) {
        const Sample sample = at_node(series.values, scaling, node);
        points.push_back({squared ? series.width * series.width : series.width, sample.value,
                          sample.confidence});
      }
    }
    return LogCurve{std::move(points)};
  };
  Curves curves;
  curves.integer_multiply = curve(ArithmeticOperation::multiply, false, true);
  curves.integer_add = curve(ArithmeticOperation::add, false, false);
  curves.floating_add = curve(ArithmeticOperation::add, true, false);
  std::vector<LogCurve::Point> rest;
  const LogCurve multiply = curve(ArithmeticOperation::multiply, true, false);
  for (const LogCurve::Point& point : multiply.points()) {
    const Sample significands = curves.integer_multiply.at(point.x * point.x);
    // A table in which the integer multiplier alone costs more than the floating one leaves
    // nothing; the curve still needs a positive value.
    constexpr double kLeastShare = 1e-3;
    rest.push_back({point.x, std::max(point.y - significands.value, kLeastShare * point.y),
                    weakest(point.confidence, significands.confidence)});
  }
  curves.floating_rest = LogCurve{std::move(rest)};
  return curves;
}

ArithmeticFigures ArithmeticTable::multiply(const Precision& a, const Precision& b) const {
  const Precision left = a.is_coded() ? (b.is_coded() ? models::kFp16 : b) : a;
  const Precision right = b.is_coded() ? left : b;
  const std::int64_t left_bits = significand_bits(left);
  const std::int64_t right_bits = significand_bits(right);
  const ArithmeticFigures significands = significand_product(left_bits, right_bits);
  return left.is_integer() && right.is_integer()
             ? significands
             : sum(significands, floating_rest(left_bits, right_bits));
}

ArithmeticFigures ArithmeticTable::add(const Precision& format) const {
  const Precision operand = format.is_coded() ? models::kFp16 : format;
  const std::int64_t bits = significand_bits(operand);
  if (bits <= kTabulated) {
    const auto& sums = operand.is_integer() ? integer_sums_ : floating_sums_;
    return sums[static_cast<std::size_t>(bits)];
  }
  const auto width = static_cast<double>(bits);
  return operand.is_integer()
             ? figures(energy_.integer_add.at(width), area_.integer_add.at(width))
             : figures(energy_.floating_add.at(width), area_.floating_add.at(width));
}

ArithmeticFigures ArithmeticTable::multiply_accumulate(const Precision& weight,
                                                       const Precision& activation) const {
  const bool integers = (weight.is_integer() || weight.is_coded()) &&
                        (activation.is_integer() || activation.is_coded()) &&
                        !(weight.is_coded() && activation.is_coded());
  return sum(multiply(weight, activation), add(integers ? models::kInt32 : models::kFp32));
}

}  // namespace cairn::hw
