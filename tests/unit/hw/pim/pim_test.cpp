#include "hw/pim/pim.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "tests/unit/hw/pim/support.h"

using cairn::Bandwidth;
using cairn::Bits;
using cairn::bytes;
using cairn::FieldProblem;
using cairn::Joules;
using cairn::OpsPerSecond;
using cairn::Seconds;
using namespace cairn::hw;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::test;  // NOLINT(google-build-using-namespace)
using namespace cairn::models;    // NOLINT(google-build-using-namespace)

TEST_CASE("a matrix times a vector reads its weights inside and moves its vectors outside") {
  // 1000 x 1000 int8 weights: 1 MB at 8 GB/s = 125 us; 1 M MACs at 16 GMAC/s = 62.5 us.
  // The last of 64 chunks is computed after all is read. 1000 B in and 1000 B out at 1 GB/s: 1 us.
  const Machine machine = machine_of(small_pim());
  const OperatorCost c = cost(machine, matmul(1, 1000, 1000));
  CHECK(c.input_fill_s == Approx(1e-6));
  CHECK(c.busy_s == Approx(125e-6 + 62.5e-6 / 64));
  CHECK(c.drain_s == Approx(1e-6));
  CHECK(c.bottleneck == Bottleneck::dram);
  CHECK(c.dram_read_bits == Approx(8e6 + 8e3));
  CHECK(c.dram_write_bits == Approx(8e3));
  CHECK(c.macs == 1'000'000);
  CHECK(c.utilization == Approx(1e6 / (16e9 * (127e-6 + 62.5e-6 / 64))));
  // Weights 8 Mb x 1 pJ, inputs 8 kb x 4 pJ, outputs 8 kb x 5 pJ; 2 M operations of 0.5 pJ.
  CHECK(c.energy[EnergyComponent::dram] == Approx(8e-6 + 32e-9 + 40e-9));
  CHECK(c.energy[EnergyComponent::multiply_accumulate] == Approx(1e-6));
}

TEST_CASE("buffers bound how many input rows one read of the weights serves") {
  // 4096 B of buffer hold four rows of 1000 B: 16 rows are four passes of 125 us; the
  // multipliers need 16 x 62.5 us = 1 ms, which is longer, and start after the first chunk of 64.
  const Machine machine = machine_of(small_pim());
  const OperatorCost four = cost(machine, matmul(4, 1000, 1000));
  CHECK(four.mapping.trips[0] == 1);
  CHECK(four.busy_s == Approx(4 * 62.5e-6 + 125e-6 / 64));
  const OperatorCost five = cost(machine, matmul(5, 1000, 1000));
  CHECK(five.mapping.trips[0] == 2);
  CHECK(five.mapping.tile[0] == 4);
  CHECK(five.stream_s == Approx(250e-6));
  CHECK(five.busy_s == Approx(312.5e-6 + 250e-6 / 64));
  CHECK(five.bottleneck == Bottleneck::compute);

  SystemSpec larger = small_pim();
  device_of<PimSpec>(larger).input_buffer = bytes(5000);
  CHECK(cost(machine_of(larger), matmul(5, 1000, 1000)).mapping.trips[0] == 1);
}

TEST_CASE("a mapping may let fewer rows share a read, not more than fit") {
  const Machine machine = machine_of(small_pim());
  MappingConstraint two;
  two.tile[0] = 2;
  CHECK(cost(machine, matmul(4, 1000, 1000), 0, two).mapping.trips[0] == 2);
  MappingConstraint five;
  five.tile[0] = 5;
  const Estimate refused = estimate(machine, matmul(8, 1000, 1000), 0, five);
  REQUIRE(std::holds_alternative<Infeasible>(refused));
  CHECK(std::get<Infeasible>(refused).what ==
        "mapping: tile m5, the buffers hold 4 of 8 input rows");
}

TEST_CASE("attention reads keys and values once for all query heads that share them") {
  // 2 sequences, 8 query heads on 2 KV heads, 64 wide, 100 keys, one query:
  // K and V: 2 x 2 x 2 x 100 x 64 B = 51,200 B; MACs: 2 x 2 x 8 x 100 x 64 = 204,800.
  const Machine machine = machine_of(small_pim());
  Operator op;
  op.name = "attention";
  op.formats = {kInt8, kInt8, kInt8};
  op.shape = Attention{
      .batch = 2, .heads = 8, .kv_heads = 2, .head_dim = 64, .queries = 1, .context = 100};
  const OperatorCost c = cost(machine, op, kFusedAttention);
  CHECK(c.weight_bits == Approx(51'200 * 8));
  CHECK(c.stream_s == Approx(6.4e-6));
  CHECK(c.macs == 204'800);
  // Softmax: 5 operations for each of 1600 scores, 16 lanes at 100 MHz = 5 us; MACs 12.8 us.
  // Reading and softmax show once in 64 chunks.
  CHECK(c.busy_s == Approx(12.8e-6 + (6.4e-6 + 5e-6) / 64));
  // One vector in and one out: 2 x 8 x 64 B each.
  CHECK(c.input_fill_s == Approx(1.024e-6));
  // Unfused scores leave and return: 2 x 1600 B more each way.
  CHECK(cost(machine, op).drain_s == Approx(1.024e-6 + 3.2e-6));
}

TEST_CASE("units without vector lanes refuse a softmax and say what would do") {
  SystemSpec system = small_pim();
  device_of<PimSpec>(system).vector_lanes = 0;
  Operator op;
  op.name = "softmax";
  op.shape = Softmax{.rows = 4, .columns = 100};
  op.formats = {kInt8, kInt8, kInt8};
  const Estimate refused = estimate(machine_of(system), op);
  REQUIRE(std::holds_alternative<Infeasible>(refused));
  CHECK(std::get<Infeasible>(refused).what ==
        "vector_lanes: operator softmax needs 2000 vector operations, the units have no lanes; one "
        "lane would do");
}

TEST_CASE("a gather opens rows; a stream of as many bits does not") {
  SystemSpec system = small_pim();
  auto& units = device_of<PimSpec>(system);
  units.bandwidth_multiplier.reset();
  RowTimingSpec rows;
  rows.streams = 2;
  rows.banks = 4;
  rows.access = Bits{64};
  rows.row = Bits{4096};
  rows.column_interval = Seconds{8e-9};
  rows.activate_to_read = Seconds{20e-9};
  rows.read_to_precharge = Seconds{8e-9};
  rows.precharge = Seconds{20e-9};
  units.rows = rows;
  units.activate_energy = Joules{1e-9};
  Operator op;
  op.name = "table";
  op.shape = Embedding{.tokens = 80, .width = 16, .vocabulary = 1000};
  op.formats = {kInt8, kInt8, kInt8};
  // 80 entries of 128 b on 8 banks: ten rounds of 20 + 8 + 8 + 20 = 56 ns.
  const OperatorCost c = cost(machine_of(system), op);
  CHECK(c.stream_s == Approx(560e-9));
  // 80 rows opened at 1 nJ, 10,240 b read at 1 pJ and written outside at 5 pJ.
  CHECK(c.energy[EnergyComponent::dram] == Approx(80e-9 + 10.24e-9 + 51.2e-9));
}

TEST_CASE("external units are a roofline over the memory's own bandwidth") {
  SystemSpec system = small_pim();
  auto& units = device_of<PimSpec>(system);
  units.placement = PimPlacement::external;
  units.bandwidth_multiplier.reset();
  units.input_buffer = bytes(1 << 20);
  const Machine machine = machine_of(system);
  // 1.002 MB at 1 GB/s; the last of 256 chunks is computed after it.
  CHECK(cost(machine, matmul(1, 1000, 1000)).latency_s() == Approx(1.002e-3 + 62.5e-6 / 256));
  // 64 M MACs at 16 GMAC/s, above 1 MB + 2 x 64 kB of traffic, whose first chunk shows.
  CHECK(cost(machine, matmul(64, 1000, 1000)).latency_s() == Approx(4e-3 + 1.128e-3 / 256));
}

TEST_CASE("no product is faster than the roofline of the internal bandwidth") {
  const Machine machine = machine_of(system_file("hbm_pim"));
  const auto& units = std::get<Pim>(machine.primary());
  constexpr double kInside = 4 * 307.2e9 * 8;  // bit/s while columns stream
  CHECK(units.internal_bandwidth() <= kInside * (1 + 1e-3));
  cairn::Rng random(7);
  for (int i = 0; i < 500; ++i) {
    const auto m = random.uniform_int(1, 64);
    const auto n = random.uniform_int(1, 8192);
    const auto k = random.uniform_int(1, 8192);
    const Operator op = matmul(m, n, k, kFp16);
    const OperatorCost c = cost(machine, op);
    const double macs = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    CHECK(c.latency_s() >= macs / units.peak_macs_per_second(op.formats) * (1 - 1e-9));
    CHECK(c.latency_s() >= 16.0 * static_cast<double>(n * k) / kInside * (1 - 1e-3));
    double parts = 0;
    for (const double joules : c.energy.joules) {
      CHECK(joules >= 0);
      parts += joules;
    }
    CHECK(parts == Approx(c.energy.total()));
  }
}

TEST_CASE("more bandwidth inside or outside is never slower, more buffer never more traffic") {
  cairn::Rng random(11);
  for (int i = 0; i < 200; ++i) {
    const Operator op =
        matmul(random.uniform_int(1, 64), random.uniform_int(1, 4096), random.uniform_int(1, 4096));
    SystemSpec system = small_pim();
    const OperatorCost before = cost(machine_of(system), op);
    device_of<PimSpec>(system).bandwidth_multiplier = 16.0;
    CHECK(cost(machine_of(system), op).latency_s() <= before.latency_s());
    device_of<PimSpec>(system).bandwidth_multiplier = 8.0;
    device_of<PimSpec>(system).input_buffer = bytes(16384);
    const OperatorCost buffered = cost(machine_of(system), op);
    CHECK(buffered.dram_read_bits <= before.dram_read_bits);
    CHECK(buffered.latency_s() <= before.latency_s());
    system.memories.items.front().second.bandwidth = Bandwidth{16e9};
    CHECK(cost(machine_of(system), op).latency_s() <= buffered.latency_s());
  }
}

TEST_CASE("contradictory peaks are a mistake that names both values") {
  PimSpec units = device_of<PimSpec>(*std::make_unique<SystemSpec>(small_pim()));
  units.peak = OpsPerSecond{32e9};
  CHECK(units.problems().empty());
  units.peak = OpsPerSecond{40e9};
  const std::vector<FieldProblem> found = units.problems();
  REQUIRE(found.size() == 1);
  CHECK(found.front().field == "peak");
  CHECK(found.front().message == "0.04 Top/s, but 16 units x 10 MACs x 100 MHz make 0.032 Top/s");

  SystemSpec file = system_file("hbm_pim");
  device_of<PimSpec>(file).bandwidth_multiplier = 5.0;
  const std::vector<FieldProblem> system = file.problems();
  REQUIRE(system.size() == 1);
  CHECK(system.front().field == "devices.units.bandwidth_multiplier");
  CHECK(system.front().message == "5, but the banks of rows make 4 times the external bandwidth");
}

TEST_CASE("a format that the units do not multiply is refused") {
  const Estimate refused = estimate(machine_of(small_pim()), matmul(1, 8, 8, kFp16));
  REQUIRE(std::holds_alternative<Infeasible>(refused));
  CHECK(std::get<Infeasible>(refused).what == "the units multiply int8, operator op is in fp16");
}
