#include "hw/pim/cycle/pim_dram_host.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw::cycle {
namespace {

DramControllerOptions options_of(const DramPartSpec& part) {
  DramControllerOptions options = default_options(part);
  options.page = PagePolicy::closed;
  options.refresh = RefreshMode::off;
  return options;
}

Seconds clocks(const DramPartSpec& part, double count) {
  return Seconds{part.timing.period.count() * count};
}
double to_real(Cycles cycles) {
  return static_cast<double>(cycles.count());
}

}  // namespace

RowTimingSpec rows_of(const DramPartSpec& part) {
  const DramOrganisationSpec& o = part.organisation;
  const DramTimingSpec& t = part.timing;
  RowTimingSpec rows;
  rows.streams = 1;
  rows.banks = o.bank_groups * o.banks_per_group;
  rows.access = Bits{o.channel_width.count() * o.burst_length};
  rows.row = Bits{o.channel_width.count() * o.columns};
  rows.column_interval = clocks(part, to_real(t.ccd_l));
  rows.activate_to_read = clocks(part, to_real(t.rcd));
  rows.read_to_precharge = clocks(part, to_real(t.rtp));
  rows.precharge = clocks(part, to_real(t.rp_all.value_or(t.rp)));
  rows.row_active = clocks(part, to_real(t.ras));
  rows.activate_interval = clocks(part, std::max(to_real(t.rrd_s), std::ceil(to_real(t.faw) / 4)));
  rows.refresh = clocks(part, to_real(t.rfc));
  rows.refresh_interval = clocks(part, to_real(t.refi));
  return rows;
}

PimDramHost::PimDramHost(const DramPartSpec& part)
    : timing_(part.timing),
      controller_(part, options_of(part)),
      tick_fs_(controller_.tick_s() * kFemtosecondsPerSecond) {
  controller_.set_log(this);
}

void PimDramHost::ask(Femtoseconds arrival, std::uint64_t address, bool write) {
  waiting_.push_back({arrival, address, write});
}

std::int64_t PimDramHost::tick_at(Femtoseconds time) const {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(time) / tick_fs_ - 1e-6));
}

Femtoseconds PimDramHost::time_of(std::int64_t tick) const {
  return std::llround(static_cast<double>(tick) * tick_fs_);
}

void PimDramHost::command(const DramLogEntry& entry) {
  const std::int64_t clock = controller_.ticks_per_clock();
  const std::int64_t precharge = timing_.rp.count();
  std::int64_t until = 0;
  switch (entry.command) {
    case DramCommand::activate:
      until = timing_.ras.count() + precharge;
      break;
    case DramCommand::read_close:
      until = timing_.rtp.count() + precharge;
      break;
    case DramCommand::write_close:
      until = timing_.cwl.count() + timing_.burst.count() + timing_.wr.count() + precharge;
      break;
    case DramCommand::precharge:
    case DramCommand::precharge_all:
      until = precharge;
      break;
    default:
      break;
  }
  closed_ = std::max(closed_, entry.cycle + until * clock);
}

Femtoseconds PimDramHost::serve(Femtoseconds start) {
  // A request may be commanded from the tick after its arrival.
  std::int64_t now = std::max<std::int64_t>(tick_at(start) - 1, 0);
  controller_.advance(now);
  while (true) {
    while (!waiting_.empty() && tick_at(waiting_.front().arrival) <= now &&
           controller_.can_accept(waiting_.front().write)) {
      const Waiting& first = waiting_.front();
      controller_.enqueue({.address = first.address, .write = first.write, .arrival = now});
      waiting_.pop_front();
    }
    if (controller_.idle()) {
      break;
    }
    now = std::max(now, controller_.next_event());
    controller_.advance(now);
    for (const DramCompletion& completion : controller_.completions()) {
      done_.push_back(time_of(completion.cycle));
      closed_ = std::max(closed_, completion.cycle);
    }
    controller_.clear_completions();
  }
  return std::max(start, time_of(std::max(closed_, now)));
}

}  // namespace cairn::hw::cycle
