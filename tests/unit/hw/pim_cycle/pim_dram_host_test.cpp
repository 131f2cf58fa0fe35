#include "hw/pim/cycle/pim_dram_host.h"

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"

using cairn::Diagnostics;
using namespace cairn::hw;         // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

namespace {

DramPartSpec part() {
  Diagnostics diagnostics;
  const cairn::Node root = cairn::load_yaml("configs/memory/hbm2_4gb_2000.yaml", diagnostics);
  DramPartSpec spec;
  cairn::read(root, spec, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

struct Clocks {
  explicit Clocks(const DramPartSpec& part)
      : period(to_femtoseconds(part.timing.period.count())), t(part.timing) {}
  [[nodiscard]] Femtoseconds of(std::int64_t count) const { return count * period; }
  Femtoseconds period;
  DramTimingSpec t;
};

}  // namespace

TEST_CASE("rows of a part follow its timing") {
  const DramPartSpec spec = part();
  const RowTimingSpec rows = rows_of(spec);
  CHECK(rows.banks == spec.organisation.bank_groups * spec.organisation.banks_per_group);
  CHECK(rows.column_interval.count() ==
        Approx(spec.timing.period.count() * static_cast<double>(spec.timing.ccd_l.count())));
  CHECK(
      RowTiming(rows, false).peak() ==
      Approx(static_cast<double>(rows.banks * rows.access.count()) / rows.column_interval.count()));
}

TEST_CASE("a read of the host waits for the row, the switch, and its own activation") {
  const DramPartSpec spec = part();
  const Clocks c(spec);
  const Femtoseconds mode_switch = c.of(100);
  PimChannel channel(rows_of(spec), false, mode_switch, false);
  PimDramHost host(spec);
  channel.set_host(&host);
  const Femtoseconds end = channel.read_row(8, 0, 0);
  host.ask(c.of(10), 0, false);
  const Femtoseconds next = channel.read_row(8, 0, end);
  // Last column one tCCD_L before the end (the row is open for tRAS after its last activation by
  // then), precharge, switch; activate, read, and data.
  const RowTimingSpec rows = rows_of(spec);
  const Femtoseconds stagger = (rows.banks - 1) * to_femtoseconds(rows.activate_interval.count());
  const Femtoseconds closed = std::max(end - c.of(c.t.ccd_l.count()) + c.of(c.t.rtp.count()),
                                       stagger + c.of(c.t.ras.count())) +
                              to_femtoseconds(rows.precharge.count());
  REQUIRE(host.done().size() == 1);
  const Femtoseconds served = closed + mode_switch;
  // As long as the controller takes for one read when nothing else is there.
  DramControllerOptions options = default_options(spec);
  options.page = PagePolicy::closed;
  options.refresh = RefreshMode::off;
  DramController alone(spec, options);
  alone.enqueue({});
  while (alone.completions().empty()) {
    alone.advance(alone.next_event());
  }
  const std::int64_t latency = alone.completions().front().cycle - 1;  // commanded from tick 1
  CHECK(latency >= c.t.rcd.count() + c.t.cl.count() + c.t.burst.count());
  CHECK(latency <= c.t.rcd.count() + c.t.cl.count() + c.t.burst.count() + 2);
  CHECK(host.done().front() == served + c.of(latency));
  // The units go on when the host's row is closed and the mode is switched back.
  const std::int64_t read = latency - c.t.cl.count() - c.t.burst.count();
  const Femtoseconds host_closed =
      served + c.of(std::max({c.t.ras.count() + c.t.rp.count(),
                              read + c.t.rtp.count() + c.t.rp.count(), latency}));
  CHECK(next == host_closed + mode_switch + end);
}

TEST_CASE("requests that wait together share the switches and the controller's reordering") {
  const DramPartSpec spec = part();
  const Clocks c(spec);
  PimChannel channel(rows_of(spec), false, c.of(100), false);
  PimDramHost host(spec);
  channel.set_host(&host);
  Femtoseconds end = channel.read_row(8, 0, 0);
  for (std::uint64_t i = 0; i < 16; ++i) {
    host.ask(c.of(10), 64 * i, i % 4 == 3);
  }
  end = channel.read_row(8, 0, end);
  CHECK(host.done().size() == 16);
  CHECK(channel.mode_switches() == 2);
  // Banks in parallel: far less than sixteen single accesses.
  CHECK(end < channel.read_row(8, 0, end));
  CHECK(host.done().back() - host.done().front() < 8 * c.of(c.t.ras.count() + c.t.rp.count()));
}
