#include "hw/energy/dram_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/csv.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "hw/energy/csv_columns.h"

namespace cairn::hw {

std::vector<DramCurrents> load_dram_currents(const std::filesystem::path& path,
                                             Diagnostics& diagnostics) {
  CsvReader csv = CsvReader::from_file(path.string());
  std::vector<DramCurrents> rows;
  if (!has_columns(csv, path.string(),
                   {"kind",
                    "part",
                    "capacity_bits",
                    "device_width_bits",
                    "burst_length",
                    "page_bits",
                    "clock_period_s",
                    "row_cycle_s",
                    "row_active_s",
                    "refresh_cycle_s",
                    "refresh_interval_s",
                    "supply_v",
                    "activate_precharge_a",
                    "precharge_standby_a",
                    "active_standby_a",
                    "read_a",
                    "write_a",
                    "refresh_a",
                    "source",
                    "confidence"},
                   diagnostics)) {
    return rows;
  }
  while (csv.next()) {
    const CsvRow row{csv, diagnostics};
    DramCurrents r;
    r.kind = row.name<MemoryKind>("kind");
    r.part = row.text("part");
    r.capacity = row.positive("capacity_bits");
    r.device_width = row.positive("device_width_bits");
    r.burst_length = row.positive("burst_length");
    r.page = row.positive("page_bits");
    r.clock_period = row.positive("clock_period_s");
    r.row_cycle = row.positive("row_cycle_s");
    r.row_active = row.positive("row_active_s");
    r.refresh_cycle = row.positive("refresh_cycle_s");
    r.refresh_interval = row.positive("refresh_interval_s");
    r.supply = row.positive("supply_v");
    r.activate_precharge = row.positive("activate_precharge_a");
    r.precharge_standby = row.positive("precharge_standby_a");
    r.active_standby = row.positive("active_standby_a");
    r.read = row.positive("read_a");
    r.write = row.positive("write_a");
    r.refresh = row.positive("refresh_a");
    r.source = row.text("source");
    r.confidence = row.name<Confidence>("confidence");
    rows.push_back(std::move(r));
  }
  return rows;
}

DeviceEnergy device_energy(const DramCurrents& c) {
  const double burst_time = c.burst_length / 2.0 * c.clock_period;
  const double burst_bits = c.burst_length * c.device_width;
  const double activation = c.supply *
                            (c.activate_precharge * c.row_cycle - c.active_standby * c.row_active -
                             c.precharge_standby * (c.row_cycle - c.row_active)) /
                            c.page;
  const double refresh = (c.refresh - c.active_standby) * c.refresh_cycle / c.refresh_interval;
  return {.read = c.supply * (c.read - c.active_standby) * burst_time / burst_bits + activation,
          .write = c.supply * (c.write - c.active_standby) * burst_time / burst_bits + activation,
          .background = c.supply * (c.active_standby + refresh) / c.capacity};
}

DramTable::DramTable(const DramSpec& spec, const std::vector<DramCurrents>& currents,
                     const std::filesystem::path& file, Diagnostics& diagnostics) {
  for (const auto& item : spec.kinds) {
    const std::string& name = item.first;
    const DramKindSpec& kind = item.second;
    const auto known = enum_from_text<MemoryKind>(name);
    if (!known) {
      continue;  // reported when the file was read
    }
    const auto row = std::find_if(currents.begin(), currents.end(),
                                  [&](const DramCurrents& c) { return c.kind == *known; });
    const bool has_row = row != currents.end();
    const bool complete = (has_row || (kind.read && kind.write && kind.background)) && kind.phy;
    if (!complete) {
      diagnostics.error(SourceSpan{file.string(), 0, 0, "", 0}, "kinds." + name,
                        "needs `phy`, and `read`, `write` and `background` or a row of currents");
      continue;
    }
    DramFigures figures;
    const DeviceEnergy device = has_row ? device_energy(*row) : DeviceEnergy{};
    const EnergyPerBit interface_energy =
        kind.interface_energy ? kind.interface_energy->value : EnergyPerBit{};
    // Worked out from currents: as good as the worse of them and the interface, which is only
    // material if it has a tenth of the whole.
    const auto derived = [&](double joules) {
      const std::array<Contribution, 2> parts{
          Contribution{joules, row->confidence},
          Contribution{interface_energy.count(), kind.interface_energy
                                                     ? kind.interface_energy->confidence
                                                     : Confidence::measured}};
      return lowest_confidence(parts);
    };
    if (kind.read) {
      figures.read = kind.read->value;
      figures.confidence = kind.read->confidence;
    } else {
      figures.read = EnergyPerBit{device.read} + interface_energy;
      figures.confidence = derived(device.read);
    }
    if (kind.write) {
      figures.write = kind.write->value;
      figures.confidence = weakest(figures.confidence, kind.write->confidence);
    } else {
      figures.write = EnergyPerBit{device.write} + interface_energy;
      figures.confidence = weakest(figures.confidence, derived(device.write));
    }
    figures.background = kind.background ? kind.background->value : PowerPerBit{device.background};
    figures.background_confidence = kind.background ? kind.background->confidence : row->confidence;
    figures.phy_area = kind.phy->area;
    figures.phy_bandwidth = kind.phy->bandwidth;
    figures.area_confidence = kind.phy->confidence;
    kinds_.at(static_cast<std::size_t>(*known)) = figures;
  }
}

}  // namespace cairn::hw
