/// \file
/// From the parts of a chip to its die.
///
/// Assumes:    global wires, clock spine, power, test, controllers that no description names, and
///             unused ground take the technology's `die_frame` share of a die.
/// Ignores:    aspect ratios, pad limits, yield repair beyond the parts' own growth.
/// Reference:  floor plan of N. Jouppi et al., ISCA 2017, figure 2, whose labels leave a fifth
/// open. Checked by: tests/validation/die_area_test.cpp (three dies, one design)
#pragma once

#include <vector>

#include "hw/device.h"
#include "hw/energy/technology.h"

namespace cairn::hw {

/// Adds the frame around \p parts. Parts that are finished chips or blocks (`complete`) have
/// theirs.
void append_die_frame(std::vector<AreaPart>& parts, const Technology& technology);

[[nodiscard]] double total_mm2(const std::vector<AreaPart>& parts);

}  // namespace cairn::hw
