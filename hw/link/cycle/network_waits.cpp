#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "hw/link/cycle/network.h"

namespace cairn::hw::cycle {

std::string Network::name_of(std::int32_t slot) const {
  const Flying& f = flying_[static_cast<std::size_t>(slot)];
  return fmt::format("packet {} ({} -> {})", f.number,
                     topology_.nodes[static_cast<std::size_t>(f.packet.source)].name,
                     topology_.nodes[static_cast<std::size_t>(f.packet.destination)].name);
}

std::string Network::wire_name(std::int32_t c) const {
  const auto router = [&](std::int32_t r) {
    return topology_.routers[static_cast<std::size_t>(r)];
  };
  const Channel& wire = channel(c);
  if (c < first_in_) {
    const Topology::Link& link = topology_.links[static_cast<std::size_t>(c)];
    return fmt::format("the link from {} to {}", router(link.from), router(link.to));
  }
  const Topology::Node& node = topology_.nodes[static_cast<std::size_t>(wire.node)];
  return c < first_out_ ? fmt::format("the way from {} into {}", node.name, router(node.router))
                        : fmt::format("the way from {} to {}", router(node.router), node.name);
}

Network::Waiting Network::waiting_of(std::int32_t slot) const {
  const Flying& flying = flying_[static_cast<std::size_t>(slot)];
  const auto number = [&](std::int32_t s) { return flying_[static_cast<std::size_t>(s)].number; };
  const auto waits = [&](const std::string& what, std::int32_t holder) {
    return Waiting{flying.number, number(holder),
                   fmt::format("{} waits for {} {}", name_of(slot), what, name_of(holder))};
  };
  if (flying.head_at == kNobody) {
    const std::int32_t in = way_in(flying.packet.source);
    return waits(fmt::format("room behind {}, taken by", wire_name(in)),
                 channel(in).packets.front());
  }
  const Channel& at = channel(flying.head_at);
  if (at.packets.front() != slot) {
    return waits(fmt::format("its turn behind {}, after", wire_name(flying.head_at)),
                 at.packets.front());
  }
  if (at.to_router < 0) {
    return {flying.number, kNobody,
            fmt::format("{} waits for {}, which takes nothing", name_of(slot),
                        topology_.nodes[static_cast<std::size_t>(at.node)].name)};
  }
  const std::int32_t next = next_channel(at, flying.packet);
  const Channel& wire = channel(next);
  if (at.granted == next) {
    return waits(fmt::format("room behind {}, taken by", wire_name(next)), wire.packets.front());
  }
  const std::int32_t holder = wire.owner == kSource
                                  ? source_queues_[static_cast<std::size_t>(wire.node)].front()
                                  : channel(wire.owner).packets.front();
  return waits(fmt::format("{}, held by", wire_name(next)), holder);
}

std::vector<Network::Waiting> Network::who_waits() const {
  std::vector<Waiting> found;
  if (!idle()) {
    return found;
  }
  std::vector<std::int32_t> slots;
  const auto add = [&](std::int32_t slot) {
    if (std::find(slots.begin(), slots.end(), slot) == slots.end()) {
      slots.push_back(slot);
    }
  };
  for (const Channel& c : channels_) {
    if (!c.packets.empty()) {
      add(c.packets.front());
    }
  }
  for (const Fifo<std::int32_t>& queue : source_queues_) {
    if (!queue.empty()) {
      add(queue.front());
    }
  }
  std::map<std::int64_t, std::int64_t> held_by;
  for (const std::int32_t slot : slots) {
    found.push_back(waiting_of(slot));
    held_by[found.back().packet] = found.back().held_by;
  }
  // A packet is on a circle when following its holders comes back to it.
  std::set<std::int64_t> circle;
  for (const auto& [packet, holder] : held_by) {
    std::int64_t at = holder;
    for (std::size_t steps = 0; steps < held_by.size() && at != packet; ++steps) {
      const auto next = held_by.find(at);
      if (next == held_by.end()) {
        break;
      }
      at = next->second;
    }
    if (at == packet) {
      circle.insert(packet);
    }
  }
  std::stable_sort(found.begin(), found.end(), [&](const Waiting& a, const Waiting& b) {
    return std::pair{!circle.contains(a.packet), a.packet} <
           std::pair{!circle.contains(b.packet), b.packet};
  });
  return found;
}

}  // namespace cairn::hw::cycle
