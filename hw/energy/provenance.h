/// \file
/// The constants of a technology as rows of a report.
#pragma once

#include <vector>

#include "hw/energy/confidence.h"
#include "hw/energy/dram_table.h"
#include "hw/energy/specs.h"
#include "hw/energy/sram_table.h"

namespace cairn::hw {

/// One row for each constant, with the text of its source; the rows of the SRAM table are one row
/// for each source. The order is that of the files.
[[nodiscard]] std::vector<ProvenanceRow> collect_provenance(
    const TechnologySpec& technology, const ArithmeticSpec& arithmetic,
    const NodeScalingSpec& scaling, const DramSpec& dram, const std::vector<DramCurrents>& currents,
    const OnChipSpec& on_chip, const std::vector<SramPoint>& sram);

}  // namespace cairn::hw
