#include "hw/energy/sram_table.h"

#include <catch2/catch.hpp>

#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file
using test::kSameConstant;
using test::square_millimetres;

namespace {
constexpr std::int64_t kKibi = 1024;
}  // namespace

TEST_CASE("SRAM figures are exact at the points of the table") {
  const Technology t = test::technology("cmos_22nm");
  // 22 nm, hp, 8 KiB, 64 bits: 1.72714 pJ, 1.93171 pJ, 2.92516 mW, 0.0071326 mm2 (its banks, which
  // grow 1.4 times when laid out), 0.137481 ns.
  const SramFigures s = t.sram(bytes(8 * kKibi), Bits{64});
  CHECK(s.read.count() == Approx(1.72714e-12 / 64).epsilon(kSameConstant));
  CHECK(s.write.count() == Approx(1.93171e-12 / 64).epsilon(kSameConstant));
  CHECK(s.leakage.count() == Approx(2.92516e-3).epsilon(kSameConstant));
  CHECK(square_millimetres(s.area) == Approx(1.4 * 0.0071326).epsilon(kSameConstant));
  CHECK(s.access.count() == Approx(0.137481e-9).epsilon(kSameConstant));
  CHECK(s.confidence == Confidence::secondary);
}

TEST_CASE("every row of the SRAM table at the node of a technology comes back") {
  Diagnostics diagnostics;
  const auto points = load_sram_points("configs/technology/tables/sram_cacti.csv", diagnostics);
  diagnostics.throw_if_any();
  CHECK(points.size() == 460);
  const Technology hp = test::technology("cmos_22nm");
  const Technology lstp = test::technology("cmos_22nm_lstp");
  int compared = 0;
  for (const SramPoint& point : points) {
    if (point.node != Approx(22e-9).epsilon(1e-9)) {
      continue;
    }
    ++compared;
    const Technology& t = point.cell == CellType::hp ? hp : lstp;
    const SramFigures s = t.sram(Bits{static_cast<std::int64_t>(point.capacity)},
                                 Bits{static_cast<std::int64_t>(point.width)});
    CHECK(s.read.count() * point.width == Approx(point.read).epsilon(kSameConstant));
    CHECK(s.write.count() * point.width == Approx(point.write).epsilon(kSameConstant));
    CHECK(s.leakage.count() == Approx(point.leakage).epsilon(kSameConstant));
    CHECK(s.area.count() == Approx(t.layout().sram_growth * point.area).epsilon(kSameConstant));
    CHECK(s.access.count() == Approx(point.access).epsilon(kSameConstant));
    CHECK(s.confidence == Confidence::secondary);
  }
  CHECK(compared == 92);  // 2 cell types x (16 + 16 + 14 capacities)
}

TEST_CASE("a larger SRAM never costs less") {
  // At 45 and 90 nm a few points of the table itself fall (CACTI changes the layout).
  for (const char* name : {"cmos_28nm", "cmos_28nm_lstp", "cmos_22nm", "cmos_7nm"}) {
    const Technology t = test::technology(name);
    for (const std::int64_t width : {8, 64, 100, 256, 1024, 4096}) {
      SramFigures before = t.sram(bytes(64), Bits{width});
      for (double size = 80; size < 1e9; size *= 1.19) {
        const SramFigures now = t.sram(bytes(static_cast<std::int64_t>(size)), Bits{width});
        CAPTURE(name, width, size);
        CHECK(now.read >= before.read);
        CHECK(now.write >= before.write);
        CHECK(now.leakage >= before.leakage);
        CHECK(now.area >= before.area);
        CHECK(now.access.count() >= before.access.count() * (1 - kSameConstant));
        before = now;
      }
    }
  }
}

TEST_CASE("a wider access costs more in all and less for each bit") {
  const Technology t = test::technology("cmos_22nm");
  for (const std::int64_t kib : {8, 64, 512, 4096}) {
    const auto energy = [&](std::int64_t width) {
      return t.sram(bytes(kib * kKibi), Bits{width}).read.count() * static_cast<double>(width);
    };
    CHECK(energy(64) < energy(128));
    CHECK(energy(128) < energy(256));
    CHECK(energy(256) < energy(1024));
    CHECK(energy(1024) < energy(4096));
  }
}

TEST_CASE("between its neighbours an SRAM lies between their figures") {
  const Technology t = test::technology("cmos_22nm");
  const SramFigures low = t.sram(bytes(64 * kKibi), Bits{64});
  const SramFigures middle = t.sram(bytes(96 * kKibi), Bits{64});
  const SramFigures high = t.sram(bytes(128 * kKibi), Bits{64});
  CHECK(low.read < middle.read);
  CHECK(middle.read < high.read);
  CHECK(low.area < middle.area);
  CHECK(middle.area < high.area);
  CHECK(middle.confidence == Confidence::secondary);

  // 28 nm lies between the nodes 32 and 22 nm of the table; 64 KiB x 64 bits there.
  const SramFigures at_28 = test::technology("cmos_28nm").sram(bytes(32 * kKibi), Bits{64});
  CHECK(at_28.read.count() * 64 < 9.69292e-12);
  CHECK(at_28.read.count() * 64 > 4.00072e-12);
  CHECK(at_28.confidence == Confidence::secondary);
}

TEST_CASE("outside the table an SRAM is marked extrapolated") {
  const Technology t = test::technology("cmos_22nm");
  const auto confidence = [&](std::int64_t capacity, std::int64_t width) {
    return t.sram(bytes(capacity), Bits{width}).confidence;
  };
  CHECK(confidence(1024, 64) == Confidence::secondary);
  CHECK(confidence(1023, 64) == Confidence::extrapolated);
  CHECK(confidence(32 * kKibi * kKibi, 64) == Confidence::secondary);
  CHECK(confidence(32 * kKibi * kKibi + 1, 64) == Confidence::extrapolated);
  CHECK(confidence(64 * kKibi, 63) == Confidence::extrapolated);
  CHECK(confidence(64 * kKibi, 1024) == Confidence::secondary);
  CHECK(confidence(64 * kKibi, 1025) == Confidence::extrapolated);
  CHECK(confidence(4 * kKibi, 1024) == Confidence::secondary);
  CHECK(confidence(2 * kKibi, 1024) == Confidence::extrapolated);  // CACTI has no layout there
  CHECK(test::technology("cmos_7nm").sram(bytes(64 * kKibi), Bits{64}).confidence ==
        Confidence::extrapolated);
}

TEST_CASE("beyond the largest SRAM area and leakage grow with the banks") {
  const Technology t = test::technology("cmos_22nm");
  const SramFigures one = t.sram(bytes(32 * kKibi * kKibi), Bits{64});
  const SramFigures three = t.sram(bytes(96 * kKibi * kKibi), Bits{64});
  CHECK(three.area.count() == Approx(3 * one.area.count()).epsilon(kSameConstant));
  CHECK(three.leakage.count() == Approx(3 * one.leakage.count()).epsilon(kSameConstant));
  CHECK(three.read > one.read);
}

TEST_CASE("an access wider than the table uses memories side by side") {
  const Technology t = test::technology("cmos_22nm");
  const SramFigures one = t.sram(bytes(64 * kKibi), Bits{1024});
  const SramFigures two = t.sram(bytes(128 * kKibi), Bits{2048});
  CHECK(two.read.count() == Approx(one.read.count()).epsilon(kSameConstant));
  CHECK(two.area.count() == Approx(2 * one.area.count()).epsilon(kSameConstant));
  CHECK(two.leakage.count() == Approx(2 * one.leakage.count()).epsilon(kSameConstant));
}

TEST_CASE("below the smallest node the SRAM functions scale the last one") {
  const SramFigures at_22 = test::technology("cmos_22nm").sram(bytes(64 * kKibi), Bits{64});
  const SramFigures at_7 = test::technology("cmos_7nm").sram(bytes(64 * kKibi), Bits{64});
  // node_scaling.yaml: energy 0.523, area 0.293, leakage 0.293, delay 0.342 of 22 nm.
  CHECK(at_7.read.count() == Approx(0.523 * at_22.read.count()).epsilon(kSameConstant));
  CHECK(at_7.area.count() == Approx(0.293 * at_22.area.count()).epsilon(kSameConstant));
  CHECK(at_7.leakage.count() == Approx(0.293 * at_22.leakage.count()).epsilon(kSameConstant));
  CHECK(at_7.access.count() == Approx(0.342 * at_22.access.count()).epsilon(kSameConstant));
}

TEST_CASE("low-standby-power cells are slower and hardly leak") {
  const SramFigures hp = test::technology("cmos_22nm").sram(bytes(kKibi * kKibi), Bits{64});
  const SramFigures lstp = test::technology("cmos_22nm_lstp").sram(bytes(kKibi * kKibi), Bits{64});
  CHECK(lstp.access > hp.access);
  CHECK(lstp.leakage.count() < 0.01 * hp.leakage.count());
}
