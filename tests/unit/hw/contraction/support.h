// Machines for tests of contraction engines.
#pragma once

#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "hw/system.h"

namespace cairn::hw {

inline Technology technology_16nm() {
  Diagnostics diagnostics;
  Technology t = load_technology("configs/technology/cmos_16nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return t;
}

/// Memories of 512 KiB each behind \p dram_bandwidth in bit/s, without latency.
inline SystemSpec memories(double dram_bandwidth) {
  SystemSpec system;
  system.name = "test";
  system.memories.add("dram", {.kind = MemoryKind::lpddr5,
                               .capacity = bytes(1LL << 32U),
                               .bandwidth = Bandwidth{dram_bandwidth}});
  for (const char* name : {"w", "a", "o"}) {
    system.memories.add(name, {.kind = MemoryKind::sram, .capacity = bytes(512 << 10U)});
  }
  return system;
}

/// Int8 engines at 1 GHz with every choice of dataflow.
inline ContractionArraySpec engines(std::int64_t count, std::int64_t rows, std::int64_t cols) {
  ContractionArraySpec spec;
  spec.engines = count;
  spec.rows = rows;
  spec.cols = cols;
  spec.clock = Frequency{1e9};
  spec.vector_lanes = 64;
  spec.weights_from = "w";
  spec.activations_from = "a";
  spec.outputs_to = "o";
  spec.backing = "dram";
  return spec;
}

/// One array with as many multipliers behind the same memories.
inline SystolicArraySpec one_array(std::int64_t rows, std::int64_t cols) {
  SystolicArraySpec spec;
  spec.rows = rows;
  spec.cols = cols;
  spec.dataflow = Dataflow::weight_stationary;
  spec.folds = FoldOverlap::pipelined;
  spec.clock = Frequency{1e9};
  spec.vector_lanes = 64;
  spec.weights_from = "w";
  spec.activations_from = "a";
  spec.outputs_to = "o";
  spec.backing = "dram";
  return spec;
}

template <class Spec>
Machine machine_with(SystemSpec system, const Spec& device) {
  system.devices.add("array", device);
  return {system, technology_16nm()};
}

inline models::Operator operator_of(const models::Shape& shape) {
  models::Operator op;
  op.name = "step";
  op.shape = shape;
  op.formats = {models::kInt8, models::kInt8, models::kInt8};
  return op;
}

inline models::Operator product(std::int64_t m, std::int64_t n, std::int64_t k) {
  return operator_of(models::MatMul{.m = m, .n = n, .k = k});
}

inline models::Operator permute(std::int64_t rows, std::int64_t columns) {
  return operator_of(models::Elementwise{
      .kind = models::ElementwiseKind::permute, .rows = rows, .columns = columns, .inputs = 1});
}

inline OperatorCost price(const Machine& machine, const models::Operator& op,
                          MappingObjective objective = MappingObjective::latency) {
  const Estimate estimate = machine.price({&op, {}, 0}, {}, objective);
  if (const auto* refused = std::get_if<Infeasible>(&estimate)) {
    FAIL(refused->what);
  }
  return std::get<OperatorCost>(estimate);
}

}  // namespace cairn::hw
