/// \file
/// How fast banks that answer together give their rows: column and row timing in closed form.
///
/// A stream is one command bus (a channel or pseudo-channel). One column command reads `access`
/// bits in each of the `banks` that work together, every `column_interval` (tCCD of one bank; with
/// one command for each bank, the command bus may be slower). A row of a bank is opened, read to
/// its end and closed:
///
///   period = max(stagger + tRCD + (columns - 1) tCCD + trail + tRTP, stagger + tRAS) + tRP
///
/// where columns = row / access, trail is the distance of the last bank's command from the first's,
/// where each needs one (banks close together), and stagger is the time that single activations of
/// the other banks take, which each row then has to stay open for its tRAS after. The last row ends
/// with its last column. Units that have no buffer between them and the columns keep step with
/// them: a column takes as long as its arithmetic where that is longer than tCCD. With
/// `hidden_activation` another set of banks opens its rows meanwhile. A turn of both sets then
/// takes
///
///   max(2 columns tCCD, 2 banks x activate interval,
///       (columns - 1) tCCD + trail + tRTP + tRP + stagger + tRCD, stagger + tRAS + tRP)
///
/// so that only columns count where rows are long. Refresh waits for the end of a row and takes
/// tRFC out of every tREFI, and what opening the first rows again takes where that is hidden
/// otherwise.
///
/// Assumes:    data laid out so that all banks of all streams work on equal shares; whole columns.
/// Ignores:    power limits on activations beyond `activate_interval`, read to write turnarounds.
/// Reference:  JEDEC JESD238 (HBM3) for the meaning of the timings; Y. Kim et al., "Ramulator",
///             IEEE CAL 15(1), 2016 (state machine that the period follows).
/// Checked by: tests/unit/hw/pim/row_timing_test.cpp (by hand), tests/unit/hw/pim_cycle/ (against
///             the same commands one by one)
#pragma once

#include <cstdint>

#include "core/config/fields.h"
#include "core/units.h"

namespace cairn::hw {

/// Organisation and timing of the banks that work together. Plain data.
struct RowTimingSpec {
  std::int64_t streams{};
  std::int64_t banks{};
  Bits access{};
  Bits row{};
  Seconds column_interval{};
  Seconds command_interval{};
  Seconds activate_to_read{};
  Seconds read_to_precharge{};
  Seconds precharge{};
  Seconds row_active{};
  Seconds activate_interval{};
  Seconds refresh{};
  Seconds refresh_interval{};
  bool hidden_activation{false};

  template <class Archive>
  void fields(Archive& a) {
    a("streams", streams, "channels or pseudo-channels of the whole memory, each with its commands",
      Range{1, 1048576});
    a("banks", banks, "banks of a stream that answer together", Range{1, 65536});
    a("access", access, "bits that one bank gives for one column command", Positive{});
    a("row", row, "bits of an open row of one bank", Positive{});
    a("column_interval", column_interval, "tCCD between column commands of one bank", Positive{});
    a("command_interval", command_interval,
      "per-bank commands: time between commands on the bus of a stream", kOptional, NotNegative{});
    a("activate_to_read", activate_to_read, "tRCD", NotNegative{});
    a("read_to_precharge", read_to_precharge, "tRTP", NotNegative{});
    a("precharge", precharge, "tRP", NotNegative{});
    a("row_active", row_active, "tRAS, the least time a row stays open", kOptional, NotNegative{});
    a("activate_interval", activate_interval,
      "time between activations of single banks (tRRD, or a quarter of tFAW); 0: one command opens "
      "all",
      kOptional, NotNegative{});
    a("refresh", refresh, "tRFC", kOptional, NotNegative{});
    a("refresh_interval", refresh_interval, "tREFI; absent: refresh costs nothing", kOptional,
      NotNegative{});
    a("hidden_activation", hidden_activation,
      "another set of banks opens its rows while this one is read", kOptional);
  }
};

/// The same as rates, in bit and second.
class RowTiming {
 public:
  RowTiming() = default;
  /// \param per_bank every bank needs a command of its own.
  RowTiming(const RowTimingSpec& spec, bool per_bank);

  /// Bit/s while columns stream, all streams.
  [[nodiscard]] double peak() const { return peak_; }
  /// Bit/s over whole rows, refresh included.
  [[nodiscard]] double sustained() const;
  /// Seconds to read \p bits that lie in whole rows from their start, \p passes times over, with
  /// \p compute_s of arithmetic in step with the columns of all passes. Rows stay open between
  /// passes when there is only one.
  [[nodiscard]] double seconds(double bits, double compute_s = 0, double passes = 1) const;
  /// Seconds to read \p pieces of \p bits each, every one from a row (or more) of its own.
  [[nodiscard]] double gather_seconds(double pieces, double bits) const;
  /// Rows of single banks that \p bits open.
  [[nodiscard]] double activations(double bits) const;
  /// Of one bank, when all read equal shares of \p bits.
  [[nodiscard]] double columns_of_bank(double bits) const;
  [[nodiscard]] double rows_of_bank(double bits) const;
  [[nodiscard]] double columns_of_row() const;
  /// Column commands of one bank follow each other at this distance, in s.
  [[nodiscard]] double column_interval() const { return column_; }

 private:
  /// From one row to the next, with \p columns a row at \p interval.
  [[nodiscard]] double period(double columns, double interval) const;
  /// From the first row to the second, when the other set of banks is closed.
  [[nodiscard]] double first_period(double columns, double interval) const;
  /// What closing a row and opening the next takes, were the units never busy.
  [[nodiscard]] double cycle(double columns, double interval) const;
  /// Share of the time without refresh, in such rows.
  [[nodiscard]] double available(double columns, double interval) const;

  double banks_{};             ///< of all streams
  double access_{};            ///< bit of one bank
  double row_{};               ///< bit of one bank
  double column_{};            ///< s between column commands
  double stagger_{};           ///< s from the first activation to the last
  double trail_{};             ///< s from a column of the first bank to that of the last
  double activate_to_read_{};  ///< s
  double read_to_precharge_{};
  double precharge_{};
  double row_active_{};
  double refresh_{};
  double refresh_interval_{};  ///< 0: none
  double activates_{};         ///< s that the activations of one row need of the command bus
  double peak_{};
  bool hidden_{};
};

}  // namespace cairn::hw
