#include "hw/memory/dram_energy.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw {
namespace {

TEST_CASE("energies of the commands of DDR4-2400 by hand") {
  // Eight devices; 57.6 mW cycling rows, 40.8 closed, 51.6 open, 162 reading, 147.6 writing,
  // 300 refreshing; tRC 55, tRAS 39, burst 4, tRFC 433 cycles of 0.833 ns; 4 pJ/b on 512 bits.
  const DramCommandEnergies e = *energies_of(part_of("ddr4_8gb_x8_2400r"));
  CHECK(e.activate == Approx(8 * (57.6 * 55 - 51.6 * 39 - 40.8 * 16) * 1e-3 * 0.833e-9));
  CHECK(e.read == Approx(8 * (162 - 51.6) * 1e-3 * 4 * 0.833e-9 + 512 * 4e-12));
  CHECK(e.write == Approx(8 * (147.6 - 51.6) * 1e-3 * 4 * 0.833e-9 + 512 * 4e-12));
  CHECK(e.refresh_all == Approx(8 * (300 - 51.6) * 1e-3 * 433 * 0.833e-9));
  CHECK(e.closed == Approx(8 * 40.8e-3));
  CHECK(e.open == Approx(8 * 51.6e-3));
}

TEST_CASE("a part without currents takes what its kind takes, split between commands") {
  const DramPartSpec part = part_of("hbm2_4gb_2000");
  REQUIRE(!energies_of(part));
  DramFigures figures;
  figures.read = EnergyPerBit{3.9e-12};
  figures.write = EnergyPerBit{3.9e-12};
  figures.background = PowerPerBit{1e-10};
  const DramCommandEnergies e = energies_of(part, figures);
  // A stream of whole rows costs the kind's figure, standby and refreshes its background.
  const DramStreamEnergy s = stream_energy(part, e);
  CHECK(s.read == Approx(3.9e-12));
  CHECK(s.write == Approx(3.9e-12));
  CHECK(s.background == Approx(1e-10 * 8 * 1024 * 1024 * 1024));
  // 0.3 of 3.9 pJ/b on a row of 128 x 64 bits.
  CHECK(e.activate == Approx(0.3 * 3.9e-12 * 8192));
}

}  // namespace
}  // namespace cairn::hw
