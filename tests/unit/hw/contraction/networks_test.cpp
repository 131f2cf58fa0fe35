#include "hw/contraction/networks.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "support.h"

namespace cairn::hw {
namespace {

TEST_CASE("a network has a power of two of ports and a stage for each bit of their number") {
  CHECK(network_ports(1) == 1);
  CHECK(network_ports(8) == 8);
  CHECK(network_ports(9) == 16);
  CHECK(butterfly_stages(1) == 0);
  CHECK(butterfly_stages(32) == 5);
}

TEST_CASE("one butterfly passes shifts and exclusive-or without conflict") {
  constexpr std::int64_t kPorts = 32;
  std::vector<std::int64_t> shift(kPorts);
  std::vector<std::int64_t> flip(kPorts);
  for (std::int64_t by = 0; by < kPorts; ++by) {
    for (std::int64_t i = 0; i < kPorts; ++i) {
      shift[static_cast<std::size_t>(i)] = (i + by) % kPorts;
      flip[static_cast<std::size_t>(i)] = i ^ by;
    }
    CHECK(butterfly_congestion(shift) == 1);
    CHECK(butterfly_congestion(flip) == 1);
  }
}

TEST_CASE("transposing a square of words puts the root of the ports on one wire") {
  // 4 x 4 words on 16 ports: word 4 r + c goes to 4 c + r. Behind the second stage the upper two
  // bits are r of the source, the lower two r of the destination: the four words of a row meet.
  std::vector<std::int64_t> transpose(16);
  for (std::int64_t r = 0; r < 4; ++r) {
    for (std::int64_t c = 0; c < 4; ++c) {
      transpose[static_cast<std::size_t>(4 * r + c)] = 4 * c + r;
    }
  }
  CHECK(butterfly_congestion(transpose) == 4);
  CHECK(butterfly_passes(16, 1) == 4);
}

TEST_CASE("no permutation of eight ports needs more passes than stated, and one needs as many") {
  std::array<std::int64_t, 8> order{};
  std::iota(order.begin(), order.end(), 0);
  std::int64_t most = 0;
  std::int64_t most_in_pairs = 0;
  do {
    const std::int64_t paths = butterfly_congestion(order);
    most = std::max(most, paths);
    bool pairs = true;
    for (std::size_t i = 0; i < 8; i += 2) {
      pairs = pairs && order.at(i) % 2 == 0 && order.at(i + 1) == order.at(i) + 1;
    }
    if (pairs) {
      most_in_pairs = std::max(most_in_pairs, paths);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(most == butterfly_passes(8, 1));
  CHECK(most == 2);
  CHECK(most_in_pairs == butterfly_passes(8, 2));
  CHECK(butterfly_passes(8, 4) == 1);
  CHECK(butterfly_passes(8, 12) == butterfly_passes(8, 4));  // runs of 12: aligned by fours
  CHECK(butterfly_passes(8, 3) == butterfly_passes(8, 1));
}

/// Orders that come out of \p stages (distance of the ports of a switch, stage by stage) with every
/// setting of the switches.
std::size_t orders_of(const std::vector<std::int64_t>& distances) {
  constexpr std::int64_t kPorts = 4;
  const auto switches = static_cast<std::int64_t>(distances.size()) * kPorts / 2;
  std::set<std::array<std::int64_t, kPorts>> orders;
  for (std::int64_t setting = 0; setting < (std::int64_t{1} << switches); ++setting) {
    std::array<std::int64_t, kPorts> words{0, 1, 2, 3};
    std::int64_t number = 0;
    for (const std::int64_t distance : distances) {
      for (std::int64_t port = 0; port < kPorts; ++port) {
        if ((port & distance) == 0 && ((setting >> number++) & 1) != 0) {
          std::swap(words.at(static_cast<std::size_t>(port)),
                    words.at(static_cast<std::size_t>(port + distance)));
        }
      }
    }
    orders.insert(words);
  }
  return orders.size();
}

TEST_CASE("a butterfly and its mirror image reach every order, one butterfly does not") {
  CHECK(orders_of({1, 2}) == 16);        // two stages of two switches: 2^4 of 24 orders
  CHECK(orders_of({1, 2, 2, 1}) == 24);  // out of the engines, and in again
  CHECK(orders_of({1, 2, 1}) == 24);     // the same with one stage in the middle: a Benes network
}

TEST_CASE("a word and its copies cross a path and a tree") {
  SwitchNetwork network;
  network.stages = 5;
  network.hop_energy = 2;

  CHECK(network.hops(1) == Approx(5));
  CHECK(network.hops(4) == Approx(5 - 2 + 2 * 3));  // three stages down, then a tree of 2 + 4
  CHECK(network.hops(32) == Approx(62));            // 2 + 4 + 8 + 16 + 32
  CHECK(network.crossing(4) == Approx(9 * 2));
  network.stages = 0;
  CHECK(network.crossing(1) == 0);
}

TEST_CASE("energy and area of a network follow from registers and multiplexers") {
  const Technology t = technology_16nm();
  const SwitchNetwork network = make_network(t, 20, 5, 8, 1.0);
  CHECK(network.ports == 32);
  // A register is written and read, with 1.862 / 4.522 of a multiplexer beside it.
  const double each = 1 + 1.862 / 4.522;
  CHECK(network.hop_energy == Approx(2 * t.register_access().energy.count() * each));
  // 32 ports x 5 stages x 8 bit = 1280 bits.
  CHECK(network.area_mm2 == Approx(1280 * t.register_area().count() * each * 1e6));
}

}  // namespace
}  // namespace cairn::hw
