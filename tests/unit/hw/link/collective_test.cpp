#include "hw/link/collective.h"

#include <array>

#include <catch2/catch.hpp>

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)
using models::CollectiveKind;

namespace {

constexpr double kGigabyte = 8e9;  // bit

/// 100 GB/s and 1 us a step inside a node of four; 10 GB/s and 5 us between nodes; launch 10 us.
Interconnect example(bool several_nodes = true) {
  InterconnectSpec spec;
  spec.intra_node = {.name = "inside",
                     .source = "",
                     .bandwidth = Bandwidth{100 * kGigabyte},
                     .latency = Seconds{1e-6},
                     .energy = EnergyPerBit{1e-12}};
  if (several_nodes) {
    spec.inter_node = {.name = "between",
                       .source = "",
                       .bandwidth = Bandwidth{10 * kGigabyte},
                       .latency = Seconds{5e-6},
                       .energy = EnergyPerBit{10e-12}};
  }
  spec.ranks_per_node = 4;
  return {spec, {.launch = Seconds{10e-6}, .bandwidth = 1.0}};
}

constexpr std::array kKinds{CollectiveKind::all_reduce,     CollectiveKind::all_gather,
                            CollectiveKind::reduce_scatter, CollectiveKind::all_to_all,
                            CollectiveKind::broadcast,      CollectiveKind::point_to_point};

}  // namespace

TEST_CASE("a long all-reduce runs as a ring, by hand") {
  // 4 ranks, 100 MB: 2 x 3 steps of 1 us, 2 x 3/4 x 100 MB at 100 GB/s = 1.5 ms, 10 us of launch.
  const CollectiveTime t =
      collective_time(example(), CollectiveKind::all_reduce, 0.1 * kGigabyte, 4);
  CHECK(t.algorithm == CollectiveAlgorithm::ring);
  CHECK(t.total == Approx(10e-6 + 6e-6 + 1.5e-3));
  CHECK(t.sent_bits == Approx(1.5 * 0.1 * kGigabyte));
  CHECK(t.link_energy == Approx(1.5 * 0.1 * kGigabyte * 1e-12));
}

TEST_CASE("a short all-reduce is one exchange with every rank, by hand") {
  // 4 ranks, 10 kB: direct 1 us + 3 x 0.1 us; ring 6 us + 0.15 us; tree 4 us + 0.2 us.
  const CollectiveTime t =
      collective_time(example(), CollectiveKind::all_reduce, 10e-6 * kGigabyte, 4);
  CHECK(t.algorithm == CollectiveAlgorithm::direct);
  CHECK(t.total == Approx(10e-6 + 1e-6 + 0.3e-6));
}

TEST_CASE("an all-gather, an all-to-all and a message, by hand") {
  // 4 ranks, 100 MB: three quarters of it pass the port of each rank: 0.75 ms.
  const Interconnect net = example();
  const double bits = 0.1 * kGigabyte;
  CHECK(collective_time(net, CollectiveKind::all_gather, bits, 4).total ==
        Approx(10e-6 + 1e-6 + 0.75e-3));
  CHECK(collective_time(net, CollectiveKind::all_to_all, bits, 4).total ==
        Approx(10e-6 + 1e-6 + 0.75e-3));
  CHECK(collective_time(net, CollectiveKind::point_to_point, bits, 2).total ==
        Approx(10e-6 + 1e-6 + 1e-3));
  // Down two trees of two levels, half of the message each, it is sent on while it arrives, in 512
  // chunks a tree: the last chunk goes on to the second of two children, 2/1024 of the message.
  CHECK(collective_time(net, CollectiveKind::broadcast, bits, 4).total ==
        Approx(10e-6 + 2e-6 + 1e-3 + 1e-3 * 2 / 1024).epsilon(1e-9));
}

TEST_CASE("an all-reduce over two nodes reduces inside them first, by hand") {
  // 8 ranks, 4 a node, 100 MB. Hierarchical: 6 steps of 1 us + 2 of 5 us, 1.5 ms inside, and
  // between the nodes 2 x 1/2 x 25 MB at 10 GB/s = 2.5 ms. A flat ring: 2 x 7/8 x 100 MB at 10 GB/s
  // = 17.5 ms.
  const CollectiveTime t =
      collective_time(example(), CollectiveKind::all_reduce, 0.1 * kGigabyte, 8);
  CHECK(t.algorithm == CollectiveAlgorithm::hierarchical);
  CHECK(t.total == Approx(10e-6 + 6e-6 + 10e-6 + 1.5e-3 + 2.5e-3));
}

TEST_CASE("messages to other nodes leave through a port of their own, by hand") {
  // 8 ranks, 4 a node, 100 MB in parts of 12.5 MB: 3 parts inside take 1 us + 0.375 ms, 4 between
  // nodes 5 us + 5 ms, at the same time.
  const double bits = 0.1 * kGigabyte;
  const auto t =
      algorithm_time(example(), CollectiveKind::all_to_all, bits, 8, CollectiveAlgorithm::direct);
  CHECK(t->total == Approx(10e-6 + 5e-6 + 5e-3));
  CHECK(t->sent_bits == Approx(bits * 7 / 8));
  CHECK(t->link_energy == Approx(bits / 8 * (3 * 1e-12 + 4 * 10e-12)));
}

TEST_CASE("a ring over two nodes waits for its slowest port, by hand") {
  // 8 ranks, 4 a node, 100 MB: 7 steps of 12.5 MB, 1.25 ms each at the port between nodes, and its
  // latency once: hops inside a node (1 us + 0.125 ms) take less than a wait at that port.
  const auto gather = algorithm_time(example(), CollectiveKind::all_gather, 0.1 * kGigabyte, 8,
                                     CollectiveAlgorithm::ring);
  CHECK(gather->total == Approx(10e-6 + 7 * 1.25e-3 + 5e-6));
  // A short tensor, 8 bits each: only latencies. Seven hops with two crossings: 2 x 5 + 5 x 1 us.
  const auto word =
      algorithm_time(example(), CollectiveKind::all_gather, 64, 8, CollectiveAlgorithm::ring);
  CHECK(word->total == Approx(10e-6 + 15e-6).epsilon(1e-3));
}

TEST_CASE("trees of two and three ranks carry less through a port than larger ones, by hand") {
  // Two ranks: up once, down once, on different ports: S/B each way in a pipeline of 2 x 8 chunks.
  const double bits = 16 * 65536 * 8;
  const double tensor = bits / (100 * kGigabyte);
  const auto two =
      algorithm_time(example(), CollectiveKind::all_reduce, bits, 2, CollectiveAlgorithm::tree);
  CHECK(two->total == Approx(10e-6 + 2e-6 + tensor + tensor / 16));
  const auto three =
      algorithm_time(example(), CollectiveKind::all_reduce, bits, 3, CollectiveAlgorithm::tree);
  CHECK(three->total == Approx(10e-6 + 4e-6 + 1.5 * tensor + 3 * tensor / 16));
}

TEST_CASE("one rank exchanges nothing") {
  for (const CollectiveKind kind : kKinds) {
    CHECK(collective_time(example(), kind, 1e9, 1).total == 0);
  }
}

TEST_CASE("collectives never get faster with three times the bits, slower links or more ranks") {
  for (const CollectiveKind kind : kKinds) {
    for (const std::int64_t ranks : {2, 3, 4, 8, 16}) {
      double before = 0;
      for (double bits = 8; bits < 1e12; bits *= 3) {
        CAPTURE(static_cast<int>(kind), ranks, bits);
        const double now = collective_time(example(), kind, bits, ranks).total;
        CHECK(now >= before);
        before = now;
        Interconnect faster = example();
        faster.intra.bandwidth *= 2;
        CHECK(collective_time(faster, kind, bits, ranks).total <= now);
        const double part = static_cast<double>(ranks - 1) / static_cast<double>(ranks);
        // Never less than what has to leave a rank of the tensor.
        const double least =
            kind == CollectiveKind::all_reduce ? 2.0 * part
            : kind == CollectiveKind::broadcast || kind == CollectiveKind::point_to_point ? 1.0
                                                                                          : part;
        CHECK(now >= least * bits / example().intra.bandwidth);
      }
    }
  }
}
