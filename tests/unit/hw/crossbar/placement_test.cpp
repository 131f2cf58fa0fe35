#include "hw/crossbar/placement.h"

#include <catch2/catch.hpp>

using namespace cairn::hw;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

/// 128 rows x 16 weights.
constexpr MacroLayout kLayout{.weight_rows = 128, .weight_cols = 16};

CrossbarSpec chip(std::int64_t macros, WeightCopies copies = WeightCopies::one) {
  CrossbarSpec s;
  s.macros = macros;
  s.copies = copies;
  return s;
}

}  // namespace

TEST_CASE("an image takes whole macros") {
  // 300 x 40 weights: ceil(300 / 128) = 3 by ceil(40 / 16) = 3.
  const CrossbarPlacement p = place({.vectors = 10, .n = 40, .k = 300}, kLayout, chip(9));
  CHECK(p.image_macros == 9);
  CHECK(p.rounds == 1);
  CHECK(p.copies == 1);
  CHECK(p.vectors_per_copy == 10);
  // One macro less, and they are filled twice.
  CHECK(place({.vectors = 10, .n = 40, .k = 300}, kLayout, chip(8)).rounds == 2);
}

TEST_CASE("copies share the vectors") {
  const WeightBlock block{.vectors = 100, .n = 16, .k = 128};
  CHECK(place(block, kLayout, chip(7, WeightCopies::fill)).copies == 7);
  CHECK(place(block, kLayout, chip(7, WeightCopies::fill)).vectors_per_copy == 15);
  CHECK(place(block, kLayout, chip(1000, WeightCopies::fill)).copies == 100);  // one vector each
  CrossbarSpec balanced = chip(1000, WeightCopies::balanced);
  balanced.vectors_per_copy = 30;
  CHECK(place(block, kLayout, balanced).copies == 4);
  CHECK(place(block, kLayout, balanced).vectors_per_copy == 25);
}

TEST_CASE("small groups share a macro along its diagonal") {
  // Depthwise 3 x 3: 9 rows and 1 column each; 14 x 9 = 126 rows, 14 of 16 columns.
  const CrossbarPlacement p =
      place({.instances = 64, .vectors = 49, .n = 1, .k = 9}, kLayout, chip(100));
  CHECK(p.groups_per_macro == 14);
  CHECK(p.macro_rows == 126);
  CHECK(p.macro_cols == 14);
  CHECK(p.image_macros == 5);  // ceil(64 / 14)
  // Groups of 4 columns: 4 of them fill the columns.
  CHECK(place({.instances = 64, .vectors = 1, .n = 4, .k = 9}, kLayout, chip(100)).image_macros ==
        16);
}
