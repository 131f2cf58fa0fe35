#include "hw/memory/dram_energy.h"

#include <algorithm>

namespace cairn::hw {

std::optional<DramCommandEnergies> energies_of(const DramPartSpec& part) {
  if (!part.power) {
    return std::nullopt;
  }
  const DramPowerSpec& p = *part.power;
  const DramTimingSpec& t = part.timing;
  const DramOrganisationSpec& o = part.organisation;
  const double period = t.period.count();
  const auto seconds = [&](Cycles c) { return static_cast<double>(c.count()) * period; };
  const double devices =
      static_cast<double>(o.channel_width.count()) / static_cast<double>(o.device_width.count());
  const double access_bits =
      static_cast<double>(o.channel_width.count()) * static_cast<double>(o.burst_length);
  const double interface = p.interface.value_or(EnergyPerBit{0}).count() * access_bits;
  DramCommandEnergies e;
  e.activate = devices * (p.row_cycle.count() * seconds(t.rc) - p.open.count() * seconds(t.ras) -
                          p.closed.count() * seconds(Cycles{t.rc.count() - t.ras.count()}));
  e.read = devices * (p.read.count() - p.open.count()) * seconds(t.burst) + interface;
  e.write = devices * (p.write.count() - p.open.count()) * seconds(t.burst) + interface;
  e.refresh_all = devices * (p.refresh.count() - p.open.count()) * seconds(t.rfc);
  // The standards measure no refresh of one bank: the same work is spread over all banks.
  e.refresh_bank = e.refresh_all / static_cast<double>(o.bank_groups * o.banks_per_group);
  e.closed = devices * p.closed.count();
  e.open = devices * p.open.count();
  return e;
}

DramCommandEnergies energies_of(const DramPartSpec& part, const DramFigures& figures) {
  constexpr double kActivateShare = 0.3;
  constexpr double kRefreshShare = 0.15;
  const DramFiguresOfPart f = figures_of(part);
  const DramOrganisationSpec& o = part.organisation;
  const double background = figures.background.count() * f.capacity_bits;
  const auto ranks = static_cast<double>(o.ranks * o.pseudo_channels);
  const double scopes = o.pseudo_channels > 1 ? static_cast<double>(o.pseudo_channels) : ranks;
  DramCommandEnergies e;
  const double mean = (figures.read.count() + figures.write.count()) / 2;
  e.activate = kActivateShare * mean * f.row_bits;
  e.read = (figures.read.count() - kActivateShare * mean) * f.burst_bits;
  e.write = (figures.write.count() - kActivateShare * mean) * f.burst_bits;
  e.refresh_all = kRefreshShare * background / scopes *
                  static_cast<double>(part.timing.refi.count()) * part.timing.period.count();
  e.refresh_bank =
      e.refresh_all * scopes / (ranks * static_cast<double>(o.bank_groups * o.banks_per_group));
  e.closed = (1 - kRefreshShare) * background / ranks;
  e.open = e.closed;
  return e;
}

DramStreamEnergy stream_energy(const DramPartSpec& part, const DramCommandEnergies& e) {
  const DramFiguresOfPart f = figures_of(part);
  const DramOrganisationSpec& o = part.organisation;
  const double activate = e.activate / f.row_bits;
  const auto ranks = static_cast<double>(o.ranks * o.pseudo_channels);
  const double scopes = o.pseudo_channels > 1 ? static_cast<double>(o.pseudo_channels) : ranks;
  DramStreamEnergy s;
  s.read = e.read / f.burst_bits + activate;
  s.write = e.write / f.burst_bits + activate;
  s.background = ranks * e.open +
                 scopes * e.refresh_all /
                     (static_cast<double>(part.timing.refi.count()) * part.timing.period.count());
  return s;
}

}  // namespace cairn::hw
