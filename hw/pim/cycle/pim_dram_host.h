/// \file
/// The host of a memory whose banks compute, behind the DRAM controller of hw/memory/cycle: its
/// requests wait while units compute, and are served with all the rules of the part once the mode
/// is switched.
///
/// Rows are closed with the last access for which a request waits, so that units find closed banks.
/// Refresh is the units' channel's (pim_channel.h), as all banks are closed for it in either mode.
///
/// Assumes:    a mode switch finds all banks closed and leaves them so.
/// Ignores:    refreshes that fall due while the host is served: they follow when units go on.
/// Reference:  S. Lee et al., ISCA 2021 (single-bank mode and all-bank mode of the same banks).
/// Checked by: tests/unit/hw/pim_cycle/pim_dram_host_test.cpp (by hand from the part's timing)
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "hw/memory/cycle/dram_controller.h"
#include "hw/pim/cycle/pim_channel.h"

namespace cairn::hw::cycle {

/// Timing of rows when all banks of one pseudo-channel and rank of \p part work together: columns
/// tCCD_L apart, activations tRRD_S (or a quarter of tFAW) apart.
[[nodiscard]] RowTimingSpec rows_of(const DramPartSpec& part);

class PimDramHost final : public PimHost, private DramLog {
 public:
  /// Precondition: part.problems() is empty.
  explicit PimDramHost(const DramPartSpec& part);

  /// In the order of arrival. \param address of a byte of the channel
  void ask(Femtoseconds arrival, std::uint64_t address, bool write);
  [[nodiscard]] Femtoseconds next_arrival() const override {
    return waiting_.empty() ? kNever : waiting_.front().arrival;
  }
  Femtoseconds serve(Femtoseconds start) override;

  /// When the last data of each request had passed, in the order in which they were done.
  [[nodiscard]] const std::vector<Femtoseconds>& done() const { return done_; }
  [[nodiscard]] const DramController& controller() const { return controller_; }

 private:
  struct Waiting {
    Femtoseconds arrival{};
    std::uint64_t address{};
    bool write{};
  };
  void command(const DramLogEntry& entry) override;
  [[nodiscard]] std::int64_t tick_at(Femtoseconds time) const;  ///< the first not before
  [[nodiscard]] Femtoseconds time_of(std::int64_t tick) const;

  DramTimingSpec timing_;
  DramController controller_;
  double tick_fs_{};
  std::deque<Waiting> waiting_;
  std::vector<Femtoseconds> done_;
  std::int64_t closed_{};  ///< tick from which all banks may be activated
};

}  // namespace cairn::hw::cycle
