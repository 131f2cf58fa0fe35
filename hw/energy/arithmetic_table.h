/// \file
/// Energy and area of arithmetic in any format.
#pragma once

#include <cstdint>
#include <vector>

#include "core/units.h"
#include "hw/energy/log_curve.h"
#include "hw/energy/node_scaling.h"
#include "hw/energy/specs.h"
#include "models/precision.h"

namespace cairn::hw {

/// One unit that does one operation, at the nominal voltage.
struct ArithmeticFigures {
  Joules energy{};  ///< of one operation (of one whole multiply-accumulate, not of one of its 2 op)
  Area area{};      ///< of one unit
  Confidence confidence{Confidence::measured};       ///< of the energy
  Confidence area_confidence{Confidence::measured};  ///< of the area
};

/// Arithmetic at one node, worked out from published operations, which it returns exactly.
///
/// Integer multiplier: a power of the product of the two widths, through int8 and int32.
/// Integer adder: a power of the width, piecewise through the published widths.
/// Floating multiplier: an integer multiplier of the significands (mantissa with its hidden bit)
/// plus a rest (exponents, normalisation, rounding) that is a power of the significand width
/// through what fp16, bf16 and fp32 leave over. With different operands the width is the geometric
/// mean; an integer operand of a floating multiplier counts with all its bits.
/// Floating adder: a power of the significand width through the published formats.
///
/// Assumes:    int32 accumulators for two integer operands, fp32 otherwise; a coded operand
///             (codebook, trellis) is multiplied in the format of the other one, two coded ones
///             in fp16.
/// Ignores:    fused dot products that share alignment and rounding; toggle rates of real data.
/// Reference:  configs/technology/tables/arithmetic.yaml names the source of every point.
/// Checked by: tests/unit/hw/energy/arithmetic_table_test.cpp (by hand)
class ArithmeticTable {
 public:
  /// \p node in metres.
  ArithmeticTable(const ArithmeticSpec& spec, const NodeScaling& scaling, double node);

  [[nodiscard]] ArithmeticFigures multiply(const models::Precision& a,
                                           const models::Precision& b) const;
  /// Of a coded format: as fp16.
  [[nodiscard]] ArithmeticFigures add(const models::Precision& format) const;
  /// One multiplication and one addition to the accumulator.
  [[nodiscard]] ArithmeticFigures multiply_accumulate(const models::Precision& weight,
                                                      const models::Precision& activation) const;

 private:
  struct Curves {
    LogCurve integer_multiply;  ///< over the product of the widths
    LogCurve integer_add;       ///< over the width
    LogCurve floating_rest;     ///< over the significand width
    LogCurve floating_add;      ///< over the significand width
  };
  static Curves make_curves(const ArithmeticSpec& spec, const LogCurve& scaling, double node,
                            bool area);
  /// Of significands (or whole integers) of these widths; rest is what a floating product adds.
  [[nodiscard]] ArithmeticFigures significand_product(std::int64_t a, std::int64_t b) const;
  [[nodiscard]] ArithmeticFigures floating_rest(std::int64_t a, std::int64_t b) const;

  static constexpr std::int64_t kTabulated = 32;  ///< widths up to this one are worked out once
  Curves energy_;
  Curves area_;
  std::vector<ArithmeticFigures> products_;       ///< by a x (kTabulated + 1) + b
  std::vector<ArithmeticFigures> rests_;          ///< by a x (kTabulated + 1) + b
  std::vector<ArithmeticFigures> integer_sums_;   ///< by width
  std::vector<ArithmeticFigures> floating_sums_;  ///< by width
};

}  // namespace cairn::hw
