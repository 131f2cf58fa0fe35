#include "hw/pim/cycle/pim_channel.h"

#include <algorithm>

namespace cairn::hw::cycle {

PimChannel::PimChannel(const RowTimingSpec& timing, bool per_bank, Femtoseconds mode_switch,
                       bool serves_host)
    : spec_(timing),
      per_bank_(per_bank),
      serves_host_(serves_host),
      mode_switch_(mode_switch),
      column_(to_femtoseconds(timing.column_interval.count())),
      command_(to_femtoseconds(timing.command_interval.count())),
      activate_to_read_(to_femtoseconds(timing.activate_to_read.count())),
      read_to_precharge_(to_femtoseconds(timing.read_to_precharge.count())),
      precharge_(to_femtoseconds(timing.precharge.count())),
      row_active_(to_femtoseconds(timing.row_active.count())),
      activate_interval_(to_femtoseconds(timing.activate_interval.count())),
      refresh_(to_femtoseconds(timing.refresh.count())),
      refresh_interval_(to_femtoseconds(timing.refresh_interval.count())),
      sets_(timing.hidden_activation ? 2 : 1),
      refresh_due_(refresh_interval_ / 2) {}

void PimChannel::issue(PimCommand command, Femtoseconds at, std::int64_t bank, std::int64_t set) {
  if (log_ != nullptr) {
    log_->push_back({command, at, bank, set});
  }
}

Femtoseconds PimChannel::close(std::int64_t index) {
  Set& set = sets_.at(static_cast<std::size_t>(index));
  if (set.open) {
    const Femtoseconds at = std::max(
        {set.last_column + read_to_precharge_, set.last_activate + row_active_, free_from_});
    issue(PimCommand::precharge, at, -1, index);
    set.open = false;
    set.activate_from = at + precharge_;
  }
  return set.activate_from;
}

Femtoseconds PimChannel::all_closed() {
  Femtoseconds ready = free_from_;
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    ready = std::max(ready, close(static_cast<std::int64_t>(i)));
  }
  return ready;
}

void PimChannel::refresh_until(Femtoseconds time) {
  while (refresh_interval_ > 0 && refresh_due_ <= time) {
    const Femtoseconds at = std::max(all_closed(), refresh_due_);
    issue(PimCommand::refresh, at, -1, 0);
    ++refreshes_;
    free_from_ = at + refresh_;
    refresh_due_ += refresh_interval_;
  }
}

Femtoseconds PimChannel::serve_until(Femtoseconds time) {
  while (host_ != nullptr && host_->next_arrival() <= time) {
    const Femtoseconds closed = std::max(all_closed(), host_->next_arrival());
    issue(PimCommand::enter_host, closed, -1, 0);
    const Femtoseconds ready = host_->serve(closed + mode_switch_);
    issue(PimCommand::leave_host, ready, -1, 0);
    mode_switches_ += 2;
    free_from_ = ready + mode_switch_;
  }
  while (!requests_.empty() && requests_.front().arrival <= time) {
    if (serves_host_) {
      // Other banks: only the places of its commands on the bus are taken from the units.
      const PimHostRequest request = requests_.front();
      requests_.pop_front();
      const Femtoseconds at = request.arrival;
      issue(PimCommand::host_activate, at, 0, -1);
      const Femtoseconds last = at + activate_to_read_ + (request.columns - 1) * column_;
      for (std::int64_t c = 0; c < request.columns; ++c) {
        issue(PimCommand::host_column, at + activate_to_read_ + c * column_, 0, -1);
      }
      issue(PimCommand::host_precharge, std::max(last + read_to_precharge_, at + row_active_), 0,
            -1);
      answered_.push_back(last + column_);
      if (per_bank_ && spec_.banks * command_ >= column_) {
        next_column_ += (request.columns + 2) * command_;
      }
      continue;
    }
    Femtoseconds ready = std::max(all_closed(), requests_.front().arrival);
    issue(PimCommand::enter_host, ready, -1, 0);
    ready += mode_switch_;
    while (!requests_.empty() && requests_.front().arrival <= ready) {
      const PimHostRequest request = requests_.front();
      requests_.pop_front();
      issue(PimCommand::host_activate, ready, 0, 0);
      const Femtoseconds first = ready + activate_to_read_;
      const Femtoseconds last = first + (request.columns - 1) * column_;
      for (std::int64_t c = 0; c < request.columns; ++c) {
        issue(PimCommand::host_column, first + c * column_, 0, 0);
      }
      answered_.push_back(last + column_);
      const Femtoseconds closed = std::max(last + read_to_precharge_, ready + row_active_);
      issue(PimCommand::host_precharge, closed, 0, 0);
      ready = closed + precharge_;
    }
    issue(PimCommand::leave_host, ready, -1, 0);
    mode_switches_ += 2;
    free_from_ = ready + mode_switch_;
  }
  return free_from_;
}

void PimChannel::serve_idle(Femtoseconds time) {
  refresh_until(time);
  serve_until(time);
}

void PimChannel::open(std::int64_t index, Femtoseconds known) {
  const Femtoseconds first = std::max({close(index), free_from_, known});
  Set& set = sets_.at(static_cast<std::size_t>(index));
  set.open = true;
  if (activate_interval_ > 0) {
    for (std::int64_t bank = 0; bank < spec_.banks; ++bank) {
      issue(PimCommand::activate, first + bank * activate_interval_, bank, index);
    }
  } else {
    issue(PimCommand::activate, first, -1, index);
  }
  activates_ += spec_.banks;
  set.last_activate = first + (spec_.banks - 1) * activate_interval_;
}

Femtoseconds PimChannel::round_of(Femtoseconds interval) const {
  return std::max({interval, column_, per_bank_ ? spec_.banks * command_ : Femtoseconds{0}});
}

Femtoseconds PimChannel::read_row(std::int64_t columns, Femtoseconds interval,
                                  Femtoseconds earliest, bool same) {
  // Refreshes cannot wait longer than until the next one: a row that takes so long is left for it.
  const Femtoseconds round = round_of(interval);
  const std::int64_t most =
      refresh_interval_ > 0 ? std::max<std::int64_t>(1, refresh_interval_ / round) : columns;
  Femtoseconds end = read_part(std::min(columns, most), round, earliest, same);
  for (std::int64_t done = most; done < columns; done += most) {
    end = read_part(std::min(most, columns - done), round, end, true);
  }
  return end;
}

Femtoseconds PimChannel::read_part(std::int64_t columns, Femtoseconds round, Femtoseconds earliest,
                                   bool same) {
  const bool idle = earliest > end_;
  const Femtoseconds turn = std::max(end_, earliest);  // of this row
  refresh_until(turn);
  serve_until(turn);
  const auto sets = static_cast<std::int64_t>(sets_.size());
  if (same) {
    next_set_ = (next_set_ + sets - 1) % sets;
  }
  const std::int64_t index = next_set_;
  Set& set = sets_.at(static_cast<std::size_t>(index));
  if (!same || !set.open) {
    // The row is known since the one before was opened, or since the channel has work again.
    open(index, idle ? earliest : opened_);
  }
  const Femtoseconds begin =
      std::max({set.last_activate + activate_to_read_, next_column_, earliest});
  if (log_ != nullptr) {
    for (std::int64_t c = 0; c < columns; ++c) {
      if (!per_bank_) {
        issue(PimCommand::read_column, begin + c * round, -1, index);
        continue;
      }
      for (std::int64_t bank = 0; bank < spec_.banks; ++bank) {
        issue(PimCommand::read_column, begin + c * round + bank * command_, bank, index);
      }
    }
  }
  const Femtoseconds last = begin + (columns - 1) * round;
  set.last_column = last + (per_bank_ ? (spec_.banks - 1) * command_ : Femtoseconds{0});
  opened_ = set.last_activate + activate_interval_;
  next_column_ = last + round;
  end_ = next_column_;
  next_set_ = (next_set_ + 1) % sets;
  return end_;
}

}  // namespace cairn::hw::cycle
