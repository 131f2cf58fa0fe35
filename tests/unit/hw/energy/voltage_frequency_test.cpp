#include "hw/energy/voltage_frequency.h"

#include <catch2/catch.hpp>

#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file

namespace {
VoltageFrequencySpec spec_7nm() {
  return {.reference_clock = Frequency{1.41e9},
          .reference_voltage = Voltage{0.75},
          .threshold = Voltage{0.25},
          .alpha = 1.3,
          .minimum = Voltage{0.45},
          .maximum = Voltage{1.0},
          .source = "test",
          .confidence = Confidence::assumed};
}
}  // namespace

TEST_CASE("the curve passes its known point") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  CHECK(curve.clock_at(Voltage{0.75}).count() == Approx(1.41e9).epsilon(1e-12));
  REQUIRE(curve.voltage_for(Frequency{1.41e9}));
  CHECK(curve.voltage_for(Frequency{1.41e9})->count() == Approx(0.75).epsilon(1e-9));
}

TEST_CASE("the fastest clock follows the alpha-power law by hand") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  // (0.75^1.3 / 1.0) / (0.5^1.3 / 0.75) = 0.687986 / (0.406126 / 0.75) = 1.270515
  CHECK(curve.maximum_clock().count() == Approx(1.41e9 * 1.270515).epsilon(1e-5));
}

TEST_CASE("a voltage found for a clock gives that clock back") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  for (double v = 0.45; v <= 1.0; v += 0.001) {
    const Frequency clock = curve.clock_at(Voltage{v});
    const auto found = curve.voltage_for(clock);
    REQUIRE(found);
    CHECK(found->count() == Approx(v).epsilon(1e-7));
  }
}

TEST_CASE("a clock above the curve has no voltage") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  CHECK(curve.voltage_for(curve.maximum_clock()));
  CHECK_FALSE(curve.voltage_for(Frequency{curve.maximum_clock().count() * (1 + 1e-9)}));
}

TEST_CASE("a slow clock stays at the lowest supply") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  CHECK(curve.voltage_for(Frequency{1.0})->count() == 0.45);
}

TEST_CASE("dynamic energy follows the square of the supply and leakage the supply") {
  const VoltageFrequency curve{spec_7nm(), Voltage{0.75}};
  const auto fast = curve.operating_point(curve.maximum_clock());
  REQUIRE(fast);
  CHECK(fast->dynamic == Approx(1.0 / 0.75 / 0.75).epsilon(1e-6));  // at 1 V
  CHECK(fast->leakage == Approx(1.0 / 0.75).epsilon(1e-6));
  const auto slow = curve.operating_point(Frequency{1.0});
  REQUIRE(slow);
  CHECK(slow->dynamic == Approx(0.36).epsilon(1e-9));  // (0.45 / 0.75)^2
}

TEST_CASE("the 65 nm curve meets the second operating point of Eyeriss") {
  // 34.7 AlexNet frames/s at 1 V and 200 MHz, 45 frames/s at 1.17 V (Y.-H. Chen et al., JSSC 2017;
  // 250 MHz in the paper). The fitted threshold gives 244 MHz.
  const Technology t = test::technology("cmos_65nm");
  const auto at_250 = t.voltage_for(Frequency{250e6});
  REQUIRE(at_250);
  CHECK(at_250->count() == Approx(1.17).epsilon(0.03));
}
