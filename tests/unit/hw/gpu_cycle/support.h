/// \file
/// A made-up GPU with its memories, and what a program of it asks for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hw/gpu/cycle/gpu_program.h"
#include "sim/kernel/machine_simulation.h"
#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw::test {

/// SMs at 1 GHz that make 1024 multiply-accumulates a cycle: a 64 x 64 x 32 step of fp16 takes 128
/// cycles. Launch 1000 cycles, 100 between rounds; DRAM 1000 bits a cycle unless said.
class SmallGpu {
 public:
  explicit SmallGpu(std::int64_t sms, double dram = 1e12, double l2 = 1e15, double l2_bits = 1e9) {
    GpuSpec spec = small_gpu();
    spec.sms = sms;
    spec.rates.fp16 = OpsPerSecond{2 * 1024e9 * static_cast<double>(sms)};
    spec.stack.gemm.split_k = {1};
    spec.stack.attention = {
        .query_tile = 64, .key_tile = 64, .row_granularity = 16, .tensor = 1, .dram = 1};
    spec.stack.power_limited = false;
    spec.stack.kernels.elementwise = {.floor = Cycles{500}, .dram = 1.0};
    spec.dram = "dram";
    spec.l2 = "l2";
    memories_.resize(2);
    memories_[0].name = "dram";
    memories_[0].bandwidth = memories_[0].peak_bandwidth = dram;
    memories_[0].capacity_bits = 1e12;
    memories_[1].name = "l2";
    memories_[1].bandwidth = memories_[1].peak_bandwidth = l2;
    memories_[1].capacity_bits = l2_bits;
    Diagnostics diagnostics;
    technology_ = load_technology("configs/technology/cmos_7nm.yaml", diagnostics);
    diagnostics.throw_if_any();
    gpu_ = std::make_unique<Gpu>(spec,
                                 DeviceContext{.memories = memories_, .technology = &technology_});
  }
  [[nodiscard]] const Gpu& gpu() const { return *gpu_; }
  [[nodiscard]] const std::vector<ResolvedMemory>& memories() const { return memories_; }

  [[nodiscard]] cycle::Program program(const models::Operator& op, std::uint8_t fused = 0) const {
    GroupView group;
    group.anchor = &op;
    group.fused = fused;
    return std::get<cycle::Program>(
        cycle::program_of(*gpu_, group, price(*gpu_, op, fused), memories_));
  }
  [[nodiscard]] sim::MachineSimulation machine() const {
    cycle::DeviceUnits units = cycle::units_of(*gpu_, memories_);
    std::vector<sim::SimulatedMemory> simulated(memories_.size());
    for (std::size_t i = 0; i < memories_.size(); ++i) {
      simulated[i].name = memories_[i].name;
      simulated[i].bandwidth = memories_[i].bandwidth;
    }
    return {std::move(units.units), std::move(units.caches), std::move(simulated), {}};
  }

 private:
  std::vector<ResolvedMemory> memories_;
  Technology technology_;
  std::unique_ptr<Gpu> gpu_;
};

inline models::Operator fp16_matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  models::Operator op = matmul(m, n, k);
  op.formats = {models::kFp16, models::kFp16, models::kFp16};
  return op;
}

/// What a program asks for in all, read to its end without a machine.
struct Totals {
  std::map<std::int32_t, double> read_bits;  ///< by memory
  std::map<std::int32_t, double> write_bits;
  std::map<std::string, double> seconds;  ///< of the computing units, by activity
  bool legal{true};                       ///< every task names only earlier ones of its stream
};
inline Totals totals(cycle::Program program) {
  Totals t;
  std::vector<std::uint64_t> numbers(program.streams.size());
  bool left = true;
  while (left) {  // in turn, as SMs ask for their thread blocks
    left = false;
    for (std::size_t s = 0; s < program.streams.size(); ++s) {
      cycle::Task task;
      if (!program.streams[s]->next(task)) {
        continue;
      }
      left = true;
      for (const std::uint32_t distance : task.after) {
        t.legal = t.legal && distance <= numbers[s];
      }
      ++numbers[s];
      const auto bits = 8.0 * static_cast<double>(task.transfer.total_bytes());
      if (task.kind == cycle::TaskKind::transfer) {
        (task.transfer.write ? t.write_bits : t.read_bits)[task.transfer.memory] += bits;
      } else {
        t.seconds[program.activities.at(task.activity)] += cycle::to_seconds(task.duration);
      }
    }
  }
  return t;
}

}  // namespace cairn::hw::test
