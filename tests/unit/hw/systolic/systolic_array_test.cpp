#include "hw/systolic/systolic_array.h"

#include <algorithm>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "hw/system.h"

using cairn::Bandwidth;
using cairn::Bits;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::Frequency;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

Technology technology() {
  Diagnostics diagnostics;
  Technology t = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return t;
}

/// A 16 x 16 int8 array at 500 MHz with 64 KiB scratchpads behind 8 GB/s.
SystemSpec small_system() {
  SystemSpec system;
  system.name = "small";
  system.memories.add(
      "dram",
      {.kind = MemoryKind::ddr4, .capacity = bytes(1LL << 32U), .bandwidth = Bandwidth{64e9}});
  for (const char* name : {"w", "a", "o"}) {
    system.memories.add(name, {.kind = MemoryKind::sram, .capacity = bytes(65536)});
  }
  SystolicArraySpec array;
  array.rows = 16;
  array.cols = 16;
  array.dataflow = Dataflow::weight_stationary;
  array.clock = Frequency{500e6};
  array.vector_lanes = 16;
  array.weights_from = "w";
  array.activations_from = "a";
  array.outputs_to = "o";
  array.backing = "dram";
  system.devices.add("array", array);
  return system;
}

SystolicArraySpec& array_of(SystemSpec& system) {
  return std::get<SystolicArraySpec>(system.devices.items.front().second);
}

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  Operator op;
  op.name = "op";
  op.shape = MatMul{.m = m, .n = n, .k = k};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

Estimate price(const SystemSpec& system, const Operator& op,
               const MappingConstraint& mapping = {}) {
  const Machine machine(system, technology());
  return std::visit(
      [&](const auto& device) {
        return device.price({&op, {}, 0}, mapping, MappingObjective::energy_delay);
      },
      machine.primary());
}

OperatorCost cost(const SystemSpec& system, const Operator& op,
                  const MappingConstraint& mapping = {}) {
  const Estimate estimate = price(system, op, mapping);
  if (const auto* refused = std::get_if<Infeasible>(&estimate)) {
    FAIL(refused->what);
  }
  return std::get<OperatorCost>(estimate);
}

/// Operators of every kind with sizes drawn at random.
Operator random_operator(cairn::Rng& rng) {
  const auto draw = [&](std::int64_t most) { return rng.uniform_int(1, most); };
  Operator op = matmul(draw(300), draw(300), draw(300));
  switch (rng.uniform_int(0, 4)) {
    case 0:
      op.shape = Convolution{.batch = draw(2),
                             .height = 8 + draw(20),
                             .width = 8 + draw(20),
                             .channels = draw(32),
                             .filters = draw(64),
                             .kernel_height = 3,
                             .kernel_width = 3};
      break;
    case 1: {
      const std::int64_t kv = draw(4);
      const std::int64_t queries = draw(32);
      op.shape = Attention{.batch = draw(2),
                           .heads = kv * draw(4),
                           .kv_heads = kv,
                           .head_dim = 16 * draw(4),
                           .queries = queries,
                           .context = queries + draw(200),
                           .causal = queries > 1};
      break;
    }
    case 2:
      op.shape = Softmax{draw(100), draw(500)};
      break;
    case 3:
      op.shape = Elementwise{ElementwiseKind::gelu, draw(100), draw(500), 1};
      break;
    default:
      break;
  }
  return op;
}

}  // namespace

TEST_CASE("a product in SCALE-Sim timing takes that tool's cycles, whatever the memory") {
  SystemSpec system = small_system();
  array_of(system).timing = SystolicTiming::scalesim;
  array_of(system).dataflow = Dataflow::output_stationary;
  // F = ceil(20/16) ceil(40/16) = 6 folds of 16 + 16 + 50 - 2 = 80 cycles, less one.
  CHECK(cost(system, matmul(20, 40, 50)).cycles == 6 * 80 - 1);
  system.memories.find("dram")->bandwidth = Bandwidth{1e6};
  CHECK(cost(system, matmul(20, 40, 50)).cycles == 6 * 80 - 1);
}

TEST_CASE("one fold, by hand") {
  // 16 x 16 weights stay, 100 rows pass: load 16, skew 16 + 16 - 2, 100 in time: 2 x 16 + 16 + 100
  // - 2 = 146 cycles = 292 ns. DRAM at 8 GB/s: 256 B of weights 32 ns, 1,600 B of inputs and 1,600
  // B of outputs 200 ns each. In one tile nothing overlaps; cutting m lets most of it.
  const SystemSpec system = small_system();
  MappingConstraint whole;
  whole.tile = {100, 16, 16};
  const OperatorCost c = cost(system, matmul(100, 16, 16), whole);
  CHECK(c.weight_fill_s == Approx(32e-9));
  CHECK(c.input_fill_s == Approx(200e-9));
  CHECK(c.busy_s == Approx(292e-9));
  CHECK(c.drain_s == Approx(200e-9));
  CHECK(c.macs == 25600);
  CHECK(c.dram_read_bits == Approx(8 * 1856));
  CHECK(c.dram_write_bits == Approx(8 * 1600));
  // 25,600 of the 256 x 362 multiply-accumulates that 724 ns hold.
  CHECK(c.utilization == Approx(25600.0 / (256 * 362)));
  CHECK(cost(system, matmul(100, 16, 16)).latency_s() <= c.latency_s());
}

TEST_CASE("weights stored in four bits move half as much and compute no faster") {
  SystemSpec system = small_system();
  system.memories.find("dram")->bandwidth = Bandwidth{8e9};  // slower than the array loads weights
  Operator op = matmul(1, 1024, 1024);
  const OperatorCost wide = cost(system, op);
  op.formats.weights = integer_format(4);
  const OperatorCost narrow = cost(system, op);
  CHECK(narrow.weight_bits == Approx(wide.weight_bits / 2));
  CHECK(narrow.macs == wide.macs);
  CHECK(narrow.latency_s() < wide.latency_s());
}

TEST_CASE("operands wider than a PE take a pass for each slice") {
  const SystemSpec system = small_system();
  Operator op = matmul(512, 256, 256);
  const double once = cost(system, op).busy_s;
  op.formats.weights = integer_format(16);
  op.formats.activations = integer_format(16);
  CHECK(cost(system, op).busy_s == Approx(4 * once).epsilon(0.1));
}

TEST_CASE("pruning shrinks traffic and not time in the array") {
  const SystemSpec system = small_system();
  Operator op = matmul(512, 256, 256);
  const OperatorCost dense = cost(system, op);
  op.sparsity = {.density = 0.25, .storage = SparseStorage::bitmask};
  const OperatorCost sparse = cost(system, op);
  // A quarter of the weights and one bit for each: (8 / 4 + 1) / 8
  CHECK(sparse.weight_bits / dense.weight_bits == Approx(3.0 / 8).epsilon(0.35));
  CHECK(sparse.macs == dense.macs);
  op.sparsity = {.density = 1.0, .storage = SparseStorage::dense};
  CHECK(cost(system, op).latency_s() == dense.latency_s());
}

TEST_CASE("an array does not multiply what its PEs cannot") {
  Operator op = matmul(4, 4, 4);
  op.formats.activations = kFp16;
  const Estimate estimate = price(small_system(), op);
  REQUIRE(std::holds_alternative<Infeasible>(estimate));
  CHECK(std::get<Infeasible>(estimate).what == "the array multiplies int8, operator op is in fp16");
}

TEST_CASE("a mapping that does not fit names the memory and the bytes over") {
  MappingConstraint large;
  large.tile = {std::nullopt, 512, 512};
  const Estimate estimate = price(small_system(), matmul(64, 1024, 1024), large);
  REQUIRE(std::holds_alternative<Infeasible>(estimate));
  // Two buffers of 512 x 512 B = 524,288 B in 65,536 B.
  CHECK_THAT(std::get<Infeasible>(estimate).what, Catch::Contains("memories.w.capacity") &&
                                                      Catch::Contains("needs 524288 B") &&
                                                      Catch::Contains("458752 B over"));
}

TEST_CASE("a mapping fed back gives the same figures, and a wrong one is refused") {
  const SystemSpec system = small_system();
  const Operator op = matmul(300, 700, 500);
  const OperatorCost free = cost(system, op);
  std::string why;
  const auto again = parse_mapping(to_text(free.mapping), why);
  REQUIRE(again);
  const OperatorCost fixed = cost(system, op, *again);
  CHECK(fixed.mapping == free.mapping);
  CHECK(fixed.latency_s() == free.latency_s());
  CHECK(fixed.energy.total() == free.energy.total());
  MappingConstraint wrong = *again;
  wrong.spatial[1] = 99;
  CHECK(std::holds_alternative<Infeasible>(price(system, op, wrong)));
  MappingConstraint trips = *again;
  trips.trips[2] = 9999;
  CHECK(std::holds_alternative<Infeasible>(price(system, op, trips)));
}

TEST_CASE("a fused attention keeps its scores off DRAM") {
  const SystemSpec system = small_system();
  Operator op;
  op.name = "attention";
  op.shape = Attention{
      .batch = 1, .heads = 4, .kv_heads = 2, .head_dim = 64, .queries = 128, .context = 128};
  op.formats = {kInt8, kInt8, kInt8};
  const Machine machine(system, technology());
  const auto& array = std::get<SystolicArray>(machine.primary());
  const auto apart =
      std::get<OperatorCost>(array.price({&op, {}, 0}, {}, MappingObjective::energy_delay));
  const auto fused = std::get<OperatorCost>(array.price(
      {&op, {}, 1 + static_cast<int>(FusionKind::attention)}, {}, MappingObjective::energy_delay));
  // Written and read once: 2 x 4 heads x 128 x 128 B.
  CHECK(fused.fused_bits_saved == Approx(2.0 * 4 * 128 * 128 * 8));
  CHECK(apart.dram_read_bits + apart.dram_write_bits >
        fused.dram_read_bits + fused.dram_write_bits);
  CHECK(fused.latency_s() <= apart.latency_s());
}

TEST_CASE("properties hold for random operators") {
  cairn::Rng rng(20240611);
  const SystemSpec system = small_system();
  SystemSpec faster = system;
  faster.memories.find("dram")->bandwidth = Bandwidth{128e9};
  for (int i = 0; i < 200; ++i) {
    const Operator op = random_operator(rng);
    const OperatorCost c = cost(system, op);
    const double peak = 256 * 500e6;
    INFO(kind_name(op.shape));
    // Never below the roofline.
    CHECK(c.latency_s() >= static_cast<double>(c.macs) / peak * (1 - 1e-9));
    CHECK(c.latency_s() >= (c.dram_read_bits + c.dram_write_bits) / 64e9 * (1 - 1e-9));
    CHECK(c.utilization <= 1 + 1e-9);
    // Energy is the sum of its parts, none negative.
    double sum = 0;
    for (const double joules : c.energy.joules) {
      CHECK(joules >= 0);
      sum += joules;
    }
    CHECK(sum == c.energy.total());
    // More bandwidth is never slower (the search stops one per cent from its bound).
    CHECK(cost(faster, op).latency_s() <= c.latency_s() * 1.02);
  }
}

TEST_CASE("a clock above the technology's curve is infeasible and names the fastest") {
  SystemSpec system = small_system();
  array_of(system).clock = Frequency{50e9};
  const auto problem = Machine::problem(system, technology());
  REQUIRE(problem);
  CHECK_THAT(problem->what, Catch::Contains("fastest"));
}

namespace {

Operator with_bits(Operator op, int weights, int activations) {
  op.formats.weights = integer_format(weights);
  op.formats.activations = integer_format(activations);
  return op;
}

Operator depthwise(std::int64_t channels) {
  Operator op;
  op.name = "depthwise";
  op.shape = Convolution{.height = 16,
                         .width = 16,
                         .channels = channels,
                         .filters = channels,
                         .kernel_height = 3,
                         .kernel_width = 3,
                         .groups = channels};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

}  // namespace

TEST_CASE("fused bricks run narrow products faster, and no wider ones slower") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};  // compute alone
  const Operator op = matmul(256, 256, 1024);
  const double fixed = cost(system, op).latency_s();
  array_of(system).arithmetic.kind = ArithmeticKind::bit_fusion;
  CHECK(cost(system, op).latency_s() == Approx(fixed));
  CHECK(cost(system, with_bits(op, 6, 6)).latency_s() == Approx(fixed));
  // 4 x 4 bits: 64 rows of products on 16 rows of PEs, so 16 k-folds instead of 64.
  const double narrow = cost(system, with_bits(op, 4, 4)).latency_s();
  CHECK(narrow < fixed / 3);
  CHECK(narrow >= fixed / 4);
  CHECK(cost(system, with_bits(op, 2, 2)).latency_s() < narrow);
}

TEST_CASE("peak and utilisation of fused bricks count their products") {
  SystemSpec system = small_system();
  array_of(system).arithmetic.kind = ArithmeticKind::bit_fusion;
  const Machine machine(system, technology());
  const Formats narrow{integer_format(4), integer_format(4), kInt8};
  // 16 x 16 PEs x 4 products x 500 MHz
  CHECK(machine.peak_macs_per_second(narrow) == Approx(256.0 * 4 * 500e6));
  const OperatorCost c = cost(system, with_bits(matmul(512, 512, 512), 4, 4));
  CHECK(c.utilization ==
        Approx(static_cast<double>(c.macs) / c.latency_s() / machine.peak_macs_per_second(narrow)));
}

TEST_CASE("outputs stay while several products of one output are summed in a cycle") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};
  array_of(system).dataflow = Dataflow::output_stationary;
  const double fixed = cost(system, matmul(16, 16, 1024)).latency_s();
  array_of(system).arithmetic.kind = ArithmeticKind::bit_fusion;
  // One fold: 16 + 16 + k - 2 cycles, with k = 1024 and 1024 / 4.
  const double narrow = cost(system, with_bits(matmul(16, 16, 1024), 4, 4)).latency_s();
  CHECK(narrow / fixed == Approx(286.0 / 1054.0).epsilon(0.01));
}

TEST_CASE("time and energy of a serial array follow the bits of its serial operand") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};
  array_of(system).arithmetic.kind = ArithmeticKind::bit_serial;
  const Operator op = matmul(256, 256, 256);
  const OperatorCost eight = cost(system, op);
  const OperatorCost four = cost(system, with_bits(op, 8, 4));
  CHECK(four.latency_s() == Approx(eight.latency_s() / 2).epsilon(0.01));
  const auto multiply = EnergyComponent::multiply_accumulate;
  CHECK(four.energy[multiply] < eight.energy[multiply]);
  CHECK(four.dram_read_bits < eight.dram_read_bits);
}

TEST_CASE("a depthwise convolution keeps one column busy, packed groups as many as fit") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};
  const Operator op = depthwise(64);
  const OperatorCost one = cost(system, op);
  CHECK(one.utilization < 1.0 / 16);  // one column of sixteen
  array_of(system).grouped_convolution = GroupedConvolutionSpec{.channels = 16};
  const OperatorCost packed = cost(system, op);
  CHECK(packed.macs == one.macs);  // zeros of a block are no work
  CHECK(packed.latency_s() < one.latency_s());
  // 16 channels side by side fetch 16 x 16 x 9 weights, zeros included, instead of 16 x 9.
  CHECK(packed.weight_bits == Approx(16 * one.weight_bits));
  array_of(system).grouped_convolution->separate = true;
  CHECK(cost(system, op).latency_s() >= packed.latency_s());
}

TEST_CASE("a direct convolution never mixes kernel positions in a fold") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};
  array_of(system).folds = FoldOverlap::resident;
  Operator op;
  op.name = "conv";
  op.shape = Convolution{.height = 18,
                         .width = 18,
                         .channels = 8,
                         .filters = 16,
                         .kernel_height = 3,
                         .kernel_width = 3};
  op.formats = {kInt8, kInt8, kInt8};
  // 256 pixels; im2col: 72 / 16 = 5 folds, direct: 9 folds of 8 rows.
  const std::int64_t dense = cost(system, op).cycles;
  array_of(system).convolution = ConvolutionLowering::direct;
  const std::int64_t direct = cost(system, op).cycles;
  CHECK(direct - dense == 4 * 256 - 8);  // four more folds; 8 fewer rows to fill
}

TEST_CASE("cores share the memory: no faster than the work divided, never slower than one") {
  SystemSpec system = small_system();
  cairn::Rng rng(4);
  for (int i = 0; i < 60; ++i) {
    const Operator op =
        matmul(rng.uniform_int(1, 300), rng.uniform_int(1, 300), rng.uniform_int(1, 300));
    SystemSpec several = system;
    array_of(several).cores = 4;
    array_of(several).vector_lanes = 4 * array_of(system).vector_lanes;
    for (const char* name : {"w", "a", "o"}) {
      several.memories.at(name).channels = 4;
    }
    const OperatorCost one = cost(system, op);
    const OperatorCost four = cost(several, op);
    CHECK(four.macs == one.macs);
    CHECK(four.latency_s() >= one.latency_s() / 4 * (1 - 1e-9));
    CHECK(four.latency_s() <= one.latency_s() * 1.02);  // the others may idle
    CHECK(four.utilization <= 1.0);
    CHECK(four.dram_read_bits >= static_cast<double>(std::get<MatMul>(op.shape).k) * 8);
  }
}

TEST_CASE("properties hold for random operators on every kind of array") {
  cairn::Rng rng(2024);
  const auto flip = [&] { return rng.uniform_int(0, 1) == 1; };
  for (int i = 0; i < 150; ++i) {
    SystemSpec system = small_system();
    SystolicArraySpec& array = array_of(system);
    array.dataflow = static_cast<Dataflow>(rng.uniform_int(0, 2));
    array.folds = static_cast<FoldOverlap>(rng.uniform_int(0, 2));
    array.arithmetic.kind = static_cast<ArithmeticKind>(rng.uniform_int(0, 2));
    array.cores = rng.uniform_int(1, 3);
    array.convolution = flip() ? ConvolutionLowering::direct : ConvolutionLowering::im2col;
    array.ping_pong = flip();
    array.preload_outputs = flip();
    array.padded_inputs = flip();
    if (flip()) {
      array.grouped_convolution =
          GroupedConvolutionSpec{.channels = rng.uniform_int(1, 16), .separate = flip()};
    }
    Operator op = flip() ? depthwise(rng.uniform_int(2, 64)) : random_operator(rng);
    op = with_bits(op, static_cast<int>(rng.uniform_int(2, 16)),
                   static_cast<int>(rng.uniform_int(2, 16)));
    const Machine machine(system, technology());
    const GroupView alone{&op, {}, 0};
    const Estimate estimate = machine.price(alone, {}, MappingObjective::latency);
    if (std::holds_alternative<Infeasible>(estimate)) {
      continue;  // a scratchpad shared out may hold no tile
    }
    const auto& c = std::get<OperatorCost>(estimate);
    INFO("operator " << i);
    const double products_s =
        static_cast<double>(c.macs) / machine.peak_macs_per_second(op.formats);
    const double memory_s = (c.dram_read_bits + c.dram_write_bits) / machine.backing().bandwidth;
    CHECK(c.latency_s() >= std::max(products_s, memory_s) * (1 - 1e-9));
    CHECK(c.utilization <= 1 + 1e-9);
    CHECK(c.macs <= multiply_accumulates(op.shape));
    SystemSpec faster = system;
    faster.memories.at("dram").bandwidth = Bandwidth{128e9};
    const Estimate quick =
        Machine(faster, technology()).price(alone, {}, MappingObjective::latency);
    CHECK(std::get<OperatorCost>(quick).latency_s() <= c.latency_s() * 1.02);
  }
}

TEST_CASE("vector work runs on the lanes of all cores") {
  // Lanes are given in total, so four cores with a quarter each are as fast as one with all.
  SystemSpec one = small_system();
  one.memories.at("dram").bandwidth = Bandwidth{1e18};  // lanes are all there is
  SystemSpec four = one;
  array_of(four).cores = 4;
  for (const Shape& shape :
       {Shape{Elementwise{.kind = ElementwiseKind::gelu, .rows = 100, .columns = 64, .inputs = 1}},
        Shape{Softmax{.rows = 96, .columns = 128}},
        Shape{Normalization{.kind = NormalizationKind::layer_norm, .rows = 33, .columns = 256}}}) {
    Operator op;
    op.name = "vector";
    op.shape = shape;
    op.formats = {kInt8, kInt8, kInt8};
    const OperatorCost a = cost(one, op);
    const OperatorCost b = cost(four, op);
    CHECK(a.bottleneck == Bottleneck::vector);
    CHECK(b.busy_s == Approx(a.busy_s));
    CHECK(b.latency_s() == Approx(a.latency_s()));
    CHECK(b.cycles == a.cycles);
    CHECK(b.energy.total() == Approx(a.energy.total()));
    CHECK(b.dram_read_bits == a.dram_read_bits);
  }
}

TEST_CASE("cores without a share of the work are idle") {
  SystemSpec system = small_system();
  system.memories.at("dram").bandwidth = Bandwidth{1e15};
  array_of(system).cores = 4;
  // One output: nothing to share out, so one core of four works on one column of sixteen.
  const OperatorCost c = cost(system, matmul(1, 1, 256));
  CHECK(c.utilization <= 0.25 / 16);
}
