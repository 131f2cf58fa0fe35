/// \file
/// What a file in configs/software/ may say: the software on a GPU, described apart from it.
///
/// A stack knows tile shapes, rules and achievable shares of peaks; it knows no device, no model
/// and no shape. Overheads are in cycles of the device's clock, because that is how they scale
/// from one card to the next; only the host's part is in seconds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// Matrix products of few rows on the CUDA cores: every weight is loaded, decoded where it must be,
/// and multiplied once for each row.
struct GpuGemvSpec {
  std::int64_t rows{};
  double dram{};
  std::optional<BitsPerCycle> load{};
  double operations{1.0};
  Cycles floor{};
  bool each_row{false};

  template <class Archive>
  void fields(Archive& a) {
    a("rows", rows, "most rows of the input for which the library takes this kernel",
      Range{1, 1024});
    a("dram", dram, "share of the achievable DRAM bandwidth", Range{0.01, 1.0});
    a("load", load, "bits that one SM takes in a cycle: its loads in flight over their latency",
      kOptional, Positive{});
    a("operations", operations, "CUDA-core operations of a multiply-accumulate", kOptional,
      Range{0.01, 64.0});
    a("floor", floor, "cycles of the smallest kernel, and of what prepares its input",
      NotNegative{});
    a("each_row", each_row, "whether weights are read again for every row", kOptional);
  }
};

/// Matrix kernels: every constant is a share of a peak or a number of cycles.
struct GpuGemmStackSpec {
  std::vector<GpuTileSpec> tiles;
  std::vector<std::int64_t> split_k;
  std::int64_t split_k_waves{};
  double tensor{};
  double sustained{};
  double l2{};
  double dram{};
  double tile_edge{};
  double l2_retained{};
  double l2_warm{0.0};
  double sparse{1.0};
  Cycles fixed{};
  Cycles round{};
  Cycles reduction{};
  Cycles load_latency{};
  bool pipelined{false};
  std::optional<GpuGemvSpec> gemv{};

  template <class Archive>
  void fields(Archive& a) {
    a("tiles", tiles, "tile shapes of the library; the fastest is taken");
    a("split_k", split_k, "ways to split the reduction over thread blocks, 1 first",
      Range{1, 1024});
    a("split_k_waves", split_k_waves, "split no further than this many waves of thread blocks",
      Range{1, 64});
    a("tensor", tensor, "share of its tensor cores' peak that one SM reaches in a main loop",
      Range{0.01, 1.0});
    a("sustained", sustained,
      "share of the peak that the clock under load leaves when every SM is at work",
      Range{0.01, 1.0});
    a("l2", l2, "share of the L2 bandwidth that a main loop reaches", Range{0.01, 1.0});
    a("dram", dram, "share of the achievable DRAM bandwidth that a GEMM reaches", Range{0.01, 1.0});
    a("tile_edge", tile_edge, "rows and columns of tensor work lost at the edges of a tile",
      Range{0.0, 64.0});
    a("l2_retained", l2_retained, "share of the L2 that keeps operands between waves",
      Range{0.0, 1.0});
    a("l2_warm", l2_warm,
      "share of the L2 that holds operands when a kernel starts: 0 behind other kernels, more when "
      "a benchmark repeats one",
      kOptional, Range{0.0, 1.0});
    a("sparse", sparse, "share of twice the dense rate that 2:4 sparse weights reach", kOptional,
      Range{0.5, 1.0});
    a("fixed", fixed, "cycles from dispatch to first load, and from last store to completion",
      NotNegative{});
    a("round", round, "cycles between two rounds of thread blocks on one SM", NotNegative{});
    a("reduction", reduction, "cycles to add up the parts of a split reduction", NotNegative{});
    a("load_latency", load_latency, "cycles from a load to its data in shared memory",
      NotNegative{});
    a("pipelined", pipelined,
      "loads run so far ahead that only the longer of DRAM and main loop counts", kOptional);
    a("gemv", gemv, "kernel for inputs of few rows", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (tiles.empty()) {
      return {{"tiles", "the list is empty", "give at least one tile shape"}};
    }
    if (split_k.empty() || split_k.front() != 1) {
      return {{"split_k", "the list does not start with 1", "1 means no split"}};
    }
    if (sustained > tensor) {
      return {{"sustained", "more than `tensor`, which one SM reaches alone", ""}};
    }
    return {};
  }
};

/// A kernel with a block of threads for each row. Every thread waits for its loads, so a pass over
/// a row takes columns / (threads x elements) steps, in waves of the blocks that fit the SMs.
struct GpuRowBlocksSpec {
  std::int64_t threads{};
  std::int64_t elements{1};
  std::int64_t passes{1};
  Cycles step{};
  Cycles issue{};
  Cycles setup{};
  std::int64_t narrow{0};

  template <class Archive>
  void fields(Archive& a) {
    a("threads", threads, "threads of a block, which works on one row", Range{32, 1024});
    a("elements", elements, "elements of the row that a thread takes in one step", kOptional,
      Range{1, 64});
    a("passes", passes, "passes over the row: 2 if a statistic of all of it comes first", kOptional,
      Range{1, 8});
    a("step", step, "cycles from a load to its use, and the work on it", NotNegative{});
    a("issue", issue, "cycles of an SM to issue one step of one block", NotNegative{});
    a("setup", setup, "cycles of a block outside its steps: reductions, barriers", NotNegative{});
    a("narrow", narrow,
      "rows up to this many elements are held in registers, several to a block: no waves, one pass",
      kOptional, Range{0, 65536});
  }
};

/// A kernel whose grid has a fixed number of threads for each SM, which loop over the elements.
struct GpuLoopingGridSpec {
  std::int64_t threads{};
  Cycles step{};
  std::int64_t serial{0};

  template <class Archive>
  void fields(Archive& a) {
    a("threads", threads, "threads of the grid for each SM", Range{32, 2048});
    a("step", step, "cycles of one element of a thread: an index, the element behind it, a store",
      NotNegative{});
    a("serial", serial, "up to this many rows a thread takes one row after the other", kOptional,
      Range{0, 1024});
  }
};

/// Kernels bound by memory. Without `rows` and `grid` there is a thread for each few elements, and
/// only launch and traffic count.
struct GpuKernelSpec {
  Cycles floor{};
  double dram{};
  double traffic{1.0};
  std::int64_t launches{1};
  double chain{0.0};
  std::optional<Seconds> host{};
  std::optional<GpuRowBlocksSpec> rows{};
  std::optional<GpuLoopingGridSpec> grid{};

  template <class Archive>
  void fields(Archive& a) {
    a("floor", floor, "cycles of the smallest kernel", NotNegative{});
    a("dram", dram, "share of the achievable DRAM bandwidth", Range{0.01, 1.0});
    a("traffic", traffic,
      "bits moved for each bit of inputs and outputs; above 1 where intermediates are stored",
      kOptional, Range{1.0, 64.0});
    a("launches", launches, "kernels that the library launches for the operator", kOptional,
      Range{1, 64});
    a("chain", chain,
      "several launches hand one tensor on: share of the L2 that holds it between them", kOptional,
      Range{0.0, 1.0});
    a("host", host, "host time in front of the operator, in place of host_launch", kOptional,
      NotNegative{});
    a("rows", rows, "a block of threads for each row", kOptional);
    a("grid", grid, "a fixed number of threads for each SM", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (rows && grid) {
      return {{"grid", "a kernel has blocks of rows or a looping grid, not both", ""}};
    }
    return {};
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
  double l2{};
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
    a("l2", l2, "share of the L2 bandwidth that they reach", Range{0.01, 1.0});
    a("resident", resident, "share of the L2 that holds operands of the kernel before",
      Range{0.0, 1.0});
  }
};

/// Attention whose scores never leave the SM, split over the context when few heads are there.
struct GpuAttentionSpec {
  std::int64_t query_tile{};
  std::int64_t key_tile{};
  std::int64_t row_granularity{};
  double tensor{};
  bool warp_level{true};
  double softmax_exposed{};
  Cycles block{};
  double dram{};

  template <class Archive>
  void fields(Archive& a) {
    a("query_tile", query_tile, "query rows of a thread block", Range{1, 1024});
    a("key_tile", key_tile, "keys of one pipeline stage", Range{1, 1024});
    a("row_granularity", row_granularity, "query rows are padded to a multiple of this",
      Range{1, 128});
    a("tensor", tensor, "share of the tensor cores' peak in its two products", Range{0.01, 1.0});
    a("warp_level", warp_level,
      "whether it is written in warp-level tensor instructions, with the rates of older cards",
      kOptional);
    a("softmax_exposed", softmax_exposed,
      "share of the softmax that does not run beside the products", Range{0.0, 1.0});
    a("block", block, "cycles of a thread block outside its loop over the keys", NotNegative{});
    a("dram", dram, "share of the achievable DRAM bandwidth when reading the cache",
      Range{0.01, 1.0});
  }
};

/// Where weights are decoded that the tensor cores do not multiply as they are stored.
enum class DequantizationMode : std::uint8_t {
  in_kernel,        ///< by every block that loads them
  separate_kernel,  ///< once, to memory, in front of a product in the operands' format
};
constexpr auto enum_names(DequantizationMode) {
  using D = DequantizationMode;
  using S = std::string_view;
  return std::array{std::pair{D::in_kernel, S{"in_kernel"}},
                    std::pair{D::separate_kernel, S{"separate_kernel"}}};
}

/// Weights stored in a format that the tensor cores do not multiply.
struct GpuDequantizationSpec {
  DequantizationMode mode{DequantizationMode::in_kernel};
  double integer{};
  double codebook{};
  double trellis{};
  bool overlapped{};

  template <class Archive>
  void fields(Archive& a) {
    a("mode", mode,
      "in_kernel: every block decodes what it loads; separate_kernel: once, to memory", kOptional);
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
  bool host_ahead{false};
  bool power_limited{true};
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
    a("host_ahead", host_ahead,
      "whether the host launches ahead of the GPU: an operator then takes the longer of host and "
      "kernels, not their sum",
      kOptional);
    a("power_limited", power_limited,
      "whether work lasts long enough for the board's power limit to lower its clock", kOptional);
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
