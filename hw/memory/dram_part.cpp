#include "hw/memory/dram_part.h"

#include <algorithm>
#include <cmath>

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
  if (organisation.channel_width.count() % organisation.device_width.count() != 0) {
    found.push_back(
        {"organisation.channel_width",
         fmt::format("{} b are no multiple of the device's {} b",
                     organisation.channel_width.count(), organisation.device_width.count()),
         ""});
  }
  return found;
}

double DramFiguresOfPart::share_of_runs(double run_bits) const {
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
  // A channel of a stack is one device of all its pseudo-channels.
  const double devices = o.pseudo_channels > 1 ? 1.0 : real(o.channel_width) / real(o.device_width);
  f.capacity_bits =
      real(o.density) * devices * (o.pseudo_channels > 1 ? 1.0 : static_cast<double>(o.ranks));
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
