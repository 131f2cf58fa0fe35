/// \file
/// What a YAML file may say about a GPU: figures of its data sheet, and the stack that runs on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/gpu/stack_spec.h"
#include "hw/memory/reference.h"

namespace cairn::hw {

/// Dense peak of the whole device by operand format; absent: the tensor cores cannot do it.
/// One multiply-accumulate is two operations.
struct GpuRatesSpec {
  OpsPerSecond fp16{};
  std::optional<OpsPerSecond> bf16{};
  std::optional<OpsPerSecond> tf32{};
  std::optional<OpsPerSecond> fp8{};
  std::optional<OpsPerSecond> fp4{};
  std::optional<OpsPerSecond> int8{};
  std::optional<OpsPerSecond> int4{};
  std::optional<OpsPerSecond> int1{};
  std::optional<OpsPerSecond> fp32{};

  template <class Archive>
  void fields(Archive& a) {
    a("fp16", fp16, "fp16 operands, fp32 accumulation", Positive{});
    a("bf16", bf16, "bf16 operands", kOptional, Positive{});
    a("tf32", tf32, "fp32 operands rounded to tf32", kOptional, Positive{});
    a("fp8", fp8, "fp8 operands", kOptional, Positive{});
    a("fp4", fp4, "fp4 operands", kOptional, Positive{});
    a("int8", int8, "int8 operands", kOptional, Positive{});
    a("int4", int4, "int4 operands", kOptional, Positive{});
    a("int1", int1, "binary operands", kOptional, Positive{});
    a("fp32", fp32, "CUDA cores, one multiply-accumulate a lane and cycle; only checked", kOptional,
      Positive{});
  }
};

/// How many tensor cores an SM has and what one does in a cycle. Nothing is computed from it: it
/// is what the stated rates are checked against.
struct GpuTensorCoresSpec {
  std::int64_t per_sm{};
  std::optional<std::int64_t> fp16{};
  std::optional<std::int64_t> bf16{};
  std::optional<std::int64_t> tf32{};
  std::optional<std::int64_t> fp8{};
  std::optional<std::int64_t> fp4{};
  std::optional<std::int64_t> int8{};
  std::optional<std::int64_t> int4{};
  std::optional<std::int64_t> int1{};

  template <class Archive>
  void fields(Archive& a) {
    constexpr Range kMacs{1, 1048576};
    a("per_sm", per_sm, "tensor cores of one SM", Range{1, 64});
    a("fp16", fp16, "multiply-accumulates of one in a cycle, fp16", kOptional, kMacs);
    a("bf16", bf16, "the same, bf16", kOptional, kMacs);
    a("tf32", tf32, "the same, tf32", kOptional, kMacs);
    a("fp8", fp8, "the same, fp8", kOptional, kMacs);
    a("fp4", fp4, "the same, fp4", kOptional, kMacs);
    a("int8", int8, "the same, int8", kOptional, kMacs);
    a("int4", int4, "the same, int4", kOptional, kMacs);
    a("int1", int1, "the same, binary", kOptional, kMacs);
  }
};

/// Plain data. Bandwidths and capacities of DRAM and L2 are those of the memories it names.
struct GpuSpec {
  static constexpr std::string_view kKind = "gpu";

  std::int64_t sms{};
  Frequency clock{};
  GpuRatesSpec rates{};
  std::optional<GpuTensorCoresSpec> tensor_cores{};
  std::int64_t vector_lanes{};
  std::int64_t special_lanes{16};
  double warp_level{1.0};
  std::int64_t threads_per_sm{2048};
  Bits shared_memory{};
  BitsPerCycle l2_port{};
  std::int64_t multicast{1};
  bool sparse_2_4{false};
  std::string dram;
  std::string l2;
  Watts board_power{};
  Watts idle_power{};
  std::optional<Watts> active_power{};
  std::optional<Area> die_area{};
  GpuStackSpec stack{};

  template <class Archive>
  void fields(Archive& a) {
    a("sms", sms, "streaming multiprocessors", Range{1, 4096});
    a("clock", clock, "clock at which the rates hold", Positive{});
    a("rates", rates, "dense tensor-core peaks of the device");
    a("tensor_cores", tensor_cores, "what the rates are made of, to check them", kOptional);
    a("vector_lanes", vector_lanes, "fp32 lanes of one SM", Range{1, 4096});
    a("special_lanes", special_lanes, "exponentials of one SM in a cycle", kOptional,
      Range{1, 4096});
    a("warp_level", warp_level,
      "share of `rates` that warp-level tensor instructions reach; below 1 where the peak needs "
      "groups of warps",
      kOptional, Range{0.01, 1.0});
    a("threads_per_sm", threads_per_sm, "threads resident on one SM", kOptional, Range{32, 4096});
    a("shared_memory", shared_memory, "shared memory of one SM that tiles may use", Positive{});
    a("l2_port", l2_port, "bits an SM can take from the L2 in a cycle", Positive{});
    a("multicast", multicast, "SMs of a cluster that share one load of an operand", kOptional,
      Range{1, 16});
    a("sparse_2_4", sparse_2_4, "tensor cores run 2:4 sparse weights at twice the rate", kOptional);
    a("dram", dram, "memory of the device");
    a("l2", l2, "L2 cache");
    a("board_power", board_power, "power limit of the board", Positive{});
    a("idle_power", idle_power, "power at full clock without work, memories excluded",
      NotNegative{});
    a("active_power", active_power,
      "further power while a kernel runs, whatever it does: instructions and clocks; absent: 0.3 "
      "of board_power",
      kOptional, NotNegative{});
    a("die_area", die_area, "area of the die", kOptional, Positive{});
    a("stack", stack, "software: a file of configs/software/");
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    return {{"dram", dram}, {"l2", l2}};
  }
  /// Idle power above the board's limit; rates that are not what units and clock give.
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

}  // namespace cairn::hw
