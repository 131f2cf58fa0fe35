/// \file
/// Microcontrollers against measured inferences: boards x libraries x nets.
#pragma once

#include <vector>

#include "app/validation/comparison.h"

namespace cairn::app {

/// Latency and energy of MLPerf Tiny, latency of TinyEngine's table, and the energy of one cluster
/// at two operating points. Boards are files of configs/boards/, libraries of configs/software/.
/// \throws ConfigError, IoError if a file is wrong or absent.
[[nodiscard]] std::vector<Comparison> compare_mcu();

}  // namespace cairn::app
