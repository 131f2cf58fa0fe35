#include "hw/contraction/contraction_array.h"

#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "support.h"

namespace cairn::hw {
namespace {

constexpr double kFastDram = 1e18;  // bit/s: what remains is the array
constexpr double kDram = 40e9 * 8;

TEST_CASE("four engines divide one step into quarters of its results") {
  // 8 x 8 outputs over 2 x 2 engines of 4 x 4, 16 products each in time: one fold of
  // 4 + 4 + 16 - 2 = 22 cycles. 4 x (4 + 4) = 32 words in: 5 stages; 4 x 4 = 16 out: 4 stages.
  ContractionArraySpec spec = engines(4, 4, 4);
  spec.dataflow = Dataflow::output_stationary;
  const Machine machine = machine_with(memories(kFastDram), spec);
  const OperatorCost cost = price(machine, product(8, 8, 16));
  CHECK(cost.latency_s() * 1e9 == Approx(22 + 5 + 4));
  CHECK(cost.macs == 8 * 8 * 16);
  CHECK(cost.utilization == Approx(1024.0 / (64 * 31)));
  CHECK(cost.mapping.spatial == std::array<std::int64_t, 3>{8, 8, 1});
}

TEST_CASE("four engines share one reduction where there is a network to add it up") {
  // 4 x 4 outputs, k = 64: quarters of k, 4 + 4 + 16 - 2 = 22 cycles, against 4 + 4 + 64 - 2 = 70.
  ContractionArraySpec spec = engines(4, 4, 4);
  spec.dataflow = Dataflow::output_stationary;
  const OperatorCost summed = price(machine_with(memories(kFastDram), spec), product(4, 4, 64));
  CHECK(summed.latency_s() * 1e9 == Approx(22 + 5 + 4));
  spec.reduction = ReductionNetwork::none;
  const OperatorCost alone = price(machine_with(memories(kFastDram), spec), product(4, 4, 64));
  CHECK(alone.latency_s() * 1e9 == Approx(70 + 5));
}

TEST_CASE("every word pays its way through switches, copies and sums") {
  ContractionArraySpec spec = engines(4, 4, 4);
  spec.dataflow = Dataflow::output_stationary;
  const Machine machine = machine_with(memories(kFastDram), spec);
  const auto& array = std::get<ContractionArray>(machine.primary());
  const Technology t = technology_16nm();
  const double scale = t.operating_point(spec.clock)->dynamic;
  const double hop = 2 * t.register_access().energy.count() * (1 + 1.862 / 4.522) * scale;

  CHECK(array.distribution().hop_energy == Approx(hop));
  // Registers of the PEs: 8 bits of input and 32 of the sum, written and read for each product.
  const double inside = 2 * 40 * t.register_access().energy.count() * scale;

  const OperatorCost quarters = price(machine, product(8, 8, 16));
  // 8 x 16 weights and 8 x 16 inputs of 8 bit, each to two engines: 5 - 1 + 2 = 6 switch outputs;
  // 64 results of 32 bit through 4 stages.
  CHECK(quarters.energy[EnergyComponent::registers] ==
        Approx(1024 * inside + 2048 * 6 * hop + 2048 * 4 * hop));

  const OperatorCost summed = price(machine, product(4, 4, 64));
  // 4 x 64 words of each operand to one engine: 5 switch outputs; 16 results from four engines
  // each: 4 - 2 + 6 = 8 switch outputs and three additions.
  CHECK(summed.energy[EnergyComponent::registers] ==
        Approx(1024 * inside + 4096 * 5 * hop + 16 * 32 * 8 * hop));
  CHECK(summed.energy[EnergyComponent::multiply_accumulate] ==
        Approx((1024 * t.multiply_accumulate(models::kInt8, models::kInt8).energy.count() +
                48 * t.add(models::kInt32).energy.count()) *
               scale));
}

TEST_CASE("area of networks: registers and multiplexers of all stages, an adder in each switch") {
  const Machine machine = machine_with(memories(kDram), engines(4, 4, 4));
  const Technology t = technology_16nm();
  std::vector<AreaPart> parts;
  std::get<ContractionArray>(machine.primary()).append_area(parts);
  const auto area_of = [&](const std::string& what) {
    for (const AreaPart& part : parts) {
      if (part.what == what) {
        return part.mm2;
      }
    }
    FAIL("no part " << what);
    return 0.0;
  };
  const double bit = t.register_area().count() * (1 + 1.862 / 4.522) * 1e6;
  // 32 ports x 5 stages x 8 bit; 16 ports x 4 stages x 32 bit and 8 x 4 adders.
  CHECK(area_of("distribution network") == Approx(1280 * bit));
  CHECK(area_of("reduction network") ==
        Approx(2048 * bit + 32 * t.add(models::kInt32).area.count() * 1e6));
  ContractionArraySpec plain = engines(4, 4, 4);
  plain.distribution = DistributionNetwork::bus;
  plain.reduction = ReductionNetwork::none;
  std::vector<AreaPart> without;
  const Machine other = machine_with(memories(kDram), plain);
  std::get<ContractionArray>(other.primary()).append_area(without);
  CHECK(without.size() + 2 == parts.size());
}

TEST_CASE("no step is faster than its multipliers or its memory allow") {
  const Machine machine = machine_with(memories(kDram), engines(64, 8, 8));
  const double peak = machine.peak_macs_per_second({models::kInt8, models::kInt8, models::kInt8});
  CHECK(peak == Approx(4096e9));
  Rng rng(derive_seed(11, "contraction roofline"));
  for (int i = 0; i < 200; ++i) {
    models::MatMul shape{.batch = rng.uniform_int(1, 6),
                         .m = rng.uniform_int(1, 300),
                         .n = rng.uniform_int(1, 300),
                         .k = rng.uniform_int(1, 300)};
    shape.weight = rng.uniform_int(0, 1) == 0;
    const models::Operator op = operator_of(shape);
    const OperatorCost cost = price(machine, op);
    const auto macs = static_cast<double>(models::multiply_accumulates(op.shape));
    const double bits = 8.0 * static_cast<double>(models::input_elements(op.shape) +
                                                  models::weight_elements(op.shape) +
                                                  models::output_elements(op.shape));
    CHECK(cost.macs == models::multiply_accumulates(op.shape));
    CHECK(cost.latency_s() >= macs / peak);
    CHECK(cost.latency_s() * (1 + 1e-9) >= bits / kDram);
    CHECK(cost.dram_read_bits + cost.dram_write_bits >= bits * (1 - 1e-9));
    CHECK(cost.utilization <= 1);
    CHECK(cost.energy.total() ==
          Approx(std::accumulate(cost.energy.joules.begin(), cost.energy.joules.end(), 0.0)));
    const auto& dram = *machine.memories().begin();
    CHECK(cost.energy[EnergyComponent::dram] == Approx(cost.dram_read_bits * dram.read_energy +
                                                       cost.dram_write_bits * dram.write_energy));
  }
}

TEST_CASE("a step twice as large in any extent is never faster") {
  const Machine machine = machine_with(memories(kDram), engines(64, 8, 8));
  Rng rng(derive_seed(12, "contraction monotone"));
  for (int i = 0; i < 150; ++i) {
    const std::int64_t m = rng.uniform_int(1, 200);
    const std::int64_t n = rng.uniform_int(1, 200);
    const std::int64_t k = rng.uniform_int(1, 200);
    const double once = price(machine, product(m, n, k)).latency_s();
    CAPTURE(m, n, k);
    CHECK(price(machine, product(2 * m, n, k)).latency_s() >= once);
    CHECK(price(machine, product(m, 2 * n, k)).latency_s() >= once);
    CHECK(price(machine, product(m, n, 2 * k)).latency_s() >= once);
  }
}

TEST_CASE("small ranks keep engines busy that one large array leaves empty") {
  const Machine engines_of_8 = machine_with(memories(kFastDram), engines(64, 8, 8));
  const Machine large = machine_with(memories(kFastDram), one_array(64, 64));
  for (const std::int64_t rank : {8, 10, 16, 32}) {
    for (const std::int64_t m : {32, 256, 1024}) {
      const models::Operator op = product(m, 12 * rank, rank);
      CAPTURE(rank, m);
      CHECK(price(engines_of_8, op).utilization > price(large, op).utilization);
    }
  }
  // And many small ones beside each other.
  models::MatMul many{.batch = 128, .m = 16, .n = 16, .k = 16};
  many.weight = false;
  CHECK(price(engines_of_8, operator_of(many)).utilization >
        4 * price(large, operator_of(many)).utilization);
}

TEST_CASE("a permute between two butterflies takes switches' energy and nothing else") {
  const Machine machine = machine_with(memories(kDram), engines(4, 4, 4));
  const auto& array = std::get<ContractionArray>(machine.primary());
  const OperatorCost cost = price(machine, permute(96, 10));
  CHECK(cost.latency_s() == 0);
  CHECK(cost.cycles == 0);
  CHECK(cost.dram_read_bits + cost.dram_write_bits == 0);
  CHECK(cost.energy.total() == Approx(960 * 8 * array.distribution().crossing(1)));
  CHECK(cost.energy.total() == Approx(cost.energy[EnergyComponent::registers]));
}

TEST_CASE("one butterfly alone takes as many passes as the worst order with its runs") {
  ContractionArraySpec spec = engines(4, 4, 4);
  spec.reduction = ReductionNetwork::none;
  const Machine machine = machine_with(memories(kDram), spec);
  // 32 ports, runs of one: 2^(5/2) = 4 passes, three of them beyond the one that reads anyway, of
  // 960 / 32 = 30 cycles each. Runs of eight: 2^(2/2) = 2 passes.
  CHECK(price(machine, permute(960, 1)).cycles == 90);
  CHECK(price(machine, permute(120, 8)).cycles == 30);
  CHECK(price(machine, permute(30, 32)).cycles == 0);
  spec.distribution = DistributionNetwork::benes;
  CHECK(price(machine_with(memories(kDram), spec), permute(960, 1)).cycles == 0);
}

TEST_CASE("without switches a permute moves the tensor through the vector unit and the memory") {
  ContractionArraySpec spec = engines(4, 4, 4);
  spec.distribution = DistributionNetwork::bus;
  spec.reduction = ReductionNetwork::none;
  const Machine machine = machine_with(memories(kDram), spec);
  const Machine systolic = machine_with(memories(kDram), one_array(8, 8));
  const models::Operator op = permute(1000, 3);
  const OperatorCost cost = price(machine, op);
  CHECK(cost.dram_read_bits == Approx(3000 * 8));
  CHECK(cost.dram_write_bits == Approx(3000 * 8));
  CHECK(cost.latency_s() == Approx(price(systolic, op).latency_s()));
  CHECK(cost.latency_s() > 0);
}

TEST_CASE("an array all on chip works without any memory behind it but a scratchpad's kind") {
  SystemSpec system = memories(kDram);
  system.memories.add(
      "ultraram",
      {.kind = MemoryKind::sram, .capacity = bytes(16 << 20U), .bandwidth = Bandwidth{4e12}});
  ContractionArraySpec spec = engines(16, 8, 8);
  spec.backing = "ultraram";
  const OperatorCost cost = price(machine_with(system, spec), product(32, 96, 10));
  CHECK(cost.latency_s() > 0);
  CHECK(cost.latency_s() <
        price(machine_with(memories(kDram), engines(16, 8, 8)), product(32, 96, 10)).latency_s());
}

TEST_CASE("attention, convolutions and vector operators run, too") {
  const Machine machine = machine_with(memories(kDram), engines(64, 8, 8));
  const models::Operator attention = operator_of(
      models::Attention{.heads = 12, .kv_heads = 12, .head_dim = 64, .queries = 32, .context = 32});
  CHECK(price(machine, attention).macs == models::multiply_accumulates(attention.shape));
  const models::Operator depthwise = operator_of(models::Convolution{.height = 14,
                                                                     .width = 14,
                                                                     .channels = 64,
                                                                     .filters = 64,
                                                                     .kernel_height = 3,
                                                                     .kernel_width = 3,
                                                                     .groups = 64});
  CHECK(price(machine, depthwise).macs == models::multiply_accumulates(depthwise.shape));
  const models::Operator norm = operator_of(models::Normalization{.rows = 32, .columns = 768});
  CHECK(price(machine, norm).latency_s() > 0);
}

TEST_CASE("what the array cannot do is refused with a reason") {
  const Machine machine = machine_with(memories(kDram), engines(4, 4, 4));
  models::Operator wide = product(8, 8, 8);
  wide.formats.activations = models::kFp16;
  const Estimate floats = machine.price({&wide, {}, 0}, {}, MappingObjective::latency);
  REQUIRE(std::holds_alternative<Infeasible>(floats));
  CHECK(std::get<Infeasible>(floats).what == "the array multiplies int8, operator step is in fp16");

  const models::Operator step = product(8, 8, 8);
  MappingConstraint tiles;
  tiles.tile[0] = 4;
  const Estimate tiled = machine.price({&step, {}, 0}, tiles, MappingObjective::latency);
  REQUIRE(std::holds_alternative<Infeasible>(tiled));
  CHECK(std::get<Infeasible>(tiled).what ==
        "mapping: gangs and tiles of a contraction array are searched; only a dataflow can be "
        "given");

  ContractionArraySpec odd = engines(6, 4, 4);
  const std::vector<FieldProblem> problems = odd.problems();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].field == "engines");
  CHECK(problems[0].hint == "give a power of two");
}

}  // namespace
}  // namespace cairn::hw
