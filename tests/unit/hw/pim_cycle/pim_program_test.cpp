// Each test case simulates one machine, as a process can simulate one only.
#include "hw/pim/cycle/pim_program.h"

#include <variant>

#include <catch2/catch.hpp>

#include "hw/pim/cycle/pim_cores_program.h"
#include "sim/cycle/cycle_pricer.h"
#include "tests/unit/hw/pim/support.h"

using cairn::Bits;
using cairn::bytes;
using cairn::Seconds;
using namespace cairn::hw;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::test;  // NOLINT(google-build-using-namespace)
using namespace cairn::models;    // NOLINT(google-build-using-namespace)
using cairn::sim::CyclePrice;
using cairn::sim::CyclePricer;

namespace {

/// small_pim() with two channels of four banks, rows of 4 columns of 256 bits; 1 us to start.
SystemSpec banks() {
  SystemSpec system = small_pim();
  auto& units = device_of<PimSpec>(system);
  units.bandwidth_multiplier.reset();
  RowTimingSpec rows;
  rows.streams = 2;
  rows.banks = 4;
  rows.access = Bits{256};
  rows.row = Bits{1024};
  rows.column_interval = Seconds{2e-9};
  rows.activate_to_read = Seconds{10e-9};
  rows.read_to_precharge = Seconds{4e-9};
  rows.precharge = Seconds{10e-9};
  units.rows = rows;
  units.macs_per_unit = 1000;
  units.input_buffer = bytes(1024);  // half of the 16 units' rows
  units.start = Seconds{1e-6};
  return system;
}

CyclePrice price(CyclePricer& pricer, const Operator& op) {
  const auto answer = pricer.price({&op, {}, 0}, {}, MappingObjective::latency);
  REQUIRE(std::holds_alternative<CyclePrice>(answer));
  auto found = std::get<CyclePrice>(answer);
  CHECK(found.simulated);
  return found;
}

}  // namespace

TEST_CASE("a matrix times a vector starts the units, brings the vector, reads rows, and returns") {
  CyclePricer pricer(banks(), technology_45nm(), {});
  // 64 x 64 int8: 4,096 bits a bank, four rows: 3 x 30 + 10 + 4 x 2 = 108 ns; 512 bits in and out
  // at 8 Gb/s: 64 ns each.
  const CyclePrice p = price(pricer, matmul(1, 64, 64));
  CHECK(p.cost.latency_s() == Approx(1000e-9 + 64e-9 + 108e-9 + 64e-9));
  CHECK(p.closed_form.latency_s() == Approx(p.cost.latency_s()));
  // Weights never cross the interface, and are counted all the same.
  CHECK(p.cost.dram_read_bits == Approx(64 * 64 * 8 + 512));
  CHECK(p.cost.dram_write_bits == Approx(512));
  CHECK(p.cost.energy[EnergyComponent::dram] ==
        Approx(p.closed_form.energy[EnergyComponent::dram]));
}

TEST_CASE("units at the banks that are slower than the columns stretch them") {
  SystemSpec system = banks();
  device_of<PimSpec>(system).macs_per_unit = 10;  // 16 GMAC/s: 256 ns for 16 columns
  CyclePricer pricer(system, technology_45nm(), {});
  // Columns of 16 ns: three rows of 10 + 48 + 4 + 10 ns (but the units are busy for 64), 10 + 64.
  const CyclePrice p = price(pricer, matmul(1, 64, 64));
  CHECK(p.cost.latency_s() == Approx(1128e-9 + 3 * 72e-9 + 74e-9));
  CHECK(p.closed_form.latency_s() == Approx(p.cost.latency_s()));
}

TEST_CASE("units at the banks whose buffer holds a row read ahead") {
  SystemSpec system = banks();
  device_of<PimSpec>(system).macs_per_unit = 10;
  device_of<PimSpec>(system).input_buffer = bytes(2048);
  CyclePricer pricer(system, technology_45nm(), {});
  // As units on a logic die, below: the first column, then arithmetic only.
  CHECK(price(pricer, matmul(1, 64, 64)).cost.latency_s() == Approx(1128e-9 + 268e-9));
}

TEST_CASE("units on a logic die compute from a buffer while rows open and close") {
  SystemSpec system = banks();
  device_of<PimSpec>(system).macs_per_unit = 10;
  device_of<PimSpec>(system).placement = PimPlacement::logic_die;
  CyclePricer pricer(system, technology_45nm(), {});
  // The first column is there after 12 ns, those of the rows behind it by 48, 78 and 108 ns; each
  // of sixteen has 16 ns of arithmetic: 12 + 256 ns.
  const CyclePrice p = price(pricer, matmul(1, 64, 64));
  CHECK(p.cost.latency_s() == Approx(1128e-9 + 268e-9));
  CHECK(p.closed_form.latency_s() == Approx(p.cost.latency_s()).epsilon(0.01));
}

TEST_CASE("units behind the interface stream everything through it") {
  SystemSpec system = small_pim();
  auto& units = device_of<PimSpec>(system);
  units.bandwidth_multiplier.reset();
  units.placement = PimPlacement::external;
  CyclePricer pricer(system, technology_45nm(), {});
  // 1,048,576 weights, 1,024 inputs and 1,024 outputs of a byte at 1 GB/s.
  const CyclePrice p = price(pricer, matmul(1, 1024, 1024));
  CHECK(p.cost.latency_s() == Approx(1050624e-9).epsilon(0.01));
  CHECK(p.cost.dram_read_bits == Approx(8.0 * (1048576 + 1024)));
}

TEST_CASE("one thread of a core fetches, computes and fetches again") {
  CyclePricer pricer(system_file("upmem", {"devices.cores.tasklets=1"}), technology_45nm(), {});
  // 5112 columns of 1024 int8, two a core: 3 transfers of 589 cycles, 14,336 instructions eleven
  // cycles apart; launch and transfers of the host around them.
  const CyclePrice p = price(pricer, matmul(1, 5112, 1024));
  const double core = (3 * 589 + 14'336 * 11) / 350e6;
  CHECK(p.cost.latency_s() ==
        Approx(100e-6 + 2556 * 1024 / 6.68e9 + core + 5112 / 4.74e9).epsilon(1e-6));
  CHECK(p.closed_form.latency_s() == Approx(p.cost.latency_s()).epsilon(1e-6));
}

TEST_CASE("sixteen threads keep the pipeline full, and only the first transfer shows") {
  CyclePricer pricer(system_file("upmem"), technology_45nm(), {});
  // 511,200 columns, 200 a core: 7 x 1024 x 200 instructions in 201 portions. Twelve turns of
  // sixteen threads leave nine for the last, whose instructions come eleven cycles apart: two are
  // idle.
  const CyclePrice p = price(pricer, matmul(1, 511'200, 1024));
  const double instructions = 7.0 * 1024 * 200;
  const double core = (instructions + 2 * instructions / 201 + 589) / 350e6;
  CHECK(p.closed_form.busy_s == Approx(core));
  CHECK(p.cost.latency_s() - p.closed_form.latency_s() == Approx(0).margin(0.02 * core));
}

TEST_CASE("threads that only move data wait for the engine") {
  CyclePricer pricer(system_file("upmem", {"devices.cores.instructions.add_int32=0.001"}),
                     technology_45nm(), {});
  // 10,000 additions a core: 78 blocks and 128 B in, 39 blocks and 64 B out.
  Operator add;
  add.name = "add";
  add.formats = {kInt32, kInt32, kInt32};
  add.shape =
      Elementwise{.kind = ElementwiseKind::add, .rows = 2556, .columns = 10000, .inputs = 2};
  const CyclePrice p = price(pricer, add);
  const double engine = (78 * 589 + 141 + 39 * 573 + 93) / 350e6;
  CHECK(p.cost.latency_s() == Approx(100e-6 + engine).epsilon(1e-4));
}
