#include "hw/link/cycle/played_collective.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "hw/link/cycle/message_plan.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)
using models::CollectiveKind;

namespace {

constexpr double kGigabyte = 8e9;  // bit
constexpr std::array kAlgorithms{CollectiveAlgorithm::ring, CollectiveAlgorithm::direct,
                                 CollectiveAlgorithm::tree, CollectiveAlgorithm::hierarchical};

/// 100 GB/s and 1 us a step inside a node of four; 10 GB/s and 5 us between nodes.
Interconnect example() {
  InterconnectSpec spec;
  spec.intra_node.bandwidth = Bandwidth{100 * kGigabyte};
  spec.intra_node.latency = Seconds{1e-6};
  spec.intra_node.energy = EnergyPerBit{1e-12};
  spec.inter_node.emplace();
  spec.inter_node->bandwidth = Bandwidth{10 * kGigabyte};
  spec.inter_node->latency = Seconds{5e-6};
  spec.inter_node->energy = EnergyPerBit{10e-12};
  spec.ranks_per_node = 4;
  return {spec, {.launch = Seconds{10e-6}, .bandwidth = 1.0}};
}

double log_uniform(Rng& rng, double low, double high) {
  return low * std::pow(high / low, rng.uniform01());
}

Interconnect random_interconnect(Rng& rng) {
  constexpr std::array<std::int64_t, 7> kRanksPerNode{1, 2, 4, 8, 8, 8, 16};
  InterconnectSpec spec;
  spec.intra_node.bandwidth = Bandwidth{log_uniform(rng, 25, 900) * kGigabyte};
  spec.intra_node.latency = Seconds{log_uniform(rng, 50e-9, 4e-6)};
  spec.intra_node.energy = EnergyPerBit{1.3e-12};
  spec.inter_node.emplace();
  spec.inter_node->bandwidth = Bandwidth{log_uniform(rng, 10, 100) * kGigabyte};
  spec.inter_node->latency = Seconds{log_uniform(rng, 1e-6, 10e-6)};
  spec.inter_node->energy = EnergyPerBit{30e-12};
  spec.ranks_per_node = kRanksPerNode.at(static_cast<std::size_t>(rng.uniform_int(0, 6)));
  return {
      spec,
      {.launch = Seconds{log_uniform(rng, 1e-6, 20e-6)}, .bandwidth = 0.6 + 0.4 * rng.uniform01()}};
}

}  // namespace

TEST_CASE("collectives of four ranks, played and by hand") {
  const Interconnect net = example();
  const double bits = 0.1 * kGigabyte;  // 1 ms on a link inside a node
  const auto seconds = [&](CollectiveKind kind, CollectiveAlgorithm algorithm) {
    return play(net, kind, algorithm, bits, 4)->total - net.launch;
  };
  // Ring: 6 steps of 1 us and a quarter of the tensor each.
  CHECK(seconds(CollectiveKind::all_reduce, CollectiveAlgorithm::ring) ==
        Approx(6e-6 + 1.5e-3).epsilon(1e-4));
  CHECK(seconds(CollectiveKind::all_gather, CollectiveAlgorithm::ring) ==
        Approx(3e-6 + 0.75e-3).epsilon(1e-4));
  // One exchange with each of three others.
  CHECK(seconds(CollectiveKind::all_to_all, CollectiveAlgorithm::direct) ==
        Approx(1e-6 + 0.75e-3).epsilon(1e-4));
  CHECK(seconds(CollectiveKind::all_reduce, CollectiveAlgorithm::direct) ==
        Approx(1e-6 + 3e-3).epsilon(1e-4));
  CHECK(seconds(CollectiveKind::point_to_point, CollectiveAlgorithm::direct) ==
        Approx(1e-6 + 1e-3).epsilon(1e-4));
  // Down two trees: the tensor, then the last of 1024 chunks from the middle to its second child.
  CHECK(seconds(CollectiveKind::broadcast, CollectiveAlgorithm::tree) ==
        Approx(2e-6 + 1e-3 + 2e-3 / 1024).epsilon(2e-3));
  // Down the ring: the tensor, then the last of 512 chunks over two more hops.
  CHECK(seconds(CollectiveKind::broadcast, CollectiveAlgorithm::ring) ==
        Approx(3e-6 + 1e-3 + 2e-3 / 512).epsilon(2e-3));
}

TEST_CASE("an all-reduce over two nodes, played and by hand") {
  // 8 ranks, 100 MB. Inside: 2 x 3 steps of 1 us and 0.25 ms. Between: 2 steps of 5 us and an
  // eighth of the tensor, 1.25 ms.
  const auto played = play(example(), CollectiveKind::all_reduce, CollectiveAlgorithm::hierarchical,
                           0.1 * kGigabyte, 8);
  CHECK(played->total == Approx(10e-6 + 6e-6 + 1.5e-3 + 10e-6 + 2.5e-3).epsilon(1e-4));
}

TEST_CASE("a direct exchange over nodes uses both ports of a device at once, by hand") {
  // 8 ranks, 4 a node, 100 MB: 3 parts of 12.5 MB inside (0.375 ms), 4 between nodes (5 ms).
  const auto played =
      play(example(), CollectiveKind::all_to_all, CollectiveAlgorithm::direct, 0.1 * kGigabyte, 8);
  CHECK(played->total == Approx(10e-6 + 5e-6 + 5e-3).epsilon(1e-4));
}

TEST_CASE("every message of a plan comes after those it waits for, at the rank that sends it") {
  Rng rng(derive_seed(3, "message plans"));
  for (int round = 0; round < 300; ++round) {
    const auto kind = static_cast<CollectiveKind>(rng.uniform_int(0, 5));
    const auto algorithm = kAlgorithms.at(static_cast<std::size_t>(rng.uniform_int(0, 3)));
    const std::int64_t ranks = rng.uniform_int(2, 40);
    const std::int64_t local = rng.uniform_int(1, 16);
    const auto plan = messages_of(kind, algorithm, 1e7, ranks, local);
    if (!plan) {
      continue;
    }
    bool legal = true;
    std::vector<double> received(static_cast<std::size_t>(ranks));
    for (std::size_t m = 0; m < plan->size(); ++m) {
      const Message& message = (*plan)[m];
      legal &= message.from != message.to && message.from < ranks && message.to < ranks;
      received[static_cast<std::size_t>(message.to)] += message.bits;
      for (const std::int32_t before : message.after) {
        legal &= before == Message::kNone ||
                 (static_cast<std::size_t>(before) < m &&
                  (*plan)[static_cast<std::size_t>(before)].to == message.from);
      }
    }
    CAPTURE(static_cast<int>(kind), static_cast<int>(algorithm), ranks, local);
    CHECK(legal);
    const auto n = static_cast<double>(ranks);
    for (const double bits : received) {  // nobody ends with less than all of it
      const double least =
          kind == CollectiveKind::broadcast || kind == CollectiveKind::point_to_point
              ? 0.0
              : (n - 1) / n * 1e7;
      CHECK(bits >= least * (1 - 1e-9));
    }
    if (kind == CollectiveKind::broadcast) {
      for (std::size_t r = 1; r < received.size(); ++r) {
        CHECK(received[r] == Approx(1e7));  // once
      }
    }
  }
}

TEST_CASE("closed form and played packets agree on random collectives and interconnects") {
  Rng rng(derive_seed(1, "collectives"));
  std::vector<double> apart;
  constexpr std::size_t kPairs = 200;
  while (apart.size() < kPairs) {
    const Interconnect net = random_interconnect(rng);
    const auto kind = static_cast<CollectiveKind>(rng.uniform_int(0, 5));
    std::int64_t ranks = rng.uniform_int(0, 1) == 0 ? std::int64_t{1} << rng.uniform_int(1, 6)
                                                    : rng.uniform_int(2, 48);
    if (kind == CollectiveKind::point_to_point) {
      ranks = 2;
    }
    const double bits = 8 * std::floor(log_uniform(rng, 1024, 64e6));
    const CollectiveTime closed = collective_time(net, kind, bits, ranks);
    const auto played = play(net, kind, closed.algorithm, bits, ranks);
    REQUIRE(played.has_value());
    CAPTURE(static_cast<int>(kind), static_cast<int>(closed.algorithm), ranks, net.ranks_per_node,
            bits);
    CHECK(played->sent_bits == Approx(closed.sent_bits));
    CHECK(played->link_energy == Approx(closed.link_energy));
    apart.push_back(std::abs(played->total / closed.total - 1));
  }
  std::sort(apart.begin(), apart.end());
  const double median = apart[kPairs / 2];
  const double percentile_95 = apart[kPairs * 95 / 100];
  WARN("disagreement on " << kPairs << " pairs: median " << 100 * median << " %, 95th percentile "
                          << 100 * percentile_95 << " %, worst " << 100 * apart.back() << " %");
  CHECK(median <= 0.03);
  CHECK(percentile_95 <= 0.10);
}

TEST_CASE("rings, direct exchanges and hierarchies agree to a hundredth when nodes are full") {
  Rng rng(derive_seed(2, "algorithms"));
  for (int round = 0; round < 120; ++round) {
    const Interconnect net = random_interconnect(rng);
    const auto kind = static_cast<CollectiveKind>(rng.uniform_int(0, 4));
    const std::int64_t nodes = rng.uniform_int(1, 4);
    const std::int64_t ranks =
        nodes == 1 ? rng.uniform_int(2, std::max<std::int64_t>(2, net.ranks_per_node))
                   : nodes * net.ranks_per_node;
    if (ranks < 2) {
      continue;
    }
    const double bits = 8 * std::floor(log_uniform(rng, 65536, 16e6));
    for (const CollectiveAlgorithm algorithm :
         {CollectiveAlgorithm::ring, CollectiveAlgorithm::direct,
          CollectiveAlgorithm::hierarchical}) {
      const auto closed = algorithm_time(net, kind, bits, ranks, algorithm);
      const auto played = play(net, kind, algorithm, bits, ranks);
      REQUIRE(closed.has_value() == played.has_value());
      if (closed) {
        CAPTURE(static_cast<int>(kind), static_cast<int>(algorithm), ranks, net.ranks_per_node,
                bits);
        CHECK(played->total == Approx(closed->total).epsilon(0.01));
      }
    }
  }
}
