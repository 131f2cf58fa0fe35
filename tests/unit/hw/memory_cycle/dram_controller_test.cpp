#include "hw/memory/cycle/dram_controller.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;

class Recorder final : public DramLog {
 public:
  void command(const DramLogEntry& entry) override { entries.push_back(entry); }
  std::vector<DramLogEntry> entries;
};

/// A channel with what is asked of it, run until nothing waits.
class Bench {
 public:
  explicit Bench(const std::string& stem, const DramControllerOptions& options = quiet())
      : part(part_of(stem)), controller(part, options) {
    controller.set_log(&log);
  }
  static DramControllerOptions quiet() {
    DramControllerOptions options;
    options.refresh = RefreshMode::off;
    return options;
  }
  /// Address of a place of DDR4 in the default order.
  static std::uint64_t ddr4(std::uint64_t group, std::uint64_t bank, std::uint64_t row,
                            std::uint64_t column) {
    return (((row * 128 + column) * 4 + bank) * 4 + group) * 64;
  }
  void ask(std::uint64_t address, bool write, std::int64_t arrival, std::uint64_t tag) {
    REQUIRE(controller.can_accept(write));
    controller.enqueue({address, write, 0, tag, arrival});
  }
  std::int64_t finish_of(std::uint64_t tag) {
    while (!controller.idle()) {
      REQUIRE(controller.next_event() != DramController::kNever);
      controller.advance(controller.next_event());
    }
    for (const DramCompletion& c : controller.completions()) {
      if (c.tag == tag) {
        return c.cycle;
      }
    }
    return -1;
  }
  DramPartSpec part;
  DramController controller;
  Recorder log;
};

TEST_CASE("a read of a closed bank takes tRCD + CL + burst from the tick after its arrival") {
  Bench b{"ddr4_8gb_x8_2400r"};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 100, 1);
  // Activate at 101, read at 117, data from 133 to 137.
  CHECK(b.finish_of(1) == 101 + 16 + 16 + 4);
  REQUIRE(b.log.entries.size() == 2);
  CHECK(b.log.entries[0].cycle == 101);
  CHECK(b.log.entries[1].cycle == 117);
  CHECK(b.controller.statistics().row_misses == 1);
}

TEST_CASE("another row of the same bank is closed first, no earlier than tRAS") {
  Bench b{"ddr4_8gb_x8_2400r"};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  b.ask(Bench::ddr4(0, 0, 6, 1), false, 0, 2);
  // Activate at 1; precharge at 1 + tRAS = 40; activate at 56 (tRP; tRC allows 56 too); read at 72.
  CHECK(b.finish_of(2) == 72 + 16 + 4);
  CHECK(b.controller.statistics().row_conflicts == 1);
}

TEST_CASE("a younger request that hits the open row goes before an older one that does not") {
  Bench b{"ddr4_8gb_x8_2400r"};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  b.ask(Bench::ddr4(0, 0, 6, 1), false, 1, 2);
  b.ask(Bench::ddr4(0, 0, 5, 2), false, 2, 3);
  const std::int64_t other_row = b.finish_of(2);
  CHECK(b.finish_of(3) < other_row);
  // The first read at 17, the hit tCCD_L later.
  CHECK(b.finish_of(3) == 17 + 6 + 20);
  CHECK(b.controller.statistics().row_hits == 1);
}

TEST_CASE("an older request that hits keeps its row open") {
  Bench b{"ddr4_8gb_x8_2400r"};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  static_cast<void>(b.finish_of(1));
  // Both come long after; the older hits, the younger wants another row of the bank.
  b.ask(Bench::ddr4(0, 0, 5, 2), false, 500, 2);
  b.ask(Bench::ddr4(0, 0, 6, 2), false, 501, 3);
  static_cast<void>(b.finish_of(3));
  const auto& log = b.log.entries;
  REQUIRE(log.size() == 6);
  CHECK(log[2].command == C::read);
  CHECK(log[3].command == C::precharge);
}

TEST_CASE("writes wait for their mark and are then served down to the lower one") {
  Bench b{"ddr4_8gb_x8_2400r"};
  // Marks: more than 0.8 x 32 = 25.6 writes start a drain, fewer than 6.4 end it. Reads keep
  // coming, all of one row.
  std::uint64_t tag = 0;
  for (std::uint64_t w = 0; w < 26; ++w) {
    b.ask(Bench::ddr4(1, 1, 9, w), true, 0, ++tag);
  }
  for (std::uint64_t r = 0; r < 32; ++r) {
    b.ask(Bench::ddr4(0, 0, 5, r), false, 0, ++tag);
  }
  static_cast<void>(b.finish_of(tag));
  std::vector<C> columns;
  for (const DramLogEntry& e : b.log.entries) {
    if (is_column(e.command)) {
      columns.push_back(e.command);
    }
  }
  REQUIRE(columns.size() == 58);
  // 26 writes wait: the drain starts at once; with 6 left (20 written) reads go.
  const auto first_read = std::find(columns.begin(), columns.end(), C::read);
  CHECK(first_read - columns.begin() == 20);
  // All reads, then the rest.
  const auto last_write = std::find(first_read, columns.end(), C::write);
  CHECK(last_write - first_read == 32);
}

TEST_CASE("a read of a place that is about to be written is answered from the queue") {
  Bench b{"ddr4_8gb_x8_2400r"};
  b.ask(Bench::ddr4(0, 0, 3, 0), false, 0, 1);
  b.ask(Bench::ddr4(1, 1, 9, 4), true, 0, 2);
  b.ask(Bench::ddr4(1, 1, 9, 4), false, 0, 3);
  b.ask(Bench::ddr4(1, 1, 9, 4), true, 0, 4);
  CHECK(b.finish_of(3) == 1);
  CHECK(b.controller.statistics().forwarded == 1);
  CHECK(b.controller.statistics().coalesced == 1);
}

TEST_CASE("a refresh closes rows, takes tRFC, and comes every tREFI") {
  DramControllerOptions options;
  Bench b{"ddr4_8gb_x8_2400r", options};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  b.controller.advance(3 * 9364);
  std::vector<std::int64_t> refreshes;
  for (const DramLogEntry& e : b.log.entries) {
    if (e.command == C::refresh_all) {
      refreshes.push_back(e.cycle);
    }
  }
  // Due at 9364: rows closed then, refreshed tRP later; afterwards nothing is open.
  REQUIRE(refreshes.size() == 3);
  CHECK(refreshes[0] == 9364 + 16);
  CHECK(refreshes[1] == 2 * 9364);
  CHECK(refreshes[2] == 3 * 9364);
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 3 * 9364, 2);
  CHECK(b.finish_of(2) == 3 * 9364 + 433 + 16 + 16 + 4);
}

TEST_CASE("refreshes of single banks go round") {
  DramControllerOptions options;
  options.refresh = RefreshMode::per_bank;
  Bench b{"lpddr5_8gb_x16_6400", options};
  b.controller.advance(391 * 17);
  REQUIRE(b.log.entries.size() == 17);
  for (std::size_t k = 0; k < 17; ++k) {
    CHECK(b.log.entries[k].command == C::refresh_bank);
    CHECK(b.log.entries[k].cycle == 391 * (static_cast<std::int64_t>(k) + 1));
    CHECK(b.log.entries[k].flat_bank == static_cast<std::int32_t>(k % 16));
  }
  const auto problems = options.problems(part_of("ddr4_8gb_x8_2400r"));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message == "ddr4_8gb_x8_2400r has no refresh of single banks");
}

TEST_CASE("closed pages close with their last access; timed ones after a while") {
  DramControllerOptions options = Bench::quiet();
  options.page = PagePolicy::closed;
  Bench closed{"ddr4_8gb_x8_2400r", options};
  closed.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  closed.ask(Bench::ddr4(0, 0, 5, 2), false, 0, 2);
  static_cast<void>(closed.finish_of(2));
  REQUIRE(closed.log.entries.size() == 3);
  CHECK(closed.log.entries[1].command == C::read);
  CHECK(closed.log.entries[2].command == C::read_close);

  options.page = PagePolicy::timeout;
  options.page_timeout = 150;
  Bench timed{"ddr4_8gb_x8_2400r", options};
  timed.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  timed.controller.advance(1000);
  REQUIRE(timed.log.entries.size() == 3);
  CHECK(timed.log.entries[2].command == C::precharge);
  CHECK(timed.log.entries[2].cycle == 17 + 150);
}

TEST_CASE("LPDDR5 opens in two halves and starts its data clock once for a burst of reads") {
  Bench b{"lpddr5_8gb_x16_6400"};
  b.ask(0, false, 0, 1);
  b.ask(16 * 32 * 1, false, 0, 2);  // the same row, next column: 16 banks below
  // Activate at 1, its second half at 2, clock started at 16, read at 17; the second hits within
  // the clock's run and goes tCCD_L = 4 later.
  CHECK(b.finish_of(1) == 17 + 17 + 2);
  CHECK(b.finish_of(2) == 21 + 17 + 2);
  std::vector<C> commands;
  for (const DramLogEntry& e : b.log.entries) {
    commands.push_back(e.command);
  }
  CHECK(commands ==
        std::vector<C>{C::activate, C::activate_second, C::sync_read, C::read, C::read});
}

TEST_CASE("the energy is the sum over the commands and the standby time") {
  DramControllerOptions options = Bench::quiet();
  options.energies = {1.0, 10.0, 100.0, 1000.0, 0, 2e9, 3e9};
  Bench b{"ddr4_8gb_x8_2400r", options};
  b.ask(Bench::ddr4(0, 0, 5, 1), false, 0, 1);
  b.ask(Bench::ddr4(0, 0, 5, 2), true, 0, 2);
  static_cast<void>(b.finish_of(2));
  b.controller.advance(1000);
  const DramEnergy e = b.controller.energy();
  CHECK(e.activate == Approx(1));
  CHECK(e.read == Approx(10));
  CHECK(e.write == Approx(100));
  CHECK(e.refresh == 0);
  // Closed until the activate at tick 1, open from then on: 2e9 W x 1 and 3e9 W x 999 ticks.
  CHECK(e.background == Approx(0.833e-9 * (2e9 * 1 + 3e9 * 999)));
  CHECK(e.total() == Approx(e.activate + e.read + e.write + e.refresh + e.background));
}

TEST_CASE("nothing happens in an idle channel without refreshes") {
  Bench b{"hbm3_8gb_8hi_6400"};
  CHECK(b.controller.next_event() == DramController::kNever);
  CHECK(b.controller.idle());
}

}  // namespace
}  // namespace cairn::hw::cycle
