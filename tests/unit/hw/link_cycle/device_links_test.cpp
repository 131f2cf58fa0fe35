#include "hw/link/cycle/device_links.h"

#include <array>

#include <catch2/catch.hpp>

#include "hw/link/cycle/network.h"
#include "support.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)
using cairn::test::Log;

namespace {

constexpr double kGigabyte = 8e9;  // bit

/// 100 GB/s and 1 us inside nodes of two; 10 GB/s and 5 us between them.
Interconnect example() {
  InterconnectSpec spec;
  spec.intra_node.bandwidth = Bandwidth{100 * kGigabyte};
  spec.intra_node.latency = Seconds{1e-6};
  spec.inter_node.emplace();
  spec.inter_node->bandwidth = Bandwidth{10 * kGigabyte};
  spec.inter_node->latency = Seconds{5e-6};
  spec.ranks_per_node = 2;
  return {spec, {.launch = Seconds{0}, .bandwidth = 1.0}};
}

constexpr std::array<DeviceLinks::Pair, 4> kPairs{{{0, 1}, {0, 2}, {1, 2}, {3, 2}}};

double seconds_of(const DeviceLinks& links, std::int32_t from, std::int32_t to, double bits) {
  Log log;
  Network net(links.topology(), log);
  const bool between = links.between_nodes(from, to);
  net.send({links.port(from, between), links.port(to, between), links.packets(bits), 0}, 0);
  net.run();
  return to_seconds(log.arrivals.at(0).at);
}

}  // namespace

TEST_CASE("a message between devices takes its latency and its bits, by hand") {
  const DeviceLinks links(example(), 4, kPairs, {});
  // 1 MB of payload inside a node: 1 us + 10 us; between nodes: 5 us + 100 us. 256 bytes of payload
  // in each packet; 1 MB are 3906.25 packets, and the last one is sent whole.
  constexpr double kPackets = 3907.0 * 256 / 1e6;
  CHECK(seconds_of(links, 0, 1, 1e6 * 8) == Approx(1e-6 + 10e-6 * kPackets));
  CHECK(seconds_of(links, 0, 2, 1e6 * 8) == Approx(5e-6 + 100e-6 * kPackets));
  CHECK(links.payload_share() == Approx(16.0 / 17));
}

TEST_CASE("a short packet pays for its whole header") {
  // 64 bytes behind 16 of header: 80 / 272 of a full packet's 2.56 ns.
  const DeviceLinks links(example(), 4, kPairs, {.payload_bits = 64.0 * 8});
  CHECK(seconds_of(links, 0, 1, 64 * 8) == Approx(1e-6 + 2.56e-9 * 80 / 272).epsilon(1e-6));
}

TEST_CASE("a window shorter than the round trip is back pressure, by hand") {
  // 100 packets may be under way. They are sent in 256 ns; the credit of the first comes back when
  // it has arrived (1 us), was received (2.56 ns) and 1 us more has passed. So 100 packets every
  // 2 us, a little more: 10 times as many need 9 of these rounds, then 1 us and 256 ns.
  const DeviceLinks links(example(), 4, kPairs, {.window = 100});
  const double seconds = seconds_of(links, 0, 1, 1000 * 256 * 8);
  CHECK(seconds == Approx(9 * 2e-6 + 1e-6 + 0.256e-6).epsilon(2e-3));
}

TEST_CASE("two devices that send to one share its port; another pair is not held up") {
  const DeviceLinks links(example(), 4, kPairs, {});
  Log log;
  Network net(links.topology(), log);
  const std::int64_t packets = links.packets(1e6 * 8);
  // Ranks 0 and 1 send to rank 2 through its port between nodes, 3 from inside its node.
  net.send({links.port(0, true), links.port(2, true), packets, 0}, 0);
  net.send({links.port(1, true), links.port(2, true), packets, 1}, 0);
  net.send({links.port(3, false), links.port(2, false), packets, 3}, 0);
  net.run();
  REQUIRE(log.arrivals.size() == 3);
  CHECK(log.arrivals[0].packet.tag == 3);
  CHECK(to_seconds(log.arrivals[0].at) == Approx(11e-6).epsilon(1e-3));
  CHECK(to_seconds(log.arrivals[2].at) == Approx(5e-6 + 200e-6).epsilon(1e-3));
}
