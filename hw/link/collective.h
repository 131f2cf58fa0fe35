/// \file
/// Time of a collective between equal devices: a pure function of links, library, size and ranks.
///
/// With n ranks, S bits as one rank sees the whole tensor, a link of bandwidth B and step latency
/// L, the fastest of the algorithms that apply is taken; `launch` comes before any of them. Inside
/// one node:
///
///                   ring                             direct               tree
///   all_reduce      2 (n-1) L + 2 (n-1)/n S/B        L + (n-1) S/B        2 t L + f S/B + F
///   all_gather      (n-1) L + (n-1)/n S/B            L + (n-1)/n S/B
///   reduce_scatter  (n-1) L + (n-1)/n S/B            L + (n-1)/n S/B
///   all_to_all                                       L + (n-1)/n S/B
///   broadcast       (n-1) L + S/B + (n-2) c/B        L + (n-1) S/B        t L + S/B + F
///   point_to_point                                   L + S/B
///
/// Direct exchanges one message with every other rank at once (one-shot), all through the device's
/// own port. The tree is two binary trees of t = ceil(log2 n) steps, half of the tensor each, so
/// that every port carries f = 2 tensors in an all-reduce (1 of two ranks, 1.5 of three). Trees and
/// the ring of a broadcast send in a pipeline of chunks of c bits, whose filling takes F (see
/// tree_fill()).
///
/// Over several nodes a device has a port inside its node and one to the others, at work at the
/// same time: direct messages take whichever is theirs; trees are inside nodes and between their
/// first ranks. A step of a ring takes the time of its own link, but no port of the ring can be
/// faster than what it has to send, so a ring takes the longest chain of hops and waits. An
/// all-reduce may also run as reduce-scatter inside nodes, all-reduce of the parts between them,
/// all-gather inside nodes.
///
/// Assumes:    full-duplex links, all ranks arrive together, a switch or mesh without contention;
///             the link of a node is that of one device in it.
/// Ignores:    protocols for short messages, reduction arithmetic, DRAM traffic of the buffers,
///             reduction in the switch.
/// Reference:  P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
///             workstations", JPDC 69(2), 2009; R. Thakur et al., "Optimization of collective
///             communication operations in MPICH", IJHPCA 19(1), 2005; P. Sanders et al., "Two-tree
///             algorithms for full bandwidth broadcast, reduction and scan", Parallel Computing
///             35(12), 2009.
/// Checked by: tests/unit/hw/link/collective_test.cpp (by hand, and properties),
///             tests/unit/hw/link_cycle/played_collective_test.cpp (packet by packet),
///             `cairn validate --only all_reduce_a100` (measured inside a node)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "hw/link/interconnect_spec.h"
#include "models/operator.h"

namespace cairn::hw {

enum class CollectiveAlgorithm : std::uint8_t { none, ring, tree, direct, hierarchical };
constexpr auto enum_names(CollectiveAlgorithm /*tag*/) {
  using A = CollectiveAlgorithm;
  using S = std::string_view;
  return std::array{std::pair{A::none, S{"none"}}, std::pair{A::ring, S{"ring"}},
                    std::pair{A::tree, S{"tree"}}, std::pair{A::direct, S{"direct"}},
                    std::pair{A::hierarchical, S{"hierarchical"}}};
}

/// Links and library together, in base units (bit, second, joule).
struct Interconnect {
  struct Link {
    double bandwidth{};  ///< bit/s of one device, with the library's share
    double latency{};    ///< s
    double energy{};     ///< J/bit
  };
  Interconnect(const InterconnectSpec& spec, const CollectiveStackSpec& library);

  Link intra;
  std::optional<Link> inter;
  std::int64_t ranks_per_node{1};
  double launch{};  ///< s
  bool ring_only{};
};

struct CollectiveTime {
  double total{};        ///< s
  double latency{};      ///< s of it: launch and steps
  double transfer{};     ///< s of it: bits over the slowest link
  double sent_bits{};    ///< by one rank, on average over the ranks
  double link_energy{};  ///< J of one rank, on average over the ranks
  CollectiveAlgorithm algorithm{CollectiveAlgorithm::none};
};

/// Chunks of a pipeline: of at most 64 KiB, or 512 of a long tensor. Assumed: libraries cut in tens
/// to hundreds of KiB. (So a tensor a little longer than one chunk takes less time than one that
/// just fits it: it is cut in two.)
[[nodiscard]] std::int64_t pipeline_chunks(double bits);
/// The same over two trees: an even number.
[[nodiscard]] std::int64_t tree_chunks(double bits);

/// \param bits of the whole tensor as one rank sees it (models::Collective::elements).
/// Precondition: ranks fit one node, or there is a link between nodes. Does not allocate.
[[nodiscard]] CollectiveTime collective_time(const Interconnect& interconnect,
                                             models::CollectiveKind kind, double bits,
                                             std::int64_t ranks);

/// The same with one algorithm; nothing where it does not apply. Precondition: ranks > 1.
[[nodiscard]] std::optional<CollectiveTime> algorithm_time(const Interconnect& interconnect,
                                                           models::CollectiveKind kind, double bits,
                                                           std::int64_t ranks,
                                                           CollectiveAlgorithm algorithm);

}  // namespace cairn::hw
