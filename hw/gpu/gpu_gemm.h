/// \file
/// Time of one matrix kernel on a GPU, by tiles and waves: a pure function of the device, the
/// stack and the shape.
///
/// For every tile of the stack and every split of the reduction, with all rates in the device's
/// own peaks times the stack's shares:
///
///   t = fixed + store + cbrt(main^3 + dram^3) + last / BW_dram + split
///
///   main   ceil(blocks / SMs) blocks on the busiest SM, in rounds of `per_sm`. One k-step of a
///          round costs the longest of: tensor work of its blocks (a tile loses `tile_edge` rows
///          and columns), their loads at the SM's share of the L2 (a cluster multicasts the wider
///          operand), and load_latency / (stages - 1). Each round after the first costs `round`.
///   dram   compulsory traffic but for the outputs of the last wave, plus operands read again by
///          later waves when the L2 cannot keep them, at the achievable DRAM bandwidth
///   store  one tile through the SM's port: the epilogue of the last block, which nothing hides
///   last   outputs of the last wave, which leave when all its blocks finish together
///   split  `reduction`, and the fp32 partial sums written to and read from the L2
///
/// A stack that is `pipelined` takes max(main, dram) instead of the cube root.
/// The cube root overlaps the two streams: the longer one counts almost alone until they are
/// within a factor of two of each other.
///
/// Assumes:    the library knows the fastest of its kernels; operands start in DRAM; one kernel
///             at a time.
/// Ignores:    poor picks of the library's heuristics, throttling over milliseconds, bank and
///             channel conflicts, data-dependent power.
/// Reference:  A. Kerr et al., "CUTLASS: fast linear algebra in CUDA C++", 2017 (tiles, pipeline);
///             J. D. C. Little, "A proof for the queuing formula L = lambda W", 1961 (latency).
/// Checked by: tests/unit/hw/gpu/gpu_gemm_test.cpp (by hand), tests/validation/gpu_gemm_test.cpp
///             (672 layers measured on A100 and H100; 20 on an A100 under another stack).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hw/gpu/gpu_spec.h"
#include "hw/mapping.h"
#include "hw/memory/memory.h"

namespace cairn::hw {

/// What matrix kernels need of device and stack, in base units (bit, second).
struct GpuGemmMachine {
  /// A tile as it fits this device's shared memory.
  struct Tile {
    double m{};
    double n{};
    double stage_bits{};  ///< of one element row of both operands: k x 16
    double stages{};
    double per_sm{};
  };

  /// \p dram_bandwidth achievable, \p l2_bandwidth peak, bit/s; \p l2_capacity in bits.
  GpuGemmMachine(const GpuSpec& spec, double dram_bandwidth, double l2_bandwidth,
                 double l2_capacity);

  double sms{};
  double clock{};
  double dram_bandwidth{};  ///< bit/s, with the stack's share
  double l2_bandwidth{};    ///< bit/s, with the stack's share
  double port_bandwidth{};  ///< bit/s of one SM
  double l2_kept{};         ///< bits that stay between waves
  double multicast{};
  double vector_rate{};   ///< CUDA-core operations per second of one SM
  double special_rate{};  ///< exponentials per second of one SM
  double warp_level{};    ///< share of the peak that warp-level instructions reach
  double tensor_share{};
  double load_stretch{};  ///< times longer when every SM is at work: clock under load
  double l2_warm{};       ///< bits of operands in the L2 at the start
  double tile_edge{};
  double fixed{};      ///< s
  double round{};      ///< s
  double reduction{};  ///< s
  double latency{};    ///< s
  double split_waves{};
  bool decode_overlapped{};
  bool pipelined{};
  std::vector<Tile> tiles;
  std::vector<double> splits;
};

/// `instances` independent products (m x k by k x n). Bits are of one element as moved.
struct GpuGemmShape {
  double instances{1};
  double m{};
  double n{};
  double k{};
  double operand_bits{16};     ///< as multiplied: sets how many elements a stage holds
  double activation_bits{16};  ///< as stored, of the m x k operand
  double weight_bits{16};      ///< as stored, of the k x n operand
  double output_bits{16};
  double peak{};               ///< multiply-accumulates per second, whole device
  double input_bits{};         ///< of the m x k operand in DRAM, all instances; 0: m k a instances
  double decode_operations{};  ///< CUDA-core operations per weight element
  double epilogue_bits{};      ///< further bits read with the outputs, all instances
  double epilogue_operations{};  ///< vector operations per output element
  double output_share{1};        ///< finished elements kept per product element
};

/// What the kernel took. `total` is the sum of fixed, body and tail.
struct GpuGemmTime {
  double total{};       ///< s
  double fixed{};       ///< s, launch to first load, last store to completion
  double body{};        ///< s, main loop and DRAM, overlapped
  double tail{};        ///< s, last stores and the reduction of a split
  double main{};        ///< s, busiest SM
  double tensor{};      ///< s of main if nothing but tensor work took time
  double decode{};      ///< s of main if nothing but decoding took time
  double dram{};        ///< s, under the main loop
  double read_bits{};   ///< from DRAM
  double write_bits{};  ///< to DRAM
  double l2_bits{};     ///< out of the L2
  double decoded{};     ///< weight elements decoded, each as often as a block does it
  double blocks{};
  std::int64_t tile{-1};  ///< index into the tiles; -1: no tile is allowed
  std::int64_t split{1};
  double stretch{1};  ///< of the main loop: the clock with this many SMs at work
  std::uint32_t considered{};
};

/// What one thread block of a tile costs an SM, whatever the split.
struct GpuTileCosts {
  double rows{};         ///< of tiles
  double cols{};         ///< of tiles
  double step{};         ///< elements of k in one stage
  double tensor_step{};  ///< s of one block's tensor work in one step
  double decode_step{};
  double load_bits{};  ///< of one block in one step
  double latency_step{};
  double store{};     ///< s of one tile through the port
  double epilogue{};  ///< s of one tile's vector work

  /// s of arithmetic of \p together blocks on one SM in one step.
  [[nodiscard]] double math(double together, bool decode_overlapped) const {
    const double decode = together * decode_step;
    const double tensor = together * tensor_step;
    return decode_overlapped ? std::max(tensor, decode) : tensor + decode;
  }
};
[[nodiscard]] GpuTileCosts gpu_tile_costs(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                                          const GpuGemmMachine::Tile& tile);

/// The order of thread blocks: bands of tiles that a wave covers, and what then leaves the DRAM.
struct GpuRaster {
  double bits{};       ///< of both operands of one product, read from DRAM
  double row_tiles{};  ///< height of a wave
  double col_tiles{};  ///< its width
  bool along_n{};      ///< waves follow each other along the columns, else along the rows
};
/// Waves of \p wave tiles pass over one product.
[[nodiscard]] GpuRaster gpu_raster(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                                   const GpuGemmMachine::Tile& tile, double wave);

/// A product on the CUDA cores under \p spec: the longest of traffic at its share of \p
/// dram_bandwidth (achievable, bit/s), loads of the SMs, and their arithmetic; after `floor`.
[[nodiscard]] GpuGemmTime gpu_gemv(const GpuGemmMachine& machine, const GpuGemvSpec& spec,
                                   double host_launch, double dram_bandwidth,
                                   const GpuGemmShape& shape);

/// The fastest kernel for \p shape among those that \p allowed (tile m, n; split_k) permits.
/// Does not allocate. tile is -1 when nothing is allowed.
[[nodiscard]] GpuGemmTime gpu_gemm(const GpuGemmMachine& machine, const GpuGemmShape& shape,
                                   const MappingConstraint& allowed = {});

}  // namespace cairn::hw
