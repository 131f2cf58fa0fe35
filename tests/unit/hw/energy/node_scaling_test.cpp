#include "hw/energy/node_scaling.h"

#include <array>

#include <catch2/catch.hpp>

#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file
using test::kSameConstant;

TEST_CASE("a log curve returns its points exactly and a power law between them") {
  // y = x^2 through (1, 1) and (4, 16): at 2 it is 4.
  const LogCurve curve{{{4.0, 16.0, Confidence::memory}, {1.0, 1.0, Confidence::published}}};
  CHECK(curve.at(1.0).value == 1.0);
  CHECK(curve.at(4.0).value == 16.0);
  CHECK(curve.at(4.0).confidence == Confidence::memory);
  CHECK(curve.at(1.0).confidence == Confidence::published);
  CHECK(curve.at(2.0).value == Approx(4.0).epsilon(kSameConstant));
  CHECK(curve.at(2.0).confidence == Confidence::memory);
}

TEST_CASE("a log curve goes on beyond its ends and says so") {
  const LogCurve curve{{{1.0, 1.0, Confidence::published}, {4.0, 16.0, Confidence::published}}};
  CHECK(curve.at(8.0).value == Approx(64.0).epsilon(kSameConstant));
  CHECK(curve.at(8.0).confidence == Confidence::extrapolated);
  CHECK(curve.at(0.5).value == Approx(0.25).epsilon(kSameConstant));
  CHECK(curve.at(0.5).confidence == Confidence::extrapolated);
}

TEST_CASE("a constant known at two nodes follows a power law between them") {
  const LogCurve scaling{{{7.0, 0.5, Confidence::secondary}, {65.0, 2.0, Confidence::secondary}}};
  const std::array values{NodeValue{45.0, 0.2, Confidence::secondary},
                          NodeValue{7.0, 0.07, Confidence::memory}};
  CHECK(at_node(values, scaling, 45.0).value == 0.2);
  CHECK(at_node(values, scaling, 7.0).value == 0.07);
  // share of the way from 45 to 7 nm: ln(45/28) / ln(45/7) = 0.474458 / 1.860752 = 0.254982
  // 0.2 x (0.07 / 0.2)^0.254982 = 0.2 x exp(-1.049822 x 0.254982) = 0.2 x 0.765146
  const Sample at_28 = at_node(values, scaling, 28.0);
  CHECK(at_28.value == Approx(0.153029).epsilon(1e-5));
  CHECK(at_28.confidence == Confidence::memory);
}

TEST_CASE("beyond its nodes a constant follows the scaling function") {
  const LogCurve scaling{{{5.0, 0.4, Confidence::secondary},
                          {10.0, 1.0, Confidence::secondary},
                          {20.0, 3.0, Confidence::secondary}}};
  const std::array values{NodeValue{10.0, 7.0, Confidence::published}};
  CHECK(at_node(values, scaling, 20.0).value == Approx(21.0).epsilon(kSameConstant));
  CHECK(at_node(values, scaling, 20.0).confidence == Confidence::secondary);
  CHECK(at_node(values, scaling, 5.0).value == Approx(2.8).epsilon(kSameConstant));
  CHECK(at_node(values, scaling, 2.5).confidence == Confidence::extrapolated);
}
