// Microcontrollers at cycle level: small cases by hand, and how far the closed form is away.

#include "hw/mcu/cycle/mcu_program.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/random.h"
#include "hw/system.h"
#include "sim/cycle/cycle_pricer.h"

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

/// Every instruction takes a cycle. A product of one row: two loads and a multiply-accumulate for
/// four weights, a branch for a filter, two more instructions for an output.
constexpr const char* kPlain = R"(
schema: 1
name: plain
technology: technology/cmos_45nm.yaml
memories:
  flash: {kind: flash, capacity: 1 MiB, latency: 60 ns, read_energy: 0 pJ/b, write_energy: 0 pJ/b, static_power: 0 W, area: 0 mm2}
  sram: {kind: sram, capacity: 1 MiB, read_energy: 0 pJ/b, write_energy: 0 pJ/b, static_power: 0 W, area: 0 mm2}
  cache: {kind: cache, capacity: 16 B, read_energy: 0 pJ/b, write_energy: 0 pJ/b, static_power: 0 W, area: 0 mm2}
devices:
  mcu:
    kind: microcontroller
    core:
      schema: 1
      name: plain
      instruction_sets: [scalar]
      issue: {load: 1, store: 1, multiply_accumulate: 1, arithmetic: 1, branch: 1, long_multiply: 1, divide: 1, floating: 1, floating_multiply_accumulate: 1}
    clock: 100 MHz
    flash: {memory: flash, fetch: 64 b, line: 64 b}
    sram: sram
    power: {clock: 100 MHz, voltage: 1 V, supply: 1 V, idle: 1 mW, clocks: 1 mW, core: 1 mW}
    library:
      schema: 1
      name: plain
      operator_overhead: 10 cycles
      kernels:
        int8:
          instruction_set: scalar
          format: int8
          convolution: {pixels: 1, filters: 1, depth: 1, step: {load: 2, multiply_accumulate: 1}}
          fully_connected: {pixels: 1, filters: 1, depth: 4, step: {load: 2, multiply_accumulate: 1}, block: {branch: 1}}
          depthwise: {lanes: 1, product: {load: 1}}
          output: {store: 1, arithmetic: 1}
          add: {load: 2, store: 1}
          pooling: {load: 1}
          softmax: {load: 1}
)";

/// The same core eight times.
constexpr const char* kCluster =
    "devices.mcu.cluster={cores: 8, scratchpad: sram, dma: 64 b/cycle, transfer: 4 cycles, "
    "fork: 6 cycles}";
/// Weights in the same memory as activations.
constexpr const char* kAllInSram = "devices.mcu.flash.memory=sram";

class Pricer {
 public:
  explicit Pricer(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    Diagnostics diagnostics;
    Node root = parse_yaml(yaml, "configs/test.yaml", diagnostics);
    resolve_extends(root, "configs/test.yaml", diagnostics);
    for (std::size_t i = 0; i < overrides.size(); ++i) {
      apply_override(root, overrides[i], static_cast<int>(i) + 1, diagnostics);
    }
    SystemSpec spec;
    read(root, spec, diagnostics);
    diagnostics.throw_if_any();
    const Technology technology = load_technology(spec.technology, diagnostics);
    diagnostics.throw_if_any();
    pricer_ = std::make_unique<sim::CyclePricer>(spec, technology, sim::SimulationOptions{});
  }
  [[nodiscard]] sim::CyclePrice price(const models::Operator& op,
                                      const std::vector<const models::Operator*>& followers = {}) {
    auto priced =
        pricer_->price({.anchor = &op, .followers = followers}, {}, MappingObjective::latency);
    REQUIRE(std::holds_alternative<sim::CyclePrice>(priced));
    auto price = std::get<sim::CyclePrice>(priced);
    REQUIRE(price.simulated);
    return price;
  }
  [[nodiscard]] const Mcu& mcu() const { return std::get<Mcu>(pricer_->machine().primary()); }
  [[nodiscard]] std::span<const ResolvedMemory> memories() const {
    return pricer_->machine().memories();
  }

 private:
  std::unique_ptr<sim::CyclePricer> pricer_;
};

models::Operator with_int8(const models::Shape& shape) {
  models::Operator op;
  op.shape = shape;
  op.formats = {models::kInt8, models::kInt8, models::kInt8};
  return op;
}

models::Operator linear(std::int64_t m, std::int64_t n, std::int64_t k) {
  return with_int8(models::MatMul{.m = m, .n = n, .k = k});
}

/// A layer of a net for keywords, images or wake words.
models::Operator random_layer(Rng& rng) {
  if (rng.uniform_int(0, 5) == 0) {
    return linear(1, rng.uniform_int(2, 256), rng.uniform_int(16, 640));
  }
  const std::int64_t kernel = 1 + 2 * rng.uniform_int(0, 1);
  models::Convolution shape;
  shape.height = rng.uniform_int(5, 48);
  shape.width = rng.uniform_int(5, 48);
  shape.channels = rng.uniform_int(0, 4) == 0 ? 3 : 8 * rng.uniform_int(1, 16);
  shape.filters = 8 * rng.uniform_int(1, 16);
  shape.kernel_height = shape.kernel_width = kernel;
  shape.stride_height = shape.stride_width = rng.uniform_int(1, 2);
  shape.pad_top = shape.pad_bottom = shape.pad_left = shape.pad_right = kernel / 2;
  if (kernel > 1 && rng.uniform_int(0, 2) == 0) {
    shape.filters = shape.channels;
    shape.groups = shape.channels;
  }
  return with_int8(shape);
}

void check_disagreement(Pricer& pricer, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> apart;
  constexpr std::size_t kLayers = 40;
  while (apart.size() < kLayers) {
    const sim::CyclePrice price = pricer.price(random_layer(rng));
    apart.push_back(std::abs(price.disagreement()));
  }
  std::sort(apart.begin(), apart.end());
  CHECK(apart[kLayers / 2] <= 0.03);
  CHECK(apart[kLayers * 95 / 100] <= 0.10);
}

}  // namespace

TEST_CASE("one core, five wait states, one line held: exact cycles") {
  // Two filters of 16 weights: (4 x 3 + 1 + 2) x 2 = 30 cycles, 10 before them. Four lines of 8
  // bytes at 60 ns and 100 MHz: six cycles each, five of them waited for: 20.
  Pricer pricer(kPlain);
  const sim::CyclePrice price = pricer.price(linear(1, 2, 16));
  CHECK(price.run.duration == 600'000'000);
  CHECK(price.cost.cycles == 60);
  CHECK(price.closed_form.cycles == 60);
  CHECK(price.cost.dram_read_bits == 4 * 64);
}

TEST_CASE("two filters side by side fetch their lines again and again from a flash without cache") {
  // Now a step reads two rows: 8 steps of 4 bytes, each from a line of its own: 40 cycles.
  Pricer pricer(kPlain, {"devices.mcu.library.kernels.int8.fully_connected.filters=2"});
  const sim::CyclePrice price = pricer.price(linear(1, 2, 16));
  // One block: 4 x 3 + 1 + 2 outputs of 2 = 17.
  CHECK(price.cost.cycles == 10 + 17 + 40);
  CHECK(price.closed_form.cycles == 10 + 17 + 40);
}

TEST_CASE("with two lines of cache two filters side by side fetch each line once") {
  Pricer pricer(kPlain, {"devices.mcu.library.kernels.int8.fully_connected.filters=2",
                         "devices.mcu.flash.cache=cache"});
  CHECK(pricer.price(linear(1, 2, 16)).cost.cycles == 10 + 17 + 20);
}

TEST_CASE("a clock with which the flash needs no wait states waits for nothing") {
  // 60 ns are less than a cycle of 10 MHz.
  Pricer pricer(kPlain, {"devices.mcu.clock=10 MHz"});
  CHECK(pricer.price(linear(1, 2, 16)).cost.cycles == 40);
}

TEST_CASE("the slowest of eight cores decides") {
  Pricer pricer(kPlain, {kCluster, kAllInSram});
  // Eight filters are eight blocks of 4 x 3 + 1 + 2 = 15 cycles, one a core. Overhead 10 and fork
  // 6. Inputs of 16 bytes (2 cycles) and weights of 128 (16) are set up in 4 each: 4, 2, then from
  // 8 on 16. Outputs of 8 bytes: 4 + 1. Parts of a round would cost more set-up than they save.
  const sim::CyclePrice eight = pricer.price(linear(1, 8, 16));
  CHECK(eight.run.duration == (10 + 6 + 24 + 15 + 5) * 10'000'000LL);
  CHECK(eight.closed_form.cycles == 60);
  // Nine filters are two rounds, in which the first core has a block each, in one tile: weights
  // take 18 cycles, outputs 9/8.
  const sim::CyclePrice nine = pricer.price(linear(1, 9, 16));
  CHECK(nine.run.duration == std::llround((10 + 6 + 26 + 30 + 5.125) * 1e7));
  CHECK(nine.closed_form.latency_s() == Approx(77.125 / 100e6));
}

TEST_CASE("tiles that the DMA engine decides: step by step") {
  // 4096 elements are added: 512 rounds of 3 cycles, for which data moves for 3 cycles. The
  // scratchpad holds 1 KiB, so tiles are small and setting up counts.
  Pricer pricer(kPlain, {kCluster, "memories.sram.capacity=1 KiB"});
  const models::Operator add = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 64, .columns = 64, .inputs = 2});
  const sim::CyclePrice price = pricer.price(add);
  const std::optional<McuPlan> plan = pricer.mcu().plan_of(add);
  REQUIRE(plan);
  CHECK(plan->tiled.rounds == 512);
  CHECK(plan->tiled.input_bits == 2 * 4096 * 8);
  // Two tiles of 24 bytes a round in 1 KiB: at most 21 rounds; 20 are tried.
  REQUIRE(plan->tile.rounds <= 21);
  REQUIRE(plan->tile.parts == 1);
  const std::int64_t rounds = plan->tile.rounds;
  const std::int64_t tiles = (512 + rounds - 1) / rounds;
  const std::int64_t last = 512 - (tiles - 1) * rounds;
  // A round loads 16 bytes in 2 cycles and stores 8 in 1.
  std::int64_t cycles = 10 + 6 + 4 + 2 * rounds;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t computed = t + 1 < tiles ? rounds : last;
    std::int64_t set_up = 0;
    std::int64_t moved = 0;
    if (t + 1 < tiles) {
      set_up += 4;
      moved = set_up + 2 * (t + 2 < tiles ? rounds : last);
    }
    if (t > 0) {
      set_up += 4;
      moved = std::max(set_up, moved) + rounds;
    }
    cycles += std::max(set_up + 3 * computed, moved);
  }
  cycles += 4 + last;
  CHECK(price.run.duration == cycles * 10'000'000);
  CHECK(price.closed_form.cycles == cycles);
  CHECK(price.cost.dram_write_bits + price.cost.dram_read_bits >= 0);
}

TEST_CASE("followers run after the anchor, each with its overhead") {
  Pricer pricer(kPlain, {kCluster});
  const models::Operator product = linear(1, 64, 64);
  const models::Operator add = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 1, .columns = 64, .inputs = 2});
  const double both = pricer.price(product, {&add}).cost.latency_s();
  const double first = pricer.price(product).cost.latency_s();
  const double second = pricer.price(add).cost.latency_s();
  CHECK(both == Approx(first + second).epsilon(1e-9));
}

TEST_CASE("a program moves what the closed form moves") {
  Pricer pricer("extends: hardware/gap8.yaml");
  Rng rng(21);
  for (int i = 0; i < 25; ++i) {
    const sim::CyclePrice price = pricer.price(random_layer(rng));
    CHECK(price.cost.dram_read_bits == Approx(price.closed_form.dram_read_bits).epsilon(1e-3));
    CHECK(price.cost.dram_write_bits == Approx(price.closed_form.dram_write_bits).epsilon(1e-3));
  }
}

TEST_CASE("repeating tiles are extended to what a whole run takes") {
  // 2^18 sums in a small scratchpad: thousands of equal tiles.
  Pricer pricer(kPlain, {kCluster, "memories.sram.capacity=1 KiB"});
  const models::Operator add = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 512, .columns = 512, .inputs = 2});
  const sim::CyclePrice extended = pricer.price(add);
  CHECK(extended.run.laps_extended > 0);
  // Whole tiles take whole cycles here, so the closed form is exact too.
  CHECK(extended.cost.cycles == extended.closed_form.cycles);
  CHECK(extended.run.laps_simulated < 100);
}

TEST_CASE("tasks after laps that were left out are those of the end") {
  Pricer pricer(kPlain, {kCluster, "memories.sram.capacity=1 KiB"});
  const models::Operator add = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 64, .columns = 512, .inputs = 2});
  const auto program = [&] {
    return std::get<cycle::Program>(cycle::program_of(
        pricer.mcu(), {.anchor = &add, .followers = {}}, OperatorCost{}, pricer.memories()));
  };
  const auto durations = [](cycle::Stream& stream, std::int64_t skip_at, std::int64_t count) {
    std::vector<cycle::Femtoseconds> found;
    std::int64_t laps = 0;
    cycle::Task task;
    while (stream.next(task)) {
      if (task.lap && ++laps == skip_at) {
        stream.skip_laps(count);
      }
      found.push_back(task.duration);
      task = {};
    }
    return found;
  };
  const cycle::Program whole = program();
  const cycle::Program skipped = program();
  CHECK(whole.laps > 64);
  const auto all = durations(*whole.streams[0], -1, 0);
  const auto less = durations(*skipped.streams[0], 10, 40);
  // A tile is a load and a store, each set up first, a computation and a meeting.
  REQUIRE(all.size() == less.size() + std::size_t{40 * 6});
  CHECK(std::equal(all.end() - 50, all.end(), less.end() - 50));
}

TEST_CASE("on a microcontroller with a small cache the closed form is near the cycle level") {
  Pricer pricer("extends: hardware/stm32l4r5.yaml");
  check_disagreement(pricer, 1);
}

TEST_CASE("on a microcontroller with a cache in sets the closed form is near the cycle level") {
  Pricer pricer("extends: hardware/stm32f746.yaml");
  check_disagreement(pricer, 2);
}

TEST_CASE("on a flash without cache the closed form is near the cycle level") {
  Pricer pricer("extends: hardware/nrf52840.yaml");
  check_disagreement(pricer, 3);
}

TEST_CASE("on a cluster the closed form is near the cycle level") {
  Pricer pricer("extends: hardware/pulp_open.yaml");
  check_disagreement(pricer, 4);
}

TEST_CASE("on a cluster with a convolution unit the closed form is near the cycle level") {
  Pricer pricer("extends: hardware/gap9.yaml");
  check_disagreement(pricer, 5);
}
