/// \file
/// A memory controller with one DRAM channel behind it, command by command.
///
/// First-ready first-come-first-served: of the requests of the queue that is being served, the
/// oldest whose next command is legal goes first; a row is not closed while an older request of
/// that queue still hits it. Requests whose row was opened for them come before all others, then
/// refreshes, then the queues. Writes wait until their queue is filled to a mark, or until there
/// are no reads.
///
/// Assumes:    one command a tick and bus; a request may be commanded from the tick after its
///             arrival; while a refresh waits, no request of a queue starts.
/// Ignores:    the way between requester and controller; ECC; power-down.
/// Reference:  S. Rixner et al., "Memory access scheduling", ISCA 2000 (first ready, first come);
///             the queues and marks are those that public cycle-level simulators use as defaults.
/// Checked by: tests/unit/hw/memory_cycle/dram_controller_test.cpp (by hand),
///             dram_checker_test.cpp (no rule is broken in random traffic),
///             app/validation/dram_comparisons.cpp (against Ramulator 2.1)
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "hw/memory/cycle/address_map.h"
#include "hw/memory/cycle/bank_set.h"
#include "hw/memory/cycle/dram_energy.h"
#include "hw/memory/cycle/dram_protocol.h"
#include "hw/memory/cycle/dram_timing.h"

namespace cairn::hw::cycle {

struct DramRequest {
  std::uint64_t address{};  ///< byte; higher bits than the channel's capacity are ignored
  bool write{};
  std::uint32_t source{};
  std::uint64_t tag{};
  std::int64_t arrival{};  ///< tick
};

struct DramCompletion {
  std::uint64_t tag{};
  std::uint32_t source{};
  bool write{};
  std::int64_t arrival{};
  std::int64_t issued{};  ///< tick of the column command: a write has left the queue
  std::int64_t cycle{};   ///< tick at which the last data has been transferred
};

enum class PagePolicy : std::uint8_t {
  open,    ///< a row stays open until another is wanted
  closed,  ///< closed with the last access for which a request waits
  timeout  ///< closed after a time without access
};
constexpr auto enum_names(PagePolicy) {
  using S = std::string_view;
  return std::array{std::pair{PagePolicy::open, S{"open"}},
                    std::pair{PagePolicy::closed, S{"closed"}},
                    std::pair{PagePolicy::timeout, S{"timeout"}}};
}
enum class RefreshMode : std::uint8_t { off, all_bank, per_bank };
constexpr auto enum_names(RefreshMode) {
  using S = std::string_view;
  return std::array{std::pair{RefreshMode::off, S{"off"}},
                    std::pair{RefreshMode::all_bank, S{"all_bank"}},
                    std::pair{RefreshMode::per_bank, S{"per_bank"}}};
}

struct DramControllerOptions {
  std::string map;  ///< empty: default_address_order()
  PagePolicy page{PagePolicy::open};
  RefreshMode refresh{RefreshMode::all_bank};
  std::int32_t read_queue{32};
  std::int32_t write_queue{32};
  double drain_above{0.8};         ///< share of the write queue at which writes are served
  double drain_below{0.2};         ///< share at which reads are served again
  std::int64_t page_timeout{200};  ///< ticks without access until a row is closed
  DramCommandEnergies energies{};

  [[nodiscard]] std::vector<FieldProblem> problems(const DramPartSpec& part) const;
};

/// Open pages, refreshes of all banks, and queues as deep as the channel's banks need to be kept
/// busy: 32 reads and writes; 64 of each for HBM, 128 reads for HBM3's two stack identifiers.
[[nodiscard]] DramControllerOptions default_options(const DramPartSpec& part);

struct DramStatistics {
  std::int64_t cycles{};  ///< ticks until now
  std::uint64_t reads{};
  std::uint64_t writes{};
  std::uint64_t forwarded{};  ///< reads answered from the write queue
  std::uint64_t coalesced{};  ///< writes onto one that still waits
  std::uint64_t row_hits{};
  std::uint64_t row_misses{};
  std::uint64_t row_conflicts{};
  std::int64_t bus_busy{};  ///< ticks that data held the pins, all pseudo-channels
  std::array<std::uint64_t, kDramCommands> commands{};
};

/// One command, as a log shows it.
struct DramLogEntry {
  std::int64_t cycle{};
  DramCommand command{};
  std::int32_t flat_bank{};  ///< all-bank commands: first bank of their scope
  std::uint32_t row{};       ///< of activates and column commands
};
class DramLog {
 public:
  DramLog() = default;
  DramLog(const DramLog&) = delete;
  DramLog& operator=(const DramLog&) = delete;
  DramLog(DramLog&&) = delete;
  DramLog& operator=(DramLog&&) = delete;
  virtual ~DramLog() = default;
  virtual void command(const DramLogEntry& entry) = 0;
};

class DramController {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  /// Precondition: part.problems() and options.problems(part) are empty.
  DramController(const DramPartSpec& part, const DramControllerOptions& options);

  [[nodiscard]] double tick_s() const { return protocol_.tick_s; }
  [[nodiscard]] std::int64_t ticks_per_clock() const { return protocol_.ticks_per_clock; }
  [[nodiscard]] std::uint64_t access_bytes() const { return map_.access_bytes(); }
  [[nodiscard]] std::uint64_t capacity_bytes() const { return map_.capacity_bytes(); }
  [[nodiscard]] const DramProtocol& protocol() const { return protocol_; }
  [[nodiscard]] const DramAddressMap& map() const { return map_; }

  /// Room in the queue.
  [[nodiscard]] bool can_accept(bool write) const {
    return write ? writes_held_ < write_room_ : reads_held_ < read_room_;
  }
  /// Preconditions: can_accept(request.write); the arrival is not before the last advance() nor
  /// before an earlier request's.
  void enqueue(const DramRequest& request);
  /// Tick at which something can happen, or kNever.
  [[nodiscard]] std::int64_t next_event() const { return next_; }
  /// Performs everything up to and including that tick.
  void advance(std::int64_t cycle) {
    while (next_ <= cycle) {
      step(next_);
    }
    now_ = cycle > now_ ? cycle : now_;
  }
  /// No request waits or is on its way in.
  [[nodiscard]] bool idle() const { return reads_held_ + writes_held_ + active_count_ == 0; }
  /// Requests whose last column command has been issued since the last clear; their `cycle` may
  /// lie in the future.
  [[nodiscard]] std::span<const DramCompletion> completions() const { return completions_; }
  void clear_completions() { completions_.clear(); }

  [[nodiscard]] DramStatistics statistics() const;
  [[nodiscard]] DramEnergy energy() const;
  void set_log(DramLog* log) { log_ = log; }
  /// First and last but one tick of the data of a column command.
  [[nodiscard]] std::int64_t data_start(const DramCompletion& c) const {
    return c.cycle - protocol_.burst_ticks;
  }

 private:
  static constexpr std::int32_t kNone = -1;
  /// Later than any tick that a run reaches; leaves room to pack an age beside it.
  static constexpr std::int64_t kFar = std::int64_t{1} << 42;
  enum class Owner : std::uint8_t { urgent, active, refresh, queue, second_half, timeout, none };
  struct Slot {
    std::uint32_t row{};
    std::uint32_t column{};
    std::int32_t bank{};
    std::int32_t next{kNone};
    std::uint64_t sequence{};
    std::int64_t arrival{};
    std::uint64_t tag{};
    std::uint32_t source{};
    bool write{};
    bool counted{};
  };
  struct List {
    std::int32_t head{kNone};
    std::int32_t tail{kNone};
  };
  struct Bank {
    std::int64_t row{-1};        ///< open row; -1: closed
    std::array<List, 2> queue;   ///< waiting reads, waiting writes
    std::int32_t active{kNone};  ///< request for which the row was opened
    std::uint64_t active_sequence{};
    DramCommand active_command{};
    std::int64_t last_access{};
    bool opening{};  ///< between the halves of an activate
  };
  /// A command that could go next on a bus.
  struct Candidate {
    std::int64_t at{kNever};
    std::uint64_t sequence{};
    Owner owner{Owner::none};
    DramCommand command{};
    std::int32_t bank{kNone};
    std::int32_t slot{kNone};
    std::int32_t before{kNone};  ///< slot before it in its list
    [[nodiscard]] bool beats(const Candidate& o) const {
      if (at != o.at) {
        return at < o.at;
      }
      if (owner != o.owner) {
        return owner < o.owner;
      }
      return sequence < o.sequence;
    }
  };
  /// What the queue that is being served would send to a bank, and when the bank allows it.
  struct View {
    std::int64_t column_at{kFar};
    std::int64_t row_at{kFar};
    std::uint64_t column_sequence{};
    std::uint64_t row_sequence{};
    std::int32_t column_slot{kNone};
    std::int32_t column_before{kNone};
    std::int32_t row_slot{kNone};
    DramCommand row_command{};
  };
  struct Refresh {
    DramCommand command{};
    std::int32_t bank{};
  };

  void step(std::int64_t tick);
  /// \returns whether the best candidates are still known.
  bool admit(std::int64_t tick);
  void push_refreshes(std::int64_t tick);
  void choose_mode();
  void look_at(std::int32_t bank);
  void scan(std::int64_t column_from, std::int64_t row_from);
  void scan_active(std::int64_t from);
  void scan_refresh(std::int64_t from);
  void scan_queue(std::int64_t column_from, std::int64_t row_from);
  void scan_timeouts(std::int64_t from);
  void offer_bank(std::int32_t bank, std::int64_t from);
  void offer(Candidate& best, Candidate candidate, std::int64_t from);
  [[nodiscard]] std::int64_t row_tick(DramCommand c, std::int32_t bank, std::int64_t at) const;
  void issue(const Candidate& c, std::int64_t tick);
  void issue_column(const Candidate& c, std::int64_t tick);
  void send(DramCommand command, std::int32_t bank, std::uint32_t row, std::int64_t tick);
  void close(std::int32_t bank, std::int64_t tick);
  void count_row(Slot& slot, std::uint64_t& counter);
  void make_active(const Candidate& c);
  void unlink(const Candidate& c);
  void complete(const Slot& slot, std::int64_t issued, std::int64_t cycle);
  [[nodiscard]] bool another_hit(const Bank& bank, std::int32_t slot) const;
  void update_next();

  DramProtocol protocol_;
  DramControllerOptions options_;
  DramAddressMap map_;
  DramTiming timing_;
  std::vector<Bank> banks_;
  std::vector<View> views_;
  std::vector<std::uint32_t> rank_of_bank_;
  std::vector<std::int32_t> pseudo_of_bank_;
  std::vector<Slot> slots_;
  std::vector<std::int32_t> free_;
  std::array<BankSet, 2> waiting_;  ///< banks with waiting reads, writes
  BankSet active_;                  ///< banks with an active request
  std::vector<DramRequest> held_;   ///< ring of requests that have not arrived yet
  std::size_t held_first_{};
  std::size_t held_count_{};
  std::vector<Refresh> refreshes_;  ///< due, first at front
  std::size_t refreshes_first_{};
  std::vector<DramCompletion> completions_;
  Candidate column_;
  Candidate row_;
  std::int32_t read_room_{};
  std::int32_t write_room_{};
  std::int32_t reads_held_{};  ///< waiting or not arrived
  std::int32_t writes_held_{};
  std::array<std::int32_t, 2> waiting_count_{};
  std::int32_t active_count_{};
  double drain_above_{};
  double drain_below_{};
  bool write_mode_{};
  std::uint64_t sequence_{};
  std::int64_t now_{};
  std::int64_t next_{kNever};
  std::int64_t next_refresh_{kNever};
  std::int32_t next_refresh_bank_{};
  // Two halves of an activate, and the data clock.
  std::int32_t half_open_bank_{kNone};
  std::int32_t half_open_slot_{kNone};
  std::int64_t half_open_since_{};
  std::int64_t half_open_deadline_{};
  std::int64_t clock_runs_until_{std::numeric_limits<std::int64_t>::min()};
  Candidate synchronised_;  ///< column command that follows a synchronisation
  // Row commands on the other edge (HBM3).
  std::int64_t pair_edge_{-1};
  std::int32_t pair_bank_{kNone};  ///< kNone: all banks of pair_pseudo_
  std::int32_t pair_pseudo_{};
  // Energy.
  std::vector<std::int32_t> open_banks_;  ///< of each rank
  std::vector<std::int64_t> open_since_;
  std::int64_t open_ticks_{};
  DramStatistics statistics_;
  DramLog* log_{};
};

}  // namespace cairn::hw::cycle
