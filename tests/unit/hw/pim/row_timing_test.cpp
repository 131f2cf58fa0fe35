#include "hw/pim/row_timing.h"

#include <catch2/catch.hpp>

using cairn::Bits;
using cairn::Seconds;
using cairn::hw::RowTiming;
using cairn::hw::RowTimingSpec;

namespace {

/// Two streams of four banks, 4 columns of 256 bits a row, times in round nanoseconds.
RowTimingSpec small() {
  RowTimingSpec spec;
  spec.streams = 2;
  spec.banks = 4;
  spec.access = Bits{256};
  spec.row = Bits{1024};
  spec.column_interval = Seconds{2e-9};
  spec.activate_to_read = Seconds{10e-9};
  spec.read_to_precharge = Seconds{4e-9};
  spec.precharge = Seconds{10e-9};
  return spec;
}

}  // namespace

TEST_CASE("a row costs its columns and the time to open and close it") {
  // 8 banks x 256 b / 2 ns = 1024 b/ns.
  // Period: 10 + 3 x 2 + 4 + 10 = 30 ns for 8 x 1024 b.
  const RowTiming timing(small(), false);
  CHECK(timing.peak() == Approx(1024e9));
  CHECK(timing.sustained() == Approx(8192 / 30e-9));
  // Three rows a bank: two whole periods, then 10 + 4 x 2 ns for the third.
  CHECK(timing.seconds(3 * 8192.0) == Approx(78e-9));
  // Half of a fourth: three periods, 10 + 2 x 2 ns.
  CHECK(timing.seconds(3.5 * 8192.0) == Approx(104e-9));
  CHECK(timing.seconds(0) == 0);
}

TEST_CASE("activations hide behind columns of other banks when another set opens its rows") {
  RowTimingSpec spec = small();
  spec.hidden_activation = true;
  spec.row = Bits{4096};  // 16 columns: 32 ns
  const RowTiming timing(spec, false);
  CHECK(timing.sustained() == Approx(1024e9));
  CHECK(timing.seconds(3 * 32768.0) == Approx(10e-9 + 96e-9));  // the first row opens in the open
}

TEST_CASE("rows too short to hide the other set's activation wait for it") {
  RowTimingSpec spec = small();
  spec.hidden_activation = true;
  // Columns take 8 ns of a set's 10 + 6 + 4 + 10; two sets take turns in that time.
  const RowTiming timing(spec, false);
  CHECK(timing.sustained() == Approx(8192 / 15e-9));
  // Rows begin 10, 18 (the second set is closed), 40 and 48 ns after the first activation.
  CHECK(timing.seconds(4 * 8192.0) == Approx(56e-9));
}

TEST_CASE("arithmetic in step with the columns stretches them, not the rest of a row") {
  // 12 columns in three rows, 48 ns of arithmetic: 4 ns each. Two periods of 10 + 12 + 4 + 10 ns,
  // then 10 + 16 ns.
  CHECK(RowTiming(small(), false).seconds(3 * 8192.0, 48e-9) == Approx(98e-9));
  // Arithmetic faster than the columns does not show.
  CHECK(RowTiming(small(), false).seconds(3 * 8192.0, 24e-9) == Approx(78e-9));
}

TEST_CASE("the bank that is activated last stays open as long as the others") {
  RowTimingSpec spec = small();
  spec.row_active = Seconds{40e-9};
  spec.activate_interval = Seconds{5e-9};
  CHECK(RowTiming(spec, false).sustained() == Approx(8192 / 65e-9));  // 15 + tRAS + tRP
}

TEST_CASE("rows stay open for tRAS at least") {
  RowTimingSpec spec = small();
  spec.row_active = Seconds{40e-9};
  CHECK(RowTiming(spec, false).sustained() == Approx(8192 / 50e-9));  // tRAS + tRP
}

TEST_CASE("a command for each bank makes the command bus the limit") {
  RowTimingSpec spec = small();
  spec.command_interval = Seconds{1e-9};  // 4 banks: 4 ns between columns of one bank
  CHECK(RowTiming(spec, true).peak() == Approx(512e9));
  CHECK(RowTiming(spec, false).peak() == Approx(1024e9));
}

TEST_CASE("single activations delay the first column of a row") {
  RowTimingSpec spec = small();
  spec.activate_interval = Seconds{5e-9};  // three more activations: 15 ns
  CHECK(RowTiming(spec, false).sustained() == Approx(8192 / 45e-9));
}

TEST_CASE("refresh takes its share of the time") {
  RowTimingSpec spec = small();
  spec.refresh = Seconds{100e-9};
  spec.refresh_interval = Seconds{1000e-9};
  CHECK(RowTiming(spec, false).sustained() == Approx(0.9 * 8192 / 30e-9));
}

TEST_CASE("every gathered piece opens rows of its own") {
  // 10 pieces of 512 b over 8 banks: two rounds of 10 + 2 + 4 + 10 + (one column more) = 26 ns.
  const RowTiming timing(small(), false);
  CHECK(timing.gather_seconds(10, 512) == Approx(2 * 26e-9));
  CHECK(timing.activations(10 * 1024.0) == Approx(10));
}
