#include "core/text/quantity_text.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "core/random.h"

namespace cairn {
namespace {

template <class Q>
Q good(const std::string& text) {
  TextProblem problem;
  const auto value = parse_quantity<Q>(text, problem);
  INFO(text << ": " << problem.message);
  REQUIRE(value.has_value());
  return *value;
}

template <class Q>
TextProblem bad(const std::string& text) {
  TextProblem problem;
  INFO(text);
  REQUIRE(!parse_quantity<Q>(text, problem).has_value());
  return problem;
}

TEST_CASE("units scale exactly") {
  CHECK(good<Frequency>("800 MHz").count() == 800e6);
  CHECK(good<Bits>("256 KiB").count() == 256 * 1024 * 8);
  CHECK(good<Bits>("256 kB").count() == 256 * 1000 * 8);
  CHECK(good<Bits>("1.5 GB").count() == 12'000'000'000);
  CHECK(good<Bits>("3 b").count() == 3);
  CHECK(good<EnergyPerOp>("1.2 pJ/op").count() == 1.2e-12);
  CHECK(good<EnergyPerOp>("1.2 pJ/MAC").count() == 0.6e-12);  // 1 MAC = 2 op
  CHECK(good<Bandwidth>("12.8 GB/s").count() == 12.8e9 * 8);
  CHECK(good<Area>("1 mm2").count() == 1e-6);
  CHECK(good<Seconds>("10 ms").count() == 10e-3);
  CHECK(good<EnergyPerBit>("4 pJ/b").count() == 4e-12);
  CHECK(good<EnergyPerBit>("12 pJ/B").count() == 1.5e-12);
  CHECK(good<OpsPerSecond>("312 TFLOP/s").count() == 312e12);
  CHECK(good<OpsPerSecond>("92 TMAC/s").count() == 184e12);
  CHECK(good<Voltage>("0.8 V").count() == 0.8);
  CHECK(good<BitsPerCycle>("64 b/cycle").count() == 64);
  CHECK(good<BitsPerCycle>("8 B/cycle").count() == 64);
  CHECK(good<Watts>("5 W").count() == 5);
  CHECK(good<AreaPerBit>("1 um2/b").count() == 1e-12);
  CHECK(good<PowerPerBit>("2 nW/b").count() == 2e-9);
  CHECK(good<EnergyPerCycle>("3 uW/MHz").count() == 3e-12);  // = pJ/cycle
  CHECK(good<Cycles>("100 cycles").count() == 100);
  CHECK(good<Cycles>("1 cycle").count() == 1);
  CHECK(good<Seconds>("  2e-3s ").count() == 2e-3);
  CHECK(good<Joules>("-1 J").count() == -1.0);
}

TEST_CASE("a unit is mandatory") {
  const TextProblem problem = bad<Frequency>("800");
  CHECK(problem.message == "unit is missing");
  CHECK(problem.hint == "one of: Hz, kHz, MHz, GHz");
}

TEST_CASE("KB is refused because it is ambiguous") {
  const TextProblem problem = bad<Bits>("256 KB");
  CHECK(problem.message == "unit 'KB' does not fit here");
  CHECK(problem.hint == "one of: b, B, kB, KiB, MB, MiB, GB, GiB");
}

TEST_CASE("a unit of another dimension does not fit") {
  CHECK(bad<Frequency>("1 ns").message == "unit 'ns' does not fit here");
  CHECK(bad<Bandwidth>("1 GB").message == "unit 'GB' does not fit here");
  CHECK(bad<EnergyPerBit>("1 pJ/op").message == "unit 'pJ/op' does not fit here");
}

TEST_CASE("prefixes that make no sense are refused") {
  bad<Frequency>("1 mHz");
  bad<Bits>("1 mB");
  bad<Cycles>("1 kcycles");
  bad<Bits>("1 kiB");
  bad<Bits>("1 Kib2");
  bad<Seconds>("1 s2");
  bad<Bandwidth>("1 GB/");
  bad<Bandwidth>("1 /s");
}

TEST_CASE("what is not a number is refused") {
  for (const char* text :
       {"", "MHz", "fast", "- 5 MHz", "+5 MHz", "inf Hz", "nan Hz", ". Hz", "1e99999999999 Hz"}) {
    CHECK(bad<Frequency>(text).message.starts_with("expected a number with a unit, found"));
  }
  CHECK(bad<Frequency>("0x10 Hz").message == "unit 'x10 Hz' does not fit here");
  CHECK(bad<Frequency>("1e400 Hz").message == "'1e400 Hz' is too large or too small");
}

TEST_CASE("counts are whole numbers of base units and exact to 63 bits") {
  CHECK(bad<Bits>("0.1 KiB").message == "'0.1 KiB' is not a whole number of bits");
  CHECK(bad<Bits>("0.5 b").message == "'0.5 b' is not a whole number of bits");
  CHECK(good<Bits>("0.3 kB").count() == 2400);
  CHECK(good<Bits>("9223372036854775807 b").count() == 9223372036854775807);
  CHECK(bad<Bits>("9223372036854775808 b").message ==
        "'9223372036854775808 b' is too large or too small");
}

TEST_CASE("printing takes the shortest text that reads back") {
  CHECK(to_text(Frequency{800e6}) == "800 MHz");
  CHECK(to_text(Bits{256 * 1024 * 8}) == "256 KiB");
  CHECK(to_text(Bits{1000 * 8}) == "1 kB");
  CHECK(to_text(Bits{7}) == "7 b");
  CHECK(to_text(Bits{0}) == "0 b");
  CHECK(to_text(EnergyPerOp{1.2e-12}) == "1.2 pJ/op");
  CHECK(to_text(Bandwidth{12.8e9 * 8}) == "12.8 GB/s");
  CHECK(to_text(Area{1e-6}) == "1 mm2");
  CHECK(to_text(Seconds{0.01}) == "10 ms");
  CHECK(to_text(AreaPerBit{1e-12}) == "1 um2/b");
  CHECK(to_text(OpsPerSecond{312e12}) == "312 Top/s");
  CHECK(to_text(Cycles{12}) == "12 cycles");
  CHECK(to_text(Voltage{0.8}) == "0.8 V");
}

TEST_CASE("every printed quantity reads back to the same value") {
  Rng rng{7};
  for (int i = 0; i < 2000; ++i) {
    const double value = std::pow(10.0, 30.0 * rng.uniform01() - 20.0) * (rng.uniform01() - 0.5);
    CHECK(good<Seconds>(to_text(Seconds{value})).count() == value);
    CHECK(good<Bandwidth>(to_text(Bandwidth{value})).count() == value);
    CHECK(good<EnergyPerBit>(to_text(EnergyPerBit{value})).count() == value);
    CHECK(good<AreaPerBit>(to_text(AreaPerBit{value})).count() == value);
    const std::int64_t bits = rng.uniform_int(-1'000'000, 1'000'000'000'000);
    CHECK(good<Bits>(to_text(Bits{bits})).count() == bits);
  }
}

TEST_CASE("readable printing keeps the number between 1 and 1000") {
  CHECK(human_text(Seconds{0.0012345}) == "1.234 ms");
  CHECK(human_text(Seconds{999.97e-6}, 4) == "1 ms");
  CHECK(human_text(Frequency{1.5e9}) == "1.5 GHz");
  CHECK(human_text(Bits{8 * 1536}) == "1.5 KiB");
  CHECK(human_text(Bits{4}) == "4 b");
  CHECK(human_text(Joules{0.0}) == "0 J");
  CHECK(human_text(Bandwidth{2.0394e12 * 8}, 3) == "2.04 TB/s");
  CHECK(human_text(Watts{-0.25}) == "-250 mW");
}

}  // namespace
}  // namespace cairn
