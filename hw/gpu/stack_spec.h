/// \file
/// What a file in configs/software/ may say: the software on a GPU, described apart from it.
///
/// A stack knows tile shapes, rules and achievable shares of peaks; it knows no device, no model
/// and no shape. Overheads are in cycles of the device's clock, because that is how they scale
/// from one card to the next; only the host's part is in seconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/host_time.h"
#include "hw/link/interconnect_spec.h"

namespace cairn::hw {

/// A thread-block tile of the GEMM library: m x n outputs, k elements of 16 bit per pipeline stage.
struct GpuTileSpec {
  std::int64_t m{};
  std::int64_t n{};
  std::int64_t k{};
  std::int64_t stages{};  ///< pipeline stages in shared memory
  std::int64_t per_sm{};  ///< thread blocks resident on one SM

  template <class Archive>
  void fields(Archive& a) {
    a("m", m, "rows of the output tile", Range{1, 1024});
    a("n", n, "columns of the output tile", Range{1, 1024});
    a("k", k, "16-bit elements of the reduction in one pipeline stage", Range{1, 1024});
    a("stages", stages, "pipeline stages in shared memory", Range{2, 16});
    a("per_sm", per_sm, "thread blocks resident on one SM", Range{1, 32});
  }
};

/// Matrix kernels: every constant is a share of a peak or a number of cycles.
struct GpuGemmStackSpec {
  std::vector<GpuTileSpec> tiles;
  std::vector<std::int64_t> split_k;
  std::int64_t split_k_waves{};
  double tensor{};
  double l2{};
  double dram{};
  double tile_edge{};
  double l2_retained{};
  Cycles fixed{};
  Cycles round{};
  Cycles reduction{};
  Cycles load_latency{};

  template <class Archive>
  void fields(Archive& a) {
    a("tiles", tiles, "tile shapes of the library; the fastest is taken");
    a("split_k", split_k, "ways to split the reduction over thread blocks, 1 first",
      Range{1, 1024});
    a("split_k_waves", split_k_waves, "split no further than this many waves of thread blocks",
      Range{1, 64});
    a("tensor", tensor, "share of the tensor cores' peak that a long main loop reaches",
      Range{0.01, 1.0});
    a("l2", l2, "share of the L2 bandwidth that a main loop reaches", Range{0.01, 1.0});
    a("dram", dram, "share of the achievable DRAM bandwidth that a GEMM reaches", Range{0.01, 1.0});
    a("tile_edge", tile_edge, "rows and columns of tensor work lost at the edges of a tile",
      Range{0.0, 64.0});
    a("l2_retained", l2_retained, "share of the L2 that keeps operands between waves",
      Range{0.0, 1.0});
    a("fixed", fixed, "cycles from dispatch to first load, and from last store to completion",
      NotNegative{});
    a("round", round, "cycles between two rounds of thread blocks on one SM", NotNegative{});
    a("reduction", reduction, "cycles to add up the parts of a split reduction", NotNegative{});
    a("load_latency", load_latency, "cycles from a load to its data in shared memory",
      NotNegative{});
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (tiles.empty()) {
      return {{"tiles", "the list is empty", "give at least one tile shape"}};
    }
    if (split_k.empty() || split_k.front() != 1) {
      return {{"split_k", "the list does not start with 1", "1 means no split"}};
    }
    return {};
  }
};

/// Kernels bound by memory: a floor, and a share of the achievable DRAM bandwidth.
struct GpuKernelSpec {
  Cycles floor{};
  double dram{};

  template <class Archive>
  void fields(Archive& a) {
    a("floor", floor, "cycles of the smallest kernel", NotNegative{});
    a("dram", dram, "share of the achievable DRAM bandwidth", Range{0.01, 1.0});
  }
};

struct GpuKernelsSpec {
  GpuKernelSpec elementwise{};
  GpuKernelSpec gated{};
  GpuKernelSpec rotary{};
  GpuKernelSpec rms_norm{};
  GpuKernelSpec layer_norm{};
  GpuKernelSpec softmax{};
  GpuKernelSpec gather{};
  double resident{};

  template <class Archive>
  void fields(Archive& a) {
    a("elementwise", elementwise, "add, multiply, bias, ReLU, GELU, copies, pooling");
    a("gated", gated, "activation of one tensor times another (SwiGLU)");
    a("rotary", rotary, "rotary position embedding");
    a("rms_norm", rms_norm, "root-mean-square normalisation");
    a("layer_norm", layer_norm, "layer, group and batch normalisation");
    a("softmax", softmax, "softmax as a kernel of its own");
    a("gather", gather, "embedding look-up");
    a("resident", resident, "share of traffic saved while tensors fit half of the L2",
      Range{0.0, 0.9});
  }
};

/// Attention whose scores never leave the SM, split over the context when few heads are there.
struct GpuAttentionSpec {
  std::int64_t query_tile{};
  std::int64_t key_tile{};
  std::int64_t row_granularity{};
  double tensor{};
  double dram{};

  template <class Archive>
  void fields(Archive& a) {
    a("query_tile", query_tile, "query rows of a thread block", Range{1, 1024});
    a("key_tile", key_tile, "keys of one pipeline stage", Range{1, 1024});
    a("row_granularity", row_granularity, "query rows are padded to a multiple of this",
      Range{1, 128});
    a("tensor", tensor, "share of the tensor cores' peak in its two products", Range{0.01, 1.0});
    a("dram", dram, "share of the achievable DRAM bandwidth when reading the cache",
      Range{0.01, 1.0});
  }
};

/// Weights stored in a format that the tensor cores do not multiply.
struct GpuDequantizationSpec {
  double integer{};
  double codebook{};
  double trellis{};
  bool overlapped{};

  template <class Archive>
  void fields(Archive& a) {
    a("integer", integer, "CUDA-core operations to unpack, convert and scale one element",
      NotNegative{});
    a("codebook", codebook, "CUDA-core operations to look one element up", NotNegative{});
    a("trellis", trellis, "CUDA-core operations to decode one element", NotNegative{});
    a("overlapped", overlapped, "whether decoding runs beside the tensor cores");
  }
};

/// The content of a file in configs/software/.
struct GpuStackSpec {
  std::int64_t schema{1};
  std::string name;
  std::string source;
  Seconds host_launch{};
  GpuGemmStackSpec gemm{};
  GpuKernelsSpec kernels{};
  GpuAttentionSpec attention{};
  GpuDequantizationSpec dequantization{};
  CollectiveStackSpec collectives{};
  HostTimeSpec host{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", Range{1, 1});
    a("name", name, "name of the stack");
    a("source", source, "where the figures come from", kOptional);
    a("host_launch", host_launch, "host time in front of every kernel; 0 with graph capture",
      NotNegative{});
    a("gemm", gemm, "matrix kernels");
    a("kernels", kernels, "kernels bound by memory");
    a("attention", attention, "fused attention");
    a("dequantization", dequantization, "weights that are decoded before they are multiplied");
    a("collectives", collectives, "communication library; absent: no launch, the links' peaks",
      kOptional);
    a("host", host, "host time of a serving framework; absent: none", kOptional);
  }
};

}  // namespace cairn::hw
