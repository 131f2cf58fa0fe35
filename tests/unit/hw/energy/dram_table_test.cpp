#include "hw/energy/dram_table.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file
using test::kSameConstant;

TEST_CASE("the energy of a DDR4 device follows from its currents") {
  Diagnostics diagnostics;
  const auto rows = load_dram_currents("configs/technology/tables/dram_currents.csv", diagnostics);
  diagnostics.throw_if_any();
  const auto ddr4 = std::find_if(rows.begin(), rows.end(),
                                 [](const DramCurrents& c) { return c.kind == MemoryKind::ddr4; });
  REQUIRE(ddr4 != rows.end());
  const DeviceEnergy e = device_energy(*ddr4);
  // Burst of 8 on 8 wires, 4 clocks of 0.63 ns: 1.2 V x (168 - 52) mA x 2.52 ns / 64 bits
  //   = 350.784 pJ / 64 = 5.481 pJ/b.
  // Activation: 1.2 V x (57 x 46.62 - 52 x 32.76 - 37 x 13.86) mA ns = 1.2 x 441 = 529.2 pJ,
  //   over a page of 8192 bits = 0.0646 pJ/b.
  CHECK(e.read == Approx(5.481e-12 + 0.0646e-12).epsilon(1e-6));
  // 1.2 V x (150 - 52) mA x 2.52 ns / 64 = 4.6305 pJ/b.
  CHECK(e.write == Approx(4.6305e-12 + 0.0646e-12).epsilon(1e-6));
  // 1.2 V x (52 + (250 - 52) x 352.8 / 7862.4) mA = 1.2 x 60.88462 = 73.06154 mW for 8 Gib.
  CHECK(e.background == Approx(73.06154e-3 / 8589934592.0).epsilon(1e-6));
}

TEST_CASE("every kind of memory outside the chip has figures") {
  const Technology t = test::technology("cmos_7nm");
  for (const auto& [kind, name] : enum_names(MemoryKind{})) {
    CAPTURE(name);
    CHECK(t.dram(kind).has_value() == !is_on_chip(kind));
    if (t.dram(kind)) {
      CHECK(t.dram(kind)->read.count() > 0.0);
      CHECK(t.dram(kind)->write.count() > 0.0);
      CHECK(t.dram(kind)->background.count() > 0.0);
      CHECK(t.dram(kind)->phy_area.count() > 0.0);
    }
  }
}

TEST_CASE("a published pJ/bit is used as it is, and its background comes from the currents") {
  const Technology t = test::technology("cmos_7nm");
  const DramFigures hbm2 = *t.dram(MemoryKind::hbm2);
  CHECK(hbm2.read.count() == Approx(3.9e-12).epsilon(kSameConstant));
  CHECK(hbm2.confidence == Confidence::secondary);
  // 1.2 V x (55 + (250 - 55) x 260 / 3900) mA = 1.2 x 68 = 81.6 mW for a channel of 4 Gib.
  CHECK(hbm2.background.count() == Approx(81.6e-3 / 4294967296.0).epsilon(1e-9));
  CHECK(t.dram(MemoryKind::gddr6)->read.count() == Approx(7.5e-12).epsilon(kSameConstant));
  CHECK(t.dram(MemoryKind::gddr6)->confidence == Confidence::published);
}

TEST_CASE("an assumed interface energy above a tenth makes the whole assumed") {
  const Technology t = test::technology("cmos_7nm");
  // 5.5456 pJ/b of the device and 4 pJ/b of the interface.
  CHECK(t.dram(MemoryKind::ddr4)->read.count() == Approx(9.5456e-12).epsilon(1e-6));
  CHECK(t.dram(MemoryKind::ddr4)->confidence == Confidence::assumed);
}

TEST_CASE("the interface area grows with the bandwidth") {
  const DramFigures hbm2e = *test::technology("cmos_7nm").dram(MemoryKind::hbm2e);
  // Five stacks of 408 GB/s: 5 x 10.45 mm2.
  CHECK(test::square_millimetres(hbm2e.phy_for(Bandwidth{5 * 408e9 * 8})) ==
        Approx(52.25).epsilon(kSameConstant));
}
