/// \file
/// The same network clock by clock, flit by flit, as a reference for the model that jumps from
/// event to event. It shares the topology and nothing else.
#include <deque>
#include <map>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "support.h"

using namespace cairn;             // NOLINT(google-build-using-namespace)
using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)
using cairn::test::kCycle;
using cairn::test::Log;

namespace {

struct Sent {
  Packet packet;
  std::int64_t cycle{};
};

class ClockedNetwork {
 public:
  explicit ClockedNetwork(Topology topology) : net_(std::move(topology)) {
    const std::size_t nodes = net_.nodes.size();
    inputs_.resize(net_.routers.size());
    for (const Topology::Link& link : net_.links) {
      add(link.timing, link.to);
    }
    for (std::size_t n = 0; n < nodes; ++n) {
      add(net_.nodes[n].in, net_.nodes[n].router);
    }
    for (std::size_t n = 0; n < nodes; ++n) {
      add(net_.nodes[n].out, -1);
    }
    sources_.resize(nodes);
  }

  /// Cycle in which the last flit of each packet arrived, by tag.
  std::map<std::uint64_t, std::int64_t> run(const std::vector<Sent>& traffic) {
    std::map<std::uint64_t, std::int64_t> done;
    std::size_t next = 0;
    for (std::int64_t cycle = 0; done.size() < traffic.size(); ++cycle) {
      REQUIRE(cycle < 1'000'000);
      for (; next < traffic.size() && traffic[next].cycle <= cycle; ++next) {
        const Packet& p = traffic[next].packet;
        for (std::int64_t f = 0; f < p.flits; ++f) {
          sources_[static_cast<std::size_t>(p.source)].push_back(
              {p, f == 0, f + 1 == p.flits, cycle});
        }
      }
      for (Wire& wire : wires_) {
        while (!wire.credits_back.empty() && wire.credits_back.front() <= cycle) {
          wire.credits_back.pop_front();
          ++wire.credits;
        }
      }
      const std::size_t ends = net_.links.size() + net_.nodes.size();
      for (std::size_t w = 0; w < wires_.size(); ++w) {
        if (w < net_.links.size() || w >= ends) {
          route(w, cycle);
        }
      }
      for (std::size_t w = ends; w < wires_.size(); ++w) {  // nodes take what has arrived
        Wire& wire = wires_[w];
        while (!wire.buffer.empty() && wire.buffer.front().since <= cycle) {
          if (wire.buffer.front().last) {
            done[wire.buffer.front().packet.tag] = cycle;
          }
          wire.buffer.pop_front();
          wire.credits_back.push_back(cycle + wire.timing.credit / kCycle);
        }
      }
      for (std::size_t n = 0; n < sources_.size(); ++n) {
        Wire& in = wires_[net_.links.size() + n];
        if (!sources_[n].empty() && in.credits > 0) {
          Flit flit = sources_[n].front();
          sources_[n].pop_front();
          --in.credits;
          flit.since = cycle;
          in.buffer.push_back(flit);
        }
      }
    }
    return done;
  }

 private:
  struct Flit {
    Packet packet;
    bool first{};
    bool last{};
    std::int64_t since{};
  };
  struct Wire {
    WireTiming timing;
    std::int32_t to{};
    std::deque<Flit> buffer;
    std::int64_t credits{};
    std::deque<std::int64_t> credits_back;
    std::int64_t owner{-1};
    std::int64_t last_winner{-1};  ///< place among the inputs of the router
    std::int64_t read_at{-1};      ///< cycle in which a flit was read
  };
  void add(const WireTiming& timing, std::int32_t to) {
    if (to >= 0) {
      inputs_[static_cast<std::size_t>(to)].push_back(wires_.size());
    }
    Wire& wire = wires_.emplace_back();
    wire.timing = timing;
    wire.to = to;
    wire.credits = timing.depth;
  }
  [[nodiscard]] std::size_t wanted(std::size_t router, const Packet& packet) const {
    const std::int32_t link = net_.link_at(static_cast<std::int32_t>(router), packet.destination);
    return link >= 0 ? static_cast<std::size_t>(link)
                     : net_.links.size() + net_.nodes.size() +
                           static_cast<std::size_t>(packet.destination);
  }
  /// One cycle of the switch in front of wire \p w.
  void route(std::size_t w, std::int64_t cycle) {
    Wire& out = wires_[w];
    const auto router = static_cast<std::size_t>(
        w < net_.links.size() ? net_.links[w].from
                              : net_.nodes[w - net_.links.size() - net_.nodes.size()].router);
    const std::vector<std::size_t>& inputs = inputs_[router];
    const auto ready = [&](const Wire& in) {
      return !in.buffer.empty() && in.read_at < cycle &&
             in.buffer.front().since + net_.router_latency / kCycle <= cycle;
    };
    if (out.owner < 0) {
      for (std::size_t i = 1; i <= inputs.size(); ++i) {
        const std::size_t place =
            static_cast<std::size_t>(out.last_winner + static_cast<std::int64_t>(i)) %
            inputs.size();
        const Wire& in = wires_[inputs[place]];
        if (ready(in) && in.buffer.front().first && wanted(router, in.buffer.front().packet) == w) {
          out.owner = static_cast<std::int64_t>(inputs[place]);
          out.last_winner = static_cast<std::int64_t>(place);
          break;
        }
      }
    }
    if (out.owner < 0) {
      return;
    }
    Wire& in = wires_[static_cast<std::size_t>(out.owner)];
    if (!ready(in) || out.credits == 0) {
      return;
    }
    Flit flit = in.buffer.front();
    in.buffer.pop_front();
    in.read_at = cycle;
    in.credits_back.push_back(cycle + in.timing.credit / kCycle);
    if (in.timing.credit == 0) {
      in.credits_back.pop_back();
      ++in.credits;
    }
    --out.credits;
    if (flit.last) {
      out.owner = -1;
    }
    flit.since = cycle + out.timing.latency / kCycle;
    out.buffer.push_back(flit);
  }

  Topology net_;
  std::vector<Wire> wires_;
  std::vector<std::vector<std::size_t>> inputs_;
  std::vector<std::deque<Flit>> sources_;
};

}  // namespace

TEST_CASE("every packet arrives in the very cycle of a model that works clock by clock") {
  Rng rng(derive_seed(2, "network against clocked model"));
  for (int round = 0; round < 120; ++round) {
    NetworkSpec spec = round % 3 == 0
                           ? cairn::test::crossbar(rng.uniform_int(2, 9))
                           : cairn::test::mesh(rng.uniform_int(1, 4), rng.uniform_int(2, 4));
    spec.buffer_depth = rng.uniform_int(1, 7);
    spec.router_latency = Cycles{rng.uniform_int(1, 4)};
    spec.link_latency = Cycles{rng.uniform_int(1, 3)};
    const std::int64_t gap = rng.uniform_int(0, 4);  // from a flood to little traffic
    std::vector<Sent> traffic;
    std::int64_t cycle = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      cycle += rng.uniform_int(0, gap);
      traffic.push_back({{static_cast<std::int32_t>(rng.uniform_int(0, spec.nodes() - 1)),
                          static_cast<std::int32_t>(rng.uniform_int(0, spec.nodes() - 1)),
                          rng.uniform_int(1, 8), i},
                         cycle});
    }
    const auto expected = ClockedNetwork(topology_of(spec)).run(traffic);
    Log log;
    Network net(topology_of(spec), log);
    for (const Sent& sent : traffic) {
      net.run_until(sent.cycle * kCycle - 1);
      net.send(sent.packet, sent.cycle * kCycle);
    }
    net.run();
    std::size_t equal = 0;
    for (const auto& [packet, at] : log.arrivals) {
      equal += at == expected.at(packet.tag) * kCycle ? 1U : 0U;
    }
    CAPTURE(round, spec.buffer_depth, spec.router_latency.count(), spec.link_latency.count());
    CHECK(equal == traffic.size());
  }
}
