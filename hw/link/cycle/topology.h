/// \file
/// Routers, nodes and links of a network, and the way that packets take: what Network simulates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/link/network_spec.h"

namespace cairn::hw::cycle {

/// How flits pass a wire, and the buffer at its end.
struct WireTiming {
  Femtoseconds flit_time{};  ///< from the start of a flit to that of the next
  Femtoseconds latency{};    ///< from the start of a flit to the whole of it in the buffer
  Femtoseconds credit{};     ///< until a freed place of the buffer is known at the other end
  std::int64_t depth{1};     ///< flits that the buffer at the end holds
};

struct Topology {
  struct Link {
    std::int32_t from{};  ///< router
    std::int32_t to{};    ///< router
    WireTiming timing;
  };
  /// Where a node is attached. Its network interface has one wire into the router and one out.
  struct Node {
    std::int32_t router{};
    WireTiming in;
    WireTiming out;
    std::string name;
  };

  std::vector<std::string> routers;  ///< names
  Femtoseconds router_latency{};     ///< of all: from arrival to the earliest departure; above 0
  std::vector<Link> links;
  std::vector<Node> nodes;
  /// The link that a packet for a node takes at a router, [router x nodes + node]; -1 at the node's
  /// own router.
  std::vector<std::int32_t> route;
  Femtoseconds clock{1};  ///< packets enter at whole multiples of it

  [[nodiscard]] std::int32_t link_at(std::int32_t router, std::int32_t node) const {
    return route[static_cast<std::size_t>(router) * nodes.size() + static_cast<std::size_t>(node)];
  }
};

/// Node i of a mesh is at column i % columns, row i / columns; packets go along the row first
/// (dimension order), which leaves no cycle of waiting.
/// Precondition: problems() of \p spec is empty.
[[nodiscard]] Topology topology_of(const NetworkSpec& spec);

/// Clock cycle of \p spec, in whole femtoseconds.
[[nodiscard]] Femtoseconds cycle_of(const NetworkSpec& spec);

/// Flits that carry \p bits behind a flit with address and route.
[[nodiscard]] std::int64_t packet_flits(const NetworkSpec& spec, double bits);

}  // namespace cairn::hw::cycle
