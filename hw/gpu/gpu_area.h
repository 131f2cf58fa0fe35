/// \file
/// Area of a GPU's die from a description of what is on it, disabled parts included.
///
/// Processors hold lanes (fp32, int32, fp64, special functions), tensor cores (products of fp16
/// with their sums), a register file, shared memory and instruction memories; beside them lie the
/// L2, the interfaces of memories, and links. Cells come from the technology's tables, laid out.
///
/// Assumes:    every product of a tensor core has its fp32 sum; register files and the L2 have
///             two-ported or duplicated cells; a processor's schedulers, load and store
///             units, texture units and wires take a fixed share of it.
/// Ignores:    graphics units, video engines, spare columns beyond what layout growth has.
/// Reference:  H. Zhang et al., "LLMCompass", ISCA 2024, section on area (the same parts).
/// Checked by: tests/unit/hw/gpu/gpu_area_test.cpp (by hand), tests/validation/die_area_test.cpp
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"
#include "hw/device.h"
#include "hw/energy/technology.h"
#include "hw/memory/memory.h"

namespace cairn::hw {

/// Plain data: one die as manufactured. A file of configs/dies/.
struct GpuDieSpec {
  std::string name;
  std::string source;
  std::int64_t sms{};
  std::int64_t fp32_lanes{};
  std::int64_t int32_lanes{};
  std::int64_t fp64_lanes{};
  std::int64_t special_lanes{};
  std::int64_t tensor_products{};
  Bits register_file{};
  Bits shared_memory{};
  Bits instruction_memory{};
  Bits l2{};
  MemoryKind memory{MemoryKind::hbm2e};
  Bandwidth memory_bandwidth{};
  std::optional<Bandwidth> device_links{};
  Bandwidth host_link{};
  Area measured{};

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name of the die");
    a("source", source, "where the figures come from");
    a("sms", sms, "streaming multiprocessors on the die, disabled ones included", Range{1, 4096});
    a("fp32_lanes", fp32_lanes, "fp32 fused multiply-adds of one SM in a cycle", Range{0, 4096});
    a("int32_lanes", int32_lanes, "int32 multiply-adds of one SM in a cycle", Range{0, 4096});
    a("fp64_lanes", fp64_lanes, "fp64 fused multiply-adds of one SM in a cycle", Range{0, 4096});
    a("special_lanes", special_lanes, "special functions of one SM in a cycle", Range{0, 4096});
    a("tensor_products", tensor_products, "dense fp16 products of one SM's tensor cores in a cycle",
      Range{0, 65536});
    a("register_file", register_file, "register file of one SM", Positive{});
    a("shared_memory", shared_memory, "shared memory and L1 of one SM", Positive{});
    a("instruction_memory", instruction_memory, "instruction and constant caches of one SM",
      NotNegative{});
    a("l2", l2, "L2 on the die, disabled parts included", Positive{});
    a("memory", memory, "kind of memory behind the die");
    a("memory_bandwidth", memory_bandwidth, "peak of all memory interfaces on the die", Positive{});
    a("device_links", device_links, "links to other devices, one direction, all together",
      kOptional, Positive{});
    a("host_link", host_link, "link to the host, one direction", Positive{});
    a("measured", measured, "published area", Positive{});
  }
};

/// Parts of the die, its frame not included.
[[nodiscard]] std::vector<AreaPart> die_parts(const GpuDieSpec& die, const Technology& technology);

}  // namespace cairn::hw
