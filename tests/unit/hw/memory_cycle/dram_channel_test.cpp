// The same in SystemC as without a kernel. One simulation for each process: one test case.

#include "hw/memory/cycle/dram_channel.h"

#include <catch2/catch.hpp>

#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

TEST_CASE("two channels in one simulation do what each does alone without a kernel") {
  DramTrafficSpec traffic;
  traffic.pattern = DramPattern::random;
  traffic.requests = 2'000;
  traffic.write_fraction = 0.3;
  traffic.outstanding = 16;
  const DramPartSpec first = part_of("ddr4_8gb_x8_2400r");
  const DramPartSpec second = part_of("hbm3_8gb_8hi_6400");
  DramController a{first, default_options(first)};
  DramController b{second, default_options(second)};
  DramTraffic load_a{traffic, a};
  DramTraffic load_b{traffic, b};
  DramChannels channels;
  channels.add("a", a, load_a);
  channels.add("b", b, load_b);
  channels.run();
  for (const auto& [part, load] : {std::pair{&first, &load_a}, std::pair{&second, &load_b}}) {
    DramController alone{*part, default_options(*part)};
    DramTraffic expected{traffic, alone};
    static_cast<void>(run_to_end(alone, expected));
    CHECK(load->end() == expected.end());
    CHECK(load->reads().mean() == expected.reads().mean());
    CHECK(load->finished() == 2'000);
  }
}

}  // namespace
}  // namespace cairn::hw::cycle
