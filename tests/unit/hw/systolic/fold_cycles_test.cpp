#include "hw/systolic/fold_cycles.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::hw::FoldOverlap;
using cairn::hw::folds;
using cairn::hw::FoldShape;
using cairn::hw::rtl_cycles;
using cairn::hw::scalesim_cycles;

namespace {

FoldShape whole(std::int64_t rows, std::int64_t cols, std::int64_t time) {
  return {rows, cols, time, rows, cols, time};
}

/// The same sum, fold by fold, as the text says it.
std::int64_t counted(const FoldShape& s, std::int64_t rows, std::int64_t cols, bool stationary) {
  std::int64_t cycles = 0;
  for (std::int64_t t = 0; t < s.time_extent; t += s.time_tile) {
    const std::int64_t slice = std::min(s.time_tile, s.time_extent - t);
    for (std::int64_t tr = 0; tr < s.rows_extent; tr += s.rows_tile) {
      const std::int64_t row_tile = std::min(s.rows_tile, s.rows_extent - tr);
      for (std::int64_t tc = 0; tc < s.cols_extent; tc += s.cols_tile) {
        const std::int64_t col_tile = std::min(s.cols_tile, s.cols_extent - tc);
        for (std::int64_t i = 0; i < row_tile; i += rows) {
          for (std::int64_t j = 0; j < col_tile; j += cols) {
            const std::int64_t r = std::min(rows, row_tile - i);
            const std::int64_t c = std::min(cols, col_tile - j);
            cycles += (stationary ? 2 : 1) * r + c + slice - 2;
          }
        }
      }
    }
  }
  return cycles;
}

}  // namespace

TEST_CASE("a 4x4x4 product on a 4x4 array takes 10 cycles, and SCALE-Sim prints 9") {
  // The last PE starts 4 + 4 - 2 = 6 cycles after the first and multiplies for 4.
  CHECK(rtl_cycles(whole(4, 4, 4), 4, 4, false, FoldOverlap::serial) == 10);
  CHECK(scalesim_cycles(whole(4, 4, 4), 4, 4, false) == 9);
  // A stationary operand takes 4 cycles more to load.
  CHECK(rtl_cycles(whole(4, 4, 4), 4, 4, true, FoldOverlap::serial) == 14);
}

TEST_CASE("edge folds are as small as they are") {
  // 5 x 3 outputs of depth 7 on 4 x 4 PEs: folds of 4 x 3 and 1 x 3.
  // (4 + 3 + 7 - 2) + (1 + 3 + 7 - 2) = 12 + 9
  CHECK(rtl_cycles(whole(5, 3, 7), 4, 4, false, FoldOverlap::serial) == 21);
  // SCALE-Sim counts two full folds: 2 (4 + 4 + 7 - 2) - 1
  CHECK(scalesim_cycles(whole(5, 3, 7), 4, 4, false) == 25);
}

TEST_CASE("pipelined folds follow at the pace of time or of loading") {
  // Two row folds of 4, T = 10: 2 x 10, then load 4, skew 4 + 4 - 2 once.
  CHECK(rtl_cycles(whole(8, 4, 10), 4, 4, true, FoldOverlap::pipelined) == 20 + 4 + 6);
  // T = 1: the second fold waits for its four words; the last takes its one cycle only.
  CHECK(rtl_cycles(whole(8, 4, 1), 4, 4, true, FoldOverlap::pipelined) == 4 + 4 + 1 + 6);
  // Outputs stay, T = 1: a column hands over the first fold's four results before the second's.
  CHECK(rtl_cycles(whole(8, 4, 1), 4, 4, false, FoldOverlap::pipelined) == 4 + 1 + 6);
}

TEST_CASE("columns that are few in the last fold leave earlier than the wider ones before") {
  // 4 x 5 operands on 4 x 4 PEs, T = 1: 4 to load, the second fold starts four later and has one
  // column: 8 + 1 + 4 + 1 - 2 = 12. The first, with four columns: 4 + 1 + 4 + 4 - 2 = 11.
  CHECK(rtl_cycles(whole(4, 5, 1), 4, 4, true, FoldOverlap::pipelined) == 12);
  // On 1 x 4 PEs the second starts one later and the first leaves last: 1 + 1 + 1 + 4 - 2 = 5.
  CHECK(rtl_cycles(whole(1, 5, 1), 1, 4, true, FoldOverlap::pipelined) == 5);
}

TEST_CASE("folds of a cut extent") {
  CHECK(folds(10, 10, 4) == 3);
  CHECK(folds(10, 5, 4) == 4);  // 5 + 5, two folds each
  CHECK(folds(10, 4, 4) == 3);
  CHECK(folds(10, 3, 4) == 4);  // 3 + 3 + 3 + 1
}

TEST_CASE("the closed form equals the sum over folds") {
  cairn::Rng rng(7);
  for (int i = 0; i < 500; ++i) {
    const auto draw = [&](std::int64_t most) { return rng.uniform_int(1, most); };
    FoldShape s{draw(40), draw(40), draw(40), 0, 0, 0};
    s.rows_tile = draw(s.rows_extent);
    s.cols_tile = draw(s.cols_extent);
    s.time_tile = draw(s.time_extent);
    const std::int64_t rows = draw(12);
    const std::int64_t cols = draw(12);
    CHECK(rtl_cycles(s, rows, cols, false, FoldOverlap::serial) == counted(s, rows, cols, false));
    CHECK(rtl_cycles(s, rows, cols, true, FoldOverlap::serial) == counted(s, rows, cols, true));
  }
}

TEST_CASE("with operands of all folds in the PEs, folds follow without a gap") {
  // 8 rows x 4 columns of operands on 4 x 4 PEs: 2 folds of 10, and 4 + 4 - 2 to fill and drain.
  CHECK(rtl_cycles(whole(8, 4, 10), 4, 4, true, FoldOverlap::resident) == 2 * 10 + 6);
  // A fold of one step takes one cycle; shifting operands in would take four.
  CHECK(rtl_cycles(whole(8, 4, 1), 4, 4, true, FoldOverlap::resident) == 2 + 6);
}
