#include "core/units.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include <catch2/catch.hpp>

namespace cairn {
namespace {

static_assert(std::is_same_v<decltype(Bits{1} / Seconds{1.0}), Bandwidth>);
static_assert(std::is_same_v<decltype(Bits{1} / Cycles{1}), BitsPerCycle>);
static_assert(std::is_same_v<decltype(Ops{1} * EnergyPerOp{1.0}), Joules>);
static_assert(std::is_same_v<decltype(EnergyPerCycle{1.0} * Frequency{1.0}), Watts>);
static_assert(std::is_same_v<decltype(OpsPerCycle{1.0} * Frequency{1.0}), OpsPerSecond>);
static_assert(std::is_same_v<decltype(AreaPerBit{1.0} * Bits{1}), Area>);
static_assert(std::is_same_v<decltype(PowerPerBit{1.0} * Bits{1}), Watts>);
static_assert(std::is_same_v<decltype(Length{1.0} * Length{1.0}), Area>);
static_assert(!std::is_convertible_v<double, Seconds>);
static_assert(!std::is_convertible_v<Seconds, double>);

TEST_CASE("cycles become seconds only by a frequency") {
  // 1000 cycles / 500 MHz = 2 us
  const Seconds time = Cycles{1000} / Frequency{500e6};
  CHECK(time.count() == 2e-6);
}

TEST_CASE("a quotient of equal dimensions is a plain number") {
  CHECK(Bits{1} / Bits{4} == 0.25);
}

TEST_CASE("a product whose dimensions cancel is a plain number") {
  const double cycles_per_cycle = Frequency{2e9} * (Seconds{3e-9} / Cycles{1});
  CHECK(cycles_per_cycle == Approx(6.0));
}

TEST_CASE("counts do not wrap silently") {
  const std::int64_t half = std::int64_t{1} << 62U;
  CHECK((Bits{half - 1} * 2).count() == 2 * (half - 1));
  CHECK_THROWS_AS(Bits{half} * 2, std::overflow_error);
  CHECK_THROWS_AS(2 * Bits{half}, std::overflow_error);
  CHECK_THROWS_AS(Ops{half} * Cycles{2}, std::overflow_error);
  CHECK_THROWS_AS(bytes(std::int64_t{1} << 60U), std::overflow_error);
  CHECK(bytes((std::int64_t{1} << 60U) - 1).count() == ((std::int64_t{1} << 60U) - 1) * 8);
}

TEST_CASE("a count times a real number is real") {
  const auto half = Bits{3} * 0.5;
  static_assert(std::is_same_v<decltype(half)::rep, double>);
  CHECK(half.count() == 1.5);
  CHECK(ceil_count(half) == Bits{2});
  CHECK(to_real(Bits{3}).count() == 3.0);
}

TEST_CASE("a count that leaves 63 bits is refused") {
  CHECK_THROWS_AS(ceil_count(Quantity<Dim{.data = 1}, double>{9.3e18}), std::overflow_error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(ceil_count(Quantity<Dim{.data = 1}, double>{nan}), std::overflow_error);
}

TEST_CASE("ceil_div counts the last part tile") {
  CHECK(ceil_div(0, 8) == 0);
  CHECK(ceil_div(7, 8) == 1);
  CHECK(ceil_div(8, 8) == 1);
  CHECK(ceil_div(9, 8) == 2);
  CHECK(ceil_div(Bits{65}, Bits{64}) == 2);
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(ceil_div(most, 2) == most / 2 + 1);
}

TEST_CASE("quantities of one dimension add, subtract and compare") {
  Joules sum{1.5};
  sum += Joules{2.0};
  sum -= Joules{0.5};
  CHECK(sum == Joules{3.0});
  CHECK(-sum < Joules{0.0});
  CHECK(Cycles{2} + Cycles{3} - Cycles{1} == Cycles{4});
}

}  // namespace
}  // namespace cairn
