/// \file
/// GPUs for tests: those of configs/hardware/, and a small one with round numbers.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "hw/energy/technology.h"
#include "hw/system.h"

namespace cairn::hw::test {

/// A system of configs/hardware/ whose first device is a GPU.
class GpuFile {
 public:
  explicit GpuFile(const std::string& name, const std::vector<std::string>& overrides = {},
                   const std::string& stack = {}) {
    Diagnostics diagnostics;
    Node root = load_yaml("configs/hardware/" + name + ".yaml", diagnostics);
    if (!stack.empty()) {
      *root.find("devices")->entries.front().value.find("stack") =
          load_yaml("configs/software/" + stack + ".yaml", diagnostics);
    }
    for (std::size_t i = 0; i < overrides.size(); ++i) {
      apply_override(root, overrides[i], static_cast<int>(i) + 1, diagnostics);
    }
    SystemSpec spec;
    read(root, spec, diagnostics);
    diagnostics.throw_if_any();
    const Technology technology = load_technology(spec.technology, diagnostics);
    diagnostics.throw_if_any();
    machine_ = std::make_unique<Machine>(spec, technology);
  }
  [[nodiscard]] const Machine& machine() const { return *machine_; }
  [[nodiscard]] const Gpu& gpu() const { return std::get<Gpu>(machine_->primary()); }

 private:
  std::unique_ptr<Machine> machine_;
};

inline OperatorCost price(const Gpu& gpu, const models::Operator& op, std::uint8_t fused = 0,
                          const MappingConstraint& mapping = {}) {
  GroupView group;
  group.anchor = &op;
  group.fused = fused;
  return std::get<OperatorCost>(gpu.price(group, mapping, MappingObjective::latency));
}

inline models::Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  models::Operator op;
  op.shape = models::MatMul{.m = m, .n = n, .k = k};
  return op;
}

inline constexpr std::uint8_t kFusedAttention = 1;

/// Two SMs at 1 GHz, 1024 multiply-accumulates a cycle each, one 64 x 64 x 32 tile, every share 1.
inline GpuSpec small_gpu() {
  GpuSpec spec;
  spec.sms = 2;
  spec.clock = Frequency{1e9};
  spec.rates.fp16 = OpsPerSecond{2 * 2048e9};
  spec.vector_lanes = 64;
  spec.shared_memory = bytes(64 * 1024);
  spec.l2_port = BitsPerCycle{512};
  spec.board_power = Watts{100};
  GpuGemmStackSpec& gemm = spec.stack.gemm;
  gemm.tiles = {{.m = 64, .n = 64, .k = 32, .stages = 3, .per_sm = 1}};
  gemm.split_k = {1, 2};
  gemm.split_k_waves = 4;
  gemm.tensor = gemm.sustained = gemm.l2 = gemm.dram = gemm.l2_retained = 1;
  gemm.tile_edge = 0;
  gemm.fixed = Cycles{1000};
  gemm.round = Cycles{100};
  gemm.reduction = Cycles{500};
  gemm.load_latency = Cycles{0};
  spec.stack.kernels.l2 = 1;
  return spec;
}
/// 1000 bits a cycle of DRAM, an L2 that is never in the way.
inline GpuGemmMachine small_machine(const GpuSpec& spec = small_gpu()) {
  return {spec, 1e12, 1e15, 1e12};
}

}  // namespace cairn::hw::test
