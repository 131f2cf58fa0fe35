#include "hw/energy/arithmetic_table.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file
using models::floating_format;
using models::integer_format;
using models::kBf16;
using models::kFp16;
using models::kFp32;
using models::kInt32;
using models::kInt8;
using test::kSameConstant;
using test::picojoules;
using test::square_micrometres;

namespace {
constexpr models::Precision kFp8 = floating_format(4, 8);
constexpr models::Precision kFp4 = floating_format(2, 4);
}  // namespace

TEST_CASE("an int8 multiply-accumulate at 45 nm is the published product and int32 sum") {
  // Areas are those of the published cells, which grow 4 times when laid out.
  const Technology t = test::technology("cmos_45nm");
  const ArithmeticFigures mac = t.multiply_accumulate(kInt8, kInt8);
  CHECK(picojoules(mac.energy) == Approx(0.2 + 0.1).epsilon(kSameConstant));
  CHECK(square_micrometres(mac.area) == Approx(4.0 * (282.0 + 137.0)).epsilon(kSameConstant));
  CHECK(mac.confidence == Confidence::secondary);
  CHECK(mac.area_confidence == Confidence::secondary);
}

TEST_CASE("published formats come back exactly at both published nodes") {
  const Technology at_45 = test::technology("cmos_45nm");
  // A floating product goes to an fp32 accumulator: 1.1 + 0.9 and 3.7 + 0.9 pJ.
  CHECK(picojoules(at_45.multiply_accumulate(kFp16, kFp16).energy) ==
        Approx(2.0).epsilon(kSameConstant));
  CHECK(picojoules(at_45.multiply_accumulate(kFp32, kFp32).energy) ==
        Approx(4.6).epsilon(kSameConstant));
  CHECK(square_micrometres(at_45.multiply_accumulate(kFp16, kFp16).area) ==
        Approx(4.0 * (1640.0 + 4184.0)).epsilon(kSameConstant));
  CHECK(picojoules(at_45.multiply(kInt32, kInt32).energy) == Approx(3.1).epsilon(kSameConstant));
  CHECK(picojoules(at_45.add(integer_format(16)).energy) == Approx(0.05).epsilon(kSameConstant));
  CHECK(picojoules(at_45.add(kFp16).energy) == Approx(0.4).epsilon(kSameConstant));

  const Technology at_7 = test::technology("cmos_7nm");
  CHECK(picojoules(at_7.multiply_accumulate(kInt8, kInt8).energy) ==
        Approx(0.07 + 0.03).epsilon(kSameConstant));
  CHECK(picojoules(at_7.multiply_accumulate(kBf16, kBf16).energy) ==
        Approx(0.21 + 0.38).epsilon(kSameConstant));
  CHECK(picojoules(at_7.multiply_accumulate(kFp16, kFp16).energy) ==
        Approx(0.34 + 0.38).epsilon(kSameConstant));
  CHECK(picojoules(at_7.multiply(kFp32, kFp32).energy) == Approx(1.31).epsilon(kSameConstant));
  CHECK(at_7.multiply_accumulate(kInt8, kInt8).confidence == Confidence::memory);
}

TEST_CASE("an integer multiplier grows with the product of its widths") {
  const Technology t = test::technology("cmos_45nm");
  // Power through 64 -> 0.2 pJ and 1024 -> 3.1 pJ: exponent ln(15.5) / ln(16) = 0.988549.
  // 4 x 8 bits: 0.2 x (32 / 64)^0.988549 = 0.2 x 0.503985 = 0.100797 pJ.
  const ArithmeticFigures mixed = t.multiply(integer_format(4), kInt8);
  CHECK(picojoules(mixed.energy) == Approx(0.100797).epsilon(1e-5));
  CHECK(mixed.confidence == Confidence::extrapolated);  // the table begins at 8 x 8
  CHECK(t.multiply(kInt8, integer_format(4)).energy == mixed.energy);
  // 16 x 16: 0.2 x 4^0.988549 = 0.787398 pJ, inside the table.
  CHECK(picojoules(t.multiply(integer_format(16), integer_format(16)).energy) ==
        Approx(0.787398).epsilon(1e-5));
  CHECK(t.multiply(integer_format(16), integer_format(16)).confidence == Confidence::secondary);
}

TEST_CASE("more bits never cost less") {
  for (const char* name : {"cmos_45nm", "cmos_28nm", "cmos_12nm", "cmos_7nm", "cmos_4nm"}) {
    const Technology t = test::technology(name);
    for (int bits = 1; bits < 32; ++bits) {
      const ArithmeticFigures low = t.multiply_accumulate(integer_format(bits), kInt8);
      const ArithmeticFigures high = t.multiply_accumulate(integer_format(bits + 1), kInt8);
      CHECK(high.energy > low.energy);
      CHECK(high.area > low.area);
      CHECK(t.add(integer_format(bits + 1)).energy > t.add(integer_format(bits)).energy);
    }
    const auto energy = [&](const models::Precision& p) {
      return t.multiply_accumulate(p, p).energy;
    };
    CHECK(energy(kFp4) < energy(kFp8));
    CHECK(energy(kFp8) < energy(kBf16));
    CHECK(energy(kBf16) < energy(kFp16));
    CHECK(energy(kFp16) < energy(kFp32));
    CHECK(energy(kInt8) < energy(kFp8));  // an fp32 accumulator costs more than an int32 one
  }
}

TEST_CASE("an int4 weight times an fp16 activation lies between int4 and fp16 multipliers") {
  const Technology t = test::technology("cmos_7nm");
  const auto mixed = t.multiply(integer_format(4), kFp16).energy;
  CHECK(mixed > t.multiply(integer_format(4), integer_format(4)).energy);
  CHECK(mixed < t.multiply(kFp16, kFp16).energy);
}

TEST_CASE("a coded weight is multiplied in the format of the activation") {
  const Technology t = test::technology("cmos_7nm");
  std::string why;
  const auto trellis = models::parse_precision("tcq3", why);
  REQUIRE(trellis);
  CHECK(t.multiply_accumulate(*trellis, kInt8).energy ==
        t.multiply_accumulate(kInt8, kInt8).energy);
  CHECK(t.multiply_accumulate(*trellis, kFp16).energy ==
        t.multiply_accumulate(kFp16, kFp16).energy);
}

TEST_CASE("between the published nodes energy and area lie between theirs") {
  const Technology old = test::technology("cmos_45nm");
  const Technology middle = test::technology("cmos_28nm");
  const Technology recent = test::technology("cmos_7nm");
  for (const auto& format : {kInt8, kFp16, kFp32}) {
    const auto energy = [&](const Technology& t) {
      return t.multiply_accumulate(format, format).energy;
    };
    const auto area = [&](const Technology& t) {
      return t.multiply_accumulate(format, format).area;
    };
    CHECK(energy(recent) < energy(middle));
    CHECK(energy(middle) < energy(old));
    CHECK(area(recent) < area(middle));
    CHECK(area(middle) < area(old));
  }
}

TEST_CASE("beyond the published nodes arithmetic follows the scaling functions") {
  const Technology t = test::technology("cmos_5nm");
  // Energy 7 -> 5 nm: 0.244 / 0.348. Area 45 -> 5 nm: 0.0389.
  CHECK(picojoules(t.multiply(kInt8, kInt8).energy) ==
        Approx(0.07 * 0.244 / 0.348).epsilon(kSameConstant));
  CHECK(square_micrometres(t.multiply(kInt8, kInt8).area) ==
        Approx(4.0 * 282.0 * 0.0389).epsilon(kSameConstant));
}
