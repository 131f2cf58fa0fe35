/// \file
/// A memory made of DRAM channels, each with the controller of hw/memory/cycle.
#pragma once

#include <memory>

#include "sim/kernel/memory_module.h"

namespace cairn::sim::kernel {

/// Addresses go over the channels in turn, kInterleaveBytes at a time.
inline constexpr std::uint64_t kInterleaveBytes = 256;

/// Precondition: spec.part. \param trace may be null.
[[nodiscard]] std::unique_ptr<MemoryModule> make_dram(const SimulatedMemory& spec,
                                                      hw::cycle::TraceSink* trace);

}  // namespace cairn::sim::kernel
