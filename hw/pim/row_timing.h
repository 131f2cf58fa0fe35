/// \file
/// How fast banks that answer together give their rows: column and row timing in closed form.
///
/// A stream is one command bus (a channel or pseudo-channel). One column command reads `access`
/// bits in each of the `banks` that work together, every `column_interval` (tCCD of one bank; with
/// one command for each bank, the command bus may be slower). A row of a bank is opened, read to
/// its end and closed:
///
///   period = max(stagger + tRCD + (columns - 1) tCCD + tRTP + tRP, tRAS + tRP)
///
/// where columns = row / access and stagger is the time that single activations of the other banks
/// take. With `hidden_activation` another set of banks opens its rows meanwhile, and only columns
/// count. Refresh takes tRFC out of every tREFI.
///
/// Assumes:    data laid out so that all banks of all streams work on equal shares; whole columns.
/// Ignores:    power limits on activations beyond `activate_interval`, read to write turnarounds.
/// Reference:  JEDEC JESD238 (HBM3) for the meaning of the timings; Y. Kim et al., "Ramulator",
///             IEEE CAL 15(1), 2016 (state machine that the period follows).
/// Checked by: tests/unit/hw/pim/row_timing_test.cpp (by hand)
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
  /// Seconds to read \p bits that lie in whole rows from their start.
  [[nodiscard]] double seconds(double bits) const;
  /// Seconds to read \p pieces of \p bits each, every one from a row (or more) of its own.
  [[nodiscard]] double gather_seconds(double pieces, double bits) const;
  /// Rows of single banks that \p bits open.
  [[nodiscard]] double activations(double bits) const;

 private:
  double banks_{};       ///< of all streams
  double access_{};      ///< bit of one bank
  double row_{};         ///< bit of one bank
  double column_{};      ///< s between column commands
  double open_close_{};  ///< s of a row's period outside its columns, when nothing hides it
  double least_{};       ///< s between two activations of a bank
  double lead_{};        ///< s from the first activation to the first column
  double available_{1};  ///< share of time without refresh
  double peak_{};
  bool hidden_{};
};

}  // namespace cairn::hw
