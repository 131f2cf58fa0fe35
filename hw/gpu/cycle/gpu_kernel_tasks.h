/// \file
/// The kernels of hw/gpu/gpu_kernels.h as tasks of SMs.
#pragma once

#include <memory>

#include "hw/cycle/device_program.h"
#include "hw/gpu/cycle/gpu_tasks.h"
#include "hw/gpu/gpu.h"

namespace cairn::hw::cycle {

/// Tiles of a matrix product: rounds of thread blocks, asynchronous copies of operand tiles through
/// the L2 ahead of the main loop, stores behind it; see gpu_program.h.
[[nodiscard]] std::unique_ptr<GpuKernelTasks> gemm_tasks(const Gpu& gpu,
                                                         const GpuGemmKernel& kernel,
                                                         const GpuMemories& memories,
                                                         AddressMap& addresses);
/// A product on the CUDA cores: every SM streams its share of the weights.
[[nodiscard]] std::unique_ptr<GpuKernelTasks> gemv_tasks(const Gpu& gpu,
                                                         const GpuGemvKernel& kernel,
                                                         const GpuMemories& memories,
                                                         AddressMap& addresses);
/// Kernels that are bound by memory or by waiting for it.
[[nodiscard]] std::unique_ptr<GpuKernelTasks> stream_tasks(const Gpu& gpu,
                                                           const GpuStreamKernel& kernel,
                                                           const GpuMemories& memories,
                                                           AddressMap& addresses);
/// Fused attention: blocks of queries that pass over the keys they see.
[[nodiscard]] std::unique_ptr<GpuKernelTasks> attention_tasks(const Gpu& gpu,
                                                              const GpuAttentionKernel& kernel,
                                                              const GpuMemories& memories,
                                                              AddressMap& addresses);

}  // namespace cairn::hw::cycle
