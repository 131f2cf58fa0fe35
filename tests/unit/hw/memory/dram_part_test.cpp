#include "hw/memory/dram_part.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"

namespace cairn::hw {
namespace {

DramPartSpec part_of(const std::string& stem) {
  Diagnostics diagnostics;
  const Node root = load_yaml("configs/memory/" + stem + ".yaml", diagnostics);
  DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  return part;
}

TEST_CASE("peak, capacity, refresh loss and latency of DDR4-2400 by hand") {
  const DramFiguresOfPart f = figures_of(part_of("ddr4_8gb_x8_2400r"));
  CHECK(f.peak_bandwidth == Approx(64 * 2400e6));                  // 19.2 GB/s
  CHECK(f.capacity_bits == Approx(8.0 * 8 * 1024 * 1024 * 1024));  // eight devices of 8 Gib
  CHECK(f.refresh_loss == Approx((433.0 + 16 + 16) / 9364));
  CHECK(f.latency_s == Approx((16 + 16 + 16 + 4) * 0.833e-9));  // 43.3 ns
  CHECK(f.row_bits == Approx(64.0 * 1024));                     // 8 KiB
  CHECK(f.activate_interval_s == Approx(6.5 * 0.833e-9));       // tFAW / 4 = 26 / 4
}

TEST_CASE("a channel of HBM2 has two pseudo-channels of 64 bit") {
  const DramFiguresOfPart f = figures_of(part_of("hbm2_8gb_2000"));
  CHECK(f.peak_bandwidth == Approx(2 * 64 * 2000e6));              // 32 GB/s
  CHECK(f.capacity_bits == Approx(2 * 8.0 * 1024 * 1024 * 1024));  // 8 Gib each
  CHECK(f.burst_bits == Approx(64 * 4));
}

TEST_CASE("the capacity of a channel is rows x columns x banks x pins, whatever the standard") {
  constexpr double kGibi = 1024.0 * 1024 * 1024;
  // HBM3: 2 pseudo-channels x 2 stack identifiers x 16 banks x 8192 rows x 256 columns x 32 b;
  // eight dies of 8 Gib behind 16 channels are 4 Gib each as well.
  CHECK(figures_of(part_of("hbm3_8gb_8hi_6400")).capacity_bits == Approx(4 * kGibi));
  // HBM4: 2 x 16 banks x 16384 x 256 x 32 b; four dies of 32 Gib behind 32 channels.
  CHECK(figures_of(part_of("hbm4_32gb_4hi_8000")).capacity_bits == Approx(4 * kGibi));
  // GDDR6: 16 banks x 16384 x 1024 x 16 b; a device of 8 Gib has two channels.
  CHECK(figures_of(part_of("gddr6_8gb_x16_14000")).capacity_bits == Approx(4 * kGibi));
  // LPDDR5: 16 banks x 32768 x 1024 x 16 b; one device.
  CHECK(figures_of(part_of("lpddr5_8gb_x16_6400")).capacity_bits == Approx(8 * kGibi));
}

TEST_CASE("a density that contradicts the array shows the arithmetic") {
  DramPartSpec part = part_of("hbm3_8gb_8hi_6400");
  CHECK(part.problems().empty());
  part.organisation.rows = 16384;
  REQUIRE(part.problems().size() == 1);
  CHECK(part.problems()[0].field == "organisation.density");
  CHECK(part.problems()[0].message ==
        "8192 Mib x 8 stacked devices / 16 channels = 4096 Mib contradict rows x columns x banks "
        "x channel_width x pseudo_channels x ranks = 16384 x 256 x 16 x 32 x 2 x 2 = 8192 Mib");
}

TEST_CASE("streams and unloaded latency are those that a cycle-level simulator finds") {
  // Ramulator 2.1, long reads with refresh over those without, and mean latency of single probes
  // whose bank has another row open.
  struct Case {
    const char* part;
    double share;
    double latency_s;
  };
  for (const Case& c : {Case{"ddr4_8gb_x8_2400r", 18.262 / 19.208, 43.24e-9},
                        Case{"hbm2_2gb_2000", 30.33 / 32.001, 43.06e-9}}) {
    CAPTURE(c.part);
    const DramFiguresOfPart f = figures_of(part_of(c.part));
    CHECK(1 - f.refresh_loss == Approx(c.share).margin(0.005));
    CHECK(f.latency_s == Approx(c.latency_s).epsilon(0.03));
  }
}

TEST_CASE("runs shorter than a row wait for activates") {
  const DramFiguresOfPart f = figures_of(part_of("ddr4_8gb_x8_2400r"));
  // One burst of 64 B every tFAW / 4 = 6.5 cycles instead of every 4.
  CHECK(f.share_of_runs(64 * 8) == Approx(4 / 6.5 * (1 - f.refresh_loss)).epsilon(1e-3));
  // Two bursts take 8 cycles, longer than one activate's 6.5.
  CHECK(f.share_of_runs(128 * 8) == Approx(1 - f.refresh_loss).epsilon(1e-3));
  // Half a burst is paid in full.
  CHECK(f.share_of_runs(32 * 8) == Approx(f.share_of_runs(64 * 8) / 2));
  CHECK(f.share_of_runs(1e9) == Approx(1 - f.refresh_loss).epsilon(1e-3));
}

TEST_CASE("longer runs of whole bursts are never slower, on every part") {
  for (const char* stem :
       {"ddr4_8gb_x16_3200aa", "ddr5_16gb_x8_4800an", "lpddr5_16gb_x16_6400", "gddr6_8gb_x16_14000",
        "hbm2_4gb_2000", "hbm3_16gb_8hi_6400", "hbm4_32gb_4hi_8000"}) {
    CAPTURE(stem);
    const DramFiguresOfPart f = figures_of(part_of(stem));
    double before = 0;
    for (double bursts = 1; bursts * f.burst_bits <= f.row_bits; bursts *= 2) {
      const double share = f.share_of_runs(bursts * f.burst_bits);
      CHECK(share >= before);
      CHECK(share <= 1 - f.refresh_loss + 1e-9);
      before = share;
    }
  }
}

TEST_CASE("timings that contradict each other show the arithmetic") {
  DramPartSpec part = part_of("ddr4_8gb_x8_2400r");
  CHECK(part.problems().empty());
  part.timing.rc = Cycles{54};  // ras + rp = 39 + 16 = 55; one cycle of rounding is allowed
  CHECK(part.problems().empty());
  part.timing.rc = Cycles{53};
  REQUIRE(part.problems().size() == 1);
  CHECK(part.problems()[0].field == "timing.rc");
  CHECK(part.problems()[0].message == "53 cycles contradict ras + rp = 39 + 16 = 55 cycles");
  part.timing.rc = Cycles{55};
  part.timing.data_rate = Bandwidth{2600e6};
  REQUIRE(part.problems().size() == 1);
  CHECK(part.problems()[0].message ==
        "2600 Mb/s contradict burst_length / (burst x period) = 8 / (4 x 0.833 ns) = 2401 Mb/s");
}

}  // namespace
}  // namespace cairn::hw
