/// \file
/// DRAM channels, command by command, against another simulator.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

[[nodiscard]] std::vector<Comparison> compare_dram_commands();

}  // namespace cairn::app
