// What a permute costs where its elements have to be moved.

#include "hw/permute.h"

#include <string>

#include <catch2/catch.hpp>

#include "app/hardware_file.h"
#include "sim/cycle/cycle_pricer.h"
#include "support.h"

namespace cairn::hw {
namespace {

app::LoadedSystem hardware(const std::string& stem) {
  return app::load_system("configs/hardware/" + stem + ".yaml", {});
}

models::Operator in_own_format(const Machine& machine, models::Operator op) {
  const models::Precision format = machine.default_format();
  op.formats = {format, format, format};
  return op;
}

OperatorCost cost_on(const std::string& stem, const models::Operator& op) {
  const app::LoadedSystem system = hardware(stem);
  return price(*system.machine, in_own_format(*system.machine, op));
}

models::Operator copy(std::int64_t rows, std::int64_t columns) {
  return operator_of(models::Elementwise{
      .kind = models::ElementwiseKind::copy, .rows = rows, .columns = columns, .inputs = 1});
}

TEST_CASE("lanes that a run does not fill are spent all the same") {
  const models::Elementwise ten{
      .kind = models::ElementwiseKind::permute, .rows = 100, .columns = 10, .inputs = 1};
  CHECK(permute_moves(ten, 8) == Approx(100 * 2 * 8));
  CHECK(permute_moves(ten, 64) == Approx(100 * 64));
  CHECK(permute_moves(ten, 1) == Approx(1000));
}

TEST_CASE("a tile on chip turns short runs into longer ones on both sides") {
  const models::Elementwise large{
      .kind = models::ElementwiseKind::permute, .rows = 1 << 20, .columns = 4, .inputs = 1};
  // 2 x 1024 elements of 16 bit on chip: tiles of 1024, sqrt(1024 x 4) = 64 elements in a row.
  CHECK(permute_run_bits(large, 16, 2 * 1024 * 16) == Approx(64 * 16));
  CHECK(permute_run_bits(large, 16, 0) == Approx(4 * 16));
  // Never more than there is.
  const models::Elementwise small{
      .kind = models::ElementwiseKind::permute, .rows = 2, .columns = 4, .inputs = 1};
  CHECK(permute_run_bits(small, 16, 1e9) <= 8 * 16);
}

TEST_CASE("no family permutes faster than it copies, and longer runs are never slower") {
  for (const char* stem :
       {"edge_npu", "edge_npu_ddr4", "spatial_small", "a100", "hbm_pim", "upmem", "isaac",
        "stm32h743", "gap9", "tensor_tpu_like", "contraction_array_no_networks"}) {
    CAPTURE(stem);
    double before = 1e30;
    for (const std::int64_t run : {1, 2, 8, 64, 512}) {
      const std::int64_t rows = 65536 / run;
      CAPTURE(run);
      const double permuted = cost_on(stem, permute(rows, run)).latency_s();
      CHECK(permuted * (1 + 1e-9) >= cost_on(stem, copy(rows, run)).latency_s());
      CHECK(permuted <= before * (1 + 1e-9));
      before = permuted;
    }
  }
}

TEST_CASE("a vector unit of 128 lanes takes an element a cycle where no two stay together") {
  // 65,536 runs of one: as many cycles at 1 GHz, far above the 6 us of the memory; in runs of 128
  // the memory decides: 2 x 65,536 x 16 bit over 4 x 12.8 GB/s x 0.85.
  const double moved = 2.0 * 65536 * 16 / (4 * 12.8 * 0.85 * 8e9);
  CHECK(cost_on("tensor_tpu_like", permute(65536, 1)).latency_s() == Approx(65.5e-6).epsilon(0.05));
  CHECK(cost_on("tensor_tpu_like", permute(512, 128)).latency_s() ==
        Approx(moved + 100e-9).epsilon(0.02));
}

TEST_CASE("a GPU turns tiles in shared memory: near its copies, whole sectors on both sides") {
  // fp16, 2^26 elements: tiles of 32 x 32 make runs of 32 elements, two sectors of 32 B: nine
  // tenths of the copy's rate. Runs of 32 elements of 4 bit are half a sector.
  const double copied = cost_on("a100", copy(1 << 20, 64)).busy_s;
  const double turned = cost_on("a100", permute(1 << 26, 1)).busy_s;
  CHECK(turned / copied > 1.05);
  CHECK(turned / copied < 1 / 0.9 + 0.01);
  const app::LoadedSystem system = hardware("a100");
  models::Operator narrow = permute(1 << 26, 1);
  const models::Precision int4 = models::integer_format(4);
  narrow.formats = {int4, int4, int4};
  CHECK(price(*system.machine, narrow).dram_read_bits == Approx(2 * 4.0 * (1 << 26)));
}

TEST_CASE("cores beside banks send a permuted tensor through the host") {
  const OperatorCost permuted = cost_on("upmem", permute(65536, 16));
  const OperatorCost copied = cost_on("upmem", copy(65536, 16));
  CHECK(permuted.latency_s() > 2 * copied.latency_s());
}

TEST_CASE("the files of contraction engines have as many multipliers and the same memories") {
  const app::LoadedSystem engines = hardware("contraction_array");
  const app::LoadedSystem plain = hardware("contraction_array_no_networks");
  const app::LoadedSystem array = hardware("tensor_tpu_like");
  const models::Formats bf16{models::kBf16, models::kBf16, models::kBf16};
  const double peak = engines.machine->peak_macs_per_second(bf16);
  CHECK(peak == Approx(64 * 64 * 1e9));
  CHECK(plain.machine->peak_macs_per_second(bf16) == Approx(peak));
  CHECK(array.machine->peak_macs_per_second(bf16) == Approx(peak));
  REQUIRE(engines.machine->memories().size() == array.machine->memories().size());
  for (std::size_t i = 0; i < array.machine->memories().size(); ++i) {
    CHECK(engines.machine->memories()[i].name == array.machine->memories()[i].name);
    CHECK(engines.machine->memories()[i].capacity_bits ==
          array.machine->memories()[i].capacity_bits);
    CHECK(engines.machine->memories()[i].bandwidth == array.machine->memories()[i].bandwidth);
  }
  const app::LoadedSystem on_chip = hardware("contraction_on_chip");
  double bits = 0;
  for (const ResolvedMemory& memory : on_chip.machine->memories()) {
    bits += memory.capacity_bits;
  }
  CHECK(bits / 8 / 1024 == Approx(6048 + 23040));
}

TEST_CASE("the cycle level refuses contraction engines by name") {
  const app::LoadedSystem system = hardware("contraction_array");
  const std::optional<std::string> missing =
      sim::CyclePricer::missing(system.spec, *system.machine);
  REQUIRE(missing);
  CHECK(*missing == "a device of kind contraction_array has no model at cycle level");
}

}  // namespace
}  // namespace cairn::hw
