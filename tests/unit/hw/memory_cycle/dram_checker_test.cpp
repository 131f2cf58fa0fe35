// The checker finds planted mistakes, and none in what the controller does.

#include "hw/memory/cycle/dram_checker.h"

#include <catch2/catch.hpp>

#include "core/text/enum_names.h"
#include "hw/memory/cycle/dram_traffic.h"
#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;

/// Reports on a log, each command as {tick, command, bank, row}.
std::vector<std::string> reports_on(const DramPartSpec& part,
                                    const std::vector<DramLogEntry>& log) {
  DramChecker checker{part};
  for (const DramLogEntry& entry : log) {
    checker.command(entry);
  }
  return checker.reports();
}

TEST_CASE("each rule of DDR4-2400 is missed when broken by one tick, and only then") {
  const DramPartSpec part = part_of("ddr4_8gb_x8_2400r");
  struct Planted {
    const char* rule;
    std::vector<DramLogEntry> log;  ///< legal; one tick earlier its last command is not
  };
  // Banks 0 to 3 are one group, 4 to 7 the next.
  const std::vector<Planted> cases = {
      {"tRCD", {{0, C::activate, 0, 7}, {16, C::read, 0, 7}}},
      {"tRAS", {{0, C::activate, 0, 7}, {39, C::precharge, 0, 0}}},
      {"tRC", {{0, C::activate, 0, 7}, {39, C::precharge, 0, 0}, {55, C::activate, 0, 8}}},
      {"tRP", {{0, C::activate, 0, 7}, {45, C::precharge, 0, 0}, {61, C::activate, 0, 8}}},
      {"tRRD_L", {{0, C::activate, 0, 7}, {6, C::activate, 1, 7}}},
      {"tRRD_S", {{0, C::activate, 0, 7}, {4, C::activate, 4, 7}}},
      {"tFAW",
       {{0, C::activate, 0, 7},
        {4, C::activate, 4, 7},
        {8, C::activate, 8, 7},
        {12, C::activate, 12, 7},
        {26, C::activate, 1, 7}}},
      {"tCCD_L",
       {{0, C::activate, 0, 7}, {6, C::activate, 1, 7}, {22, C::read, 0, 7}, {28, C::read, 1, 7}}},
      {"tCCD_S",
       {{0, C::activate, 0, 7}, {4, C::activate, 4, 7}, {20, C::read, 0, 7}, {24, C::read, 4, 7}}},
      {"tRTW", {{0, C::activate, 0, 7}, {16, C::read, 0, 7}, {26, C::write, 0, 7}}},
      {"tWTR_L", {{0, C::activate, 0, 7}, {16, C::write, 0, 7}, {41, C::read, 0, 7}}},
      {"tWTR_S",
       {{0, C::activate, 0, 7}, {4, C::activate, 4, 7}, {20, C::write, 0, 7}, {39, C::read, 4, 7}}},
      {"tRTP", {{0, C::activate, 0, 7}, {35, C::read, 0, 7}, {44, C::precharge, 0, 0}}},
      {"tWR", {{0, C::activate, 0, 7}, {16, C::write, 0, 7}, {50, C::precharge, 0, 0}}},
      {"tRFC", {{0, C::refresh_all, 0, 0}, {433, C::activate, 5, 7}}},
      {"tRP", {{0, C::activate, 0, 7}, {50, C::precharge_all, 0, 0}, {66, C::refresh_all, 0, 0}}},
      {"tRTP + tRP", {{0, C::activate, 0, 7}, {40, C::read_close, 0, 7}, {65, C::activate, 0, 8}}},
  };
  for (const Planted& c : cases) {
    CAPTURE(c.rule);
    CHECK(reports_on(part, c.log).empty());
    std::vector<DramLogEntry> early = c.log;
    --early.back().cycle;
    const std::vector<std::string> found = reports_on(part, early);
    REQUIRE(!found.empty());
    CHECK(std::any_of(found.begin(), found.end(), [&](const std::string& report) {
      return report.find(std::string{"1 ticks before "} + c.rule) != std::string::npos;
    }));
  }
}

TEST_CASE("rows, pins and buses are watched as well") {
  const DramPartSpec part = part_of("ddr4_8gb_x8_2400r");
  CHECK(reports_on(part, {{0, C::activate, 0, 7}, {16, C::read, 0, 8}}).at(0) ==
        "tick 16: read of bank 0 wants a row that is not open");
  CHECK(reports_on(part, {{0, C::activate, 0, 7}, {60, C::activate, 0, 8}}).at(0) ==
        "tick 60: activate of bank 0 finds a row open");
  CHECK_FALSE(reports_on(part, {{0, C::activate, 0, 7}, {0, C::precharge_all, 0, 0}}).empty());
  CHECK(reports_on(part, {{0, C::activate, 3, 7}, {60, C::refresh_all, 0, 0}}).at(0) ==
        "tick 60: refresh_all of bank 0 finds bank 3 open");
  // LPDDR5: a column command needs its clock; the second half of an activate has a deadline.
  const DramPartSpec lp = part_of("lpddr5_8gb_x16_6400");
  CHECK(reports_on(lp, {{0, C::activate, 0, 7}, {1, C::activate_second, 0, 7}, {15, C::read, 0, 7}})
            .at(0) == "tick 15: read of bank 0 comes without a running data clock");
  CHECK(reports_on(lp, {{0, C::activate, 0, 7}, {9, C::activate_second, 0, 7}}).at(0) ==
        "tick 9: activate_second of bank 0 comes later than tAAD after the first half");
  // HBM3: an activate starts on a rising edge.
  CHECK(reports_on(part_of("hbm3_8gb_8hi_6400"), {{2, C::activate, 0, 7}}).at(0) ==
        "tick 2: activate of bank 0 starts on a falling edge");
}

TEST_CASE("no rule is broken in random traffic, under any policy, on any part") {
  std::uint64_t commands = 0;
  for (const std::string& stem : all_parts()) {
    DramPartSpec part = part_of(stem);
    if (part.organisation.pseudo_channels == 1 && stem.starts_with("ddr")) {
      part.organisation.ranks =
          2;  // the files have one rank: two on the same pins break more rules
    }
    for (const PagePolicy page : {PagePolicy::open, PagePolicy::closed, PagePolicy::timeout}) {
      for (const RefreshMode refresh :
           {RefreshMode::off, RefreshMode::all_bank, RefreshMode::per_bank}) {
        for (const DramPattern pattern :
             {DramPattern::random, DramPattern::runs, DramPattern::stream}) {
          DramControllerOptions options = default_options(part);
          options.page = page;
          options.refresh = refresh;
          if (!options.problems(part).empty()) {
            continue;
          }
          CAPTURE(stem, to_text(page), to_text(refresh), to_text(pattern));
          DramController controller{part, options};
          DramChecker checker{part};
          controller.set_log(&checker);
          DramTrafficSpec traffic;
          traffic.pattern = pattern;
          traffic.requests = 700;
          traffic.write_fraction = 0.4;
          traffic.outstanding = pattern == DramPattern::runs ? 5 : 64;
          traffic.run_bytes = 256;
          traffic.streams = 3;
          traffic.probe = pattern == DramPattern::stream;
          DramTraffic load{traffic, controller};
          static_cast<void>(run_to_end(controller, load));
          CHECK(checker.violations() == 0);
          CHECK(checker.reports().empty());
          commands += checker.commands();
        }
      }
    }
  }
  CHECK(commands > 300'000);
}

}  // namespace
}  // namespace cairn::hw::cycle
