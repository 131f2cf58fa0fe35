/// \file
/// One command bus of a memory whose banks compute: from command to command.
///
/// A row is opened in all banks that work together (one command, or one a bank,
/// `activate_interval` apart), read column by column by the units (one command for all banks, or
/// one for each; no data leaves the chip), and closed. With hidden activations two sets of banks
/// take turns, and one opens its row while the other is read. A refresh that is due waits for the
/// end of the row, closes all banks and holds the channel for tRFC; one that falls into idle time
/// happens then. A request of the host that has arrived is served at the end of a row: banks are
/// closed, the mode is switched, its row is opened, read or written and closed, the mode is
/// switched back. Where other banks serve the host it is served at once; its commands take places
/// on the command bus, which delays the units only if they fill it.
///
/// Constraints: tRCD, tCCD, tRTP, tRP, tRAS, the distance of activations, of commands, tRFC, tREFI.
///
/// Assumes:    the units' next row is known while they work on one; the first refresh is due after
///             half an interval, so that short runs meet as many as they do on average.
/// Ignores:    tWR and tWTR of host writes (they count as reads), latency beyond the column command
///             of a host request.
/// Reference:  S. Lee et al., ISCA 2021 (all-bank mode, mode switches); JESD235 (meaning of the
///             constraints).
/// Checked by: tests/unit/hw/pim_cycle/pim_channel_test.cpp (by hand, an independent check of all
///             constraints over random runs, and against row_timing.h)
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/pim/row_timing.h"

namespace cairn::hw::cycle {

enum class PimCommand : std::uint8_t {
  activate,
  read_column,  ///< into the units
  precharge,
  refresh,
  enter_host,  ///< from computing to serving the host
  leave_host,
  host_activate,
  host_column,
  host_precharge,
};

/// A command that was issued. `bank` counts over both sets of banks; -1: all of one set, or all.
struct PimCommandAt {
  PimCommand command{};
  Femtoseconds at{};
  std::int64_t bank{-1};
  std::int64_t set{};
};

struct PimHostRequest {
  Femtoseconds arrival{};
  std::int64_t columns{1};
};

/// Who serves the host while the units wait: a controller with requests of its own.
class PimHost {
 public:
  static constexpr Femtoseconds kNever = std::numeric_limits<Femtoseconds>::max();
  PimHost() = default;
  PimHost(const PimHost&) = delete;
  PimHost& operator=(const PimHost&) = delete;
  PimHost(PimHost&&) = delete;
  PimHost& operator=(PimHost&&) = delete;
  virtual ~PimHost() = default;
  /// Of the first request that waits, or kNever.
  [[nodiscard]] virtual Femtoseconds next_arrival() const = 0;
  /// Serves from \p start, when all banks are closed, until nothing waits.
  /// \returns when all banks are closed again and may be activated.
  virtual Femtoseconds serve(Femtoseconds start) = 0;
};

class PimChannel {
 public:
  /// \param per_bank     every bank needs a column command of its own
  /// \param mode_switch  one way
  /// \param serves_host  banks beside those of the units serve the host meanwhile
  PimChannel(const RowTimingSpec& timing, bool per_bank, Femtoseconds mode_switch,
             bool serves_host);

  /// Reads \p columns of a row in all banks. \param interval least time between columns, for
  /// units that compute longer than tCCD. \param same the row that was read last: it is opened
  /// again only if a refresh or the host has closed it.
  /// \returns when the units have the last column.
  Femtoseconds read_row(std::int64_t columns, Femtoseconds interval, Femtoseconds earliest,
                        bool same = false);

  /// A request of the host, in the order of arrival.
  void ask(const PimHostRequest& request) { requests_.push_back(request); }
  /// Has all requests served by \p host from now on, in place of those of ask(). It must outlive
  /// the channel.
  void set_host(PimHost* host) { host_ = host; }
  /// When each request had its last column, in order.
  [[nodiscard]] const std::vector<Femtoseconds>& answered() const { return answered_; }
  /// Serves what has arrived by \p time while the units do nothing.
  void serve_idle(Femtoseconds time);

  [[nodiscard]] std::int64_t activates() const { return activates_; }
  [[nodiscard]] std::int64_t refreshes() const { return refreshes_; }
  [[nodiscard]] std::int64_t mode_switches() const { return mode_switches_; }
  /// Writes every command to \p log from now on; null: to nothing.
  void record(std::vector<PimCommandAt>* log) { log_ = log; }

 private:
  /// Banks that open a row together.
  struct Set {
    bool open{};
    Femtoseconds last_activate{};
    Femtoseconds last_column{};
    Femtoseconds activate_from{};  ///< closed and ready
  };
  /// From a column of a bank to its next one.
  [[nodiscard]] Femtoseconds round_of(Femtoseconds interval) const;
  /// Columns of a row that no refresh interrupts.
  Femtoseconds read_part(std::int64_t columns, Femtoseconds round, Femtoseconds earliest,
                         bool same);
  void issue(PimCommand command, Femtoseconds at, std::int64_t bank, std::int64_t set);
  /// Closes a set as early as it may be. \returns when its banks are ready for a row.
  Femtoseconds close(std::int64_t set);
  /// Refreshes that are due before \p time.
  void refresh_until(Femtoseconds time);
  /// Host requests that have arrived by \p time. \returns when the units may go on.
  Femtoseconds serve_until(Femtoseconds time);
  [[nodiscard]] Femtoseconds all_closed();
  void open(std::int64_t index, Femtoseconds known);

  RowTimingSpec spec_;
  bool per_bank_{};
  bool serves_host_{};
  Femtoseconds mode_switch_{};
  Femtoseconds column_{};
  Femtoseconds command_{};
  Femtoseconds activate_to_read_{};
  Femtoseconds read_to_precharge_{};
  Femtoseconds precharge_{};
  Femtoseconds row_active_{};
  Femtoseconds activate_interval_{};
  Femtoseconds refresh_{};
  Femtoseconds refresh_interval_{};
  std::vector<Set> sets_;
  std::int64_t next_set_{};
  Femtoseconds free_from_{};  ///< nothing holds the channel (refresh, host)
  Femtoseconds opened_{};     ///< the next activation may follow those of the row before
  Femtoseconds next_column_{};
  Femtoseconds end_{};  ///< of the last column
  Femtoseconds refresh_due_{};
  std::deque<PimHostRequest> requests_;
  std::vector<Femtoseconds> answered_;
  std::int64_t activates_{};
  std::int64_t refreshes_{};
  std::int64_t mode_switches_{};
  std::vector<PimCommandAt>* log_{};
  PimHost* host_{};
};

}  // namespace cairn::hw::cycle
