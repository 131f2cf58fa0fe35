/// \file
/// A DRAM part: organisation and timing as its standard gives them, and what follows from them
/// without simulation: peak, capacity, refresh loss, latency, and the bandwidth of short runs.
///
/// Assumes:    requests of a run are spread over bank groups, so that the short column-to-column
///             delay holds; rows of different runs lie in different banks; all-bank refresh.
/// Ignores:    the controller's queue (how many requests it can reorder), read-write turnarounds,
///             address mapping conflicts: the cycle level has those.
/// Reference:  JESD79-4 (DDR4), JESD79-5 (DDR5), JESD209-5 (LPDDR5), JESD250 (GDDR6), JESD235 and
///             JESD238 (HBM2, HBM3): meaning of the constraints.
/// Checked by: tests/unit/hw/memory/dram_part_test.cpp (by hand, and against streams that
///             Ramulator 2.1 simulated)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/memory/memory_kind.h"

namespace cairn::hw {

struct DramOrganisationSpec {
  Bits density{};
  Bits device_width{};
  Bits channel_width{};
  std::int64_t pseudo_channels{1};
  std::int64_t ranks{1};
  std::int64_t bank_groups{1};
  std::int64_t banks_per_group{1};
  std::int64_t rows{};
  std::int64_t columns{};
  std::int64_t burst_length{};

  template <class Archive>
  void fields(Archive& a) {
    a("density", density, "capacity of one device (of one channel of a stack)", Positive{});
    a("device_width", device_width, "data pins of one device", Positive{});
    a("channel_width", channel_width, "data pins of one channel (pseudo-channel)", Positive{});
    a("pseudo_channels", pseudo_channels, "pseudo-channels of a channel", kOptional, Range{1, 8});
    a("ranks", ranks, "ranks (stack identifiers) that share the pins", kOptional, Range{1, 16});
    a("bank_groups", bank_groups, "bank groups of a rank", Range{1, 64});
    a("banks_per_group", banks_per_group, "banks of a group", Range{1, 64});
    a("rows", rows, "rows of a bank", Range{1, 16777216});
    a("columns", columns, "columns of a row, each as wide as the channel", Range{1, 65536});
    a("burst_length", burst_length, "transfers of one access", Range{1, 64});
  }
};

/// Constraints in clock cycles, under the names of the standards (tRCD is `rcd`). `_s` holds
/// between different bank groups, `_l` within one.
struct DramTimingSpec {
  Seconds period{};
  Bandwidth data_rate{};
  Cycles burst{};
  Cycles cl{};
  Cycles cwl{};
  Cycles rcd{};
  Cycles rp{};
  Cycles ras{};
  Cycles rc{};
  Cycles ccd_s{};
  Cycles ccd_l{};
  Cycles rrd_s{};
  Cycles rrd_l{};
  Cycles faw{};
  Cycles wtr_s{};
  Cycles wtr_l{};
  Cycles rtp{};
  Cycles wr{};
  Cycles rfc{};
  Cycles refi{};

  template <class Archive>
  void fields(Archive& a) {
    a("period", period, "clock period (tCK)", Positive{});
    a("data_rate", data_rate, "rate of one pin", Positive{});
    a("burst", burst, "cycles that one access holds the bus (tBL)", Positive{});
    a("cl", cl, "read command to first data", Positive{});
    a("cwl", cwl, "write command to first data", Positive{});
    a("rcd", rcd, "activate to read", Positive{});
    a("rp", rp, "precharge to activate", Positive{});
    a("ras", ras, "activate to precharge", Positive{});
    a("rc", rc, "activate to activate of one bank", Positive{});
    a("ccd_s", ccd_s, "column command to column command, other bank group", Positive{});
    a("ccd_l", ccd_l, "column command to column command, same bank group", Positive{});
    a("rrd_s", rrd_s, "activate to activate, other bank group", Positive{});
    a("rrd_l", rrd_l, "activate to activate, same bank group", Positive{});
    a("faw", faw, "window of at most four activates", Positive{});
    a("wtr_s", wtr_s, "end of write data to read, other bank group", Positive{});
    a("wtr_l", wtr_l, "end of write data to read, same bank group", Positive{});
    a("rtp", rtp, "read to precharge", Positive{});
    a("wr", wr, "end of write data to precharge", Positive{});
    a("rfc", rfc, "an all-bank refresh", Positive{});
    a("refi", refi, "interval between refreshes", Positive{});
  }
};

struct DramPartSpec {
  std::string name;
  std::string source;
  MemoryKind kind{MemoryKind::ddr4};
  DramOrganisationSpec organisation{};
  DramTimingSpec timing{};

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name of the part");
    a("source", source, "where the figures come from");
    a("kind", kind, "standard");
    a("organisation", organisation, "devices, banks, rows");
    a("timing", timing, "constraints between commands");
  }
  /// Timings that contradict each other, with the arithmetic.
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// What follows from a part, for one channel. Plain doubles in base units.
struct DramFiguresOfPart {
  double capacity_bits{};
  double peak_bandwidth{};       ///< bit/s
  double refresh_loss{};         ///< share of the time: (tRFC + tRP + tRCD) / tREFI
  double latency_s{};            ///< idle bus, another row open: tRP + tRCD + tCL + tBL
  double burst_bits{};           ///< of one access on one pseudo-channel
  double burst_s{};              ///< time that it holds the bus: max(tBL, tCCD_S)
  double row_bits{};             ///< opened by one activate
  double activate_interval_s{};  ///< between activates: max(tRRD_S, tFAW / 4, tRC / banks)
  double pseudo_channels{1};

  /// Share of the peak that runs of \p run_bits contiguous bits at random places reach, refresh
  /// included: bursts wait for the bus or for activates, whichever is longer.
  [[nodiscard]] double share_of_runs(double run_bits) const;
};
/// Precondition: part.problems() is empty.
[[nodiscard]] DramFiguresOfPart figures_of(const DramPartSpec& part);

}  // namespace cairn::hw
