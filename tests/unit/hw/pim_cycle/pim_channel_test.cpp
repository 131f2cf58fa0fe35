#include "hw/pim/cycle/pim_channel.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Bits;
using cairn::Rng;
using cairn::Seconds;
using namespace cairn::hw;         // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

namespace {

constexpr Femtoseconds kNanosecond = 1'000'000;

/// Four banks, 4 columns of 256 bits a row, times in round nanoseconds.
RowTimingSpec small() {
  RowTimingSpec spec;
  spec.streams = 1;
  spec.banks = 4;
  spec.access = Bits{256};
  spec.row = Bits{1024};
  spec.column_interval = Seconds{2e-9};
  spec.activate_to_read = Seconds{10e-9};
  spec.read_to_precharge = Seconds{4e-9};
  spec.precharge = Seconds{10e-9};
  return spec;
}

/// Times of one command, in ns.
std::vector<double> times_of(const std::vector<PimCommandAt>& log, PimCommand command) {
  std::vector<double> times;
  for (const PimCommandAt& entry : log) {
    if (entry.command == command) {
      times.push_back(static_cast<double>(entry.at) / kNanosecond);
    }
  }
  return times;
}

using Times = std::vector<double>;

}  // namespace

TEST_CASE("a row of all banks is an activate, its columns, and a precharge before the next") {
  PimChannel channel(small(), false, 0, false);
  std::vector<PimCommandAt> log;
  channel.record(&log);
  // Activate at 0, columns at 10, 12, 14, 16; the last takes until 18.
  CHECK(channel.read_row(4, 0, 0) == 18 * kNanosecond);
  // Precharge 4 ns after the last column, activate 10 ns later: 10 + 4 x 2 ns again.
  CHECK(channel.read_row(4, 0, 18 * kNanosecond) == 48 * kNanosecond);
  CHECK(times_of(log, PimCommand::activate) == Times{0, 30});
  CHECK(times_of(log, PimCommand::read_column) == Times{10, 12, 14, 16, 40, 42, 44, 46});
  CHECK(times_of(log, PimCommand::precharge) == Times{20});
}

TEST_CASE("a row that is read again stays open until a refresh closes it") {
  RowTimingSpec spec = small();
  spec.refresh = Seconds{30e-9};
  spec.refresh_interval = Seconds{60e-9};  // due at 30, 90, ...
  PimChannel channel(spec, false, 0, false);
  CHECK(channel.read_row(4, 0, 0) == 18 * kNanosecond);
  CHECK(channel.read_row(4, 0, 18 * kNanosecond, true) == 26 * kNanosecond);
  CHECK(channel.read_row(4, 0, 26 * kNanosecond, true) == 34 * kNanosecond);
  CHECK(channel.activates() == 4);
  // Last column at 32: precharge 36, refresh 46 to 76, then 10 + 8 ns.
  CHECK(channel.read_row(4, 0, 34 * kNanosecond, true) == 94 * kNanosecond);
  CHECK(channel.activates() == 8);
}

TEST_CASE(
    "banks that are activated one by one delay the first column, and all stay open for tRAS") {
  RowTimingSpec spec = small();
  spec.activate_interval = Seconds{5e-9};
  spec.row_active = Seconds{40e-9};
  PimChannel channel(spec, false, 0, false);
  std::vector<PimCommandAt> log;
  channel.record(&log);
  CHECK(channel.read_row(4, 0, 0) == (15 + 10 + 8) * kNanosecond);
  channel.read_row(4, 0, 33 * kNanosecond);
  // The last bank opened at 15 and may close at 55, not at 31 + 4.
  CHECK(times_of(log, PimCommand::activate) == Times{0, 5, 10, 15, 65, 70, 75, 80});
  CHECK(times_of(log, PimCommand::precharge) == Times{55});
}

TEST_CASE("with a command for each bank the bus spaces the columns") {
  RowTimingSpec spec = small();
  spec.command_interval = Seconds{1e-9};
  PimChannel channel(spec, true, 0, false);
  std::vector<PimCommandAt> log;
  channel.record(&log);
  // Four columns x four banks, 1 ns each, from 10 ns.
  CHECK(channel.read_row(4, 0, 0) == 26 * kNanosecond);
  const Times columns = times_of(log, PimCommand::read_column);
  REQUIRE(columns.size() == 16);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    CHECK(columns[i] == 10 + static_cast<double>(i));
  }
  // A bus twice as fast leaves tCCD the limit.
  spec.command_interval = Seconds{0.25e-9};
  PimChannel faster(spec, true, 0, false);
  CHECK(faster.read_row(4, 0, 0) == 18 * kNanosecond);
}

TEST_CASE("units that compute longer than tCCD stretch the columns") {
  PimChannel channel(small(), false, 0, false);
  CHECK(channel.read_row(4, 5 * kNanosecond, 0) == 30 * kNanosecond);
  CHECK(channel.read_row(4, 1 * kNanosecond, 0) == (25 + 4 + 10 + 10 + 8) * kNanosecond);
}

TEST_CASE("a refresh waits for the end of a row and holds the channel for tRFC") {
  RowTimingSpec spec = small();
  spec.refresh = Seconds{100e-9};
  spec.refresh_interval = Seconds{1000e-9};  // the first is due at 500 ns
  PimChannel channel(spec, false, 0, false);
  std::vector<PimCommandAt> log;
  channel.record(&log);
  Femtoseconds end = 0;
  for (int row = 0; row < 19; ++row) {
    end = channel.read_row(4, 0, end);
  }
  // Row 16 ends at 498, row 17 (activated at 510) at 528: then the refresh is due. Precharge at
  // 530, refresh at 540, and row 18 begins there instead of at 540: 640.
  CHECK(times_of(log, PimCommand::refresh) == Times{540});
  CHECK(times_of(log, PimCommand::activate).back() == 640);
  CHECK(end == 658 * kNanosecond);
}

TEST_CASE("a refresh in idle time costs nothing, one that is not over delays the row") {
  RowTimingSpec spec = small();
  spec.refresh = Seconds{100e-9};
  spec.refresh_interval = Seconds{1000e-9};
  PimChannel early(spec, false, 0, false);
  CHECK(early.read_row(4, 0, 700 * kNanosecond) == 718 * kNanosecond);
  CHECK(early.refreshes() == 1);
  PimChannel during(spec, false, 0, false);
  CHECK(during.read_row(4, 0, 570 * kNanosecond) == 618 * kNanosecond);  // 500 + 100 + 18
}

TEST_CASE("the other set of banks opens its row while one is read") {
  RowTimingSpec spec = small();
  spec.hidden_activation = true;
  spec.row = Bits{4096};  // 16 columns, 32 ns
  PimChannel channel(spec, false, 0, false);
  CHECK(channel.read_row(16, 0, 0) == 42 * kNanosecond);
  CHECK(channel.read_row(16, 0, 42 * kNanosecond) == 74 * kNanosecond);
  CHECK(channel.read_row(16, 0, 74 * kNanosecond) == 106 * kNanosecond);
}

TEST_CASE("a request of the host costs two mode switches and its own row") {
  PimChannel channel(small(), false, 50 * kNanosecond, false);
  std::vector<PimCommandAt> log;
  channel.record(&log);
  Femtoseconds end = channel.read_row(4, 0, 0);
  channel.ask({.arrival = 15 * kNanosecond, .columns = 2});
  end = channel.read_row(4, 0, end);
  // The row ends at 18. Precharge 20, banks closed at 30: switch until 80; activate, columns at 90
  // and 92, whose data is there at 94; precharge at 96, closed at 106: switch until 156.
  CHECK(times_of(log, PimCommand::enter_host) == Times{30});
  CHECK(times_of(log, PimCommand::host_activate) == Times{80});
  CHECK(times_of(log, PimCommand::host_column) == Times{90, 92});
  CHECK(channel.answered() == std::vector<Femtoseconds>{94 * kNanosecond});
  CHECK(times_of(log, PimCommand::leave_host) == Times{106});
  // Without it the units would have gone on at 30: 2 x 50 + 10 + 2 + 4 + 10 = 126 ns later.
  CHECK(times_of(log, PimCommand::activate) == Times{0, 156});
  CHECK(end == (48 + 126) * kNanosecond);
  CHECK(channel.mode_switches() == 2);
}

TEST_CASE("requests that wait together share the switches") {
  PimChannel channel(small(), false, 50 * kNanosecond, false);
  Femtoseconds end = channel.read_row(4, 0, 0);
  channel.ask({.arrival = 5 * kNanosecond, .columns = 1});
  channel.ask({.arrival = 15 * kNanosecond, .columns = 1});
  end = channel.read_row(4, 0, end);
  // Each takes 10 + 4 + 10 ns, the second one after the other: columns at 90 and 114.
  CHECK(channel.answered() == std::vector<Femtoseconds>{92 * kNanosecond, 116 * kNanosecond});
  CHECK(end == (48 + 100 + 48) * kNanosecond);
  // One that comes later than the end of the row waits for the end of the next.
  channel.ask({.arrival = end + kNanosecond, .columns = 1});
  const Femtoseconds next = channel.read_row(4, 0, end);
  CHECK(next == end + 30 * kNanosecond);
  channel.read_row(4, 0, next);
  CHECK(channel.answered().back() == next + (2 + 10 + 50 + 10 + 2) * kNanosecond);
}

TEST_CASE("banks beside those of the units serve the host at once") {
  PimChannel channel(small(), false, 50 * kNanosecond, true);
  const Femtoseconds end = channel.read_row(4, 0, 0);
  channel.ask({.arrival = 15 * kNanosecond, .columns = 2});
  CHECK(channel.read_row(4, 0, end) == 48 * kNanosecond);
  CHECK(channel.answered() == std::vector<Femtoseconds>{29 * kNanosecond});  // 15 + 10 + 2 x 2
  CHECK(channel.mode_switches() == 0);
  // A full command bus gives the units' places to an activate, two columns and a precharge.
  RowTimingSpec spec = small();
  spec.command_interval = Seconds{1e-9};
  spec.hidden_activation = true;
  spec.row = Bits{4096};
  PimChannel busy(spec, true, 50 * kNanosecond, true);
  const Femtoseconds first = busy.read_row(16, 0, 0);
  busy.ask({.arrival = 15 * kNanosecond, .columns = 2});
  CHECK(busy.read_row(16, 0, first) == first + (64 + 4) * kNanosecond);
}

namespace {

/// Every constraint between commands, from the log alone.
void check_constraints(const RowTimingSpec& spec, bool per_bank, Femtoseconds mode_switch,
                       std::vector<PimCommandAt> log) {
  const auto fs = [](Seconds s) { return to_femtoseconds(s.count()); };
  std::stable_sort(log.begin(), log.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  struct Bank {
    bool open{};
    Femtoseconds activated{-1'000'000'000};
    Femtoseconds column{-1'000'000'000};
    Femtoseconds closed{-1'000'000'000};
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Bank> banks;
  const std::int64_t sets = spec.hidden_activation ? 2 : 1;
  for (std::int64_t s = 0; s < sets; ++s) {
    for (std::int64_t b = 0; b < spec.banks; ++b) {
      banks[{s, b}] = {};
    }
  }
  std::vector<Femtoseconds> activated(static_cast<std::size_t>(sets), -1'000'000'000);
  Femtoseconds refreshed = -1'000'000'000;
  Femtoseconds bus = -1'000'000'000;
  Femtoseconds entered = -1'000'000'000;
  Femtoseconds left = -1'000'000'000;
  bool host = false;
  Bank host_row;
  const auto each = [&](const PimCommandAt& c, const auto& what) {
    for (std::int64_t b = c.bank < 0 ? 0 : c.bank; b < (c.bank < 0 ? spec.banks : c.bank + 1);
         ++b) {
      what(banks.at({c.set, b}));
    }
  };
  std::int64_t violations = 0;
  const auto must = [&](bool holds) { violations += holds ? 0 : 1; };
  for (const PimCommandAt& c : log) {
    switch (c.command) {
      case PimCommand::activate:
        must(!host && c.at >= left + mode_switch);
        must(c.at >= refreshed + fs(spec.refresh));
        if (c.bank > 0) {
          must(c.at >= activated[static_cast<std::size_t>(c.set)] + fs(spec.activate_interval));
        }
        activated[static_cast<std::size_t>(c.set)] = c.at;
        each(c, [&](Bank& bank) {
          must(!bank.open && c.at >= bank.closed + fs(spec.precharge));
          bank.open = true;
          bank.activated = c.at;
        });
        break;
      case PimCommand::read_column:
        must(!host);
        if (per_bank) {
          must(c.at >= bus + fs(spec.command_interval));
          bus = c.at;
        }
        each(c, [&](Bank& bank) {
          must(bank.open && c.at >= bank.activated + fs(spec.activate_to_read));
          must(c.at >= bank.column + fs(spec.column_interval));
          bank.column = c.at;
        });
        break;
      case PimCommand::precharge:
        each(c, [&](Bank& bank) {
          must(c.at >= bank.column + fs(spec.read_to_precharge));
          must(c.at >= bank.activated + fs(spec.row_active));
          bank.open = false;
          bank.closed = c.at;
        });
        break;
      case PimCommand::refresh:
        must(!host && c.at >= refreshed + fs(spec.refresh));
        for (const auto& [key, bank] : banks) {
          must(!bank.open && c.at >= bank.closed + fs(spec.precharge));
        }
        refreshed = c.at;
        break;
      case PimCommand::enter_host:
        for (const auto& [key, bank] : banks) {
          must(!bank.open && c.at >= bank.closed + fs(spec.precharge));
        }
        must(c.at >= refreshed + fs(spec.refresh));
        host = true;
        entered = c.at;
        host_row = {};
        break;
      case PimCommand::leave_host:
        must(host && !host_row.open && c.at >= host_row.closed + fs(spec.precharge));
        host = false;
        left = c.at;
        break;
      case PimCommand::host_activate:
        must(host && c.at >= entered + mode_switch && !host_row.open);
        must(c.at >= host_row.closed + fs(spec.precharge));
        host_row.open = true;
        host_row.activated = c.at;
        break;
      case PimCommand::host_column:
        must(host_row.open && c.at >= host_row.activated + fs(spec.activate_to_read));
        must(c.at >= host_row.column + fs(spec.column_interval));
        host_row.column = c.at;
        break;
      case PimCommand::host_precharge:
        must(c.at >= host_row.column + fs(spec.read_to_precharge));
        must(c.at >= host_row.activated + fs(spec.row_active));
        host_row.open = false;
        host_row.closed = c.at;
        break;
    }
  }
  CHECK(violations == 0);
}

RowTimingSpec random_timing(Rng& random) {
  const auto ns = [&](std::int64_t low, std::int64_t high) {
    return Seconds{1e-9 * static_cast<double>(random.uniform_int(low, high))};
  };
  RowTimingSpec spec;
  spec.streams = random.uniform_int(1, 4);
  spec.banks = random.uniform_int(1, 16);
  spec.access = Bits{256};
  spec.row = Bits{256 * random.uniform_int(1, 64)};
  spec.column_interval = ns(1, 4);
  spec.command_interval = ns(0, 2);
  spec.activate_to_read = ns(5, 20);
  spec.read_to_precharge = ns(1, 8);
  spec.precharge = ns(5, 20);
  spec.row_active = ns(0, 60);
  spec.activate_interval = ns(0, 5);
  spec.refresh = ns(50, 400);
  spec.refresh_interval = ns(1000, 8000);
  spec.hidden_activation = random.uniform_int(0, 1) == 1;
  return spec;
}

}  // namespace

TEST_CASE("random runs with refresh, idle times and requests of the host keep every constraint") {
  Rng random{1971};
  for (int run = 0; run < 200; ++run) {
    const RowTimingSpec spec = random_timing(random);
    const bool per_bank = random.uniform_int(0, 1) == 1;
    const Femtoseconds mode_switch = random.uniform_int(0, 100) * kNanosecond;
    PimChannel channel(spec, per_bank, mode_switch, false);
    std::vector<PimCommandAt> log;
    channel.record(&log);
    Femtoseconds now = 0;
    std::size_t asked = 0;
    for (int row = 0; row < 100; ++row) {
      if (random.uniform_int(0, 4) == 0) {
        channel.ask({.arrival = now + random.uniform_int(-20, 200) * kNanosecond,
                     .columns = random.uniform_int(1, 8)});
        ++asked;
      }
      now += random.uniform_int(0, 3) == 0 ? random.uniform_int(0, 3000) * kNanosecond : 0;
      const Femtoseconds end =
          channel.read_row(random.uniform_int(1, 64), random.uniform_int(0, 6) * kNanosecond, now);
      CHECK(end > now);
      now = end;
    }
    channel.serve_idle(now + 1'000'000 * kNanosecond);
    CHECK(channel.answered().size() == asked);
    check_constraints(spec, per_bank, mode_switch, log);
  }
}

TEST_CASE("the closed form of rows is what the commands take, to the femtosecond without refresh") {
  Rng random{26};
  for (int run = 0; run < 300; ++run) {
    RowTimingSpec spec = random_timing(random);
    spec.refresh_interval = Seconds{0};
    const bool per_bank = random.uniform_int(0, 1) == 1;
    const RowTiming closed(spec, per_bank);
    const std::int64_t columns = random.uniform_int(1, 500);
    const double bits = static_cast<double>(columns * spec.streams * spec.banks) * 256;
    const auto interval = random.uniform_int(0, 8) * kNanosecond;
    PimChannel channel(spec, per_bank, 0, false);
    Femtoseconds end = 0;
    const auto of_row = static_cast<std::int64_t>(closed.columns_of_row());
    // Sets of banks take turns whose rhythm short last rows disturb: one pass there.
    const std::int64_t passes = spec.hidden_activation ? 1 : random.uniform_int(1, 5);
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      for (std::int64_t left = columns; left > 0; left -= of_row) {
        end =
            channel.read_row(std::min(left, of_row), interval, end, pass > 0 && columns <= of_row);
      }
    }
    const double compute = static_cast<double>(columns * passes) * to_seconds(interval);
    CHECK(to_seconds(end) ==
          Approx(closed.seconds(bits, compute, static_cast<double>(passes))).epsilon(1e-9));
  }
}

TEST_CASE("with refresh the closed form is the mean of the commands") {
  Rng random{27};
  for (int run = 0; run < 50; ++run) {
    const RowTimingSpec spec = random_timing(random);
    const RowTiming closed(spec, false);
    PimChannel channel(spec, false, 0, false);
    constexpr std::int64_t kRows = 20000;  // hundreds of refreshes
    const auto of_row = static_cast<std::int64_t>(closed.columns_of_row());
    Femtoseconds end = 0;
    for (std::int64_t row = 0; row < kRows; ++row) {
      end = channel.read_row(of_row, 0, end);
    }
    const double bits = static_cast<double>(kRows * of_row * spec.streams * spec.banks) * 256;
    CHECK(to_seconds(end) == Approx(closed.seconds(bits)).epsilon(0.01));
  }
}
