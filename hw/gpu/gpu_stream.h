/// \file
/// Time of a kernel that is bound by memory or by waiting for it: everything that is no product.
///
///   t = host + launches x (floor + steps) + traffic, or the CUDA cores' work if that is longer
///
///   traffic  bits that the kernel before left in the L2 at the L2's rate, all others at the DRAM's
///   steps    none for a grid with threads for all elements: enough loads are in flight.
///            Row blocks: rows go over the SMs in waves of the blocks that fit; a block takes
///            passes x columns / (threads x elements) steps, each the longer of `step` (a thread
///            has one load in flight and waits for it) and of issuing the resident blocks; `setup`
///            once. Narrow rows share blocks and only have to be issued.
///            A looping grid: elements / (SMs x threads) steps.
///            Later passes over a row find it in the SM if its resident rows fit there, else in the
///            L2 if all rows in flight fit that, else in DRAM.
///
/// Assumes:    the steps' waiting and the transfers of other blocks add up: measured row kernels
///             lie between the sum and the longer of the two, nearer to the sum.
/// Ignores:    partial sectors, atomics, imbalance between rows.
/// Reference:  J. D. C. Little, "A proof for the queuing formula L = lambda W", 1961.
/// Checked by: tests/unit/hw/gpu/gpu_stream_test.cpp (by hand); measured norms, activations,
///             rotary embeddings, sums and look-ups of an A100 and an H100 by `cairn validate`
#pragma once

#include <algorithm>

#include "hw/gpu/gpu_spec.h"

namespace cairn::hw {

/// What streaming kernels need of device and stack, in base units (bit, second).
struct GpuStreamMachine {
  /// \p dram_bandwidth achievable, \p l2_bandwidth peak, bit/s; \p l2_capacity in bits.
  GpuStreamMachine(const GpuSpec& spec, double dram_bandwidth, double l2_bandwidth,
                   double l2_capacity);

  double sms{};
  double clock{};
  double threads_per_sm{};
  double sm_capacity{};  ///< bits of shared memory and L1 of one SM
  double vector_rate{};  ///< CUDA-core operations per second, whole device
  double dram_bandwidth{};
  double l2_bandwidth{};  ///< with the stack's share
  double l2_capacity{};
  double resident{};     ///< bits of the kernel before that the L2 holds
  double host_launch{};  ///< s
  bool host_ahead{};
};

/// rows x columns elements; bits of all inputs and outputs, once each.
struct GpuStreamShape {
  double rows{1};
  double columns{1};
  double read_bits{};
  double write_bits{};
  double operations{};  ///< on the CUDA cores
};

/// What thread blocks that wait for their loads do.
struct GpuStreamWork {
  double resident{1};   ///< blocks of an SM at once, each of which works on one row; 0: no rows
  double passes{1};     ///< over a row
  double cycles{};      ///< of all waves, on every SM
  double wave_steps{};  ///< steps of a wave of row blocks
  double step{};        ///< cycles of one step, at least
  double issue{};       ///< cycles that a step takes for each resident block, at least
  double setup{};       ///< cycles of a wave outside its steps

  /// Cycles of one wave with \p blocks on an SM.
  [[nodiscard]] double wave(double blocks) const {
    return wave_steps * std::max(step, blocks * issue) + setup;
  }
};
[[nodiscard]] GpuStreamWork gpu_stream_work(const GpuStreamMachine& machine,
                                            const GpuKernelSpec& kernel,
                                            const GpuStreamShape& shape);

struct GpuStreamTime {
  double host{};        ///< s to launch it all, part of `fixed` unless the host runs ahead
  double fixed{};       ///< s, host and launches
  double body{};        ///< s
  double dram{};        ///< s of body that is DRAM traffic
  double work{};        ///< s of the CUDA cores' work, which body covers
  double read_bits{};   ///< from DRAM
  double write_bits{};  ///< to DRAM
  double l2_bits{};     ///< through the L2
  double hits{};        ///< bits that the L2 holds from before or for the next kernel
  double again{};       ///< bits that later passes over rows read from the L2
  double from_dram{};   ///< bits that later passes over rows read from DRAM
  [[nodiscard]] double total() const { return fixed + body; }
};

/// Does not allocate.
[[nodiscard]] GpuStreamTime gpu_stream(const GpuStreamMachine& machine, const GpuKernelSpec& kernel,
                                       const GpuStreamShape& shape);

}  // namespace cairn::hw
