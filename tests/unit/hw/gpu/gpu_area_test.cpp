#include "hw/gpu/gpu_area.h"

#include <algorithm>
#include <string_view>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "hw/die_area.h"

using namespace cairn::hw;  // NOLINT(google-build-using-namespace): the subject of this file
using cairn::Bandwidth;
using cairn::bytes;
using cairn::Diagnostics;

namespace {

Technology technology() {
  Diagnostics diagnostics;
  Technology t = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return t;
}

/// Two SMs of ten fp32 lanes and nothing else that computes.
GpuDieSpec small_die() {
  GpuDieSpec die;
  die.name = "small";
  die.sms = 2;
  die.fp32_lanes = 10;
  die.register_file = bytes(16384);
  die.shared_memory = bytes(16384);
  die.l2 = bytes(524288);
  die.memory = MemoryKind::hbm2e;
  die.memory_bandwidth = Bandwidth{8 * 408e9};
  die.host_link = Bandwidth{8 * 15e9};
  return die;
}

double part(const GpuDieSpec& die, std::string_view what) {
  const auto parts = die_parts(die, technology());
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const AreaPart& p) { return p.what == what; });
  REQUIRE(found != parts.end());
  return found->mm2;
}

}  // namespace

TEST_CASE("parts of a small die, by hand") {
  const LayoutFactors layout = technology().layout();
  // 45 nm: a 7,700 um2 product and a 4,184 um2 sum; 2 x 10 lanes, laid out.
  const double lanes = 20 * (7700 + 4184) * 1e-6 * layout.logic_growth;
  CHECK(part(small_die(), "vector lanes") == Approx(lanes));
  CHECK(part(small_die(), "tensor cores") == 0.0);
  // One interface of 10.45 mm2 for 408 GB/s, one link of 9.9 mm2 for 15 GB/s.
  CHECK(part(small_die(), "memory interfaces") == Approx(10.45));
  CHECK(part(small_die(), "host link") == Approx(9.9));
}

TEST_CASE("control takes its share of a processor") {
  const GpuDieSpec die = small_die();
  const double rest = part(die, "vector lanes") + part(die, "register files") +
                      part(die, "shared memory and instruction caches");
  const double control = part(die, "schedulers, load and store units");
  CHECK(control / (control + rest) == Approx(technology().layout().core_control));
}

TEST_CASE("twice the processors take twice the area, twice the L2 its own") {
  GpuDieSpec more = small_die();
  more.sms *= 2;
  CHECK(part(more, "vector lanes") == Approx(2 * part(small_die(), "vector lanes")));
  CHECK(part(more, "L2") == part(small_die(), "L2"));
  more.l2 = bytes(2 * 524288);
  CHECK(part(more, "L2") == Approx(2 * part(small_die(), "L2")));
}

TEST_CASE("the frame takes its share of a die, finished chips excepted") {
  const Technology t = technology();
  std::vector<AreaPart> parts{{"block", 80.0, Confidence::assumed}};
  append_die_frame(parts, t);
  CHECK(total_mm2(parts) == Approx(80.0 / (1 - t.layout().die_frame)));
  std::vector<AreaPart> whole{{"die", 80.0, Confidence::published, true}};
  append_die_frame(whole, t);
  CHECK(total_mm2(whole) == 80.0);
}

TEST_CASE("every die file is read") {
  for (const char* file : {"configs/dies/ga100.yaml", "configs/dies/gh100.yaml"}) {
    Diagnostics diagnostics;
    const cairn::Node root = cairn::load_yaml(file, diagnostics);
    GpuDieSpec die;
    cairn::read(root, die, diagnostics);
    diagnostics.throw_if_any();
    CHECK(die.sms > 0);
    CHECK(die.measured.count() > 0);
  }
}
