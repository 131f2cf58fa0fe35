#include "hw/link/cycle/network.h"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "support.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)
using cairn::test::crossbar;
using cairn::test::kCycle;
using cairn::test::Log;
using cairn::test::mesh;
using cairn::test::one_way_ring;

TEST_CASE("a packet alone takes its hops and then its length, by hand") {
  // From (0,0) to (3,2) of a 4 x 3 mesh: 6 routers. Each costs 2 cycles, and 1 for the link out of
  // it: the head arrives after 6 x 3 = 18 cycles; 5 flits: the last one 4 cycles later.
  Log log;
  Network net(topology_of(mesh(4, 3)), log);
  net.send({0, 11, 5, 7}, 0);
  net.run();
  REQUIRE(log.arrivals.size() == 1);
  CHECK(log.arrivals[0].at == (6 * 3 + 4) * kCycle);
  CHECK(log.arrivals[0].packet.tag == 7);
  // Through a crossbar: one switch.
  Network bar(topology_of(crossbar(8)), log);
  bar.send({0, 3, 5, 0}, 10 * kCycle);
  bar.run();
  CHECK(log.arrivals[1].at == (10 + 3 + 4) * kCycle);
}

TEST_CASE("a packet enters at the next cycle of the clock") {
  Log log;
  Network net(topology_of(crossbar(2)), log);
  net.send({0, 1, 1, 0}, 3 * kCycle + 1);
  net.run();
  CHECK(log.arrivals[0].at == (4 + 3) * kCycle);
}

TEST_CASE("buffers shorter than the round trip of a credit slow a long packet, by hand") {
  // Way in (no delay): a flit leaves the router 2 cycles after it came and frees its place at once.
  // Way out: 1 cycle to the node, 1 for the credit. With one place a flit passes every 2 cycles,
  // with two every cycle. 31 flits: the last one starts 30 x 2 or 30 cycles after the first.
  const auto last = [](std::int64_t depth) {
    Log log;
    Network net(topology_of(crossbar(2, depth)), log);
    net.send({0, 1, 31, 0}, 0);
    net.run();
    return log.arrivals.at(0).at;
  };
  CHECK(last(1) == (3 + 30 * 2) * kCycle);
  CHECK(last(2) == (3 + 30) * kCycle);
  CHECK(last(4) == (3 + 30) * kCycle);
  // Between two routers: 2 cycles in the router, 1 on the link, 1 for the credit: 4 cycles a place.
  const auto over_link = [](std::int64_t depth) {
    Log log;
    Network net(topology_of(mesh(2, 1, depth)), log);
    net.send({0, 1, 33, 0}, 0);
    net.run();
    return log.arrivals.at(0).at;
  };
  CHECK(over_link(1) == (6 + 32 * 4) * kCycle);
  CHECK(over_link(2) == (6 + 16 * 4) * kCycle);
  CHECK(over_link(4) == (6 + 32) * kCycle);
}

TEST_CASE("two senders share a crossbar's output evenly, and it never idles") {
  Log log;
  Network net(topology_of(crossbar(3)), log);
  constexpr int kPackets = 500;
  constexpr std::int64_t kFlits = 5;
  for (int i = 0; i < kPackets; ++i) {
    net.send({0, 2, kFlits, 0}, 0);
    net.send({1, 2, kFlits, 1}, 0);
  }
  net.run();
  REQUIRE(log.arrivals.size() == 2 * kPackets);
  CHECK(log.arrivals.back().at == (3 + 2 * kPackets * kFlits - 1) * kCycle);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < log.arrivals.size(); ++i) {
    first += log.arrivals[i].packet.tag == 0 ? 1 : 0;
    CHECK(std::abs(2 * first - static_cast<std::int64_t>(i + 1)) <= 1);  // they take turns
  }
}

TEST_CASE("a node that takes nothing stops the sender when the buffers on the way are full") {
  // 3 routers: a buffer at the way into each, and the one at the node: 4 of 4 flits.
  Log log;
  Network net(topology_of(mesh(3, 1)), log);
  net.stop(2);
  for (int i = 0; i < 20; ++i) {
    net.send({0, 2, 2, 0}, 0);
  }
  net.run();
  CHECK(net.flits_sent(0) == 16);
  CHECK(log.arrivals.empty());
  CHECK(net.in_flight() == 20);
  const std::vector<Network::Waiting> waits = net.who_waits();
  REQUIRE(!waits.empty());
  CHECK(std::any_of(waits.begin(), waits.end(), [](const auto& w) {
    return w.text == "packet 0 (node 0 -> node 2) waits for node 2, which takes nothing";
  }));
  // Nothing was lost: all arrive when the node goes on, a flit each cycle.
  net.resume(2, 1000 * kCycle);
  net.run();
  CHECK(log.arrivals.size() == 20);
  CHECK(net.in_flight() == 0);
  CHECK(log.arrivals.front().at == 1001 * kCycle);
  CHECK(log.arrivals.back().at == 1039 * kCycle);
}

TEST_CASE("a packet that waits holds up those behind it, and nobody else") {
  // Packet A from 0 to 2 of a 3 x 1 mesh is stopped there; B from 0 to 1 is behind it in the same
  // buffer. C from 1 to 0 goes the other way.
  Log log;
  Network net(topology_of(mesh(3, 1, 2)), log);
  net.stop(2);
  net.send({0, 2, 12, 0}, 0);
  net.send({0, 1, 1, 1}, 0);
  net.send({1, 0, 1, 2}, 0);
  net.run();
  REQUIRE(log.arrivals.size() == 1);
  CHECK(log.arrivals[0].packet.tag == 2);
  net.resume(2, 500 * kCycle);
  net.run();
  CHECK(log.arrivals.size() == 3);
}

TEST_CASE("no flit is lost or doubled, and packets of a pair keep their order") {
  Rng rng(derive_seed(1, "network traffic"));
  for (int round = 0; round < 60; ++round) {
    const bool is_mesh = round % 2 == 0;
    NetworkSpec spec = is_mesh ? mesh(rng.uniform_int(1, 5), rng.uniform_int(2, 5))
                               : crossbar(rng.uniform_int(2, 12));
    spec.buffer_depth = rng.uniform_int(1, 6);
    spec.router_latency = Cycles{rng.uniform_int(1, 4)};
    spec.link_latency = Cycles{rng.uniform_int(1, 3)};
    const std::int64_t nodes = spec.nodes();
    Log log;
    Network net(topology_of(spec), log);
    constexpr std::uint64_t kPackets = 400;
    std::vector<std::int64_t> sent(static_cast<std::size_t>(nodes));
    std::vector<std::int64_t> due(static_cast<std::size_t>(nodes));
    Femtoseconds at = 0;
    std::map<std::uint64_t, Femtoseconds> earliest;
    for (std::uint64_t i = 0; i < kPackets; ++i) {
      const auto from = static_cast<std::int32_t>(rng.uniform_int(0, nodes - 1));
      const auto to = static_cast<std::int32_t>(rng.uniform_int(0, nodes - 1));
      const std::int64_t flits = rng.uniform_int(1, 9);
      at += rng.uniform_int(0, 3) * kCycle;
      net.run_until(at);
      net.send({from, to, flits, i}, at);
      sent[static_cast<std::size_t>(from)] += flits;
      due[static_cast<std::size_t>(to)] += flits;
      const std::int64_t routers = is_mesh
                                       ? 1 + std::abs(from % *spec.columns - to % *spec.columns) +
                                             std::abs(from / *spec.columns - to / *spec.columns)
                                       : 1;
      earliest[i] =
          at + (routers * (spec.router_latency + spec.link_latency).count() + flits - 1) * kCycle;
    }
    net.run();
    CAPTURE(round);
    REQUIRE(log.arrivals.size() == kPackets);  // XY routes: never a deadlock
    CHECK(net.in_flight() == 0);
    std::map<std::pair<std::int32_t, std::int32_t>, std::uint64_t> last;
    std::vector<bool> seen(kPackets);
    bool in_order = true;
    bool possible = true;
    for (const auto& [packet, when] : log.arrivals) {
      CHECK(!seen[packet.tag]);
      seen[packet.tag] = true;
      const auto pair = std::pair{packet.source, packet.destination};
      const auto before = last.find(pair);
      in_order &= before == last.end() || before->second < packet.tag;
      last[pair] = packet.tag;
      possible &= when >= earliest[packet.tag];
    }
    CHECK(in_order);
    CHECK(possible);
    for (std::int32_t n = 0; n < nodes; ++n) {
      CHECK(net.flits_sent(n) == sent[static_cast<std::size_t>(n)]);
      CHECK(net.flits_received(n) == due[static_cast<std::size_t>(n)]);
    }
  }
}

TEST_CASE("a circle of packets ends with the list of who waits for whom") {
  // Four routers in a circle; each node sends to the one opposite, longer than all buffers: each
  // packet holds the link out of its own router and wants the next.
  Log log;
  Network net(one_way_ring(4, 2), log);
  for (std::int32_t n = 0; n < 4; ++n) {
    net.send({n, (n + 2) % 4, 40, 0}, 0);
  }
  net.run();
  CHECK(log.arrivals.empty());
  const std::vector<Network::Waiting> waits = net.who_waits();
  REQUIRE(waits.size() == 4);
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(waits[static_cast<std::size_t>(i)].packet == i);
    CHECK(waits[static_cast<std::size_t>(i)].held_by == (i + 1) % 4);
  }
  CHECK(waits[0].text ==
        "packet 0 (node 0 -> node 2) waits for the link from router 1,0 to router 2,0, held by "
        "packet 1 (node 1 -> node 3)");
}

TEST_CASE("what only stands behind a circle is listed after it") {
  Log log;
  Network net(one_way_ring(4, 2), log);
  net.send({0, 1, 1, 0}, 0);
  for (std::int32_t n = 0; n < 4; ++n) {
    net.send({n, (n + 2) % 4, 40, 0}, 0);
  }
  net.send({3, 2, 3, 0}, 0);
  net.run();
  const std::vector<Network::Waiting> waits = net.who_waits();
  REQUIRE(waits.size() >= 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(waits[i].packet == static_cast<std::int64_t>(i) + 1);
  }
}

TEST_CASE("a mesh's links are used by dimension order") {
  // From (0,0) to (2,2): two links east, then two south: routers 0, 1, 2, 5, 8.
  Log log;
  Network net(topology_of(mesh(3, 3)), log);
  net.send({0, 8, 3, 0}, 0);
  net.run();
  std::vector<std::pair<std::int32_t, std::int32_t>> used;
  for (std::size_t l = 0; l < net.topology().links.size(); ++l) {
    if (net.flits_over(l) > 0) {
      CHECK(net.flits_over(l) == 3);
      used.emplace_back(net.topology().links[l].from, net.topology().links[l].to);
    }
  }
  std::sort(used.begin(), used.end());
  CHECK(used == std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 1}, {1, 2}, {2, 5}, {5, 8}});
}
