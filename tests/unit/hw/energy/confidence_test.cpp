#include "hw/energy/confidence.h"

#include <array>

#include <catch2/catch.hpp>

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file

TEST_CASE("a total has the lowest confidence that holds at least a tenth of it") {
  const std::array parts{Contribution{90.0, Confidence::measured},
                         Contribution{10.0, Confidence::assumed}};
  CHECK(lowest_confidence(parts) == Confidence::assumed);  // exactly a tenth counts
}

TEST_CASE("what is just under a tenth of a total does not lower its confidence") {
  const std::array parts{Contribution{90.1, Confidence::published},
                         Contribution{9.9, Confidence::extrapolated}};
  CHECK(lowest_confidence(parts) == Confidence::published);
}

TEST_CASE("small parts of the same confidence count together") {
  const std::array parts{Contribution{88.0, Confidence::measured},
                         Contribution{6.0, Confidence::memory},
                         Contribution{6.0, Confidence::memory}};
  CHECK(lowest_confidence(parts) == Confidence::memory);
}

TEST_CASE("an empty total inherits nothing") {
  CHECK(lowest_confidence({}) == Confidence::measured);
  const std::array nothing{Contribution{0.0, Confidence::extrapolated}};
  CHECK(lowest_confidence(nothing) == Confidence::measured);
}

TEST_CASE("confidences are ordered from measured to extrapolated") {
  CHECK(weakest(Confidence::measured, Confidence::published) == Confidence::published);
  CHECK(weakest(Confidence::assumed, Confidence::secondary) == Confidence::assumed);
  CHECK(weakest(Confidence::memory, Confidence::assumed) == Confidence::memory);
  CHECK(weakest(Confidence::memory, Confidence::extrapolated) == Confidence::extrapolated);
}
