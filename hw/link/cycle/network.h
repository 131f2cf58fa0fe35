/// \file
/// Packets through routers with wormhole switching and credits, advanced from event to event.
///
/// A packet is a train of flits. Its head asks for the next link when it has passed the router; a
/// link belongs to one packet until its last flit has left (wormhole switching; with buffers of a
/// packet and more this behaves as virtual cut-through). Packets that ask at the same time take
/// turns (round robin over the inputs). A flit leaves when it has arrived, the one before it has
/// left and a place in the next buffer is known to be free: a recurrence of maxima and sums. As
/// soon as these times are known, even if they lie ahead, all flits are moved in one step: an event
/// is needed for each decision between packets, none for each flit or clock.
///
/// A node takes whole packets: one that says stop() still takes what has begun to arrive.
///
/// Assumes:    one read port for each buffer, no virtual channels; queues at the senders without
///             limit; routes that do not depend on load.
/// Ignores:    errors and retransmission, clock domains (packets enter at the next cycle).
/// Reference:  W. J. Dally and B. Towles, "Principles and Practices of Interconnection Networks",
///             2004, chapters 12, 13 and 16.
/// Checked by: tests/unit/hw/link_cycle/network_test.cpp (by hand, and properties),
///             tests/unit/hw/link_cycle/flit_reference_test.cpp (a model that works cycle by cycle)
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <string>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/link/cycle/ring.h"
#include "hw/link/cycle/topology.h"

namespace cairn::hw::cycle {

struct Packet {
  std::int32_t source{};
  std::int32_t destination{};
  std::int64_t flits{1};
  std::uint64_t tag{};  ///< the sender's, handed on
};

/// Who hears of packets.
class NetworkListener {
 public:
  NetworkListener() = default;
  NetworkListener(const NetworkListener&) = delete;
  NetworkListener& operator=(const NetworkListener&) = delete;
  NetworkListener(NetworkListener&&) = delete;
  NetworkListener& operator=(NetworkListener&&) = delete;
  virtual ~NetworkListener() = default;
  /// The last flit has arrived \p at its destination: now. May send() and stop().
  virtual void delivered(const Packet& packet, Femtoseconds at) = 0;
};

class Network {
 public:
  /// \param listener must outlive the network.
  Network(Topology topology, NetworkListener& listener);

  /// Queues a packet at its source, at \p at or now, whichever is later.
  void send(const Packet& packet, Femtoseconds at);
  /// The node takes no further packets: back pressure.
  void stop(std::int32_t node);
  void resume(std::int32_t node, Femtoseconds at);

  [[nodiscard]] bool idle() const { return events_.empty(); }
  /// When something happens next. Precondition: !idle().
  [[nodiscard]] Femtoseconds next_event() const { return events_.top().at; }
  /// Does everything up to and including \p at.
  void run_until(Femtoseconds at);
  /// Until nothing happens any more. \returns the time of the last event.
  Femtoseconds run();
  [[nodiscard]] Femtoseconds now() const { return now_; }

  [[nodiscard]] const Topology& topology() const { return topology_; }
  /// Packets sent and not yet delivered.
  [[nodiscard]] std::int64_t in_flight() const { return in_flight_; }
  /// Flits of a node's packets that have left it.
  [[nodiscard]] std::int64_t flits_sent(std::int32_t node) const;
  [[nodiscard]] std::int64_t flits_received(std::int32_t node) const;
  /// Flits that passed link \p link of the topology.
  [[nodiscard]] std::int64_t flits_over(std::size_t link) const;
  [[nodiscard]] std::uint64_t events() const { return event_count_; }

  /// One packet at the front of a buffer (or of its sender's queue), and what it waits for.
  struct Waiting {
    std::int64_t packet{};
    std::int64_t held_by{-1};  ///< the packet that has to move first; -1: a node that takes nothing
    std::string text;
  };
  /// Who waits for whom, when nothing happens and packets are in flight; those of a circle first.
  [[nodiscard]] std::vector<Waiting> who_waits() const;

 private:
  static constexpr std::int32_t kNobody = -1;
  static constexpr std::int32_t kSource = -2;
  static constexpr Femtoseconds kNever = std::numeric_limits<Femtoseconds>::max();

  /// A wire and the buffer at its end: into a router, between two, or out to a node.
  struct Channel {
    WireTiming timing;
    std::int32_t to_router{kNobody};  ///< kNobody: ends at a node
    std::int32_t node{kNobody};       ///< whose way in or out it is
    std::int32_t port{};              ///< number among the inputs of its router
    // The wire.
    std::int32_t owner{kNobody};         ///< the channel whose front packet passes it; or kSource
    Femtoseconds free_at{};              ///< when the next flit may start
    std::int64_t sent{};                 ///< flits
    std::vector<std::int32_t> requests;  ///< channels whose front packet wants this wire
    Femtoseconds decision_at{kNever};
    std::int32_t last_port{kNobody};
    // The buffer. Flits are numbered in the order in which they were sent.
    std::int64_t freed{};           ///< flits that have left it
    Ring<Femtoseconds> arrivals;    ///< of flits in the buffer
    Ring<Femtoseconds> departures;  ///< when the sender knew that the place of a flit was free
    Fifo<std::int32_t> packets;     ///< in it, in order
    std::int64_t front_left{};      ///< flits of the front packet that are still to leave
    Femtoseconds read_free{};       ///< when the next flit may be read
    Femtoseconds ready_at{};        ///< of the front packet's head, for its next wire
    std::int32_t granted{kNobody};  ///< the wire that the front packet passes
    bool taking{};                  ///< the node takes the front packet
  };
  struct Flying {
    Packet packet;
    Femtoseconds sent{};
    std::int64_t number{};
    std::int32_t head_at{kNobody};  ///< the channel that its head entered last
  };
  enum class EventKind : std::uint8_t { decide, take, deliver };
  struct Event {
    Femtoseconds at{};
    std::uint64_t order{};
    EventKind kind{};
    std::int32_t subject{};
    [[nodiscard]] friend bool operator>(const Event& a, const Event& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  [[nodiscard]] Channel& channel(std::int32_t c) { return channels_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] const Channel& channel(std::int32_t c) const {
    return channels_[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] std::int32_t way_in(std::int32_t node) const { return first_in_ + node; }
  [[nodiscard]] std::int32_t way_out(std::int32_t node) const { return first_out_ + node; }
  [[nodiscard]] const Packet& packet_at(std::int32_t slot) const {
    return flying_[static_cast<std::size_t>(slot)].packet;
  }
  [[nodiscard]] std::int32_t next_channel(const Channel& at, const Packet& packet) const;
  void schedule(Femtoseconds at, EventKind kind, std::int32_t subject);
  void start_source(std::int32_t node);
  /// The front packet of a buffer becomes known: asks for its next wire, or is taken.
  void front_known(std::int32_t c);
  void decide_later(std::int32_t out, Femtoseconds at);
  void decide(std::int32_t out);
  void take(std::int32_t c);
  void deliver(std::int32_t slot);
  /// Moves what can move, and all that follows from it.
  void advance(std::int32_t work);
  void advance_wire(std::int32_t out);
  void advance_taking(std::int32_t c);
  /// Flits have left buffer \p c: whoever sends into it may go on.
  void has_room(std::int32_t c);
  /// Flits have come into buffer \p c: whoever moves them on may go on.
  void has_flits(std::int32_t c);
  void front_left(std::int32_t c);
  [[nodiscard]] std::string name_of(std::int32_t slot) const;
  [[nodiscard]] std::string wire_name(std::int32_t c) const;
  [[nodiscard]] Waiting waiting_of(std::int32_t slot) const;

  Topology topology_;
  NetworkListener& listener_;
  std::vector<Channel> channels_;  ///< links, then ways in, then ways out
  std::int32_t first_in_{};
  std::int32_t first_out_{};
  std::vector<Fifo<std::int32_t>> source_queues_;  ///< packets by node
  std::vector<std::int64_t> source_left_;          ///< flits of the first of them still to leave
  std::vector<bool> stopped_;
  std::vector<Flying> flying_;
  std::vector<std::int32_t> free_slots_;
  std::vector<std::int32_t> work_;  ///< wires c, and nodes that take, as ~c
  bool working_{};
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_{};
  std::uint64_t event_count_{};
  std::int64_t packet_numbers_{};
  std::int64_t in_flight_{};
  Femtoseconds now_{};
};

}  // namespace cairn::hw::cycle
