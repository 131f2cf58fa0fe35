#include "hw/memory/cycle/dram_traffic.h"

#include <catch2/catch.hpp>

#include "hw/memory/dram_energy.h"
#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

struct Run {
  explicit Run(const std::string& stem, const DramTrafficSpec& traffic,
               RefreshMode refresh = RefreshMode::off)
      : part(part_of(stem)), controller(part, options(part, refresh)), load(traffic, controller) {
    static_cast<void>(run_to_end(controller, load));
  }
  static DramControllerOptions options(const DramPartSpec& part, RefreshMode refresh) {
    DramControllerOptions o = default_options(part);
    o.refresh = refresh;
    o.energies = energies_of(part).value_or(DramCommandEnergies{});
    return o;
  }
  [[nodiscard]] double share() const {
    const double bits =
        static_cast<double>(load.finished()) * static_cast<double>(controller.access_bytes()) * 8;
    return bits / (static_cast<double>(load.end()) * controller.tick_s()) /
           figures_of(part).peak_bandwidth;
  }
  DramPartSpec part;
  DramController controller;
  DramTraffic load;
};

DramTrafficSpec stream_of(std::int64_t requests) {
  DramTrafficSpec t;
  t.requests = requests;
  t.outstanding = 1024;
  return t;
}

TEST_CASE("streams keep the pins of every part busy, but for refreshes") {
  for (const std::string& stem : all_parts()) {
    CAPTURE(stem);
    const Run off{stem, stream_of(20'000)};
    CHECK(off.share() > 0.975);
    CHECK(off.share() < 1.01);  // a rounded clock period: 2400 Mb/s and 833 ps
    const Run on{stem, stream_of(60'000), RefreshMode::all_bank};
    const double loss = figures_of(off.part).refresh_loss;
    CHECK(on.share() == Approx(off.share() * (1 - loss)).margin(0.015));
  }
}

TEST_CASE("latencies are counted exactly") {
  LatencyCount count;
  for (const std::int64_t ticks : {10, 20, 30, 40, 100'000}) {
    count.add(ticks);
  }
  CHECK(count.mean() == Approx(20'020));
  CHECK(count.quantile(0.2) == 10);
  CHECK(count.quantile(0.5) == 30);
  CHECK(count.quantile(0.95) == 100'000);
  CHECK(LatencyCount{}.quantile(0.5) == 0);
}

TEST_CASE("one request at a time: each starts when the one before has ended") {
  DramTrafficSpec t;
  t.pattern = DramPattern::random;
  t.requests = 500;
  t.outstanding = 1;
  const Run run{"ddr4_8gb_x8_2400r", t};
  CHECK(static_cast<double>(run.load.end()) ==
        Approx(run.load.reads().mean() * static_cast<double>(t.requests)));
}

TEST_CASE("more requests in flight are never slower, and wait longer") {
  for (const double writes : {0.0, 0.33, 0.5}) {
    double share = 0;
    double latency = 0;
    for (const std::int64_t outstanding : {1, 4, 16, 64}) {
      CAPTURE(writes, outstanding);
      DramTrafficSpec t;
      t.pattern = DramPattern::random;
      t.requests = 5'000;
      t.outstanding = outstanding;
      t.write_fraction = writes;
      const Run run{"ddr5_16gb_x8_4800an", t};
      CHECK(run.share() > share * 0.99);
      CHECK(run.load.reads().mean() > latency * 0.95);
      share = run.share();
      latency = run.load.reads().mean();
    }
  }
}

TEST_CASE("the mix is what was asked for, and all requests are done") {
  DramTrafficSpec t;
  t.pattern = DramPattern::random;
  t.requests = 20'000;
  t.write_fraction = 0.33;
  const Run run{"gddr6_8gb_x16_14000", t};
  const DramStatistics s = run.controller.statistics();
  CHECK(run.load.finished() == 20'000);
  CHECK(static_cast<double>(s.writes) / static_cast<double>(s.reads + s.writes) ==
        Approx(0.33).margin(0.01));
  CHECK(s.row_hits + s.row_misses + s.row_conflicts + s.forwarded + s.coalesced ==
        Approx(static_cast<double>(s.reads + s.writes)));
}

TEST_CASE("traces are played in order, once") {
  DramTrafficSpec t;
  t.pattern = DramPattern::trace;
  t.requests = 1'000;
  for (std::uint64_t i = 0; i < 100; ++i) {
    t.trace.push_back({i * 4096, i % 4 == 0});
  }
  const Run run{"ddr4_8gb_x8_2400r", t};
  CHECK(run.load.finished() == 100);
  CHECK(run.controller.statistics().writes == 25);
}

TEST_CASE("the energy of a stream is that of the closed form within 5 %") {
  // What one bit costs, and the standby and refreshes of the time: hw/memory/dram_energy.h.
  const Run run{"ddr4_8gb_x8_3200aa", stream_of(100'000), RefreshMode::all_bank};
  const DramCommandEnergies commands = *energies_of(run.part);
  const DramStreamEnergy stream = stream_energy(run.part, commands);
  const double bits = 100'000.0 * 64 * 8;
  const double seconds = static_cast<double>(run.load.end()) * run.controller.tick_s();
  const DramEnergy e = run.controller.energy();
  CHECK(e.total() == Approx(bits * stream.read + seconds * stream.background).epsilon(0.05));
  CHECK(e.activate + e.read == Approx(bits * stream.read).epsilon(0.05));
}

}  // namespace
}  // namespace cairn::hw::cycle
