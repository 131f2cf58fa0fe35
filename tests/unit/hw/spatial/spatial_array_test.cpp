#include "hw/spatial/spatial_array.h"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "hw/system.h"

using cairn::Bandwidth;
using cairn::BitsPerCycle;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::Frequency;
using cairn::Rng;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

Technology technology() {
  Diagnostics diagnostics;
  Technology t = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return t;
}

SystemSpec memories(std::int64_t buffer_bytes) {
  SystemSpec system;
  system.name = "test";
  system.memories.add(
      "dram",
      {.kind = MemoryKind::ddr4, .capacity = bytes(1LL << 32U), .bandwidth = Bandwidth{64e9}});
  for (const char* name : {"w", "a", "o"}) {
    system.memories.add(name, {.kind = MemoryKind::sram, .capacity = bytes(buffer_bytes)});
  }
  return system;
}

/// 16 x 16 int8 PEs at 500 MHz, in the systolic family.
SystemSpec systolic(Dataflow dataflow, FoldOverlap folds, std::int64_t buffer_bytes) {
  SystemSpec system = memories(buffer_bytes);
  SystolicArraySpec array;
  array.rows = 16;
  array.cols = 16;
  array.dataflow = dataflow;
  array.folds = folds;
  array.clock = Frequency{500e6};
  array.vector_lanes = 16;
  array.weights_from = "w";
  array.activations_from = "a";
  array.outputs_to = "o";
  array.backing = "dram";
  system.devices.add("array", array);
  return system;
}

/// The same as levels.
SpatialArraySpec spatial_array(SpatialDataflow dataflow, FoldOverlap folds) {
  SpatialArraySpec array;
  array.dataflow = dataflow;
  array.clock = Frequency{500e6};
  array.vector_lanes = 16;
  array.backing = "dram";
  SpatialLevelSpec buffers{.name = "buffers", .weights = "w", .inputs = "a", .outputs = "o"};
  SpatialLevelSpec pes{.name = "pe", .x = 16, .y = 16, .network = Network::forward};
  const std::string registers{SpatialLevelSpec::kRegisters};
  if (dataflow == SpatialDataflow::output_stationary) {
    pes.outputs = registers;
  } else if (dataflow == SpatialDataflow::input_stationary) {
    pes.inputs = registers;
  } else {
    pes.weights = registers;
  }
  if (folds == FoldOverlap::serial) {
    pes.prefetch = std::vector<Operand>{};
  }
  array.levels = {buffers, pes};
  return array;
}
SystemSpec spatial(SpatialDataflow dataflow, FoldOverlap folds, std::int64_t buffer_bytes) {
  SystemSpec system = memories(buffer_bytes);
  system.devices.add("array", spatial_array(dataflow, folds));
  return system;
}

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  Operator op;
  op.name = "op";
  op.shape = MatMul{.m = m, .n = n, .k = k};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

Operator convolution(std::int64_t side, std::int64_t channels, std::int64_t filters,
                     std::int64_t kernel, std::int64_t stride = 1, std::int64_t groups = 1) {
  Operator op;
  op.name = "conv";
  op.shape = Convolution{.height = side,
                         .width = side,
                         .channels = channels,
                         .filters = filters,
                         .kernel_height = kernel,
                         .kernel_width = kernel,
                         .stride_height = stride,
                         .stride_width = stride,
                         .pad_top = kernel / 2,
                         .pad_bottom = kernel / 2,
                         .pad_left = kernel / 2,
                         .pad_right = kernel / 2,
                         .groups = groups};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

OperatorCost cost(const Machine& machine, const Operator& op,
                  MappingObjective objective = MappingObjective::latency,
                  const MappingConstraint& constraint = {}) {
  const Estimate estimate = machine.price({&op, {}, 0}, constraint, objective);
  if (const auto* no = std::get_if<Infeasible>(&estimate)) {
    FAIL(no->what);
  }
  return std::get<OperatorCost>(estimate);
}

std::int64_t log_uniform(Rng& rng, double most) {
  return std::llround(std::exp(rng.uniform01() * std::log(most)));
}

/// A row-stationary array with small memories in its PEs.
SystemSpec row_stationary() {
  SystemSpec system = memories(65536);
  for (const char* name : {"pw", "pi", "po"}) {
    system.memories.add(
        name, {.kind = MemoryKind::register_file, .capacity = bytes(64), .channels = 168});
  }
  SpatialArraySpec array;
  array.dataflow = SpatialDataflow::row_stationary;
  array.clock = Frequency{200e6};
  array.vector_lanes = 16;
  array.backing = "dram";
  array.levels = {
      {.name = "buffer", .inputs = "a", .outputs = "o"},
      {.name = "pe", .x = 14, .y = 12, .weights = "pw", .inputs = "pi", .outputs = "po"}};
  system.devices.add("array", array);
  return system;
}

}  // namespace

TEST_CASE("a systolic array described as levels takes the cycles of the systolic family") {
  const Technology t = technology();
  Rng rng{31};
  for (const auto& [plain, levels] :
       {std::pair{Dataflow::weight_stationary, SpatialDataflow::weight_stationary},
        std::pair{Dataflow::output_stationary, SpatialDataflow::output_stationary},
        std::pair{Dataflow::input_stationary, SpatialDataflow::input_stationary}}) {
    for (const FoldOverlap folds : {FoldOverlap::serial, FoldOverlap::pipelined}) {
      // Buffers that hold everything: one tile, so that both families run the same nest.
      const Machine a{systolic(plain, folds, 1 << 24), t};
      const Machine b{spatial(levels, folds, 1 << 24), t};
      for (int i = 0; i < 60; ++i) {
        const Operator op =
            matmul(log_uniform(rng, 300), log_uniform(rng, 300), log_uniform(rng, 300));
        const auto& s = std::get<MatMul>(op.shape);
        MappingConstraint one_tile;
        one_tile.tile = {s.m, s.n, s.k};
        const OperatorCost x = cost(a, op, MappingObjective::latency, one_tile);
        const OperatorCost y = cost(b, op, MappingObjective::latency, one_tile);
        INFO("m " << s.m << " n " << s.n << " k " << s.k << " dataflow " << static_cast<int>(plain)
                  << " folds " << static_cast<int>(folds));
        // What does not fill the array may be laid on fewer PEs, which fill and drain sooner. The
        // systolic family knows exactly when the last fold's results leave; levels count its loads
        // like those of any other, and share columns evenly: up to one width of the array (16
        // cycles at 500 MHz) longer.
        CHECK(y.latency_s() <= x.latency_s() * 1.02 + 16 / 500e6);
        if (std::min({s.m, s.n, s.k}) >= 32) {
          CHECK(y.latency_s() == Approx(x.latency_s()).epsilon(0.03));
        }
        CHECK(y.dram_read_bits == Approx(x.dram_read_bits));
        CHECK(y.dram_write_bits == Approx(x.dram_write_bits));
        CHECK(y.macs == x.macs);
      }
    }
  }
}

TEST_CASE("with small buffers both families find about the same traffic") {
  const Technology t = technology();
  Rng rng{32};
  const Machine a{systolic(Dataflow::weight_stationary, FoldOverlap::pipelined, 16384), t};
  const Machine b{spatial(SpatialDataflow::weight_stationary, FoldOverlap::pipelined, 16384), t};
  double sum_a = 0;
  double sum_b = 0;
  for (int i = 0; i < 100; ++i) {
    const Operator op =
        matmul(log_uniform(rng, 2000), log_uniform(rng, 2000), log_uniform(rng, 2000));
    const OperatorCost x = cost(a, op, MappingObjective::energy);
    const OperatorCost y = cost(b, op, MappingObjective::energy);
    const double in_a = x.dram_read_bits + x.dram_write_bits;
    const double in_b = y.dram_read_bits + y.dram_write_bits;
    CHECK(in_b < 1.1 * in_a);
    sum_a += in_a;
    sum_b += in_b;
  }
  CHECK(sum_b == Approx(sum_a).epsilon(0.05));
}

TEST_CASE("a depthwise convolution on a row-stationary array uses only what one channel fills") {
  const Machine machine{row_stationary(), technology()};
  // 3 kernel rows by 14 output rows, two sets for rows that do not fit: one channel fills at most
  // 4 sets of 3 x 14 with output rows, and a group has no other channel or filter.
  const OperatorCost narrow = cost(machine, convolution(14, 64, 64, 3, 1, 64));
  CHECK(narrow.utilization < 42.0 / 168);
  const OperatorCost wide = cost(machine, convolution(14, 64, 64, 3, 1, 4));
  CHECK(wide.utilization > 2 * narrow.utilization);
}

TEST_CASE("skipping zeros saves cycles, gating saves energy only") {
  const Technology t = technology();
  SystemSpec system = spatial(SpatialDataflow::output_stationary, FoldOverlap::pipelined, 1 << 20);
  auto& array = std::get<SpatialArraySpec>(system.devices.items.front().second);
  Operator op = matmul(256, 256, 256);
  op.sparsity.density = 0.5;
  const OperatorCost plain = cost(Machine{system, t}, op);
  array.zeros.weights = ZeroHandling::gate;
  const OperatorCost gated = cost(Machine{system, t}, op);
  CHECK(gated.cycles == plain.cycles);
  CHECK(gated.energy[EnergyComponent::multiply_accumulate] ==
        Approx(0.5 * plain.energy[EnergyComponent::multiply_accumulate]));
  array.zeros = {.weights = ZeroHandling::skip, .lanes = 1, .window = 64};
  const OperatorCost alone = cost(Machine{system, t}, op);
  array.zeros.lanes = 16;
  const OperatorCost together = cost(Machine{system, t}, op);
  CHECK(alone.cycles < plain.cycles);
  CHECK(together.cycles > alone.cycles);
  CHECK(together.cycles < plain.cycles);
  // 2:4 leaves every lane the same work: nobody waits.
  op.sparsity.kept = 2;
  op.sparsity.block = 4;
  CHECK(cost(Machine{system, t}, op).cycles == alone.cycles);
  op.sparsity = {};
  CHECK(cost(Machine{system, t}, op).cycles == plain.cycles);
}

TEST_CASE("packed activations cross DRAM at the size that their density gives") {
  const Technology t = technology();
  SystemSpec system = spatial(SpatialDataflow::weight_stationary, FoldOverlap::pipelined, 1 << 22);
  auto& array = std::get<SpatialArraySpec>(system.devices.items.front().second);
  Operator op = convolution(32, 16, 32, 3);
  op.input_density = 0.4;
  op.output_density = 0.9999;
  const OperatorCost plain = cost(Machine{system, t}, op, MappingObjective::energy);
  array.packing = {.inputs = SparseStorage::bitmask, .outputs = SparseStorage::bitmask};
  const OperatorCost packed = cost(Machine{system, t}, op, MappingObjective::energy);
  // 8 bits an element become 0.4 x 8 + 1; outputs without zeros stay as they are.
  const double weights = 32.0 * 16 * 9 * 8;
  CHECK(plain.dram_read_bits - weights == Approx(32.0 * 32 * 16 * 8));
  CHECK(packed.dram_read_bits - weights == Approx(32.0 * 32 * 16 * 4.2));
  CHECK(packed.dram_write_bits == plain.dram_write_bits);
}

TEST_CASE("random operators: never above the peak, parts sum up, more is never slower or more") {
  const Technology t = technology();
  Rng rng{33};
  for (int i = 0; i < 40; ++i) {
    const std::int64_t groups = rng.uniform_int(0, 3) == 0 ? 8 : 1;
    const Operator op =
        rng.uniform_int(0, 1) == 0
            ? matmul(log_uniform(rng, 500), log_uniform(rng, 500), log_uniform(rng, 500))
            : convolution(rng.uniform_int(3, 40), 8 * rng.uniform_int(1, 8),
                          8 * rng.uniform_int(1, 8), 1 + 2 * rng.uniform_int(0, 2),
                          rng.uniform_int(1, 2), groups);
    SystemSpec system = row_stationary();
    const OperatorCost base = cost(Machine{system, t}, op);
    const Machine machine{system, t};
    const double peak = machine.peak_macs_per_second(op.formats);
    CHECK(base.latency_s() >= static_cast<double>(base.macs) / peak);
    CHECK(base.latency_s() >=
          (base.dram_read_bits + base.dram_write_bits) / machine.backing().bandwidth * (1 - 1e-9));
    CHECK(base.utilization <= 1.0);
    for (auto& [name, memory] : system.memories.items) {
      if (name == "dram") {
        memory.bandwidth = Bandwidth{2 * memory.bandwidth->count()};
      }
    }
    CHECK(cost(Machine{system, t}, op).latency_s() <= base.latency_s() * (1 + 1e-9));
  }
}

TEST_CASE("a tile that does not fit says which memory, and how many bytes over") {
  SystemSpec system = memories(64);
  system.devices.add("array",
                     spatial_array(SpatialDataflow::weight_stationary, FoldOverlap::pipelined));
  const Machine machine{system, technology()};
  const Operator op = matmul(512, 512, 512);
  const Estimate estimate = machine.price({&op, {}, 0}, {}, MappingObjective::latency);
  const auto* no = std::get_if<Infeasible>(&estimate);
  REQUIRE(no != nullptr);
  // 16 x 16 weights, twice: 512 B in 64 B.
  CHECK(no->what.find("memories.w.capacity: the smallest tile needs 512 B") == 0);
  CHECK(no->what.find("448 B over") != std::string::npos);
  CHECK(no->excess == Approx(7.0));
}
