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
#include <filesystem>
#include <optional>
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
  std::int64_t stacked_devices{1};
  std::int64_t channels_of_device{1};

  template <class Archive>
  void fields(Archive& a) {
    a("density", density, "capacity of one device", Positive{});
    a("device_width", device_width, "data pins of one device", Positive{});
    a("channel_width", channel_width, "data pins of one channel (pseudo-channel)", Positive{});
    a("pseudo_channels", pseudo_channels, "pseudo-channels of a channel", kOptional, Range{1, 8});
    a("ranks", ranks, "ranks (stack identifiers) that share the pins", kOptional, Range{1, 16});
    a("bank_groups", bank_groups, "bank groups of a rank", Range{1, 64});
    a("banks_per_group", banks_per_group, "banks of a group", Range{1, 64});
    a("rows", rows, "rows of a bank", Range{1, 16777216});
    a("columns", columns, "columns of a row, each as wide as the channel", Range{1, 65536});
    a("burst_length", burst_length, "transfers of one access", Range{1, 64});
    a("stacked_devices", stacked_devices,
      "devices of the stack behind the channel (HBM2: pseudo-channels, which state their density)",
      kOptional, Range{1, 64});
    a("channels_of_device", channels_of_device, "channels that share the device or the stack",
      kOptional, Range{1, 128});
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
  // What only some standards have; zero where a standard has no such rule.
  std::optional<Cycles> rcd_write{};
  std::optional<Cycles> rp_all{};
  std::optional<Cycles> rtw{};
  std::optional<Cycles> ccd_s_write{};
  std::optional<Cycles> ccd_l_write{};
  std::optional<Cycles> ccd_r{};
  std::optional<Cycles> burst_group{};
  std::optional<Cycles> ppd{};
  std::optional<Cycles> rank_switch{};
  std::optional<Cycles> rfc_bank{};
  std::optional<Cycles> refi_bank{};
  std::optional<Cycles> rrefd{};
  std::optional<Cycles> refresh_to_refresh_bank{};
  std::optional<Cycles> refresh_to_act_bank{};
  std::optional<Cycles> act_split{};
  std::optional<Cycles> clock_sync_post{};

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
    a("rcd_write", rcd_write, "activate to write; absent: rcd", kOptional, Positive{});
    a("rp_all", rp_all, "precharge of all banks to activate; absent: rp", kOptional, Positive{});
    a("rtw", rtw, "read command to write command; absent: cl + burst + 2 - cwl", kOptional,
      Positive{});
    a("ccd_s_write", ccd_s_write, "write to write, other bank group; absent: ccd_s", kOptional,
      Positive{});
    a("ccd_l_write", ccd_l_write, "write to write, same bank group; absent: ccd_l", kOptional,
      Positive{});
    a("ccd_r", ccd_r, "column command to one of another stack identifier; absent: ccd_s", kOptional,
      Positive{});
    a("burst_group", burst_group,
      "cycles in which one access holds its bank group's columns (BL/n_max); absent: burst",
      kOptional, Positive{});
    a("ppd", ppd, "precharge to precharge", kOptional, Positive{});
    a("rank_switch", rank_switch, "idle bus between data of two ranks (tCS)", kOptional,
      NotNegative{});
    a("rfc_bank", rfc_bank, "a refresh of one bank", kOptional, Positive{});
    a("refi_bank", refi_bank, "interval between refreshes of single banks", kOptional, Positive{});
    a("rrefd", rrefd, "refresh of one bank to activate or refresh of another", kOptional,
      Positive{});
    a("refresh_to_refresh_bank", refresh_to_refresh_bank,
      "refresh of one bank to refresh of another; absent: rrefd", kOptional, Positive{});
    a("refresh_to_act_bank", refresh_to_act_bank,
      "refresh of one bank to activate of another; absent: rrefd", kOptional, Positive{});
    a("act_split", act_split, "first half of an activate to the second, at most (tAAD)", kOptional,
      Positive{});
    a("clock_sync_post", clock_sync_post,
      "data clock runs on after a burst (tWCKPST); after that the next column command needs a "
      "synchronisation command before it",
      kOptional, Positive{});
  }
};

/// Power of one device in the states of the standards' current measurements: supply voltage times
/// current.
struct DramPowerSpec {
  Watts row_cycle{};
  Watts closed{};
  Watts open{};
  Watts read{};
  Watts write{};
  Watts refresh{};
  std::optional<EnergyPerBit> interface {};

  template <class Archive>
  void fields(Archive& a) {
    a("row_cycle", row_cycle, "one activate and precharge every rc (IDD0)", Positive{});
    a("closed", closed, "all banks closed, clock running (IDD2N)", Positive{});
    a("open", open, "banks open, no access (IDD3N)", Positive{});
    a("read", read, "reading without a gap (IDD4R)", Positive{});
    a("write", write, "writing without a gap (IDD4W)", Positive{});
    a("refresh", refresh, "refreshing without a gap (IDD5)", Positive{});
    a("interface", interface, "drivers and termination of both ends, outside the measured currents",
      kOptional, NotNegative{});
  }
};

struct DramPartSpec {
  std::string name;
  std::string source;
  MemoryKind kind{MemoryKind::ddr4};
  DramOrganisationSpec organisation{};
  DramTimingSpec timing{};
  std::string preset;
  std::optional<DramPowerSpec> power{};
  std::filesystem::path run_shares;

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name of the part");
    a("source", source, "where the figures come from");
    a("kind", kind, "standard");
    a("organisation", organisation, "devices, banks, rows");
    a("timing", timing, "constraints between commands");
    a("preset", preset, "the part's names in other simulators, ORGANISATION:TIMING", kOptional);
    a("power", power, "power of one device by state", kOptional);
    a("run_shares", run_shares,
      "table of the share of the peak that contiguous runs reach, simulated; absent: closed form",
      kOptional);
  }
  /// Timings that contradict each other, with the arithmetic.
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// Share of the peak that runs of this length reach.
struct DramRunShare {
  double run_bits{};
  double share{};
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
  std::vector<DramRunShare> simulated;  ///< by length; empty: the closed form holds

  /// Share of the peak that runs of \p run_bits contiguous bits at random places reach, refresh
  /// included. From the simulated table (between its lengths by the logarithm of the length; whole
  /// bursts below the first), else: bursts wait for the bus or for activates, whichever is longer.
  [[nodiscard]] double share_of_runs(double run_bits) const;
};
/// Precondition: part.problems() is empty.
[[nodiscard]] DramFiguresOfPart figures_of(const DramPartSpec& part);

}  // namespace cairn::hw
