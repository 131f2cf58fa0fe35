#include "hw/gpu/gpu_stream.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Blocks of `threads` that an SM holds at once.
double blocks_of_sm(const GpuStreamMachine& machine, const GpuRowBlocksSpec& rows) {
  return std::max(1.0, std::floor(machine.threads_per_sm / to_real(rows.threads)));
}

double grid_cycles(const GpuStreamMachine& machine, const GpuLoopingGridSpec& spec,
                   const GpuStreamShape& shape) {
  const double threads = machine.sms * to_real(spec.threads);
  const double steps = shape.rows <= to_real(spec.serial)
                           ? shape.rows
                           : std::ceil(shape.rows * shape.columns / threads);
  return steps * to_real(spec.step.count());
}

}  // namespace

GpuStreamWork gpu_stream_work(const GpuStreamMachine& machine, const GpuKernelSpec& kernel,
                              const GpuStreamShape& shape) {
  GpuStreamWork w;
  if (!kernel.rows) {
    w.resident = 0;
    w.cycles = kernel.grid ? grid_cycles(machine, *kernel.grid, shape) : 0.0;
    return w;
  }
  const GpuRowBlocksSpec& spec = *kernel.rows;
  w.issue = to_real(spec.issue.count());
  w.passes = to_real(spec.passes);
  if (shape.columns <= to_real(spec.narrow)) {
    w.resident = 0;
    w.passes = 1;
    w.cycles = shape.rows * shape.columns / to_real(spec.threads * spec.elements) *
               to_real(spec.passes) * w.issue / machine.sms;
    return w;
  }
  w.resident = blocks_of_sm(machine, spec);
  w.wave_steps = w.passes * std::ceil(shape.columns / to_real(spec.threads * spec.elements));
  w.step = to_real(spec.step.count());
  w.setup = to_real(spec.setup.count());
  const double slots = machine.sms * w.resident;
  const double full = std::floor(shape.rows / slots);
  const double rest = shape.rows - full * slots;
  w.cycles = full * w.wave(w.resident) + (rest > 0 ? w.wave(std::ceil(rest / machine.sms)) : 0.0);
  return w;
}

GpuStreamMachine::GpuStreamMachine(const GpuSpec& spec, double dram, double l2, double capacity)
    : sms(to_real(spec.sms)),
      clock(spec.clock.count()),
      threads_per_sm(to_real(spec.threads_per_sm)),
      sm_capacity(to_real(spec.shared_memory.count())),
      vector_rate(to_real(spec.vector_lanes) * clock * sms),
      dram_bandwidth(dram),
      l2_bandwidth(l2 * spec.stack.kernels.l2),
      l2_capacity(capacity),
      resident(capacity * spec.stack.kernels.resident),
      host_launch(spec.stack.host_launch.count()),
      host_ahead(spec.stack.host_ahead) {}

GpuStreamTime gpu_stream(const GpuStreamMachine& machine, const GpuKernelSpec& kernel,
                         const GpuStreamShape& shape) {
  const double launches = to_real(kernel.launches);
  const double traffic = (shape.read_bits + shape.write_bits) * kernel.traffic;
  const double hits =
      kernel.chain > 0
          ? traffic * std::min(1.0, kernel.chain * machine.l2_capacity / shape.write_bits)
          : std::min(traffic, machine.resident);
  double misses = traffic - hits;
  double again = 0;      // later passes over rows, from the L2
  double from_dram = 0;  // and from DRAM
  const GpuStreamWork work = gpu_stream_work(machine, kernel, shape);
  if (work.resident > 0) {
    const double of_sm = work.resident * shape.read_bits / shape.rows;
    if (of_sm > machine.sm_capacity) {
      again = shape.read_bits * (work.passes - 1);
      if (std::min(machine.sms * of_sm, shape.read_bits) > machine.l2_capacity) {
        from_dram = again;
        misses += again;
        again = 0;
      }
    }
  }
  GpuStreamTime t;
  t.host = kernel.host ? kernel.host->count() : machine.host_launch * launches;
  t.fixed = (machine.host_ahead ? 0.0 : t.host) +
            launches * to_real(kernel.floor.count()) / machine.clock;
  t.dram = misses / (machine.dram_bandwidth * kernel.dram);
  t.work = shape.operations / machine.vector_rate;
  if (work.resident > 0) {  // whole rows: some processors have one more than others, or none
    t.work *= std::ceil(shape.rows / machine.sms) * machine.sms / shape.rows;
  }
  const double moved = t.dram + (hits + again) / machine.l2_bandwidth;
  t.body = std::max(moved + work.cycles / machine.clock, t.work);
  // What the L2 holds still goes to or comes from DRAM once, under the kernel before or after.
  t.read_bits = shape.read_bits * kernel.traffic + from_dram;
  t.write_bits = shape.write_bits * kernel.traffic;
  t.l2_bits = traffic + again + from_dram;
  t.hits = hits;
  t.again = again;
  t.from_dram = from_dram;
  return t;
}

}  // namespace cairn::hw
