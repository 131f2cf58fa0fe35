// Each rule at its time and one tick before, on the state that the controller asks.

#include "hw/memory/cycle/dram_timing.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;

/// A channel to which one command has been sent at tick 1000.
class After {
 public:
  After(const DramProtocol& protocol, C before, DramPlace place)
      : protocol_(protocol), timing_(protocol) {
    timing_.issue(before, protocol_.flat_bank(place), kThen);
  }
  /// Ticks after which another may go: illegal one before, legal then.
  [[nodiscard]] std::int64_t until(C after, DramPlace place) const {
    const std::int32_t bank = protocol_.flat_bank(place);
    const bool all = after == C::precharge_all || after == C::refresh_all;
    return (all ? timing_.earliest_all(after, bank) : timing_.earliest(after, bank)) - kThen;
  }

 private:
  static constexpr std::int64_t kThen = 1000;
  const DramProtocol& protocol_;
  DramTiming timing_;
};

constexpr DramPlace kBank{0, 0, 0, 0};
constexpr DramPlace kSameGroup{0, 0, 0, 1};
constexpr DramPlace kOtherGroup{0, 0, 1, 0};

TEST_CASE("every rule of DDR4-2400, by hand") {
  // From the file: cl 16, cwl 12, rcd 16, rp 16, ras 39, rc 55, ccd 4/6, rrd 4/6, faw 26, wtr 3/9,
  // rtp 9, wr 18, burst 4, rfc 433.
  const DramProtocol p = protocol_of(part_of("ddr4_8gb_x8_2400r"));
  const After act{p, C::activate, kBank};
  CHECK(act.until(C::read, kBank) == 16);
  CHECK(act.until(C::write, kBank) == 16);
  CHECK(act.until(C::precharge, kBank) == 39);
  CHECK(act.until(C::precharge_all, kBank) == 39);
  CHECK(act.until(C::activate, kBank) == 55);
  CHECK(act.until(C::refresh_all, kBank) == 55);
  CHECK(act.until(C::activate, kSameGroup) == 6);
  CHECK(act.until(C::activate, kOtherGroup) == 4);
  CHECK(act.until(C::read, kSameGroup) < 0);  // free since long
  const After read{p, C::read, kBank};
  CHECK(read.until(C::read, kSameGroup) == 6);
  CHECK(read.until(C::read, kOtherGroup) == 4);
  CHECK(read.until(C::precharge, kBank) == 9);
  CHECK(read.until(C::precharge_all, kBank) == 9);
  CHECK(read.until(C::write, kBank) == 16 + 4 + 2 - 12);
  CHECK(read.until(C::write, kOtherGroup) == 10);
  const After write{p, C::write, kBank};
  CHECK(write.until(C::write, kSameGroup) == 6);
  CHECK(write.until(C::write, kOtherGroup) == 4);
  CHECK(write.until(C::read, kSameGroup) == 12 + 4 + 9);
  CHECK(write.until(C::read, kOtherGroup) == 12 + 4 + 3);
  CHECK(write.until(C::precharge, kBank) == 12 + 4 + 18);
  const After precharge{p, C::precharge, kBank};
  CHECK(precharge.until(C::activate, kBank) == 16);
  CHECK(precharge.until(C::refresh_all, kBank) == 16);
  CHECK(precharge.until(C::activate, kSameGroup) < 0);
  const After all{p, C::precharge_all, kBank};
  CHECK(all.until(C::activate, kOtherGroup) == 16);
  const After read_close{p, C::read_close, kBank};
  CHECK(read_close.until(C::activate, kBank) == 9 + 16);
  CHECK(read_close.until(C::refresh_all, kBank) == 9 + 16);
  const After write_close{p, C::write_close, kBank};
  CHECK(write_close.until(C::activate, kBank) == 12 + 4 + 18 + 16);
  const After refresh{p, C::refresh_all, kBank};
  CHECK(refresh.until(C::activate, kBank) == 433);
  CHECK(refresh.until(C::activate, kOtherGroup) == 433);
}

TEST_CASE("the window of four activates, at its end and one tick before") {
  for (const std::string& stem : all_parts()) {
    CAPTURE(stem);
    const DramPartSpec part = part_of(stem);
    const DramProtocol p = protocol_of(part);
    DramTiming timing{p};
    // Four activates to other banks as early as they may, the fifth to yet another.
    std::int64_t first = 0;
    std::int64_t at = 0;
    for (std::int32_t k = 0; k < 4; ++k) {
      const std::int32_t bank = p.flat_bank({0, 0, k % p.counts[3], k / p.counts[3]});
      at = timing.earliest(C::activate, bank);
      first = k == 0 ? at : first;
      timing.issue(C::activate, bank, at);
    }
    const std::int32_t fifth = p.flat_bank({0, 0, 0, p.counts[4] - 1});
    const std::int64_t by_pairs =
        std::max(at + part.timing.rrd_s.count() * p.ticks_per_clock, at + p.command_ticks[0]);
    const std::int64_t window = first + part.timing.faw.count() * p.ticks_per_clock;
    const std::int64_t earliest = timing.earliest(C::activate, fifth);
    CHECK(earliest >= window);
    CHECK(earliest >= by_pairs);
    // No later than the window or the group's own spacing asks.
    CHECK(earliest <= std::max(window, at + part.timing.rrd_l.count() * p.ticks_per_clock));
  }
}

TEST_CASE("commands of several cycles count from their ends: DDR5") {
  // 4800AN: rcd 34, rp 34, ras 77, rtp 18, ccd_l 12, ccd_l_write 48, cl 34, cwl 32, burst 8, wr 72,
  // ppd 2. Activates and columns take two cycles, the others one.
  const DramProtocol p = protocol_of(part_of("ddr5_16gb_x8_4800an"));
  const After act{p, C::activate, kBank};
  CHECK(act.until(C::read, kBank) == 34);            // two after two
  CHECK(act.until(C::precharge, kBank) == 77 + 1);   // one after two
  CHECK(act.until(C::precharge, kOtherGroup) == 2);  // the command bus
  const After precharge{p, C::precharge, kBank};
  CHECK(precharge.until(C::activate, kBank) == 34 - 1);  // two after one
  CHECK(precharge.until(C::precharge, kSameGroup) == 2);
  const After read{p, C::read, kBank};
  CHECK(read.until(C::precharge, kBank) == 18 + 1);
  CHECK(read.until(C::write, kOtherGroup) == 34 + 8 + 4 - 32);
  const After write{p, C::write, kBank};
  CHECK(write.until(C::write, kSameGroup) == 48);
  CHECK(write.until(C::write, kOtherGroup) == 8);
  CHECK(write.until(C::precharge, kBank) == 32 + 8 + 72 + 1);
}

TEST_CASE("pseudo-channels of HBM2 share the command buses, not the data pins") {
  const DramProtocol p = protocol_of(part_of("hbm2_2gb_2000"));
  constexpr DramPlace kOtherPseudo{1, 0, 0, 0};
  const After read{p, C::read, kBank};
  CHECK(read.until(C::read, kOtherPseudo) < 0);  // one column command a tick is the bus's own limit
  CHECK(read.until(C::read, kOtherGroup) == 2);
  CHECK(read.until(C::read, kSameGroup) == 4);
  const After act{p, C::activate, kBank};
  CHECK(act.until(C::activate, kOtherPseudo) == 2);  // two cycles on the row bus
  CHECK(act.until(C::read, kBank) == 14 + 1);        // one cycle after two
  CHECK(act.until(C::write, kBank) == 12 + 1);
  CHECK(act.until(C::refresh_bank, kBank) == 48 + 1);
  const After refresh{p, C::refresh_bank, kBank};
  CHECK(refresh.until(C::activate, kBank) == 160 - 1);
  CHECK(refresh.until(C::activate, kOtherGroup) == 8 - 1);
}

TEST_CASE("HBM3 counts half clocks: activates take three, precharges one") {
  // rcd 31, rcd_write 15, rp 26, ras 45, rtp 9, ccd 2/4/3, ppd 2, rtw 20.
  const DramProtocol p = protocol_of(part_of("hbm3_8gb_8hi_6400"));
  constexpr DramPlace kOtherStack{0, 1, 0, 0};
  const After act{p, C::activate, kBank};
  CHECK(act.until(C::read, kBank) == 2 * 31 + 2 - 1);
  CHECK(act.until(C::write, kBank) == 2 * 15 + 2 - 1);
  CHECK(act.until(C::precharge, kBank) == 2 * 45 + 2);
  const After precharge{p, C::precharge, kBank};
  CHECK(precharge.until(C::activate, kBank) == 2 * 26 - 2);
  CHECK(precharge.until(C::precharge, kSameGroup) == 2 * 2);
  const After read{p, C::read, kBank};
  CHECK(read.until(C::read, kOtherGroup) == 2 * 2);
  CHECK(read.until(C::read, kSameGroup) == 2 * 4);
  CHECK(read.until(C::read, kOtherStack) == 2 * 3);
  CHECK(read.until(C::write, kOtherStack) == 2 * 20);
  CHECK(read.until(C::precharge, kBank) == 2 * 9 + 1);
}

TEST_CASE("LPDDR5 and GDDR6 have rules of their own") {
  const DramProtocol lp = protocol_of(part_of("lpddr5_8gb_x16_6400"));
  const After write{lp, C::write, kBank};
  // cwl 9, burst 2 (4 in its bank group), wtr 5/10.
  CHECK(write.until(C::read, kOtherGroup) == 9 + 2 + 5);
  CHECK(write.until(C::read, kSameGroup) == 9 + 4 + 10);
  const After all{lp, C::precharge_all, kBank};
  CHECK(all.until(C::activate, kOtherGroup) == 17);  // rp_all
  const After bank_refresh{lp, C::refresh_bank, kBank};
  CHECK(bank_refresh.until(C::activate, kBank) == 96);
  CHECK(bank_refresh.until(C::activate, kOtherGroup) == 6);
  CHECK(bank_refresh.until(C::refresh_bank, kOtherGroup) == 72);
  const DramProtocol gd = protocol_of(part_of("gddr6_8gb_x16_14000"));
  const After act{gd, C::activate, kBank};
  CHECK(act.until(C::read, kBank) == 27);
  CHECK(act.until(C::write, kBank) == 16);
  CHECK(act.until(C::refresh_bank, kSameGroup) == 8);
  const After read{gd, C::read, kBank};
  CHECK(read.until(C::write, kOtherGroup) == 24 + 1);
}

TEST_CASE("ranks leave the bus idle between their data") {
  DramPartSpec part = part_of("ddr4_8gb_x8_2400r");
  part.organisation.ranks = 2;
  REQUIRE(part.problems().empty());
  const DramProtocol p = protocol_of(part);
  constexpr DramPlace kOtherRank{0, 1, 0, 0};
  const After read{p, C::read, kBank};
  CHECK(read.until(C::read, kOtherRank) == 4 + 2);
  // Its data end at 16 + 4; those of the write begin 12 after it, and not before 22.
  CHECK(read.until(C::write, kOtherRank) == 16 + 4 + 2 - 12);
  const After write{p, C::write, kBank};
  CHECK(write.until(C::read, kOtherRank) == 12 + 4 + 2 - 16);
  const After act{p, C::activate, kBank};
  CHECK(act.until(C::activate, kOtherRank) < 0);
}

}  // namespace
}  // namespace cairn::hw::cycle
