#include "hw/link/cycle/played_collective.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "core/error.h"
#include "hw/link/cycle/message_plan.h"
#include "hw/link/cycle/network.h"

namespace cairn::hw::cycle {
namespace {

class Player final : public NetworkListener {
 public:
  Player(const DeviceLinks& links, const std::vector<Message>& plan)
      : links_(links), plan_(plan), network_(links.topology(), *this) {
    missing_.resize(plan.size());
    heirs_.resize(plan.size());
    ports_.resize(links.topology().nodes.size());
    for (std::size_t m = 0; m < plan.size(); ++m) {
      for (const std::int32_t before : plan[m].after) {
        if (before != Message::kNone) {
          ++missing_[m];
          heirs_[static_cast<std::size_t>(before)].push_back(m);
        }
      }
    }
  }

  Femtoseconds play() {
    for (std::size_t m = 0; m < plan_.size(); ++m) {
      if (missing_[m] == 0) {
        ready(m);
      }
    }
    for (std::size_t p = 0; p < ports_.size(); ++p) {
      feed(p, 0);
    }
    while (!network_.idle() || !due_.empty()) {
      if (due_.empty() || (!network_.idle() && network_.next_event() <= due_.top().first)) {
        network_.run_until(network_.next_event());
        continue;
      }
      const auto [at, port] = due_.top();
      due_.pop();
      feed(port, at);
    }
    CAIRN_CHECK(arrived_ == plan_.size(), "a collective ended with messages under way");
    return last_;
  }

  void delivered(const Packet& packet, Femtoseconds at) override {
    ++arrived_;
    last_ = std::max(last_, at);
    for (const std::size_t heir : heirs_[packet.tag]) {
      if (--missing_[heir] == 0) {
        feed(ready(heir), at);
      }
    }
  }
  [[nodiscard]] std::uint64_t events() const { return network_.events(); }

 private:
  using Ready = std::pair<std::int64_t, std::size_t>;  ///< order, number: the lowest goes first
  /// What waits for one receiver.
  struct Flow {
    std::int32_t to{};
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    std::uint64_t last_turn{};
  };
  struct Port {
    std::vector<Flow> flows;
    Femtoseconds free_at{};
  };

  /// Queues a message at its port. \returns the port.
  std::size_t ready(std::size_t m) {
    const Message& message = plan_[m];
    const bool between = links_.between_nodes(message.from, message.to);
    const auto port = static_cast<std::size_t>(links_.port(message.from, between));
    const std::int32_t to = links_.port(message.to, between);
    std::vector<Flow>& flows = ports_[port].flows;
    auto flow = std::find_if(flows.begin(), flows.end(), [&](const Flow& f) { return f.to == to; });
    if (flow == flows.end()) {
      flow = flows.insert(flows.end(), Flow{.to = to, .ready = {}});
    }
    flow->ready.push({message.order, m});
    return port;
  }

  /// Hands the next message to the network when the port has sent the one before. Receivers take
  /// turns.
  void feed(std::size_t p, Femtoseconds now) {
    Port& port = ports_[p];
    if (port.free_at > now) {
      return;  // a call is due then
    }
    Flow* next = nullptr;
    for (Flow& flow : port.flows) {
      if (!flow.ready.empty() &&
          (next == nullptr || std::pair{flow.last_turn, flow.ready.top()} <
                                  std::pair{next->last_turn, next->ready.top()})) {
        next = &flow;
      }
    }
    if (next == nullptr) {
      return;
    }
    const std::size_t m = next->ready.top().second;
    next->ready.pop();
    next->last_turn = ++turns_;
    const std::int64_t flits = links_.packets(plan_[m].bits);
    network_.send({static_cast<std::int32_t>(p), next->to, flits, m}, now);
    port.free_at = now + flits * links_.topology().nodes[p].in.flit_time;
    due_.push({port.free_at, p});
  }

  const DeviceLinks& links_;
  const std::vector<Message>& plan_;
  Network network_;
  std::vector<std::int32_t> missing_;            ///< arrivals that each message still waits for
  std::vector<std::vector<std::size_t>> heirs_;  ///< messages that wait for each
  std::vector<Port> ports_;
  using Due = std::pair<Femtoseconds, std::size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;  ///< when ports are free again
  std::uint64_t turns_{};
  std::size_t arrived_{};
  Femtoseconds last_{};
};

/// Packets as long as the messages, which are all alike but for two lengths, allow; those of long
/// messages in trains, 512 to a message.
void choose_packets(const std::vector<Message>& plan, DeviceLinkOptions& options) {
  constexpr double kMostInMessage = 512;
  double longest = 0;
  for (const Message& m : plan) {
    longest = std::max(longest, m.bits);
  }
  const double packets = std::ceil(longest / options.packet.payload_bits);
  options.payload_bits = longest / packets;
  const double trains = std::min(packets, kMostInMessage);
  options.train = packets / trains;
  options.message = static_cast<std::int64_t>(trains);
}

}  // namespace

std::optional<PlayedCollective> play(const Interconnect& net, models::CollectiveKind kind,
                                     CollectiveAlgorithm algorithm, double bits, std::int64_t ranks,
                                     const DeviceLinkOptions& options) {
  const auto plan = messages_of(kind, algorithm, bits, ranks, net.ranks_per_node);
  if (!plan) {
    return std::nullopt;
  }
  DeviceLinkOptions with = options;
  if (!options.window) {
    choose_packets(*plan, with);
  }
  std::vector<DeviceLinks::Pair> pairs;
  for (const Message& m : *plan) {
    pairs.emplace_back(m.from, m.to);
  }
  const DeviceLinks links(net, ranks, pairs, with);
  Player player(links, *plan);
  PlayedCollective result;
  result.total = net.launch + to_seconds(player.play());
  double inside = 0;
  double across = 0;
  for (const Message& m : *plan) {
    (links.between_nodes(m.from, m.to) ? across : inside) += m.bits;
  }
  const double n =
      kind == models::CollectiveKind::point_to_point ? 1.0 : static_cast<double>(ranks);
  result.sent_bits = (inside + across) / n;
  result.header_bits = result.sent_bits * (1 / links.payload_share() - 1);
  result.link_energy =
      (inside * net.intra.energy + (net.inter ? across * net.inter->energy : 0.0)) / n;
  result.messages = static_cast<std::int64_t>(plan->size());
  result.events = player.events();
  return result;
}

}  // namespace cairn::hw::cycle
