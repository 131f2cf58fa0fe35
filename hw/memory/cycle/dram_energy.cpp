#include "hw/memory/cycle/dram_energy.h"

#include <algorithm>

namespace cairn::hw::cycle {

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

}  // namespace cairn::hw::cycle
