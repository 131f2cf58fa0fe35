/// \file
/// The kernels behind a price, as the closed form sees them: what the cycle level simulates. Both
/// levels share these descriptions, so they cannot diverge in what runs, only in when.
#pragma once

#include <variant>

#include "hw/gpu/gpu_attention.h"
#include "hw/gpu/gpu_gemm.h"
#include "hw/gpu/gpu_stream.h"
#include "models/operator.h"

namespace cairn::hw {

/// A matrix product on the tensor cores.
struct GpuGemmKernel {
  GpuGemmShape shape;
  GpuGemmTime time;
};
/// A matrix product of few rows on the CUDA cores.
struct GpuGemvKernel {
  GpuGemmShape shape;
  GpuGemmTime time;
  double dram_share{1};  ///< of the achievable DRAM bandwidth
};
struct GpuStreamKernel {
  GpuStreamShape shape;
  GpuStreamWork work;
  GpuStreamTime time;
  double dram_share{1};
};
struct GpuAttentionKernel {
  models::Attention shape;
  GpuAttentionBlock block;
  GpuAttentionTime time;
};

struct GpuKernel {
  std::variant<GpuGemmKernel, GpuGemvKernel, GpuStreamKernel, GpuAttentionKernel> what;
  double latency{};  ///< s, of the closed form
  double least{};    ///< s that the board's power limit or a late host make of it, at least
};

}  // namespace cairn::hw
