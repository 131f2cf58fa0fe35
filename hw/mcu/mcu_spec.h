/// \file
/// What a YAML file may say about a microcontroller: its core, memories, power, and the library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/mcu/core_spec.h"
#include "hw/mcu/library_spec.h"
#include "hw/memory/reference.h"

namespace cairn::hw {

/// How the core reaches its flash. Wait states follow from the memory's latency and the clock.
struct McuFlashSpec {
  std::string memory;
  Bits fetch{};
  Bits line{};
  Cycles bus{};
  std::optional<std::string> cache{};
  bool instruction_cache{true};

  template <class Archive>
  void fields(Archive& a) {
    a("memory", memory, "memory that holds weights and code");
    a("fetch", fetch, "bits that one access of the flash delivers", Positive{});
    a("line", line, "bits that a miss of the data cache brings; as `fetch` without a cache",
      kOptional, NotNegative{});
    a("bus", bus, "cycles between core and flash on a miss, beside the access itself", kOptional,
      NotNegative{});
    a("cache", cache, "memory that keeps weights which were read before", kOptional);
    a("instruction_cache", instruction_cache,
      "kernel loops stay in an instruction cache; else a taken branch waits for the flash",
      kOptional);
  }
};

/// Cores that share a scratchpad, which a DMA engine fills from the main memory.
struct McuClusterSpec {
  std::int64_t cores{1};
  std::string scratchpad;
  BitsPerCycle dma{};
  Cycles transfer{};
  Cycles fork{};
  double bank_conflicts{0.0};
  std::optional<std::int64_t> banks{};

  template <class Archive>
  void fields(Archive& a) {
    a("cores", cores, "cores that share an operator", Range{1, 1024});
    a("scratchpad", scratchpad, "memory that the cores compute from");
    a("dma", dma, "bits a cycle between main memory and scratchpad", Positive{});
    a("transfer", transfer, "cycles to set one transfer up", NotNegative{});
    a("fork", fork, "cycles to start all cores and to wait for the last", NotNegative{});
    a("bank_conflicts", bank_conflicts,
      "cycles that a load or store waits for its bank, on average", kOptional, Range{0.0, 4.0});
    a("banks", banks,
      "banks of the scratchpad, each a word wide; with them the cycle level plays the conflicts "
      "through instead of taking `bank_conflicts`",
      kOptional, Range{1, 1024});
  }
};

/// A convolution unit beside the cores: a tile of outputs at a time, weights bit by bit.
struct McuEngineSpec {
  std::int64_t tile{3};
  std::int64_t filters{32};
  std::int64_t channels{16};
  std::int64_t kernel{3};
  double weight_bits{1.0};
  double pointwise_weight_bits{8.0};
  BitsPerCycle load{};
  BitsPerCycle store{};
  Cycles tile_overhead{};
  Cycles setup{};

  template <class Archive>
  void fields(Archive& a) {
    a("tile", tile, "side of the square of outputs computed at once", Range{1, 64});
    a("filters", filters, "filters whose sums are held at once", Range{1, 1024});
    a("channels", channels, "input channels taken in together", Range{1, 1024});
    a("kernel", kernel, "side of the kernel it computes, beside 1 x 1", Range{1, 15});
    a("weight_bits", weight_bits, "weight bits of one filter that a cycle takes in", Positive{});
    a("pointwise_weight_bits", pointwise_weight_bits, "the same of 1 x 1 kernels", Positive{});
    a("load", load, "input bits a cycle into the unit", Positive{});
    a("store", store, "output bits a cycle, scaled to the output format", Positive{});
    a("tile_overhead", tile_overhead, "cycles around each tile", NotNegative{});
    a("setup", setup, "cycles to configure and start an operator", NotNegative{});
  }
};

/// Power of the whole board as a meter in its supply sees it, at one clock and one core voltage.
struct McuPowerSpec {
  Frequency clock{};
  Voltage voltage{};
  Voltage supply{};
  bool linear_regulator{false};
  Watts idle{};
  Watts clocks{};
  Watts core{};
  Watts engine{};

  template <class Archive>
  void fields(Archive& a) {
    a("clock", clock, "clock at which the figures hold", Positive{});
    a("voltage", voltage, "core voltage at which the figures hold", Positive{});
    a("supply", supply, "supply at which the figures hold", Positive{});
    a("linear_regulator", linear_regulator,
      "the current does not depend on the supply, so power rises with it; else a switching "
      "regulator keeps the power",
      kOptional);
    a("idle", idle, "clocks stopped: leakage and what is always on", NotNegative{});
    a("clocks", clocks, "what running clocks, buses and memories add, cores asleep", NotNegative{});
    a("core", core, "what one running core adds", NotNegative{});
    a("engine", engine, "what the running convolution unit adds", kOptional, NotNegative{});
  }
};

/// Plain data. Capacities and access times are those of the memories it names.
struct McuSpec {
  static constexpr std::string_view kKind = "microcontroller";

  McuCoreSpec core{};
  Frequency clock{};
  std::optional<Voltage> voltage{};
  std::optional<Voltage> supply{};
  McuFlashSpec flash{};
  std::string sram;
  std::optional<McuClusterSpec> cluster{};
  std::optional<McuEngineSpec> engine{};
  McuPowerSpec power{};
  McuLibrarySpec library{};

  template <class Archive>
  void fields(Archive& a) {
    a("core", core, "a file of configs/cores/");
    a("clock", clock, "clock of cores, scratchpad and unit", Positive{});
    a("voltage", voltage, "core voltage; absent: that of `power`", kOptional, Positive{});
    a("supply", supply, "supply of the board; absent: that of `power`", kOptional, Positive{});
    a("flash", flash, "where weights and code are");
    a("sram", sram, "memory of activations; its latency gives wait states");
    a("cluster", cluster, "several cores with a shared scratchpad", kOptional);
    a("engine", engine, "a convolution unit", kOptional);
    a("power", power, "power at one operating point");
    a("library", library, "a file of configs/software/");
  }
  [[nodiscard]] std::vector<MemoryReference> memory_references() const {
    std::vector<MemoryReference> found{{"flash.memory", flash.memory}, {"sram", sram}};
    if (flash.cache) {
      found.push_back({"flash.cache", *flash.cache});
    }
    if (cluster) {
      found.push_back({"cluster.scratchpad", cluster->scratchpad});
    }
    return found;
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (engine && !cluster) {
      return {{"engine", "a convolution unit needs a cluster: it works from the scratchpad", ""}};
    }
    if (flash.line.count() > 0 && flash.line < flash.fetch) {
      return {{"flash.line", "a line is narrower than one access of the flash", ""}};
    }
    return {};
  }
};

}  // namespace cairn::hw
