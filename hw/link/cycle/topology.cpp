#include "hw/link/cycle/topology.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

struct Wires {
  WireTiming between;    ///< two routers, or a router and its node
  WireTiming interface;  ///< a node's way into its router: they are one block
};

Wires wires_of(const NetworkSpec& spec) {
  const Femtoseconds cycle = cycle_of(spec);
  const Femtoseconds link = spec.link_latency.count() * cycle;
  return {{cycle, link, link, spec.buffer_depth}, {cycle, 0, 0, spec.buffer_depth}};
}

Topology crossbar(const NetworkSpec& spec) {
  const Wires wires = wires_of(spec);
  const std::int64_t ports = spec.nodes();
  Topology net;
  net.routers.emplace_back("crossbar");
  for (std::int64_t i = 0; i < ports; ++i) {
    net.nodes.push_back({0, wires.interface, wires.between, fmt::format("node {}", i)});
  }
  net.route.assign(net.nodes.size(), -1);
  return net;
}

Topology mesh(const NetworkSpec& spec) {
  const Wires wires = wires_of(spec);
  const auto columns = static_cast<std::int32_t>(spec.columns.value_or(0));
  const auto rows = static_cast<std::int32_t>(spec.rows.value_or(0));
  Topology net;
  for (std::int32_t r = 0; r < rows; ++r) {
    for (std::int32_t c = 0; c < columns; ++c) {
      net.routers.push_back(fmt::format("router {},{}", c, r));
      net.nodes.push_back({r * columns + c, wires.interface, wires.between,
                           fmt::format("node {}", r * columns + c)});
    }
  }
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  // Numbers of the links out of each router: east, west, south, north.
  std::vector<std::array<std::int32_t, 4>> out(count, {-1, -1, -1, -1});
  constexpr std::array<std::array<std::int32_t, 2>, 4> kSteps{{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}};
  for (std::int32_t r = 0; r < rows; ++r) {
    for (std::int32_t c = 0; c < columns; ++c) {
      for (std::size_t d = 0; d < kSteps.size(); ++d) {
        const std::int32_t to_c = c + kSteps.at(d)[0];
        const std::int32_t to_r = r + kSteps.at(d)[1];
        if (to_c < 0 || to_c >= columns || to_r < 0 || to_r >= rows) {
          continue;
        }
        const std::int32_t from = r * columns + c;
        out[static_cast<std::size_t>(from)].at(d) = static_cast<std::int32_t>(net.links.size());
        net.links.push_back({from, to_r * columns + to_c, wires.between});
      }
    }
  }
  net.route.reserve(count * count);
  for (std::int32_t at = 0; at < rows * columns; ++at) {
    for (std::int32_t to = 0; to < rows * columns; ++to) {
      const std::int32_t dx = to % columns - at % columns;
      const std::int32_t dy = to / columns - at / columns;
      const auto& links = out[static_cast<std::size_t>(at)];
      net.route.push_back(dx > 0   ? links[0]
                          : dx < 0 ? links[1]
                          : dy > 0 ? links[2]
                          : dy < 0 ? links[3]
                                   : -1);
    }
  }
  return net;
}

}  // namespace

Femtoseconds cycle_of(const NetworkSpec& spec) {
  return std::max<Femtoseconds>(to_femtoseconds(1.0 / spec.clock.count()), 1);
}

std::int64_t packet_flits(const NetworkSpec& spec, double bits) {
  const auto width = static_cast<double>(spec.flit_width.count());
  return 1 + static_cast<std::int64_t>(std::ceil(bits / width));
}

Topology topology_of(const NetworkSpec& spec) {
  CAIRN_CHECK(spec.problems().empty(), "a network with mistakes was built");
  Topology net = spec.kind == NetworkKind::mesh ? mesh(spec) : crossbar(spec);
  net.clock = cycle_of(spec);
  net.router_latency = spec.router_latency.count() * net.clock;
  return net;
}

}  // namespace cairn::hw::cycle
