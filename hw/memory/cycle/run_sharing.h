/// \file
/// Bandwidth of contiguous runs at random places, simulated.
///
/// Assumes:    requests of 256 in flight; default address order, queues and page policy.
/// Ignores:    what else a machine does meanwhile.
/// Reference:  hw/memory/cycle/dram_controller.h
/// Checked by: tests/unit/hw/memory_cycle/run_shares_test.cpp
#pragma once

#include <cstdint>

#include "hw/memory/dram_part.h"

namespace cairn::hw::cycle {

struct RunTraffic {
  std::uint64_t run_bytes{};
  double write_fraction{};
  std::int64_t streams{1};
};

/// Share of the channel's peak bandwidth, refreshes of all banks included.
[[nodiscard]] double share_of_peak(const DramPartSpec& part, const RunTraffic& traffic);

}  // namespace cairn::hw::cycle
