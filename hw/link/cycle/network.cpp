#include "hw/link/cycle/network.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace cairn::hw::cycle {

Network::Network(Topology topology, NetworkListener& listener)
    : topology_(std::move(topology)), listener_(listener) {
  CAIRN_CHECK(topology_.router_latency > 0, "a router passes nothing in no time");
  std::vector<std::int32_t> inputs(topology_.routers.size(), 0);
  const auto add = [&](const WireTiming& timing, std::int32_t router, std::int32_t node) {
    Channel& c = channels_.emplace_back();
    c.timing = timing;
    c.to_router = router;
    c.node = node;
    c.port = router >= 0 ? inputs[static_cast<std::size_t>(router)]++ : 0;
    c.arrivals = Ring<Femtoseconds>(timing.depth);
    c.departures = Ring<Femtoseconds>(timing.depth);
  };
  for (const Topology::Link& link : topology_.links) {
    add(link.timing, link.to, kNobody);
  }
  first_in_ = static_cast<std::int32_t>(channels_.size());
  const auto nodes = static_cast<std::int32_t>(topology_.nodes.size());
  for (std::int32_t n = 0; n < nodes; ++n) {
    const Topology::Node& node = topology_.nodes[static_cast<std::size_t>(n)];
    add(node.in, node.router, n);
  }
  first_out_ = static_cast<std::int32_t>(channels_.size());
  for (std::int32_t n = 0; n < nodes; ++n) {
    add(topology_.nodes[static_cast<std::size_t>(n)].out, kNobody, n);
  }
  source_queues_.resize(topology_.nodes.size());
  source_left_.resize(topology_.nodes.size());
  stopped_.resize(topology_.nodes.size());
}

void Network::send(const Packet& packet, Femtoseconds at) {
  CAIRN_CHECK(packet.flits > 0, "a packet without a flit");
  std::int32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::int32_t>(flying_.size());
    flying_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const Femtoseconds start = std::max(at, now_);
  const Femtoseconds clock = topology_.clock;
  flying_[static_cast<std::size_t>(slot)] = {packet, (start + clock - 1) / clock * clock,
                                             packet_numbers_++, kNobody};
  ++in_flight_;
  const auto node = static_cast<std::size_t>(packet.source);
  source_queues_[node].push(slot);
  if (source_queues_[node].size() == 1) {
    start_source(packet.source);
  }
}

void Network::start_source(std::int32_t node) {
  const auto n = static_cast<std::size_t>(node);
  source_left_[n] = packet_at(source_queues_[n].front()).flits;
  channel(way_in(node)).owner = kSource;
  advance(way_in(node));
}

void Network::stop(std::int32_t node) {
  stopped_[static_cast<std::size_t>(node)] = true;
}

void Network::resume(std::int32_t node, Femtoseconds at) {
  stopped_[static_cast<std::size_t>(node)] = false;
  const Channel& out = channel(way_out(node));
  if (!out.packets.empty() && !out.taking) {
    schedule(std::max({at, now_, out.ready_at}), EventKind::take, way_out(node));
  }
}

std::int32_t Network::next_channel(const Channel& at, const Packet& packet) const {
  const std::int32_t link = topology_.link_at(at.to_router, packet.destination);
  return link >= 0 ? link : way_out(packet.destination);
}

void Network::schedule(Femtoseconds at, EventKind kind, std::int32_t subject) {
  events_.push({at, order_++, kind, subject});
}

void Network::front_known(std::int32_t c) {
  Channel& in = channel(c);
  const Packet& packet = packet_at(in.packets.front());
  in.front_left = packet.flits;
  const Femtoseconds arrival = in.arrivals[in.freed];
  if (in.to_router < 0) {
    in.ready_at = std::max(arrival, in.read_free);
    schedule(in.ready_at, EventKind::take, c);
    return;
  }
  in.ready_at = std::max(arrival + topology_.router_latency, in.read_free);
  const std::int32_t wire = next_channel(in, packet);
  channel(wire).requests.push_back(c);
  decide_later(wire, in.ready_at);
}

void Network::decide_later(std::int32_t out, Femtoseconds at) {
  Channel& wire = channel(out);
  if (wire.owner != kNobody) {
    return;  // decided when its packet has passed
  }
  const Femtoseconds when = std::max(at, wire.free_at);
  if (when < wire.decision_at) {
    wire.decision_at = when;
    schedule(when, EventKind::decide, out);
  }
}

void Network::decide(std::int32_t out) {
  Channel& wire = channel(out);
  if (wire.decision_at != now_ || wire.owner != kNobody) {
    return;  // overtaken by an earlier decision
  }
  wire.decision_at = kNever;
  // Round robin: the first input after the one that won last.
  std::size_t best = wire.requests.size();
  std::int32_t best_port = 0;
  for (std::size_t i = 0; i < wire.requests.size(); ++i) {
    const Channel& in = channel(wire.requests[i]);
    if (in.ready_at > now_) {
      continue;
    }
    const auto behind = [&](std::int32_t port) { return port <= wire.last_port; };
    if (best == wire.requests.size() ||
        std::pair{behind(in.port), in.port} < std::pair{behind(best_port), best_port}) {
      best = i;
      best_port = in.port;
    }
  }
  CAIRN_CHECK(best < wire.requests.size(), "a decision between no packets");
  const std::int32_t winner = wire.requests[best];
  wire.requests.erase(wire.requests.begin() + static_cast<std::ptrdiff_t>(best));
  wire.last_port = best_port;
  wire.owner = winner;
  channel(winner).granted = out;
  advance(out);
}

void Network::advance(std::int32_t work) {
  work_.push_back(work);
  if (working_) {
    return;
  }
  working_ = true;
  while (!work_.empty()) {
    const std::int32_t next = work_.back();
    work_.pop_back();
    if (next < 0) {
      advance_taking(~next);
    } else {
      advance_wire(next);
    }
  }
  working_ = false;
}

void Network::has_room(std::int32_t c) {
  if (channel(c).owner != kNobody) {
    advance(c);
  }
}

void Network::has_flits(std::int32_t c) {
  const Channel& in = channel(c);
  if (in.taking) {
    advance(~c);
  } else if (in.granted != kNobody) {
    advance(in.granted);
  }
}

void Network::advance_wire(std::int32_t out) {
  Channel& wire = channel(out);
  if (wire.owner == kNobody) {
    return;
  }
  const bool from_source = wire.owner == kSource;
  const auto node = static_cast<std::size_t>(std::max(wire.node, 0));
  Channel* const in = from_source ? nullptr : &channel(wire.owner);
  const std::int32_t slot = from_source ? source_queues_[node].front() : in->packets.front();
  Flying& flying = flying_[static_cast<std::size_t>(slot)];
  std::int64_t& left = from_source ? source_left_[node] : in->front_left;
  bool head = left == flying.packet.flits;
  bool moved = false;
  while (left > 0) {
    if (!from_source && in->freed == in->sent) {
      break;  // the next flit is not on its way yet
    }
    const std::int64_t needs = wire.sent - wire.timing.depth;  // whose place it takes
    if (needs >= wire.freed) {
      break;  // no place is known to become free
    }
    const Femtoseconds ready =
        from_source ? flying.sent
                    : std::max(in->arrivals[in->freed] + topology_.router_latency, in->read_free);
    const Femtoseconds room = needs >= 0 ? wire.departures[needs] : 0;
    const Femtoseconds leaves = std::max({ready, room, wire.free_at});
    wire.arrivals[wire.sent] = leaves + wire.timing.latency;
    wire.free_at = leaves + wire.timing.flit_time;
    ++wire.sent;
    if (!from_source) {
      in->departures[in->freed] = leaves + in->timing.credit;
      in->read_free = wire.free_at;
      ++in->freed;
    }
    --left;
    moved = true;
    if (head) {
      head = false;
      flying.head_at = out;
      wire.packets.push(slot);
      if (wire.packets.size() == 1) {
        front_known(out);
      }
    }
  }
  if (!moved) {
    return;
  }
  const std::int32_t owner = wire.owner;
  if (left == 0) {
    wire.owner = kNobody;
    if (from_source) {
      source_queues_[node].pop();
      if (!source_queues_[node].empty()) {
        start_source(static_cast<std::int32_t>(node));
      }
    } else {
      front_left(owner);
      Femtoseconds first = kNever;
      for (const std::int32_t c : wire.requests) {
        first = std::min(first, channel(c).ready_at);
      }
      if (first != kNever) {
        decide_later(out, first);
      }
    }
  }
  has_flits(out);
  if (!from_source) {
    has_room(owner);
  }
}

void Network::front_left(std::int32_t c) {
  Channel& in = channel(c);
  in.packets.pop();
  in.granted = kNobody;
  in.taking = false;
  if (!in.packets.empty()) {
    front_known(c);
  }
}

void Network::take(std::int32_t c) {
  Channel& out = channel(c);
  if (out.packets.empty() || out.taking || out.ready_at > now_ ||
      stopped_[static_cast<std::size_t>(out.node)]) {
    return;
  }
  out.taking = true;
  out.read_free = std::max(out.read_free, now_);
  advance(~c);
}

void Network::advance_taking(std::int32_t c) {
  Channel& out = channel(c);
  if (!out.taking) {
    return;
  }
  bool moved = false;
  while (out.front_left > 0 && out.freed < out.sent) {
    const Femtoseconds leaves = std::max(out.arrivals[out.freed], out.read_free);
    out.departures[out.freed] = leaves + out.timing.credit;
    out.read_free = leaves + out.timing.flit_time;
    ++out.freed;
    --out.front_left;
    moved = true;
    if (out.front_left == 0) {
      schedule(leaves, EventKind::deliver, out.packets.front());
    }
  }
  if (moved) {
    if (out.front_left == 0) {
      front_left(c);
    }
    has_room(c);
  }
}

void Network::deliver(std::int32_t slot) {
  const Packet packet = packet_at(slot);
  free_slots_.push_back(slot);
  flying_[static_cast<std::size_t>(slot)].number = kNobody;
  --in_flight_;
  listener_.delivered(packet, now_);
}

void Network::run_until(Femtoseconds at) {
  while (!events_.empty() && events_.top().at <= at) {
    const Event event = events_.top();
    events_.pop();
    ++event_count_;
    now_ = event.at;
    switch (event.kind) {
      case EventKind::decide:
        decide(event.subject);
        break;
      case EventKind::take:
        take(event.subject);
        break;
      case EventKind::deliver:
        deliver(event.subject);
        break;
    }
  }
  now_ = std::max(now_, at);
}

Femtoseconds Network::run() {
  while (!events_.empty()) {
    run_until(events_.top().at);
  }
  return now_;
}

std::int64_t Network::flits_sent(std::int32_t node) const {
  return channel(way_in(node)).sent;
}
std::int64_t Network::flits_received(std::int32_t node) const {
  return channel(way_out(node)).freed;
}
std::int64_t Network::flits_over(std::size_t link) const {
  return channels_[link].sent;
}

}  // namespace cairn::hw::cycle
