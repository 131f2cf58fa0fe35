#include "sim/kernel/network_port.h"

#include <algorithm>
#include <deque>
#include <map>
#include <queue>

#include "core/error.h"
#include "hw/link/cycle/network.h"
#include "sim/kernel/waker.h"

namespace cairn::sim::kernel {
namespace {

using hw::cycle::Network;
using hw::cycle::Packet;

constexpr double kBitsPerByte = 8;

class PacketNetwork;

/// A memory behind the network.
class Front final : public MemoryModule, public Requester {
 public:
  Front(PacketNetwork& network, MemoryModule& behind, std::vector<std::int32_t> nodes)
      : network_(network), behind_(behind), nodes_(std::move(nodes)) {
    CAIRN_CHECK(!nodes_.empty(), "a memory behind a network without a node");
  }
  [[nodiscard]] std::uint64_t block_bytes() const override { return behind_.block_bytes(); }
  [[nodiscard]] bool offer(const Request& request, Femtoseconds& next) override;
  [[nodiscard]] MemoryActivity activity() const override { return behind_.activity(); }
  void start_run(double reach) override { behind_.start_run(reach); }
  void arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) override;
  void try_again() override;

  [[nodiscard]] MemoryModule& behind() { return behind_; }
  [[nodiscard]] std::int32_t node_of(std::uint64_t address) const {
    return nodes_[address / behind_.block_bytes() % nodes_.size()];
  }

 private:
  PacketNetwork& network_;
  MemoryModule& behind_;
  std::vector<std::int32_t> nodes_;
};

class PacketNetwork final : public Waker, public NetworkPort {
 public:
  explicit PacketNetwork(const hw::NetworkSpec& spec)
      : Waker("network"),
        spec_(spec),
        cycle_(hw::cycle::cycle_of(spec)),
        on_request_(*this, &PacketNetwork::request_came),
        on_answer_(*this, &PacketNetwork::answer_came),
        requests_(hw::cycle::topology_of(spec), on_request_),
        answers_(hw::cycle::topology_of(spec), on_answer_),
        nodes_(static_cast<std::size_t>(spec.nodes())) {}

  MemoryModule& in_front_of(MemoryModule& memory, const std::vector<std::int32_t>& nodes) override {
    return fronts_.emplace_back(*this, memory, nodes);
  }
  void place(const Requester& unit, std::int32_t node) override { places_[&unit] = node; }

  [[nodiscard]] std::vector<std::string> who_waits() const override {
    std::vector<std::string> lines;
    for (const Network* network : {&requests_, &answers_}) {
      for (const Network::Waiting& waiting : network->who_waits()) {
        lines.push_back((network == &requests_ ? "request " : "answer ") + waiting.text);
      }
    }
    return lines;
  }

  /// Sends a request on its way. \returns false for a unit that has no place.
  bool send(Front& front, const Request& request, Femtoseconds& next) {
    const auto place = places_.find(request.from);
    if (place == places_.end()) {
      return false;
    }
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(under_way_.size());
      under_way_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    const std::int32_t from = place->second;
    under_way_[slot] = {&front, request, from, front.node_of(request.address), request.bytes, 0};
    const std::int64_t flits = flits_of(request, request.write);
    requests_.send({from, under_way_[slot].to, flits, slot}, now());
    Femtoseconds& free_at = nodes_[static_cast<std::size_t>(from)].sends_until;
    free_at = std::max(free_at, now()) + flits * cycle_;
    next = free_at;
    wake();
    return true;
  }

  /// The memory has served part of a request.
  void served(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) {
    UnderWay& way = under_way_[slot];
    way.at = std::max(way.at, at);
    way.missing -= bytes;
    if (way.missing == 0) {
      due_.push({way.at, slot});
      wake_at(std::max(now(), due_.top().first));
    }
  }

  void try_again() {
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].refused) {
        nodes_[n].refused = false;
        offer(static_cast<std::int32_t>(n));
      }
    }
    wake();
  }

 private:
  /// Hands deliveries of one of the two networks to a member.
  class Listener final : public hw::cycle::NetworkListener {
   public:
    using Member = void (PacketNetwork::*)(const Packet&);
    Listener(PacketNetwork& owner, Member member) : owner_(owner), member_(member) {}
    void delivered(const Packet& packet, Femtoseconds /*at*/) override {
      (owner_.*member_)(packet);
    }

   private:
    PacketNetwork& owner_;
    Member member_;
  };
  struct UnderWay {
    Front* front{};
    Request request;
    std::int32_t from{};
    std::int32_t to{};
    std::uint64_t missing{};  ///< bytes that the memory has not served
    Femtoseconds at{};        ///< when the last of the others was
  };
  struct Node {
    Femtoseconds sends_until{};
    std::deque<std::uint32_t> waiting;  ///< requests that came and were not handed on
    bool refused{};                     ///< the memory has no room
    bool stopped{};                     ///< takes no further packets
    Femtoseconds not_before{};          ///< when it can serve another one
  };
  using Due = std::pair<Femtoseconds, std::uint32_t>;

  [[nodiscard]] std::int64_t flits_of(const Request& request, bool with_data) const {
    return hw::cycle::packet_flits(
        spec_, with_data ? static_cast<double>(request.bytes) * kBitsPerByte : 0.0);
  }

  void request_came(const Packet& packet) {
    Node& node = nodes_[static_cast<std::size_t>(packet.destination)];
    node.waiting.push_back(static_cast<std::uint32_t>(packet.tag));
    offer(packet.destination);
  }

  /// Hands requests that have come to a node on to the memory, as far as it takes them.
  void offer(std::int32_t n) {
    Node& node = nodes_[static_cast<std::size_t>(n)];
    while (!node.waiting.empty() && !node.refused) {
      if (node.not_before > now()) {
        ready_.push({node.not_before, static_cast<std::uint32_t>(n)});
        break;
      }
      const std::uint32_t slot = node.waiting.front();
      const UnderWay way = under_way_[slot];
      Request request = way.request;
      request.from = way.front;
      request.slot = slot;
      Femtoseconds next = now();
      node.waiting.pop_front();  // before the offer: an answer may come at once
      if (!way.front->behind().offer(request, next)) {
        node.waiting.push_front(slot);
        node.refused = true;
        break;
      }
      node.not_before = std::max(node.not_before, next);
    }
    if (node.waiting.empty() != node.stopped) {
      return;
    }
    node.stopped = !node.waiting.empty();
    if (node.stopped) {
      requests_.stop(n);
    } else {
      requests_.resume(n, now());
    }
  }

  void answer_came(const Packet& packet) {
    const auto slot = static_cast<std::uint32_t>(packet.tag);
    const Request request = under_way_[slot].request;
    free_.push_back(slot);
    request.from->arrives(request.slot, request.bytes, now());
  }

  void run() override {
    const Femtoseconds time = now();
    running_ = true;
    while (true) {
      while (!ready_.empty() && ready_.top().first <= time) {
        const auto node = static_cast<std::int32_t>(ready_.top().second);
        ready_.pop();
        offer(node);
      }
      while (!due_.empty() && due_.top().first <= time) {
        const std::uint32_t slot = due_.top().second;
        due_.pop();
        const UnderWay& way = under_way_[slot];
        answers_.send({way.to, way.from, flits_of(way.request, !way.request.write), slot}, time);
      }
      requests_.run_until(time);
      answers_.run_until(time);
      if (next_event() > time) {
        break;
      }
    }
    running_ = false;
    wake();
  }

  [[nodiscard]] Femtoseconds next_event() const {
    Femtoseconds next = std::numeric_limits<Femtoseconds>::max();
    for (const Network* network : {&requests_, &answers_}) {
      if (!network->idle()) {
        next = std::min(next, network->next_event());
      }
    }
    if (!due_.empty()) {
      next = std::min(next, due_.top().first);
    }
    if (!ready_.empty()) {
      next = std::min(next, ready_.top().first);
    }
    return next;
  }
  void wake() {
    const Femtoseconds next = next_event();
    if (!running_ && next != std::numeric_limits<Femtoseconds>::max()) {
      wake_at(std::max(next, now()));
    }
  }

  hw::NetworkSpec spec_;
  Femtoseconds cycle_{};
  Listener on_request_;
  Listener on_answer_;
  Network requests_;
  Network answers_;
  std::deque<Front> fronts_;
  std::map<const Requester*, std::int32_t> places_;
  std::vector<Node> nodes_;
  std::vector<UnderWay> under_way_;
  std::vector<std::uint32_t> free_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;    ///< answers to send
  std::priority_queue<Due, std::vector<Due>, std::greater<>> ready_;  ///< nodes to look at
  bool running_{};
};

bool Front::offer(const Request& request, Femtoseconds& next) {
  return network_.send(*this, request, next) || behind_.offer(request, next);
}
void Front::arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) {
  network_.served(slot, bytes, at);
}
void Front::try_again() {
  network_.try_again();
}

}  // namespace

std::unique_ptr<NetworkPort> make_network(const hw::cycle::NetworkPlacement& placement) {
  return std::make_unique<PacketNetwork>(placement.spec);
}

}  // namespace cairn::sim::kernel
