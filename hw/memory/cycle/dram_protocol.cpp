#include "hw/memory/cycle/dram_protocol.h"

#include <algorithm>

namespace cairn::hw::cycle {
namespace {

using C = DramCommand;
using L = DramLevel;

/// Collects rules in clock cycles and turns them into ticks between first edges of commands: the
/// standards measure from where a command of several cycles ends.
class RuleList {
 public:
  explicit RuleList(DramProtocol& protocol) : p_(protocol) {}

  void add(L level, std::initializer_list<C> before, std::initializer_list<C> after,
           std::int64_t cycles, std::int32_t window = 1, bool sibling = false) {
    for (const C b : before) {
      for (const C a : after) {
        const std::int64_t latency = cycles * p_.ticks_per_clock + extra(b) - extra(a);
        p_.rules.push_back({level, b, a, latency, window, sibling});
      }
    }
  }
  void bus(std::initializer_list<C> commands) {
    for (const C b : commands) {
      for (const C a : commands) {
        if (ticks(b) > 1) {
          p_.rules.push_back({L::channel, b, a, ticks(b), 1, false});
        }
      }
    }
  }

 private:
  [[nodiscard]] std::int64_t ticks(C c) const {
    return p_.command_ticks.at(static_cast<std::size_t>(c));
  }
  [[nodiscard]] std::int64_t extra(C c) const { return ticks(c) - 1; }
  DramProtocol& p_;
};

struct Numbers {
  explicit Numbers(const DramTimingSpec& t)
      : burst(t.burst.count()),
        cl(t.cl.count()),
        cwl(t.cwl.count()),
        rp(t.rp.count()),
        rtp(t.rtp.count()),
        write_end(cwl + burst),
        write_recovery(write_end + t.wr.count()) {}
  std::int64_t burst, cl, cwl, rp, rtp, write_end, write_recovery;
};

std::int64_t or_else(const std::optional<Cycles>& value, Cycles other) {
  return value.value_or(other).count();
}

bool is_hbm34(MemoryKind kind) {
  return kind == MemoryKind::hbm3 || kind == MemoryKind::hbm3e || kind == MemoryKind::hbm4;
}
bool is_hbm(MemoryKind kind) {
  return is_hbm34(kind) || kind == MemoryKind::hbm2 || kind == MemoryKind::hbm2e;
}

void set_command_ticks(DramProtocol& p) {
  p.command_ticks.fill(p.ticks_per_clock);
  const auto set = [&](std::initializer_list<C> commands, std::int64_t ticks) {
    for (const C c : commands) {
      p.command_ticks.at(static_cast<std::size_t>(c)) = ticks;
    }
  };
  if (p.kind == MemoryKind::ddr5) {
    set({C::activate, C::read, C::write, C::read_close, C::write_close}, 2);
  } else if (is_hbm34(p.kind)) {
    // A row command takes one edge; an activate three.
    set({C::activate}, 3);
    set({C::precharge, C::precharge_all, C::refresh_all, C::refresh_bank}, 1);
  } else if (is_hbm(p.kind)) {
    set({C::activate}, 2);
  }
}

void add_column_rules(RuleList& rules, const DramTimingSpec& t, const Numbers& n, L top, L stack) {
  static constexpr std::initializer_list<C> kReads = {C::read, C::read_close};
  static constexpr std::initializer_list<C> kWrites = {C::write, C::write_close};
  const std::int64_t group_burst = or_else(t.burst_group, t.burst);
  // Data pins, and columns of different bank groups.
  rules.add(top, kReads, kReads, n.burst);
  rules.add(top, kWrites, kWrites, n.burst);
  rules.add(stack, kReads, kReads, t.ccd_s.count());
  rules.add(stack, kWrites, kWrites, or_else(t.ccd_s_write, t.ccd_s));
  // The pins turn round.
  const std::int64_t turn = or_else(t.rtw, Cycles{n.cl + n.burst + 2 - n.cwl});
  rules.add(top == L::channel ? L::rank : top, kReads, kWrites, turn);
  rules.add(top == L::channel ? L::rank : top, kWrites, kReads, n.write_end + t.wtr_s.count());
  if (t.ccd_r) {
    rules.add(L::rank, kReads, kReads, t.ccd_r->count(), 1, true);
    rules.add(L::rank, kWrites, kWrites, t.ccd_r->count(), 1, true);
  }
  if (top == L::channel || t.rank_switch) {  // ranks share the pins, whoever drives them
    const std::int64_t gap = t.rank_switch.value_or(Cycles{0}).count();
    rules.add(L::rank, kReads, kReads, n.burst + gap, 1, true);
    rules.add(L::rank, kReads, kWrites, std::max<std::int64_t>(1, n.cl + n.burst + gap - n.cwl), 1,
              true);
    rules.add(L::rank, kWrites, kReads, std::max<std::int64_t>(1, n.write_end + gap - n.cl), 1,
              true);
    rules.add(L::rank, kWrites, kWrites, n.burst + gap, 1, true);
  }
  rules.add(L::bank_group, kReads, kReads, t.ccd_l.count());
  rules.add(L::bank_group, kWrites, kWrites, or_else(t.ccd_l_write, t.ccd_l));
  rules.add(L::bank_group, kWrites, kReads, n.cwl + group_burst + t.wtr_l.count());
}

void add_row_rules(RuleList& rules, const DramTimingSpec& t, const Numbers& n, L all) {
  const std::int64_t rp_all = or_else(t.rp_all, t.rp);
  rules.add(all, {C::read, C::read_close}, {C::precharge_all}, n.rtp);
  rules.add(all, {C::write, C::write_close}, {C::precharge_all}, n.write_recovery);
  rules.add(all, {C::activate}, {C::activate}, t.rrd_s.count());
  rules.add(all, {C::activate}, {C::activate}, t.faw.count(), 4);
  rules.add(all, {C::activate}, {C::precharge_all}, t.ras.count());
  rules.add(all, {C::precharge_all}, {C::activate}, rp_all);
  if (t.ppd) {
    rules.add(all, {C::precharge, C::precharge_all}, {C::precharge, C::precharge_all},
              t.ppd->count());
  }
  rules.add(L::bank_group, {C::activate}, {C::activate}, t.rrd_l.count());
  rules.add(L::bank, {C::activate}, {C::activate}, t.rc.count());
  rules.add(L::bank, {C::activate}, {C::read, C::read_close}, t.rcd.count());
  rules.add(L::bank, {C::activate}, {C::write, C::write_close}, or_else(t.rcd_write, t.rcd));
  rules.add(L::bank, {C::activate}, {C::precharge}, t.ras.count());
  rules.add(L::bank, {C::precharge}, {C::activate}, n.rp);
  rules.add(L::bank, {C::read}, {C::precharge}, n.rtp);
  rules.add(L::bank, {C::write}, {C::precharge}, n.write_recovery);
  rules.add(L::bank, {C::read_close}, {C::activate}, n.rtp + n.rp);
  rules.add(L::bank, {C::write_close}, {C::activate}, n.write_recovery + n.rp);
}

void add_refresh_rules(RuleList& rules, const DramTimingSpec& t, const Numbers& n, L all,
                       MemoryKind kind) {
  rules.add(all, {C::activate}, {C::refresh_all}, t.rc.count());
  rules.add(all, {C::precharge, C::precharge_all}, {C::refresh_all}, n.rp);
  rules.add(all, {C::read_close}, {C::refresh_all}, n.rtp + n.rp);
  rules.add(all, {C::write_close}, {C::refresh_all}, n.write_recovery + n.rp);
  rules.add(all, {C::refresh_all}, {C::activate, C::precharge, C::precharge_all, C::refresh_all},
            t.rfc.count());
  if (!t.rfc_bank) {
    return;
  }
  const std::int64_t other = or_else(t.rrefd, t.rrd_s);
  const std::int64_t bank = t.rfc_bank->count();
  rules.add(all, {C::refresh_bank}, {C::refresh_bank},
            or_else(t.refresh_to_refresh_bank, Cycles{other}));
  rules.add(all, {C::refresh_bank}, {C::activate}, or_else(t.refresh_to_act_bank, Cycles{other}));
  rules.add(all, {C::refresh_bank}, {C::refresh_all}, bank);
  rules.add(all, {C::refresh_all}, {C::refresh_bank}, t.rfc.count());
  rules.add(all, {C::activate}, {C::refresh_bank}, t.rrd_s.count());
  rules.add(all, {C::precharge_all}, {C::refresh_bank}, or_else(t.rp_all, t.rp));
  if (kind == MemoryKind::gddr6) {
    // A refresh of one bank counts as an activate in the window of four.
    rules.add(all, {C::activate}, {C::refresh_bank}, t.faw.count(), 4);
    rules.add(all, {C::refresh_bank}, {C::activate, C::refresh_bank}, t.faw.count(), 4);
  }
  if (kind == MemoryKind::gddr6 || kind == MemoryKind::hbm4) {
    rules.add(L::bank_group, {C::activate}, {C::refresh_bank}, t.rrd_l.count());
  }
  if (kind == MemoryKind::hbm4) {
    rules.add(L::bank_group, {C::refresh_bank}, {C::activate}, t.rrd_l.count());
  }
  rules.add(L::bank, {C::refresh_bank}, {C::activate, C::refresh_bank}, bank);
  rules.add(L::bank, {C::activate}, {C::refresh_bank}, t.rc.count());
  rules.add(L::bank, {C::precharge}, {C::refresh_bank}, n.rp);
  rules.add(L::bank, {C::read_close}, {C::refresh_bank}, n.rtp + n.rp);
  rules.add(L::bank, {C::write_close}, {C::refresh_bank}, n.write_recovery + n.rp);
}

/// Several rules of one pair at one level: the longest covers the others.
void drop_covered(std::vector<DramRule>& rules) {
  std::vector<DramRule> kept;
  for (const DramRule& r : rules) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const DramRule& k) {
      return k.level == r.level && k.before == r.before && k.after == r.after &&
             k.window == r.window && k.sibling == r.sibling;
    });
    if (same == kept.end()) {
      kept.push_back(r);
    } else {
      same->latency = std::max(same->latency, r.latency);
    }
  }
  rules = std::move(kept);
}

}  // namespace

DramPlace DramProtocol::place_of(std::int32_t flat_bank) const {
  DramPlace p;
  p.bank = flat_bank % counts[4];
  flat_bank /= counts[4];
  p.group = flat_bank % counts[3];
  flat_bank /= counts[3];
  p.rank = flat_bank % counts[2];
  p.pseudo_channel = flat_bank / counts[2];
  return p;
}

std::int32_t DramProtocol::node_of(DramLevel level, std::int32_t flat_bank) const {
  for (std::size_t below = kDramLevels - 1; below > static_cast<std::size_t>(level); --below) {
    flat_bank /= counts.at(below);
  }
  return flat_bank;
}

std::int32_t DramProtocol::nodes(DramLevel level) const {
  std::int32_t product = 1;
  for (std::size_t l = 0; l <= static_cast<std::size_t>(level); ++l) {
    product *= counts.at(l);
  }
  return product;
}

DramProtocol protocol_of(const DramPartSpec& part) {
  const DramOrganisationSpec& o = part.organisation;
  const DramTimingSpec& t = part.timing;
  const Numbers n{t};
  DramProtocol p;
  p.kind = part.kind;
  p.ticks_per_clock = is_hbm34(part.kind) ? 2 : 1;
  p.tick_s = t.period.count() / static_cast<double>(p.ticks_per_clock);
  p.counts = {1, static_cast<std::int32_t>(o.pseudo_channels), static_cast<std::int32_t>(o.ranks),
              static_cast<std::int32_t>(o.bank_groups),
              static_cast<std::int32_t>(o.banks_per_group)};
  p.separate_buses = is_hbm(part.kind);
  p.refresh_by_pseudo_channel = is_hbm(part.kind);
  p.refresh_banks_of_all_pseudo_channels = is_hbm34(part.kind);
  p.read_ticks = (n.cl + n.burst) * p.ticks_per_clock;
  p.write_ticks = n.write_end * p.ticks_per_clock;
  p.read_to_data = n.cl * p.ticks_per_clock;
  p.write_to_data = n.cwl * p.ticks_per_clock;
  p.burst_ticks = n.burst * p.ticks_per_clock;
  p.refresh_interval = t.refi.count() * p.ticks_per_clock;
  if (t.rfc_bank) {
    p.bank_refresh_interval =
        or_else(t.refi_bank, Cycles{std::max<std::int64_t>(1, t.refi.count() / p.banks())}) *
        p.ticks_per_clock;
  }
  p.activate_split = t.act_split ? t.act_split->count() * p.ticks_per_clock : 0;
  p.sync_post = t.clock_sync_post ? t.clock_sync_post->count() * p.ticks_per_clock : -1;
  set_command_ticks(p);

  RuleList rules{p};
  if (p.separate_buses) {
    rules.bus({C::activate, C::precharge, C::precharge_all, C::refresh_all, C::refresh_bank});
    rules.bus({C::read, C::write, C::read_close, C::write_close});
  } else {
    rules.bus({C::activate, C::activate_second, C::precharge, C::precharge_all, C::read, C::write,
               C::read_close, C::write_close, C::sync_read, C::sync_write, C::refresh_all,
               C::refresh_bank});
  }
  const L all = p.all_bank_level();
  add_column_rules(rules, t, n, p.separate_buses ? L::pseudo_channel : L::channel, L::rank);
  add_row_rules(rules, t, n, all);
  add_refresh_rules(rules, t, n, all, part.kind);
  drop_covered(p.rules);
  return p;
}

}  // namespace cairn::hw::cycle
