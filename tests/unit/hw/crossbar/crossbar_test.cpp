#include "hw/crossbar/crossbar.h"

#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "hw/system.h"

using cairn::Area;
using cairn::Bandwidth;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::EnergyPerBit;
using cairn::Frequency;
using cairn::Joules;
using cairn::Rng;
using cairn::Seconds;
using cairn::Watts;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

const Technology& technology() {
  static const Technology loaded = [] {
    Diagnostics diagnostics;
    Technology t = load_technology("configs/technology/cmos_28nm.yaml", diagnostics);
    diagnostics.throw_if_any();
    return t;
  }();
  return loaded;
}

/// Eight macros of 128 x 64 two-bit cells, one SAR converter of 6 bits each, 1 MiB of buffer with
/// 64 Gb/s, 8 GB/s behind it.
SystemSpec small_system() {
  SystemSpec system;
  system.name = "small";
  system.memories.add("buffer", {.kind = MemoryKind::sram,
                                 .capacity = bytes(1LL << 20U),
                                 .bandwidth = Bandwidth{64e9},
                                 .read_energy = EnergyPerBit{1e-14},
                                 .write_energy = EnergyPerBit{2e-14}});
  system.memories.add("dram", {.kind = MemoryKind::ddr4,
                               .capacity = bytes(1LL << 30U),
                               .bandwidth = Bandwidth{64e9},
                               .read_energy = EnergyPerBit{1e-11},
                               .write_energy = EnergyPerBit{1e-11}});
  CrossbarSpec c;
  c.macros = 8;
  c.rows = 128;
  c.cols = 64;
  c.cell.bits = 2;
  c.cell.read_energy = Joules{2e-15};
  c.cell.write_energy = Joules{1e-12};
  c.cell.write_time = Seconds{1e-6};
  c.inputs.period = Seconds{100e-9};
  c.converter.bits = 6;
  c.converter.per_macro = 64;
  c.converter.step_time = Seconds{2e-9};
  c.converter.step_energy = Joules{0.2e-12};
  c.converter.accumulate_energy = Joules{0};
  c.clock = Frequency{500e6};
  c.vector_lanes = 16;
  c.buffer = "buffer";
  c.backing = "dram";
  system.devices.add("crossbar", c);
  return system;
}

CrossbarSpec& crossbar_of(SystemSpec& system) {
  return std::get<CrossbarSpec>(system.devices.items.front().second);
}

Operator with_formats(Shape shape) {
  Operator op;
  op.name = "op";
  op.shape = shape;
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

Operator matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  return with_formats(MatMul{.m = m, .n = n, .k = k});
}

Estimate price(const SystemSpec& system, const Operator& op) {
  REQUIRE(system.problems().empty());
  REQUIRE_FALSE(Machine::problem(system, technology()));
  return Machine(system, technology()).price({&op, {}, 0}, {}, MappingObjective::latency);
}

OperatorCost cost(const SystemSpec& system, const Operator& op) {
  const Estimate estimate = price(system, op);
  REQUIRE(std::holds_alternative<OperatorCost>(estimate));
  return std::get<OperatorCost>(estimate);
}

double peak(const SystemSpec& system) {
  return Machine(system, technology()).peak_macs_per_second({kInt8, kInt8, kInt8});
}

}  // namespace

TEST_CASE("a product of resident weights takes its vectors, one interval each") {
  // 128 x 16 weights fill one macro; 8 bits x 100 ns a vector, the array hides 12 ns of conversion
  // but for the last step: 10 x 800 ns + 12 ns.
  const OperatorCost c = cost(small_system(), matmul(10, 16, 128));
  CHECK(c.latency_s() == Approx(8.012e-6));
  CHECK(c.macs == 20480);
  // One of eight macros at work.
  CHECK(c.utilization == Approx(10 * 0.8 / 8.012 / 8));
  CHECK(c.resident_share == Approx(1.0 / 8));
  // Cells 8 x 128 x 64 x 2 fJ, decisions 8 x 64 x 6 x 0.2 pJ, a vector.
  CHECK(c.energy[EnergyComponent::multiply_accumulate] == Approx(10 * 131.072e-12));
  CHECK(c.energy[EnergyComponent::conversion] == Approx(10 * 614.4e-12));
  // 10 x 128 bytes in, 10 x 16 bytes out.
  CHECK(c.energy[EnergyComponent::scratchpad] == Approx(10240 * 1e-14 + 1280 * 2e-14));
  CHECK(c.dram_read_bits == 0);
  CHECK(c.energy[EnergyComponent::programming] == 0);
}

TEST_CASE("copies of the weights work on vectors of their own") {
  SystemSpec system = small_system();
  crossbar_of(system).copies = WeightCopies::fill;
  const OperatorCost c = cost(system, matmul(16, 16, 128));  // 8 copies, 2 vectors each
  CHECK(c.latency_s() == Approx(1.612e-6));
  CHECK(c.resident_share == Approx(1.0));
}

TEST_CASE("resident weights that do not fit say by how many macros") {
  // 1024 rows are 8 macros, 17 columns two of them each: 16.
  CHECK(std::holds_alternative<OperatorCost>(price(small_system(), matmul(1, 16, 1024))));
  const Estimate estimate = price(small_system(), matmul(1, 17, 1024));
  REQUIRE(std::holds_alternative<Infeasible>(estimate));
  const auto& no = std::get<Infeasible>(estimate);
  CHECK_THAT(no.what, Catch::Contains("need 16 macros, the chip has 8: 8 over"));
  CHECK(no.excess == Approx(1.0));
}

TEST_CASE("streamed weights are programmed, in rounds where they do not fit") {
  SystemSpec system = small_system();
  crossbar_of(system).residence = WeightResidence::streamed;
  // Two rounds of 128 rows x 1 us, and of a vector each: 0.8 us + 12 ns.
  const OperatorCost c = cost(system, matmul(1, 17, 1024));
  CHECK(c.busy_s == Approx(2 * (128e-6 + 0.812e-6)));
  // Every weight is four cells of 1 pJ, and 8 bits from DRAM.
  CHECK(c.energy[EnergyComponent::programming] == Approx(1024 * 17 * 4 * 1e-12));
  CHECK(c.dram_read_bits == Approx(1024 * 17 * 8));
  CHECK(c.weight_bits == Approx(1024 * 17 * 8));
  CHECK(c.resident_share == 0);
  CHECK(c.bottleneck == Bottleneck::programming);
}

TEST_CASE("depthwise layers leave most cells of their rows unused") {
  // 64 channels of 3 x 3: 14 a macro, 5 macros; 49 pixels x 800 ns.
  const OperatorCost c = cost(small_system(), with_formats(Convolution{.height = 9,
                                                                       .width = 9,
                                                                       .channels = 64,
                                                                       .filters = 64,
                                                                       .kernel_height = 3,
                                                                       .kernel_width = 3,
                                                                       .groups = 64}));
  CHECK(c.latency_s() == Approx(49 * 0.8e-6 + 12e-9));
  CHECK(c.macs == 64 * 49 * 9);
  // 9 x 64 of 8 x 128 x 16 places do something.
  CHECK(c.utilization == Approx(9 * 64 / (8.0 * 128 * 16)).epsilon(0.001));
}

TEST_CASE("products of activations are refused, computed beside, or programmed") {
  SystemSpec system = small_system();
  const Operator op = with_formats(
      Attention{.heads = 2, .kv_heads = 2, .head_dim = 16, .queries = 1, .context = 64});
  const Estimate refused = price(system, op);
  REQUIRE(std::holds_alternative<Infeasible>(refused));
  CHECK_THAT(std::get<Infeasible>(refused).what, Catch::Contains("activation_products"));

  crossbar_of(system).activation_products = ActivationProducts::digital;
  crossbar_of(system).digital_macs = 8;
  // 2 x 2 x 64 x 16 products, 8 a cycle of 2 ns: 1024 ns. Keys and values, 256 ns each, and 640
  // operations of the softmax, 80 ns, overlap with them but for one of 64 pieces.
  CHECK(cost(system, op).busy_s == Approx(1024e-9 + (2 * 256e-9 + 80e-9) / 64));

  crossbar_of(system).activation_products = ActivationProducts::program;
  const OperatorCost c = cost(system, op);
  // Keys: 16 rows, values: 64 rows, 1 us each (two heads side by side for values do not fit one
  // macro's 16 columns, nor do keys).
  CHECK(c.energy[EnergyComponent::programming] == Approx(2 * 2 * 64 * 16 * 4 * 1e-12));
  CHECK(c.busy_s > 80e-6);
}

TEST_CASE("blocks beside the macros draw power for the share of macros that work") {
  SystemSpec system = small_system();
  crossbar_of(system).parts.add(
      "routers", {.kind = PartKind::network, .count = 4, .area = Area{1e-6}, .power = Watts{0.01}});
  const OperatorCost c = cost(system, matmul(10, 16, 128));
  CHECK(c.energy[EnergyComponent::link] == Approx(0.04 / 8 * 8.012e-6));
  std::vector<AreaPart> area;
  std::get<Crossbar>(Machine(system, technology()).primary()).append_area(area);
  CHECK(area.front().what == "routers");
  CHECK(area.front().mm2 == Approx(4.0));
}

TEST_CASE("formats that are no whole numbers, or wider than a macro, cannot be stored") {
  Operator op = matmul(1, 1, 1);
  op.formats.weights = kFp16;
  CHECK(std::holds_alternative<Infeasible>(price(small_system(), op)));
  SystemSpec system = small_system();
  crossbar_of(system).cols = 3;  // int8 takes four columns
  crossbar_of(system).converter.per_macro = 1;
  const Estimate estimate = price(system, matmul(1, 1, 1));
  REQUIRE(std::holds_alternative<Infeasible>(estimate));
  CHECK_THAT(std::get<Infeasible>(estimate).what,
             Catch::Contains("needs 4 columns, a macro has 3"));
}

TEST_CASE("specs that contradict themselves name the field") {
  SystemSpec system = small_system();
  CrossbarSpec s = crossbar_of(system);
  CHECK(s.problems().empty());
  s.active_rows = 129;
  CHECK(s.problems().front().field == "active_rows");
  s.active_rows.reset();
  s.converter.kind = ConverterKind::digital;
  CHECK(s.problems().front().field == "converter.kind");
}

TEST_CASE("random products are never faster than the peak, nor slower with more of anything") {
  Rng random{20240611};
  for (int i = 0; i < 300; ++i) {
    SystemSpec system = small_system();
    CrossbarSpec& c = crossbar_of(system);
    c.macros = random.uniform_int(1, 64);
    c.rows = random.uniform_int(16, 256);
    c.cols = random.uniform_int(16, 256);
    c.active_rows = random.uniform_int(1, c.rows);
    c.converter.per_macro = random.uniform_int(1, 64);
    c.converter.overlapped = random.uniform_int(0, 1) == 1;
    c.converter.kind = random.uniform_int(0, 1) == 1 ? ConverterKind::sar : ConverterKind::ramp;
    c.copies = random.uniform_int(0, 1) == 1 ? WeightCopies::fill : WeightCopies::one;
    c.residence = WeightResidence::streamed;
    const Operator op =
        matmul(random.uniform_int(1, 200), random.uniform_int(1, 500), random.uniform_int(1, 1000));
    const OperatorCost before = cost(system, op);
    CHECK(before.utilization <= 1 + 1e-9);
    CHECK(static_cast<double>(before.macs) / before.latency_s() <= peak(system) * (1 + 1e-9));
    CHECK(before.latency_s() * 64e9 >= before.dram_read_bits + before.dram_write_bits - 1);

    const double latency = before.latency_s() * (1 + 1e-9);
    SystemSpec better = system;
    crossbar_of(better).converter.per_macro += 1;
    CHECK(cost(better, op).latency_s() <= latency);
    better = system;
    crossbar_of(better).macros += 1;
    CHECK(cost(better, op).latency_s() <= latency);
    better = system;
    crossbar_of(better).cell.write_time = Seconds{0};
    CHECK(cost(better, op).latency_s() <= latency);
    better = system;
    better.memories.at("dram").bandwidth = Bandwidth{128e9};
    CHECK(cost(better, op).latency_s() <= latency);
    better = system;
    better.memories.at("buffer").capacity = bytes(1LL << 24U);
    CHECK(cost(better, op).dram_read_bits <= before.dram_read_bits);
  }
}
