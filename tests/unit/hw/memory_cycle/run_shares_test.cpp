// The committed table says what the model says.

#include "hw/memory/run_shares.h"

#include <catch2/catch.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/text/numbers.h"
#include "hw/memory/cycle/run_sharing.h"
#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw {
namespace {

constexpr const char* kTable = "configs/memory/run_shares.csv";

TEST_CASE("cells of the table of runs are what the cycle level has") {
  CsvReader csv = CsvReader::from_file(kTable);
  const std::size_t part = csv.column("part").value();
  const std::size_t run = csv.column("run_bytes").value();
  const std::size_t writes = csv.column("write_fraction").value();
  const std::size_t streams = csv.column("streams").value();
  const std::size_t share = csv.column("share").value();
  std::size_t row = 0;
  std::size_t checked = 0;
  while (csv.next()) {
    constexpr std::size_t kEvery = 97;
    if (row++ % kEvery != 0) {
      continue;
    }
    const std::string name{csv.cell(part)};
    const double fraction = parse_double(csv.cell(writes)).value();
    const cycle::RunTraffic traffic{parse_unsigned(csv.cell(run)).value(),
                                    fraction > 0.3 && fraction < 0.34 ? 1.0 / 3 : fraction,
                                    parse_int(csv.cell(streams)).value()};
    CAPTURE(name, traffic.run_bytes, fraction, traffic.streams);
    CHECK(parse_double(csv.cell(share)).value() ==
          Approx(cycle::share_of_peak(part_of(name), traffic)).margin(6e-5));
    ++checked;
  }
  CHECK(checked > 10);
}

TEST_CASE("a part's figures take shares from the table, between its lengths too") {
  DramFiguresOfPart f = figures_of(part_of("ddr4_8gb_x8_2400r"));
  f.simulated = load_run_shares(kTable, "ddr4_8gb_x8_2400r");
  REQUIRE(f.simulated.size() > 5);
  CHECK(f.share_of_runs(f.simulated[0].run_bits) == Approx(f.simulated[0].share));
  CHECK(f.share_of_runs(f.simulated[2].run_bits) == Approx(f.simulated[2].share));
  // Half way by the logarithm between 64 B and 128 B; half a burst is paid in full; the longest
  // run stands for longer ones.
  CHECK(f.share_of_runs(512 * 1.41421356) ==
        Approx((f.simulated[0].share + f.simulated[1].share) / 2));
  CHECK(f.share_of_runs(256) == Approx(f.simulated[0].share / 2));
  CHECK(f.share_of_runs(1e12) == Approx(f.simulated.back().share));
  CHECK_THROWS_AS(load_run_shares(kTable, "no_such_part"), ConfigError);
}

}  // namespace
}  // namespace cairn::hw
