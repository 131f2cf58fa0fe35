#include "models/precision.h"

#include <string>

#include <catch2/catch.hpp>

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {
Precision parsed(const std::string& text) {
  std::string why;
  const std::optional<Precision> format = parse_precision(text, why);
  INFO(text << ": " << why);
  REQUIRE(format.has_value());
  return *format;
}
std::string refusal(const std::string& text) {
  std::string why;
  CHECK_FALSE(parse_precision(text, why).has_value());
  return why;
}
}  // namespace

TEST_CASE("number formats are printed as they are read") {
  const std::string text = GENERATE(
      "int8", "int4", "int1", "int64", "uint8", "fp16", "bf16", "fp32", "fp64", "tf32", "fp8_e4m3",
      "fp8_e5m2", "fp4_e2m1", "fp6_e3m2", "fp6_e2m3", "cb2x8", "cb3x8", "cb8x16", "cb64x1", "tcq3",
      "tcq2.5", "tcq1.625", "int4/g128", "int4/g128s8", "tcq3/g64", "fp4_e2m1/g16s8", "int4/g1");
  const Precision format = parsed(text);
  CHECK(to_text(format) == text);
  CHECK(parsed(to_text(format)) == format);
}

TEST_CASE("other names of a format read as the same value") {
  CHECK(parsed("fp16_e5m10") == kFp16);
  CHECK(to_text(parsed("mxfp4")) == "fp4_e2m1/g32s8");
  CHECK(to_text(parsed("mxint8")) == "int8/g32s8");
  CHECK(to_text(parsed("nvfp4")) == "fp4_e2m1/g16s8");
  CHECK(parsed("int4/g128s16") == parsed("int4/g128"));
}

TEST_CASE("bits of an element include its share of the scale") {
  CHECK(parsed("int4").bits_per_element() == Approx(4.0));
  CHECK(parsed("int4").group_size == 0);
  CHECK(parsed("int4/g128").bits_per_element() == Approx(4.125));  // 16 / 128
  CHECK(parsed("mxfp4").bits_per_element() == Approx(4.25));       // 8 / 32
  CHECK(parsed("cb2x8").bits_per_element() == Approx(4.0));
  CHECK(parsed("tcq2.5").bits_per_element() == Approx(2.5));
  CHECK(parsed("tcq2.5").element_bits() == 3);
}

TEST_CASE("storage counts whole groups and whole code words") {
  CHECK(storage(parsed("int4"), 1000).count() == 4000);
  CHECK(storage(parsed("int4/g128"), 128).count() == 512 + 16);
  CHECK(storage(parsed("int4/g128"), 129).count() == 516 + 32);
  CHECK(storage(parsed("cb3x8"), 9).count() == 24);
  CHECK(storage(parsed("cb3x8"), 10).count() == 32);
  CHECK(storage(parsed("tcq2.5"), 3).count() == 8);  // 7.5 rounded up
  CHECK(storage(kFp16, 0).count() == 0);
}

TEST_CASE("a wrong format says what is wrong") {
  CHECK(refusal("fp8") ==
        "fp8 does not say how its bits are split: fp8_e4m3 has 4 exponent and 3 mantissa bits");
  CHECK(refusal("fp8_e4m4") == "a sign, 4 exponent and 4 mantissa bits are 9 bits, not 8");
  CHECK(refusal("int0") == "an integer format has 1 to 64 bits, such as int8");
  CHECK(refusal("int65") == refusal("int0"));
  CHECK(refusal("int-4") == refusal("int0"));
  CHECK(refusal("int4.5") == refusal("int0"));
  CHECK(refusal("cb0x8").find("a codebook is") == 0);
  CHECK(refusal("tcq17").find("a trellis format") == 0);
  CHECK(refusal("tcq2.1234").find("a trellis format") == 0);
  CHECK(refusal("half") == "it begins with none of int, uint, fp, bf, cb, tcq and mx");
  CHECK(refusal("").starts_with("it begins with none of"));
  for (const char* text : {"int4/", "int4/128", "int4/g0", "int4/g128s0", "int4/g128x", "int4/g"}) {
    CHECK(refusal(text).find("is not a group") != std::string::npos);
  }
}
