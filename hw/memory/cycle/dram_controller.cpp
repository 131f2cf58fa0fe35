#include "hw/memory/cycle/dram_controller.h"

#include <bit>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;
DramAddressMap checked_map(const DramPartSpec& part, const std::string& order) {
  std::vector<FieldProblem> problems;
  DramAddressMap map{part, order.empty() ? default_address_order() : std::string_view{order},
                     problems};
  CAIRN_CHECK(problems.empty(), "an address map with mistakes");
  return map;
}

}  // namespace

std::vector<FieldProblem> DramControllerOptions::problems(const DramPartSpec& part) const {
  std::vector<FieldProblem> found;
  const DramAddressMap checked{part, map.empty() ? default_address_order() : std::string_view{map},
                               found};
  if (refresh == RefreshMode::per_bank && !part.timing.rfc_bank) {
    found.push_back({"refresh", fmt::format("{} has no refresh of single banks", part.name),
                     "all_bank or off"});
  }
  if (read_queue < 1 || write_queue < 1) {
    found.push_back({"queue", "a queue needs room for one request", ""});
  }
  if (!(drain_below >= 0 && drain_below <= drain_above && drain_above < 1)) {
    found.push_back({"drain",
                     fmt::format("marks of {} and {} do not satisfy 0 <= low <= high < 1",
                                 drain_below, drain_above),
                     ""});
  }
  return found;
}

DramControllerOptions default_options(const DramPartSpec& part) {
  DramControllerOptions o;
  switch (part.kind) {
    case MemoryKind::hbm2:
    case MemoryKind::hbm2e:
    case MemoryKind::hbm4:
      o.read_queue = 64;
      o.write_queue = 64;
      break;
    case MemoryKind::hbm3:
    case MemoryKind::hbm3e:
      o.read_queue = 128;
      o.write_queue = 64;
      break;
    default:
      break;
  }
  return o;
}

DramController::DramController(const DramPartSpec& part, const DramControllerOptions& options)
    : protocol_(protocol_of(part)),
      options_(options),
      map_(checked_map(part, options.map)),
      timing_(protocol_),
      read_room_(options.read_queue),
      write_room_(options.write_queue),
      drain_above_(options.drain_above * options.write_queue),
      drain_below_(options.drain_below * options.write_queue) {
  const auto banks = static_cast<std::size_t>(protocol_.banks());
  banks_.resize(banks);
  views_.resize(banks);
  waiting_ = {BankSet{banks}, BankSet{banks}};
  active_ = BankSet{banks};
  const std::size_t queued =
      static_cast<std::size_t>(read_room_) + static_cast<std::size_t>(write_room_);
  slots_.resize(queued + banks);
  for (std::size_t s = slots_.size(); s > 0; --s) {
    free_.push_back(static_cast<std::int32_t>(s - 1));
  }
  held_.resize(std::bit_ceil(queued + 1));
  completions_.reserve(4 * queued);
  open_banks_.assign(static_cast<std::size_t>(protocol_.nodes(DramLevel::rank)), 0);
  open_since_.assign(open_banks_.size(), 0);
  for (std::int32_t b = 0; b < protocol_.banks(); ++b) {
    rank_of_bank_.push_back(static_cast<std::uint32_t>(protocol_.node_of(DramLevel::rank, b)));
    pseudo_of_bank_.push_back(protocol_.node_of(DramLevel::pseudo_channel, b));
  }
  switch (options_.refresh) {
    case RefreshMode::off:
      break;
    case RefreshMode::all_bank:
      next_refresh_ = protocol_.refresh_interval;
      break;
    case RefreshMode::per_bank:
      next_refresh_ = protocol_.bank_refresh_interval;
      break;
  }
  next_ = next_refresh_;
}

void DramController::enqueue(const DramRequest& request) {
  held_[(held_first_ + held_count_) & (held_.size() - 1)] = request;
  ++held_count_;
  (request.write ? writes_held_ : reads_held_) += 1;
  next_ = std::min(next_, request.arrival + 1);
}

bool DramController::admit(std::int64_t tick) {
  bool known = true;
  while (held_count_ != 0 && held_[held_first_].arrival < tick) {
    const DramRequest& r = held_[held_first_];
    held_first_ = (held_first_ + 1) & (held_.size() - 1);
    --held_count_;
    const DramAddress at = map_.decode(r.address);
    Bank& bank = banks_[static_cast<std::size_t>(at.flat_bank)];
    (r.write ? statistics_.writes : statistics_.reads) += 1;
    // A waiting write to the same place answers a read and swallows a write.
    std::int32_t same = bank.queue[1].head;
    while (same != kNone && (slots_[static_cast<std::size_t>(same)].row != at.row ||
                             slots_[static_cast<std::size_t>(same)].column != at.column)) {
      same = slots_[static_cast<std::size_t>(same)].next;
    }
    if (same != kNone) {
      (r.write ? statistics_.coalesced : statistics_.forwarded) += 1;
      (r.write ? writes_held_ : reads_held_) -= 1;
      const std::int64_t done = r.arrival + (r.write ? 0 : 1);
      completions_.push_back({r.tag, r.source, r.write, r.arrival, done, done});
      continue;
    }
    const std::int32_t s = free_.back();
    free_.pop_back();
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    slot = {at.row,    at.column, at.flat_bank, kNone,   ++sequence_,
            r.arrival, r.tag,     r.source,     r.write, false};
    List& list = bank.queue[r.write ? 1 : 0];
    if (list.head == kNone) {
      list.head = s;
      waiting_[r.write ? 1 : 0].insert(at.flat_bank);
    } else {
      slots_[static_cast<std::size_t>(list.tail)].next = s;
    }
    list.tail = s;
    ++waiting_count_[r.write ? 1 : 0];
    if (refreshes_first_ < refreshes_.size()) {
      look_at(at.flat_bank);  // of the queues nothing goes before the refresh
      continue;
    }
    const bool mode = write_mode_;
    choose_mode();
    known =
        known && mode == write_mode_ && row_.bank != at.flat_bank && column_.bank != at.flat_bank;
    if (r.write == write_mode_) {
      look_at(at.flat_bank);
      if (known) {
        offer_bank(at.flat_bank, tick);
      }
    }
  }
  return known;
}

void DramController::push_refreshes(std::int64_t tick) {
  while (next_refresh_ <= tick) {
    if (options_.refresh == RefreshMode::all_bank) {
      const std::int32_t scopes = protocol_.nodes(protocol_.all_bank_level());
      const std::int32_t banks = protocol_.banks() / scopes;
      for (std::int32_t s = 0; s < scopes; ++s) {
        refreshes_.push_back({C::refresh_all, s * banks});
      }
      next_refresh_ += protocol_.refresh_interval;
    } else {
      const std::int32_t copies =
          protocol_.refresh_banks_of_all_pseudo_channels ? protocol_.counts[1] : 1;
      const std::int32_t banks = protocol_.banks() / copies;
      for (std::int32_t c = 0; c < copies; ++c) {
        refreshes_.push_back({C::refresh_bank, c * banks + next_refresh_bank_});
      }
      next_refresh_bank_ = (next_refresh_bank_ + 1) % banks;
      next_refresh_ += protocol_.bank_refresh_interval;
    }
  }
}

void DramController::send(DramCommand command, std::int32_t bank, std::uint32_t row,
                          std::int64_t tick) {
  timing_.issue(command, bank, tick);
  ++statistics_.commands[static_cast<std::size_t>(command)];
  if (log_ != nullptr) {
    log_->command({tick, command, bank, row});
  }
}

void DramController::close(std::int32_t bank, std::int64_t tick) {
  Bank& b = banks_[static_cast<std::size_t>(bank)];
  if (b.row < 0) {
    return;
  }
  b.row = -1;
  const std::size_t rank = rank_of_bank_[static_cast<std::size_t>(bank)];
  if (--open_banks_[rank] == 0) {
    open_ticks_ += tick - open_since_[rank];
  }
}

void DramController::count_row(Slot& slot, std::uint64_t& counter) {
  if (!slot.counted) {
    slot.counted = true;
    ++counter;
  }
}

void DramController::unlink(const Candidate& c) {
  Slot& slot = slots_[static_cast<std::size_t>(c.slot)];
  const std::size_t q = slot.write ? 1 : 0;
  List& list = banks_[static_cast<std::size_t>(c.bank)].queue[q];
  if (c.before == kNone) {
    list.head = slot.next;
  } else {
    slots_[static_cast<std::size_t>(c.before)].next = slot.next;
  }
  if (list.tail == c.slot) {
    list.tail = c.before;
  }
  if (list.head == kNone) {
    waiting_[q].remove(c.bank);
  }
  slot.next = kNone;
  --waiting_count_[q];
  (slot.write ? writes_held_ : reads_held_) -= 1;
}

void DramController::complete(const Slot& slot, std::int64_t issued, std::int64_t cycle) {
  completions_.push_back({slot.tag, slot.source, slot.write, slot.arrival, issued, cycle});
}

void DramController::issue_column(const Candidate& c, std::int64_t tick) {
  Bank& bank = banks_[static_cast<std::size_t>(c.bank)];
  Slot& slot = slots_[static_cast<std::size_t>(c.slot)];
  count_row(slot, statistics_.row_hits);
  const bool closes = options_.page == PagePolicy::closed && !another_hit(bank, c.slot);
  const C command =
      slot.write ? (closes ? C::write_close : C::write) : (closes ? C::read_close : C::read);
  send(command, c.bank, slot.row, tick);
  const std::int64_t to_end = slot.write ? protocol_.write_ticks : protocol_.read_ticks;
  statistics_.bus_busy += protocol_.burst_ticks;
  if (protocol_.sync_post >= 0) {
    clock_runs_until_ = std::max(clock_runs_until_, tick + to_end + protocol_.sync_post);
  }
  complete(slot, tick, tick + to_end);
  bank.last_access = tick;
  if (c.owner == Owner::active) {
    bank.active = kNone;
    active_.remove(c.bank);
    --active_count_;
  } else {
    unlink(c);
  }
  free_.push_back(c.slot);
  if (closes) {
    close(c.bank, tick);
  }
  look_at(c.bank);
}

void DramController::make_active(const Candidate& c) {
  Bank& bank = banks_[static_cast<std::size_t>(c.bank)];
  const Slot& slot = slots_[static_cast<std::size_t>(c.slot)];
  bank.active = c.slot;
  bank.active_sequence = slot.sequence;
  bank.active_command = slot.write ? C::write : C::read;
  active_.insert(c.bank);
}

void DramController::issue(const Candidate& c, std::int64_t tick) {
  Bank& bank = banks_[static_cast<std::size_t>(c.bank)];
  switch (c.command) {
    case C::activate: {
      Slot& slot = slots_[static_cast<std::size_t>(c.slot)];
      count_row(slot, statistics_.row_misses);
      send(c.command, c.bank, slot.row, tick);
      bank.row = slot.row;
      bank.last_access = tick;
      const std::size_t rank = rank_of_bank_[static_cast<std::size_t>(c.bank)];
      if (open_banks_[rank]++ == 0) {
        open_since_[rank] = tick;
      }
      unlink(c);
      ++active_count_;
      if (protocol_.activate_split > 0) {
        bank.opening = true;
        half_open_bank_ = c.bank;
        half_open_slot_ = c.slot;
        half_open_since_ = tick;
        half_open_deadline_ = tick + protocol_.activate_split;
      } else {
        make_active(c);
      }
      break;
    }
    case C::activate_second:
      send(c.command, c.bank, slots_[static_cast<std::size_t>(c.slot)].row, tick);
      bank.opening = false;
      make_active(c);
      half_open_bank_ = kNone;
      break;
    case C::precharge:
      if (c.owner == Owner::queue) {
        count_row(slots_[static_cast<std::size_t>(c.slot)], statistics_.row_conflicts);
      }
      send(c.command, c.bank, 0, tick);
      close(c.bank, tick);
      break;
    case C::precharge_all: {
      send(c.command, c.bank, 0, tick);
      const std::int32_t banks = protocol_.banks() / protocol_.nodes(protocol_.all_bank_level());
      for (std::int32_t b = c.bank; b < c.bank + banks; ++b) {
        close(b, tick);
        look_at(b);
      }
      break;
    }
    case C::refresh_all:
    case C::refresh_bank:
      send(c.command, c.bank, 0, tick);
      if (++refreshes_first_ == refreshes_.size()) {
        refreshes_.clear();
        refreshes_first_ = 0;
      }
      break;
    case C::read:
    case C::write:
    case C::read_close:
    case C::write_close:
      issue_column(c, tick);
      return;
    case C::sync_read:
    case C::sync_write:
      CAIRN_CHECK(false, "a synchronisation is sent with its column command");
  }
  look_at(c.bank);
  if (protocol_.ticks_per_clock == 2 && tick % 2 != 0) {
    constexpr std::int64_t kActivateEdges = 3;
    pair_edge_ = tick + (c.command == C::activate ? kActivateEdges : 1);
    pair_pseudo_ = pseudo_of_bank_[static_cast<std::size_t>(c.bank)];
    const bool all = c.command == C::precharge_all || c.command == C::refresh_all;
    pair_bank_ = all ? kNone : c.bank;
  }
}

void DramController::step(std::int64_t tick) {
  now_ = tick;
  const bool refresh_due = next_refresh_ <= tick;
  if (refresh_due) {
    push_refreshes(tick);
  }
  const bool known = admit(tick) && !refresh_due;
  if (synchronised_.at == tick) {
    const Candidate c = synchronised_;
    synchronised_ = {};
    issue(c, tick);
    scan(tick + 1, tick + 1);
    update_next();
    return;
  }
  if (!known && synchronised_.at == kNever) {
    scan(tick, tick);
  }
  if (column_.at == tick) {
    const Candidate c = column_;
    if (protocol_.sync_post >= 0 && is_column(c.command) && tick >= clock_runs_until_) {
      if (half_open_bank_ != kNone && half_open_deadline_ <= tick + 1) {
        issue({tick, 0, Owner::urgent, C::activate_second, half_open_bank_, half_open_slot_, kNone},
              tick);
        scan(tick + 1, tick + 1);
      } else {
        send(is_write(c.command) ? C::sync_write : C::sync_read, c.bank, 0, tick);
        synchronised_ = c;
        synchronised_.at = tick + 1;
        column_ = {};
        row_ = {};
      }
      update_next();
      return;
    }
    issue(c, tick);
    scan(tick + 1, protocol_.separate_buses ? tick : tick + 1);
  }
  if (row_.at == tick) {
    const Candidate c = row_;
    issue(c, tick);
    scan(tick + 1, tick + 1);
  }
  update_next();
}

void DramController::update_next() {
  next_ = std::min(std::min(column_.at, row_.at), std::min(next_refresh_, synchronised_.at));
  if (held_count_ != 0) {
    next_ = std::min(next_, held_[held_first_].arrival + 1);
  }
}

DramStatistics DramController::statistics() const {
  DramStatistics s = statistics_;
  s.cycles = now_;
  return s;
}

DramEnergy DramController::energy() const {
  const DramCommandEnergies& e = options_.energies;
  const auto count = [&](std::initializer_list<C> commands) {
    std::uint64_t sum = 0;
    for (const C c : commands) {
      sum += statistics_.commands.at(static_cast<std::size_t>(c));
    }
    return static_cast<double>(sum);
  };
  std::int64_t open = open_ticks_;
  for (std::size_t r = 0; r < open_banks_.size(); ++r) {
    open += open_banks_[r] > 0 ? now_ - open_since_[r] : 0;
  }
  DramEnergy sum;
  sum.activate = count({C::activate}) * e.activate;
  sum.read = count({C::read, C::read_close}) * e.read;
  sum.write = count({C::write, C::write_close}) * e.write;
  sum.refresh = count({C::refresh_all}) * e.refresh_all + count({C::refresh_bank}) * e.refresh_bank;
  const auto ranks = static_cast<double>(open_banks_.size());
  sum.background = protocol_.tick_s * (ranks * static_cast<double>(now_) * e.closed +
                                       static_cast<double>(open) * (e.open - e.closed));
  return sum;
}

}  // namespace cairn::hw::cycle
