#include "hw/link/cycle/device_links.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

/// Of each end: the shortest time there is, since the latency is that of the whole way.
constexpr Femtoseconds kEnd = 1;

/// Wires of a port, and between two of them.
struct Wires {
  WireTiming in;
  WireTiming way;
  WireTiming out;
};

/// \param bits of a flit, header included
Wires wires_of(const Interconnect::Link& link, const DeviceLinkOptions& options, double bits) {
  const double full = options.packet.payload_bits + options.packet.header_bits;
  const double wire = link.bandwidth * full / options.packet.payload_bits;  // bit/s, with headers
  const Femtoseconds packet = std::max<Femtoseconds>(1, to_femtoseconds(bits / wire));
  const Femtoseconds latency = std::max<Femtoseconds>(0, to_femtoseconds(link.latency) - 2 * kEnd);
  // A place is free again when the packet has come, has been received, and the credit is back.
  const std::int64_t round_trip = (2 * (latency + kEnd) + packet) / packet + 2;
  constexpr std::int64_t kPlaces = 2;  // one comes while the other goes
  return {.in = {packet, 0, 0, kPlaces},
          .way = {packet, latency, latency,
                  options.window.value_or(std::max(round_trip, options.message))},
          .out = {packet, packet, 0, kPlaces}};
}

}  // namespace

DeviceLinks::DeviceLinks(const Interconnect& interconnect, std::int64_t ranks,
                         std::span<const Pair> pairs, const DeviceLinkOptions& options)
    : ranks_(static_cast<std::int32_t>(ranks)),
      ranks_per_node_(static_cast<std::int32_t>(interconnect.ranks_per_node)),
      payload_(options.train * options.payload_bits.value_or(options.packet.payload_bits)),
      header_(options.train * options.packet.header_bits) {
  const bool spread = ranks > interconnect.ranks_per_node;
  CAIRN_CHECK(!spread || interconnect.inter.has_value(), "nodes without a link between them");
  topology_.router_latency = kEnd;
  std::vector<Wires> wires{wires_of(interconnect.intra, options, payload_ + header_)};
  if (spread) {
    wires.push_back(wires_of(*interconnect.inter, options, payload_ + header_));
  }
  for (std::size_t kind = 0; kind < wires.size(); ++kind) {
    for (std::int64_t r = 0; r < ranks; ++r) {
      const std::string name =
          fmt::format("rank {}{}", r, kind == 0 ? "" : " (port between nodes)");
      topology_.nodes.push_back({static_cast<std::int32_t>(topology_.routers.size()),
                                 wires[kind].in, wires[kind].out, name});
      topology_.routers.push_back(name);
    }
  }
  topology_.route.assign(topology_.routers.size() * topology_.nodes.size(), -1);
  for (const auto& [from, to] : pairs) {
    const bool between = between_nodes(from, to);
    const std::int32_t a = port(from, between);
    const std::int32_t b = port(to, between);
    std::int32_t& link = topology_.route[static_cast<std::size_t>(a) * topology_.nodes.size() +
                                         static_cast<std::size_t>(b)];
    if (link < 0) {
      link = static_cast<std::int32_t>(topology_.links.size());
      topology_.links.push_back({a, b, wires[between ? 1 : 0].way});
    }
  }
}

std::int64_t DeviceLinks::packets(double bits) const {
  // A whole number of flits, but for rounding, is that number.
  constexpr double kRounding = 1e-9;
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(bits / payload_ * (1 - kRounding))));
}

}  // namespace cairn::hw::cycle
