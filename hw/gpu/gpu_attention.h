/// \file
/// Time of fused attention on a GPU: scores, softmax and values in one kernel.
///
/// Query rows that share a KV head are packed (heads / kv_heads x queries), cut into tiles of
/// `query_tile` rows, padded to `row_granularity`, the narrowest operand of a tensor core: decode
/// with one query and many heads wastes most of it, as it does on silicon. The context is split
/// over blocks when tiles alone do not fill the SMs; a split costs a reduction of fp32 partials.
///
///   t = fixed + cbrt(main^3 + dram^3) + block + split
///   main  blocks on the busiest SM x (key tiles x longest of: both products at the stack's share
///   of
///         the tensor peak plus the part of the softmax that they do not hide and decoding of the
///         cache; the SM's share of the L2; load latency; and `block` cycles outside the loop).
///         A score takes one exponential and some operations of the CUDA cores. Kernels written
///         in warp-level instructions reach the device's `warp_level` share of its peak.
///   dram  queries and outputs once, the visible part of the cache once
///
///         No less than the longest block, whose queries see all keys.
///   block what the last block does outside its loop
///
/// Assumes:    causal tiles that no query sees are skipped; keys and values of a head are re-read
/// by its query tiles from the L2. Ignores:    registers that run out at wide heads, gaps of paged
/// caches. Reference:  T. Dao, "FlashAttention-2", 2023; T. Dao et al., "Flash-Decoding for
/// long-context
///             inference", 2023.
/// Checked by: tests/unit/hw/gpu/gpu_attention_test.cpp (by hand, and properties), and charts of
///             two kernels on an H100 by `cairn validate`
#pragma once

#include <algorithm>

#include "hw/gpu/gpu_gemm.h"
#include "hw/gpu/gpu_spec.h"
#include "models/operator.h"

namespace cairn::hw {

/// Formats of one attention operator as the kernel sees them, in bits of one element.
struct GpuAttentionFormats {
  double query_bits{16};
  double cache_bits{16};
  double output_bits{16};
  double operand_bits{16};
  double peak{};                ///< multiply-accumulates per second, whole device
  double decode_operations{};   ///< CUDA-core operations per element of the cache
  double softmax_operations{};  ///< CUDA-core operations per score
};

struct GpuAttentionTime {
  double total{};
  double fixed{};
  double body{};
  double tail{};
  double main{};
  double tensor{};
  double vector{};
  double dram{};
  double read_bits{};
  double write_bits{};
  double l2_bits{};
  double executed_macs{};
  std::int64_t query_tile{};
  std::int64_t split{1};
  std::uint32_t considered{};
};

/// What one thread block does, whatever the split.
struct GpuAttentionBlock {
  double sequences{};  ///< KV heads of all sequences: blocks of different ones share nothing
  double rows{};       ///< query rows of one of them
  double tile{};       ///< query rows of a block, padded
  double row_tiles{};
  double key_tile{};
  double keys_of_row{};   ///< keys that a row meets on average, masked ones of its tiles included
  double keys_of_last{};  ///< the same of the last rows, which see most
  double query_bits{};    ///< of all queries
  double output_bits{};   ///< of all outputs
  double cache_bits{};    ///< of the visible part of the cache
  double tensor_step{};   ///< s of both products with one tile of keys
  double hidden_step{};   ///< s of softmax beside them
  double vector_step{};   ///< s of softmax and decoding after them
  double latency_step{};
  double load_bits{};  ///< of one tile of keys and values
  double outside{};    ///< s of a block outside its loop

  /// s of one tile of keys without its loads.
  [[nodiscard]] double math() const { return std::max(tensor_step, hidden_step) + vector_step; }
};
[[nodiscard]] GpuAttentionBlock gpu_attention_block(const GpuGemmMachine& machine,
                                                    const GpuAttentionSpec& stack,
                                                    const models::Attention& shape,
                                                    const GpuAttentionFormats& formats);

/// Fused kernel for \p shape; \p dram_bandwidth achievable, bit/s. Does not allocate.
[[nodiscard]] GpuAttentionTime gpu_attention(const GpuGemmMachine& machine,
                                             const GpuAttentionSpec& stack, double dram_bandwidth,
                                             const models::Attention& shape,
                                             const GpuAttentionFormats& formats);

}  // namespace cairn::hw
