#include "sim/kernel/dram_memory.h"

#include "sim/kernel/server_memory.h"
namespace cairn::sim::kernel {
std::unique_ptr<MemoryModule> make_dram(const SimulatedMemory& spec, hw::cycle::TraceSink*) {
  SimulatedMemory plain = spec;
  const hw::DramFiguresOfPart f = hw::figures_of(*spec.part);
  plain.bandwidth = f.peak_bandwidth * (1 - f.refresh_loss) * double(spec.channels);
  plain.latency_s = f.latency_s;
  return std::make_unique<ServerMemory>(plain);
}
}  // namespace cairn::sim::kernel
