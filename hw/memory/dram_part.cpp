#include "hw/memory/dram_part.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace cairn::hw {
namespace {

/// Each constraint is rounded up to whole cycles by itself, so a sum may be one cycle longer.
constexpr std::int64_t kRounding = 1;
constexpr double kPeakTolerance = 0.05;
constexpr double kWindowActivates = 4;

double real(Cycles cycles) {
  return static_cast<double>(cycles.count());
}
double real(Bits bits) {
  return static_cast<double>(bits.count());
}

/// Bits of a channel by its array: rows x columns x banks x pins x pseudo-channels x ranks.
double array_bits(const DramOrganisationSpec& o) {
  return real(o.channel_width) * static_cast<double>(o.rows) * static_cast<double>(o.columns) *
         static_cast<double>(o.bank_groups * o.banks_per_group) *
         static_cast<double>(o.pseudo_channels * o.ranks);
}

/// Devices side by side fill the pins, once for each rank; a stack's devices share its channels.
double device_bits(const DramOrganisationSpec& o) {
  const double devices = o.stacked_devices > 1 ? static_cast<double>(o.stacked_devices)
                                               : real(o.channel_width) / real(o.device_width) *
                                                     static_cast<double>(o.ranks);
  return real(o.density) * devices / static_cast<double>(o.channels_of_device);
}

void check_density(const DramOrganisationSpec& o, std::vector<FieldProblem>& found) {
  constexpr double kMebi = 1024.0 * 1024.0;
  const double by_array = array_bits(o);
  const double by_devices = device_bits(o);
  if (std::abs(by_array / by_devices - 1) <= 1e-9) {
    return;
  }
  const std::string devices =
      o.stacked_devices > 1 ? fmt::format("{} stacked devices", o.stacked_devices)
                            : fmt::format("{} / {} devices x {} ranks", o.channel_width.count(),
                                          o.device_width.count(), o.ranks);
  found.push_back(
      {"organisation.density",
       fmt::format("{:.0f} Mib x {} / {} channels = {:.0f} Mib contradict rows x columns x banks x "
                   "channel_width x pseudo_channels x ranks = {} x {} x {} x {} x {} x {} = "
                   "{:.0f} Mib",
                   real(o.density) / kMebi, devices, o.channels_of_device, by_devices / kMebi,
                   o.rows, o.columns, o.bank_groups * o.banks_per_group, o.channel_width.count(),
                   o.pseudo_channels, o.ranks, by_array / kMebi),
       ""});
}

}  // namespace

std::vector<FieldProblem> DramPartSpec::problems() const {
  std::vector<FieldProblem> found;
  const DramTimingSpec& t = timing;
  const auto at_least = [&](const char* field, std::int64_t value, std::int64_t least,
                            const std::string& arithmetic) {
    if (value < least) {
      found.push_back({fmt::format("timing.{}", field),
                       fmt::format("{} cycles contradict {} = {} cycles", value, arithmetic, least),
                       ""});
    }
  };
  const std::int64_t row = t.ras.count() + t.rp.count();
  if (t.rc.count() + kRounding < row) {
    at_least("rc", t.rc.count(), row,
             fmt::format("ras + rp = {} + {}", t.ras.count(), t.rp.count()));
  }
  at_least("ras", t.ras.count(), t.rcd.count(), "rcd");
  at_least("ccd_s", t.ccd_s.count(), t.burst.count(), "burst");
  at_least("ccd_l", t.ccd_l.count(), t.ccd_s.count(), "ccd_s");
  at_least("rrd_l", t.rrd_l.count(), t.rrd_s.count(), "rrd_s");
  at_least("wtr_l", t.wtr_l.count(), t.wtr_s.count(), "wtr_s");
  at_least("refi", t.refi.count(), t.rfc.count() + 1, "rfc + 1");
  const double by_pins = t.data_rate.count();
  const double by_burst =
      static_cast<double>(organisation.burst_length) / (real(t.burst) * t.period.count());
  if (std::abs(by_burst / by_pins - 1) > kPeakTolerance) {
    found.push_back({"timing.data_rate",
                     fmt::format("{:.0f} Mb/s contradict burst_length / (burst x period) = {} / "
                                 "({} x {:.4g} ns) = {:.0f} Mb/s",
                                 by_pins / 1e6, organisation.burst_length, t.burst.count(),
                                 t.period.count() * 1e9, by_burst / 1e6),
                     ""});
  }
  at_least("rfc_bank", t.rfc_bank.value_or(t.rp).count(), t.rp.count(), "rp");
  at_least("rfc", t.rfc.count(), t.rfc_bank.value_or(t.rfc).count(), "rfc_bank");
  at_least("rp_all", t.rp_all.value_or(t.rp).count(), t.rp.count(), "rp");
  at_least("ccd_l_write", t.ccd_l_write.value_or(t.ccd_l).count(),
           t.ccd_s_write.value_or(t.ccd_s).count(), "ccd_s_write");
  at_least("ccd_s_write", t.ccd_s_write.value_or(t.ccd_s).count(), t.burst.count(), "burst");
  at_least("refi_bank", t.refi_bank.value_or(t.refi).count(),
           t.refresh_to_refresh_bank.value_or(t.rrefd.value_or(Cycles{1})).count(),
           "the least time between refreshes of two banks");
  at_least("rtw", t.rtw.value_or(Cycles{1} + t.cl + t.burst).count() + t.cwl.count(),
           t.cl.count() + 1,
           fmt::format("cl + 1 = {} + 1: with cwl = {} added, write data would meet read data",
                       t.cl.count(), t.cwl.count()));
  if (organisation.channel_width.count() % organisation.device_width.count() != 0) {
    found.push_back(
        {"organisation.channel_width",
         fmt::format("{} b are no multiple of the device's {} b",
                     organisation.channel_width.count(), organisation.device_width.count()),
         ""});
  }
  check_density(organisation, found);
  return found;
}

double DramFiguresOfPart::share_of_runs(double run_bits) const {
  if (!simulated.empty()) {
    const auto above = std::find_if(simulated.begin(), simulated.end(),
                                    [&](const DramRunShare& s) { return s.run_bits >= run_bits; });
    if (above == simulated.end()) {
      return simulated.back().share;
    }
    if (above == simulated.begin()) {
      // Part of a burst is paid in full.
      return above->share * run_bits / (std::ceil(run_bits / burst_bits) * burst_bits);
    }
    const DramRunShare& below = *std::prev(above);
    const double weight =
        std::log(run_bits / below.run_bits) / std::log(above->run_bits / below.run_bits);
    return below.share + weight * (above->share - below.share);
  }
  const double bursts = std::ceil(run_bits / burst_bits);
  const double activates = std::ceil(run_bits / row_bits);
  const double time = std::max(bursts * burst_s, activates * activate_interval_s);
  const double peak = peak_bandwidth / pseudo_channels;
  return std::min(1.0, run_bits / (time * peak)) * (1 - refresh_loss);
}

DramFiguresOfPart figures_of(const DramPartSpec& part) {
  const DramOrganisationSpec& o = part.organisation;
  const DramTimingSpec& t = part.timing;
  const double period = t.period.count();
  const auto banks = static_cast<double>(o.bank_groups * o.banks_per_group * o.ranks);
  DramFiguresOfPart f;
  f.pseudo_channels = static_cast<double>(o.pseudo_channels);
  f.capacity_bits = array_bits(o);
  f.peak_bandwidth = real(o.channel_width) * t.data_rate.count() * f.pseudo_channels;
  f.refresh_loss = (real(t.rfc) + real(t.rp) + real(t.rcd)) / real(t.refi);
  f.latency_s = (real(t.rp) + real(t.rcd) + real(t.cl) + real(t.burst)) * period;
  f.burst_bits = real(o.channel_width) * static_cast<double>(o.burst_length);
  f.burst_s = std::max(real(t.burst), real(t.ccd_s)) * period;
  f.row_bits = real(o.channel_width) * static_cast<double>(o.columns);
  f.activate_interval_s =
      std::max({real(t.rrd_s), real(t.faw) / kWindowActivates, real(t.rc) / banks}) * period;
  return f;
}

}  // namespace cairn::hw
