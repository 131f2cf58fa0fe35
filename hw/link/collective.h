/// \file
/// Time of a collective between equal devices: a pure function of links, library, size and ranks.
///
/// With n ranks, S bits as one rank sees the whole tensor, a link of bandwidth B and step latency
/// L, the fastest of the algorithms that apply is taken; `launch` comes before any of them.
///
///                   ring                             direct               tree
///   all_reduce      2 (n-1) L + 2 (n-1)/n S/B        L + (n-1) S/B        2 ceil(log2 n) L + 2 S/B
///   all_gather      (n-1) L + (n-1)/n S/B            L + (n-1)/n S/B
///   reduce_scatter  (n-1) L + (n-1)/n S/B            L + (n-1)/n S/B
///   all_to_all                                       L + (n-1)/n S/B
///   broadcast       (n-1) L + S/B                    L + (n-1) S/B        ceil(log2 n) L + S/B
///   point_to_point                                   L + S/B
///
/// Direct exchanges one message with every other rank at once (one-shot), all through the device's
/// own port. Ring and tree send in a pipeline of chunks, so that steps cost latency only.
/// Over several nodes every algorithm takes the slower link's bandwidth and latency for the steps
/// that leave a node; a ring leaves one node in each step. An all-reduce may also run as
/// reduce-scatter inside nodes, all-reduce of the parts between them, all-gather inside nodes.
///
/// Assumes:    full-duplex links, all ranks arrive together, a switch or mesh without contention;
///             the link of a node is that of one device in it.
/// Ignores:    protocols for short messages, reduction arithmetic, DRAM traffic of the buffers,
///             reduction in the switch.
/// Reference:  P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
///             workstations", JPDC 69(2), 2009; R. Thakur et al., "Optimization of collective
///             communication operations in MPICH", IJHPCA 19(1), 2005.
/// Checked by: tests/unit/hw/link/collective_test.cpp (by hand, and properties),
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

/// \param bits of the whole tensor as one rank sees it (models::Collective::elements).
/// Precondition: ranks fit one node, or there is a link between nodes. Does not allocate.
[[nodiscard]] CollectiveTime collective_time(const Interconnect& interconnect,
                                             models::CollectiveKind kind, double bits,
                                             std::int64_t ranks);

}  // namespace cairn::hw
