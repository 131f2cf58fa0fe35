#include "hw/memory/cycle/dram_checker.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text/enum_names.h"

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;
constexpr std::size_t kReports = 20;
constexpr std::size_t kNoBank = static_cast<std::size_t>(-1);

std::int64_t count(const std::optional<Cycles>& value, Cycles otherwise) {
  return value.value_or(otherwise).count();
}

}  // namespace

DramChecker::DramChecker(const DramPartSpec& part) : part_(part) {
  const DramOrganisationSpec& o = part.organisation;
  const MemoryKind k = part.kind;
  edges_ = k == MemoryKind::hbm3 || k == MemoryKind::hbm3e || k == MemoryKind::hbm4;
  hbm_ = edges_ || k == MemoryKind::hbm2 || k == MemoryKind::hbm2e;
  per_clock_ = edges_ ? 2 : 1;
  banks_per_group_ = static_cast<std::size_t>(o.banks_per_group);
  groups_per_rank_ = static_cast<std::size_t>(o.bank_groups);
  ranks_per_pseudo_ = static_cast<std::size_t>(o.ranks);
  const auto pseudos = static_cast<std::size_t>(o.pseudo_channels);
  const std::size_t ranks = pseudos * ranks_per_pseudo_;
  pseudos_.resize(pseudos);
  ranks_.resize(ranks);
  groups_.resize(ranks * groups_per_rank_);
  banks_.resize(groups_.size() * banks_per_group_);
  scopes_.resize(hbm_ ? pseudos : ranks);
  activates_.resize(scopes_.size());
  banks_per_scope_ = banks_.size() / scopes_.size();
  data_until_.assign(pseudos, kNever);
  data_rank_.assign(pseudos, 0);
  bus_until_[0] = kNever;
  bus_until_[1] = kNever;
}

DramChecker::Where DramChecker::where(std::int32_t flat_bank) const {
  Where w;
  w.bank = static_cast<std::size_t>(flat_bank);
  w.group = w.bank / banks_per_group_;
  w.rank = w.group / groups_per_rank_;
  w.pseudo = w.rank / ranks_per_pseudo_;
  w.scope = hbm_ ? w.pseudo : w.rank;
  return w;
}

/// Ticks that a command is on its bus.
std::int64_t DramChecker::length(DramCommand c) const {
  const bool column = c == C::read || c == C::write || c == C::read_close || c == C::write_close;
  if (part_.kind == MemoryKind::ddr5) {
    return column || c == C::activate ? 2 : 1;
  }
  if (edges_) {
    return column ? 2 : c == C::activate ? 3 : 1;
  }
  return hbm_ && c == C::activate ? 2 : 1;
}

void DramChecker::broken(const std::string& what) {
  ++violations_;
  if (reports_.size() < kReports) {
    reports_.push_back(fmt::format("tick {}: {} of bank {} {}", now_.cycle, to_text(now_.command),
                                   now_.flat_bank, what));
  }
}

void DramChecker::need(const char* rule, std::int64_t since, std::int64_t cycles) {
  const std::int64_t missing = since + cycles * per_clock_ - edge_;
  if (missing > 0) {
    broken(fmt::format("comes {} ticks before {} allows", missing, rule));
  }
}

void DramChecker::on_bus() {
  const C c = now_.command;
  const bool column = c == C::read || c == C::write || c == C::read_close || c == C::write_close;
  std::int64_t& until = bus_until_[hbm_ && column ? 1 : 0];
  if (now_.cycle < until) {
    broken("comes while another command is on the bus");
  }
  until = now_.cycle + length(c);
  const bool either_edge = c == C::precharge || c == C::precharge_all;
  if (edges_ && !either_edge && now_.cycle % 2 == 0) {
    broken("starts on a falling edge");
  }
}

void DramChecker::data(const Where& w, bool write) {
  const DramTimingSpec& t = part_.timing;
  const std::int64_t start = now_.cycle + (write ? t.cwl : t.cl).count() * per_clock_;
  const auto rank = static_cast<std::int32_t>(w.rank);
  std::int64_t free = data_until_[w.pseudo];
  if (data_rank_[w.pseudo] != rank && t.rank_switch && ranks_per_pseudo_ > 1) {
    free += t.rank_switch->count() * per_clock_;
  }
  if (start < free) {
    broken("puts data onto pins that are in use");
  }
  data_until_[w.pseudo] = start + t.burst.count() * per_clock_;
  data_rank_[w.pseudo] = rank;
  if (t.clock_sync_post) {
    if (now_.cycle >= clock_until_ && sync_at_ != now_.cycle - 1) {
      broken("comes without a running data clock");
    }
    clock_until_ =
        std::max(clock_until_, data_until_[w.pseudo] + t.clock_sync_post->count() * per_clock_);
  }
}

void DramChecker::activate(const Where& w) {
  const DramTimingSpec& t = part_.timing;
  BankState& bank = banks_[w.bank];
  if (bank.row >= 0) {
    broken("finds a row open");
  }
  const std::int64_t recovery = t.cwl.count() + t.burst.count() + t.wr.count();
  need("tRC", bank.last.act, t.rc.count());
  need("tRP", bank.last.precharge, t.rp.count());
  need("tRPab", scopes_[w.scope].precharge_all, count(t.rp_all, t.rp));
  need("tRTP + tRP", bank.last.read_close, t.rtp.count() + t.rp.count());
  need("tWR + tRP", bank.last.write_close, recovery + t.rp.count());
  need("tRFC", scopes_[w.scope].refresh, t.rfc.count());
  need("tRRD_S", scopes_[w.scope].act, t.rrd_s.count());
  need("tRRD_L", groups_[w.group].act, t.rrd_l.count());
  if (t.rfc_bank) {
    need("tRFCpb", bank.last.refresh_bank, t.rfc_bank->count());
    const std::int64_t other = count(t.rrefd, t.rrd_s);
    need("tRREFD", scopes_[w.scope].refresh_bank, count(t.refresh_to_act_bank, Cycles{other}));
  }
  std::deque<std::int64_t>& window = activates_[w.scope];
  if (window.size() == 4) {
    need("tFAW", window.front(), t.faw.count());
    window.pop_front();
  }
  window.push_back(edge_);
  if (pending_bank_ != kNoBank) {
    broken("comes between the halves of another activate");
  }
  bank.row = now_.row;
  for (History* h : {&bank.last, &groups_[w.group], &scopes_[w.scope]}) {
    h->act = edge_;
  }
  if (t.act_split) {
    pending_bank_ = w.bank;
    bank.half_open_since = now_.cycle;
  }
}

void DramChecker::activate_second(const Where& w) {
  BankState& bank = banks_[w.bank];
  if (pending_bank_ != w.bank) {
    broken("has no first half");
  } else if (now_.cycle - bank.half_open_since > part_.timing.act_split->count() * per_clock_) {
    broken("comes later than tAAD after the first half");
  }
  pending_bank_ = kNoBank;
}

void DramChecker::precharge(const Where& w) {
  const DramTimingSpec& t = part_.timing;
  BankState& bank = banks_[w.bank];
  need("tRAS", bank.last.act, t.ras.count());
  need("tRTP", bank.last.read, t.rtp.count());
  need("tWR", bank.last.write, t.cwl.count() + t.burst.count() + t.wr.count());
  if (t.ppd) {
    need("tPPD", scopes_[w.scope].precharge, t.ppd->count());
    need("tPPD", scopes_[w.scope].precharge_all, t.ppd->count());
  }
  if (pending_bank_ == w.bank) {
    broken("closes a bank that is being opened");
  }
  bank.row = -1;
  bank.last.precharge = edge_;
  scopes_[w.scope].precharge = edge_;
}

void DramChecker::precharge_all(const Where& w) {
  const DramTimingSpec& t = part_.timing;
  const std::size_t first = w.scope * banks_per_scope_;
  for (std::size_t b = first; b < first + banks_per_scope_; ++b) {
    BankState& bank = banks_[b];
    need("tRAS", bank.last.act, t.ras.count());
    need("tRTP", bank.last.read, t.rtp.count());
    need("tWR", bank.last.write, t.cwl.count() + t.burst.count() + t.wr.count());
    bank.row = -1;
    if (pending_bank_ == b) {
      broken("closes a bank that is being opened");
    }
  }
  need("tRFC", scopes_[w.scope].refresh, t.rfc.count());
  if (t.ppd) {
    need("tPPD", scopes_[w.scope].precharge, t.ppd->count());
    need("tPPD", scopes_[w.scope].precharge_all, t.ppd->count());
  }
  scopes_[w.scope].precharge_all = edge_;
}

void DramChecker::column(const Where& w, bool write, bool close) {
  const DramTimingSpec& t = part_.timing;
  BankState& bank = banks_[w.bank];
  if (bank.row != now_.row) {
    broken("wants a row that is not open");
  }
  if (pending_bank_ == w.bank) {
    broken("comes before the second half of the activate");
  }
  need("tRCD", bank.last.act, write ? count(t.rcd_write, t.rcd) : t.rcd.count());
  const std::int64_t group_burst = count(t.burst_group, t.burst);
  const History& group = groups_[w.group];
  const History& rank = ranks_[w.rank];
  const History& pins = hbm_ ? pseudos_[w.pseudo] : ranks_[w.rank];
  if (write) {
    need("tCCD_L", group.write, count(t.ccd_l_write, t.ccd_l));
    need("tCCD_S", rank.write, count(t.ccd_s_write, t.ccd_s));
    need("tRTW", pins.read,
         count(t.rtw, Cycles{t.cl.count() + t.burst.count() + 2 - t.cwl.count()}));
  } else {
    need("tCCD_L", group.read, t.ccd_l.count());
    need("tCCD_S", rank.read, t.ccd_s.count());
    need("tWTR_L", group.write, t.cwl.count() + group_burst + t.wtr_l.count());
    need("tWTR_S", pins.write, t.cwl.count() + t.burst.count() + t.wtr_s.count());
  }
  if (t.ccd_r) {
    for (std::size_t r = w.pseudo * ranks_per_pseudo_; r < (w.pseudo + 1) * ranks_per_pseudo_;
         ++r) {
      if (r != w.rank) {
        need("tCCD_R", write ? ranks_[r].write : ranks_[r].read, t.ccd_r->count());
      }
    }
  }
  data(w, write);
  for (History* h :
       {&bank.last, &groups_[w.group], &ranks_[w.rank], &pseudos_[w.pseudo], &scopes_[w.scope]}) {
    (write ? h->write : h->read) = edge_;
    if (close) {
      (write ? h->write_close : h->read_close) = edge_;
    }
  }
  if (close) {
    bank.row = -1;
  }
}

void DramChecker::refresh_all(const Where& w) {
  const DramTimingSpec& t = part_.timing;
  const std::int64_t recovery = t.cwl.count() + t.burst.count() + t.wr.count();
  const std::size_t first = w.scope * banks_per_scope_;
  for (std::size_t b = first; b < first + banks_per_scope_; ++b) {
    const BankState& bank = banks_[b];
    if (bank.row >= 0) {
      broken(fmt::format("finds bank {} open", b));
    }
    need("tRC", bank.last.act, t.rc.count());
    need("tRP", bank.last.precharge, t.rp.count());
    need("tRTP + tRP", bank.last.read_close, t.rtp.count() + t.rp.count());
    need("tWR + tRP", bank.last.write_close, recovery + t.rp.count());
    if (t.rfc_bank) {
      need("tRFCpb", bank.last.refresh_bank, t.rfc_bank->count());
    }
  }
  need("tRP", scopes_[w.scope].precharge_all, t.rp.count());
  need("tRFC", scopes_[w.scope].refresh, t.rfc.count());
  scopes_[w.scope].refresh = edge_;
}

void DramChecker::refresh_bank(const Where& w) {
  const DramTimingSpec& t = part_.timing;
  if (!t.rfc_bank) {
    broken("is unknown to this part");
    return;
  }
  BankState& bank = banks_[w.bank];
  const std::int64_t recovery = t.cwl.count() + t.burst.count() + t.wr.count();
  const std::int64_t other = count(t.rrefd, t.rrd_s);
  if (bank.row >= 0) {
    broken("finds its bank open");
  }
  need("tRC", bank.last.act, t.rc.count());
  need("tRP", bank.last.precharge, t.rp.count());
  need("tRPab", scopes_[w.scope].precharge_all, count(t.rp_all, t.rp));
  need("tRTP + tRP", bank.last.read_close, t.rtp.count() + t.rp.count());
  need("tWR + tRP", bank.last.write_close, recovery + t.rp.count());
  need("tRFCpb", bank.last.refresh_bank, t.rfc_bank->count());
  need("tRFC", scopes_[w.scope].refresh, t.rfc.count());
  need("tRREFD", scopes_[w.scope].refresh_bank, count(t.refresh_to_refresh_bank, Cycles{other}));
  need("tRRD_S", scopes_[w.scope].act, t.rrd_s.count());
  bank.last.refresh_bank = edge_;
  scopes_[w.scope].refresh_bank = edge_;
}

void DramChecker::command(const DramLogEntry& entry) {
  if (commands_ > 0 && entry.cycle < now_.cycle) {
    now_ = entry;
    broken("stands behind a later command in the log");
  }
  now_ = entry;
  ++commands_;
  edge_ = entry.cycle + length(entry.command) - 1;
  on_bus();
  const Where w = where(entry.flat_bank);
  switch (entry.command) {
    case C::activate:
      activate(w);
      break;
    case C::activate_second:
      activate_second(w);
      break;
    case C::precharge:
      precharge(w);
      break;
    case C::precharge_all:
      precharge_all(w);
      break;
    case C::read:
    case C::write:
    case C::read_close:
    case C::write_close:
      column(w, entry.command == C::write || entry.command == C::write_close,
             entry.command == C::read_close || entry.command == C::write_close);
      break;
    case C::sync_read:
    case C::sync_write:
      sync_at_ = entry.cycle;
      break;
    case C::refresh_all:
      refresh_all(w);
      break;
    case C::refresh_bank:
      refresh_bank(w);
      break;
  }
}

}  // namespace cairn::hw::cycle
