/// \file
/// Links between the devices of a system, as a network of packets: each device has one port into
/// the switch of its node and one into the switch between nodes, as far as there are such links.
///
/// A packet carries a payload behind a header. What a communication library reaches of a link's
/// peak is a measured share of payload, so it includes the headers of full packets: the wire runs
/// at (payload + header) / payload of the rate at which payload passes. Each pair of ports has a
/// window of packets (a virtual channel): without a credit for another one the sender waits. A
/// port sends one packet at a time, and receives one at a time, from its senders in turn.
///
/// Assumes:    full-duplex ports; switches without loss in which packets to one port do not hold up
///             those to another; a window that covers the round trip, unless a smaller one is
///             given.
/// Ignores:    acknowledgements and retries, congestion inside a switch, packets of other traffic.
/// Reference:  D. Foley and J. Danskin, "Ultra-performance Pascal GPU and NVLink interconnect",
///             IEEE Micro 37(2), 2017 (packets of up to 16 data flits of 16 bytes and one of
///             header).
/// Checked by: tests/unit/hw/link_cycle/device_links_test.cpp
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "hw/link/collective.h"
#include "hw/link/cycle/topology.h"

namespace cairn::hw::cycle {

struct LinkPacketFormat {
  double payload_bits{256 * 8};  ///< at most; what the bandwidth of a link refers to
  double header_bits{16 * 8};
};

struct DeviceLinkOptions {
  LinkPacketFormat packet{};
  /// Payload of the packets that are sent, if less than the most; absent: full packets.
  std::optional<double> payload_bits{};
  double train{1};  ///< packets that are simulated as one
  /// Packets (trains of them) of a pair of ports under way without a credit; absent: the round
  /// trip, or `message` if that is more.
  std::optional<std::int64_t> window{};
  /// Packets (trains) of the longest message. A sender works on several messages at a time: one to
  /// a busy receiver does not hold up the others.
  std::int64_t message{1};
};

/// Ranks behind switches. Node r of the topology is the port of rank r inside its node, node
/// ranks + r its port to other nodes. One flit is one packet of the link, or a train of them.
class DeviceLinks {
 public:
  using Pair = std::pair<std::int32_t, std::int32_t>;  ///< sender and receiver, by rank

  /// \param pairs who sends to whom
  /// Precondition: ranks fit one node, or there is a link between nodes.
  DeviceLinks(const Interconnect& interconnect, std::int64_t ranks, std::span<const Pair> pairs,
              const DeviceLinkOptions& options);

  [[nodiscard]] const Topology& topology() const { return topology_; }
  [[nodiscard]] bool between_nodes(std::int32_t from, std::int32_t to) const {
    return from / ranks_per_node_ != to / ranks_per_node_;
  }
  [[nodiscard]] std::int32_t port(std::int32_t rank, bool between) const {
    return between ? ranks_ + rank : rank;
  }
  [[nodiscard]] std::int64_t packets(double bits) const;
  /// Share of what passes a wire that is payload.
  [[nodiscard]] double payload_share() const { return payload_ / (payload_ + header_); }

 private:
  std::int32_t ranks_{};
  std::int32_t ranks_per_node_{};
  double payload_{};  ///< bits of a flit
  double header_{};   ///< beside them
  Topology topology_;
};

}  // namespace cairn::hw::cycle
