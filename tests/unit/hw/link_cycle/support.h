/// \file
/// Networks of the tests, and a listener that writes down what arrives.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/link/cycle/network.h"

namespace cairn::test {

struct Arrival {
  hw::cycle::Packet packet;
  hw::cycle::Femtoseconds at{};
};

class Log final : public hw::cycle::NetworkListener {
 public:
  void delivered(const hw::cycle::Packet& packet, hw::cycle::Femtoseconds at) override {
    arrivals.push_back({packet, at});
  }
  std::vector<Arrival> arrivals;
};

/// 1 GHz: a cycle is a million femtoseconds.
constexpr hw::cycle::Femtoseconds kCycle = 1'000'000;

inline hw::NetworkSpec mesh(std::int64_t columns, std::int64_t rows, std::int64_t depth = 4) {
  hw::NetworkSpec spec;
  spec.kind = hw::NetworkKind::mesh;
  spec.columns = columns;
  spec.rows = rows;
  spec.flit_width = Bits{128};
  spec.clock = Frequency{1e9};
  spec.buffer_depth = depth;
  return spec;
}

inline hw::NetworkSpec crossbar(std::int64_t ports, std::int64_t depth = 4) {
  hw::NetworkSpec spec;
  spec.ports = ports;
  spec.flit_width = Bits{128};
  spec.clock = Frequency{1e9};
  spec.buffer_depth = depth;
  return spec;
}

/// Routers in a circle, one node each, that packets go round in one direction only.
inline hw::cycle::Topology one_way_ring(std::int32_t routers, std::int64_t depth) {
  hw::cycle::Topology net = hw::cycle::topology_of(mesh(routers, 1, depth));
  const hw::cycle::WireTiming wire = net.links.front().timing;
  net.links.clear();
  net.route.clear();
  for (std::int32_t r = 0; r < routers; ++r) {
    net.links.push_back({r, (r + 1) % routers, wire});
    for (std::int32_t to = 0; to < routers; ++to) {
      net.route.push_back(to == r ? -1 : r);
    }
  }
  return net;
}

}  // namespace cairn::test
