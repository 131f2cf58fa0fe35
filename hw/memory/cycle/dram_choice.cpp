// Which command goes next: the part of the controller that looks, and changes nothing but what it
// has seen.

#include <algorithm>

#include "hw/memory/cycle/dram_controller.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;

}  // namespace

void DramController::choose_mode() {
  const std::int32_t reads = waiting_count_[0];
  const std::int32_t writes = waiting_count_[1];
  const bool before = write_mode_;
  if (!write_mode_) {
    write_mode_ = writes > drain_above_ || reads == 0;
  } else if (writes < drain_below_ && reads != 0) {
    write_mode_ = false;
  }
  if (write_mode_ != before) {
    waiting_[write_mode_ ? 1 : 0].for_each([&](std::int32_t b) { look_at(b); });
  }
}

std::int64_t DramController::row_tick(DramCommand c, std::int32_t bank, std::int64_t at) const {
  // Where the clock has two edges a tick each, odd ticks are rising. Columns, activates and
  // refreshes start on rising edges; precharges on either, but not on the falling edge of a row
  // command to the same bank.
  if (at % 2 != 0) {
    return at;
  }
  if (c != C::precharge && c != C::precharge_all) {
    return at + 1;
  }
  const bool paired = at == pair_edge_ &&
                      pseudo_of_bank_[static_cast<std::size_t>(bank)] == pair_pseudo_ &&
                      (pair_bank_ == kNone || c == C::precharge_all || pair_bank_ == bank);
  return paired ? at + 1 : at;
}

void DramController::offer(Candidate& best, Candidate candidate, std::int64_t from) {
  candidate.at = std::max(candidate.at, from);
  if (protocol_.ticks_per_clock == 2) {
    candidate.at = row_tick(candidate.command, candidate.bank, candidate.at);
  }
  if (candidate.beats(best)) {
    best = candidate;
  }
}

void DramController::scan_refresh(std::int64_t from) {
  const Refresh& r = refreshes_[refreshes_first_];
  Candidate& best = protocol_.separate_buses ? row_ : column_;
  if (r.command == C::refresh_bank) {
    const Bank& bank = banks_[static_cast<std::size_t>(r.bank)];
    if (bank.active != kNone || bank.opening) {
      return;
    }
    const C command = bank.row < 0 ? C::refresh_bank : C::precharge;
    offer(best,
          {timing_.earliest(command, r.bank), 0, Owner::refresh, command, r.bank, kNone, kNone},
          from);
    return;
  }
  const std::int32_t banks = protocol_.banks() / protocol_.nodes(protocol_.all_bank_level());
  bool open = false;
  for (std::int32_t b = r.bank; b < r.bank + banks; ++b) {
    const Bank& bank = banks_[static_cast<std::size_t>(b)];
    if (bank.active != kNone || bank.opening) {
      return;
    }
    open = open || bank.row >= 0;
  }
  const C command = open ? C::precharge_all : C::refresh_all;
  offer(best,
        {timing_.earliest_all(command, r.bank), 0, Owner::refresh, command, r.bank, kNone, kNone},
        from);
}

void DramController::look_at(std::int32_t b) {
  const Bank& bank = banks_[static_cast<std::size_t>(b)];
  View& view = views_[static_cast<std::size_t>(b)];
  view.column_at = kFar;
  view.row_at = kFar;
  const std::int32_t h = bank.queue[write_mode_ ? 1 : 0].head;
  if (bank.opening || h == kNone) {
    return;
  }
  const DramTiming::Times& at = timing_.bank(b);
  const Slot& head = slots_[static_cast<std::size_t>(h)];
  view.row_slot = h;
  view.row_sequence = head.sequence;
  if (bank.row < 0) {
    view.row_command = C::activate;
    view.row_at = at[static_cast<std::size_t>(C::activate)];
    return;
  }
  // The oldest request that hits the open row; before it go only those that do not.
  std::int32_t before = kNone;
  std::int32_t hit = h;
  while (hit != kNone && slots_[static_cast<std::size_t>(hit)].row != bank.row) {
    before = hit;
    hit = slots_[static_cast<std::size_t>(hit)].next;
  }
  bool wanted = hit == h;
  if (hit != kNone) {
    const Slot& slot = slots_[static_cast<std::size_t>(hit)];
    wanted = wanted || slot.arrival <= head.arrival;
    view.column_at = at[static_cast<std::size_t>(write_mode_ ? C::write : C::read)];
    view.column_sequence = slot.sequence;
    view.column_slot = hit;
    view.column_before = before;
  }
  if (bank.active == kNone && !wanted) {
    view.row_command = C::precharge;
    view.row_at = at[static_cast<std::size_t>(C::precharge)];
  }
}

void DramController::offer_bank(std::int32_t b, std::int64_t from) {
  const View& v = views_[static_cast<std::size_t>(b)];
  Candidate& rows = protocol_.separate_buses ? row_ : column_;
  if (v.column_at != kFar) {
    const C column = write_mode_ ? C::write : C::read;
    offer(column_,
          {timing_.earliest(column, b), v.column_sequence, Owner::queue, column, b, v.column_slot,
           v.column_before},
          from);
  }
  if (v.row_at != kFar && (v.row_command != C::activate || half_open_bank_ == kNone)) {
    offer(rows,
          {timing_.earliest(v.row_command, b), v.row_sequence, Owner::queue, v.row_command, b,
           v.row_slot, kNone},
          from);
  }
}

namespace {

/// Tick and age in one number, so that the least is the oldest of the earliest. Ages beyond the
/// last million requests count as equal.
constexpr std::uint32_t kAgeBits = 20;
constexpr std::int64_t kAges = std::int64_t{1} << kAgeBits;

std::int64_t key_of(std::int64_t at, std::uint64_t sequence, std::uint64_t newest) {
  const std::int64_t age = kAges - 1 - static_cast<std::int64_t>(newest - sequence);
  return (at << kAgeBits) | std::max<std::int64_t>(0, age);
}

struct Best {
  std::int64_t key{std::numeric_limits<std::int64_t>::max()};
  std::int32_t bank{-1};
  void take(std::int64_t other, std::int32_t b) {
    bank = other < key ? b : bank;
    key = std::min(other, key);
  }
};

}  // namespace

void DramController::scan_active(std::int64_t from) {
  Best best;
  const DramTiming::Times& channel = timing_.channel();
  const std::int64_t edge = protocol_.ticks_per_clock == 2 ? 1 : 0;
  active_.for_each([&](std::int32_t b) {
    const Bank& bank = banks_[static_cast<std::size_t>(b)];
    const auto c = static_cast<std::size_t>(bank.active_command);
    const std::int64_t at =
        std::max(std::max(timing_.bank(b)[c], timing_.group_of(b)[c]), std::max(channel[c], from));
    best.take(key_of(at | edge, bank.active_sequence, sequence_), b);
  });
  const Bank& bank = banks_[static_cast<std::size_t>(best.bank)];
  column_ = {best.key >> kAgeBits,
             bank.active_sequence,
             Owner::active,
             bank.active_command,
             best.bank,
             bank.active,
             kNone};
}

void DramController::scan_queue(std::int64_t column_from, std::int64_t row_from) {
  // The hot loop: the least tick, then the oldest, of all banks for which a request waits.
  Best column;
  Best row;
  const C command = write_mode_ ? C::write : C::read;
  const auto column_command = static_cast<std::size_t>(command);
  DramTiming::Times channel = timing_.channel();
  for (std::int64_t& at : channel) {
    at = std::max(at, row_from);
  }
  if (half_open_bank_ != kNone) {
    channel[static_cast<std::size_t>(C::activate)] = kFar;
  }
  column_from = std::max(column_from, timing_.channel()[column_command]);
  const bool edges = protocol_.ticks_per_clock == 2;
  waiting_[write_mode_ ? 1 : 0].for_each([&](std::int32_t b) {
    const View& v = views_[static_cast<std::size_t>(b)];
    const DramTiming::Times& group = timing_.group_of(b);
    std::int64_t at = std::max(std::max(v.column_at, group[column_command]), column_from);
    at |= edges ? 1 : 0;
    column.take(key_of(at, v.column_sequence, sequence_), b);
    const auto c = static_cast<std::size_t>(v.row_command);
    at = std::max(std::max(v.row_at, group[c]), channel[c]);
    if (edges) {
      // As row_tick(), which only precharges at one edge need.
      at |= v.row_command == C::activate ? 1 : 0;
      at = at == pair_edge_ ? row_tick(v.row_command, b, at) : at;
    }
    row.take(key_of(at, v.row_sequence, sequence_), b);
  });
  if (column.bank != kNone && column.key >> kAgeBits < kFar) {
    const View& v = views_[static_cast<std::size_t>(column.bank)];
    const Candidate c{column.key >> kAgeBits, v.column_sequence, Owner::queue, command, column.bank,
                      v.column_slot,          v.column_before};
    if (c.beats(column_)) {
      column_ = c;
    }
  }
  if (row.bank != kNone && row.key >> kAgeBits < kFar) {
    const View& v = views_[static_cast<std::size_t>(row.bank)];
    Candidate& best = protocol_.separate_buses ? row_ : column_;
    const Candidate c{row.key >> kAgeBits, v.row_sequence, Owner::queue, v.row_command, row.bank,
                      v.row_slot,          kNone};
    if (c.beats(best)) {
      best = c;
    }
  }
}

bool DramController::another_hit(const Bank& bank, std::int32_t slot) const {
  if (bank.active != kNone && bank.active != slot) {
    return true;
  }
  for (const List& list : bank.queue) {
    for (std::int32_t s = list.head; s != kNone; s = slots_[static_cast<std::size_t>(s)].next) {
      if (s != slot && slots_[static_cast<std::size_t>(s)].row == bank.row) {
        return true;
      }
    }
  }
  return false;
}

void DramController::scan_timeouts(std::int64_t from) {
  Candidate& best = protocol_.separate_buses ? row_ : column_;
  for (std::int32_t b = 0; b < protocol_.banks(); ++b) {
    const Bank& bank = banks_[static_cast<std::size_t>(b)];
    if (bank.row >= 0 && bank.active == kNone && !bank.opening && !another_hit(bank, kNone)) {
      const std::int64_t at =
          std::max(timing_.earliest(C::precharge, b), bank.last_access + options_.page_timeout);
      offer(best, {at, 0, Owner::timeout, C::precharge, b, kNone, kNone}, from);
    }
  }
}

void DramController::scan(std::int64_t column_from, std::int64_t row_from) {
  column_ = {};
  row_ = {};
  if (active_count_ != 0 && (half_open_bank_ == kNone || active_count_ > 1)) {
    scan_active(column_from);
  }
  if (refreshes_first_ < refreshes_.size()) {
    scan_refresh(row_from);
  } else {
    choose_mode();
    scan_queue(column_from, row_from);
    if (options_.page == PagePolicy::timeout) {
      scan_timeouts(row_from);
    }
  }
  if (half_open_bank_ != kNone) {
    const std::int64_t at = std::max(row_from, half_open_since_ + 1);
    offer(column_,
          {at, 0, at >= half_open_deadline_ ? Owner::urgent : Owner::second_half,
           C::activate_second, half_open_bank_, half_open_slot_, kNone},
          row_from);
  }
}

}  // namespace cairn::hw::cycle
