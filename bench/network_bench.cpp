/// \file
/// How fast networks are simulated: packets of a 64-byte cache line (1 + 4 flits of 16 bytes)
/// between random nodes, from little traffic to saturation.
#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include "core/random.h"
#include "hw/link/cycle/network.h"

namespace {

using cairn::hw::NetworkKind;
using cairn::hw::NetworkSpec;
using cairn::hw::cycle::Femtoseconds;
using cairn::hw::cycle::Network;
using cairn::hw::cycle::Packet;

class Count final : public cairn::hw::cycle::NetworkListener {
 public:
  void delivered(const Packet& packet, Femtoseconds /*at*/) override {
    ++packets;
    flits += packet.flits;
  }
  std::int64_t packets{};
  std::int64_t flits{};
};

void measure(const NetworkSpec& spec, const char* name, double load) {
  constexpr std::int64_t kPackets = 500'000;
  constexpr std::int64_t kFlits = 5;
  Count count;
  Network net(cairn::hw::cycle::topology_of(spec), count);
  cairn::Rng rng(cairn::derive_seed(1, "network bench"));
  const double gap = static_cast<double>(kFlits) / load / static_cast<double>(spec.nodes());
  const auto cycle = static_cast<double>(cairn::hw::cycle::cycle_of(spec));
  const auto start = std::chrono::steady_clock::now();
  double at = 0;
  for (std::int64_t i = 0; i < kPackets; ++i) {
    at += gap * cycle * 2 * rng.uniform01();
    const auto time = static_cast<Femtoseconds>(at);
    net.run_until(time);
    net.send({static_cast<std::int32_t>(rng.uniform_int(0, spec.nodes() - 1)),
              static_cast<std::int32_t>(rng.uniform_int(0, spec.nodes() - 1)), kFlits, 0},
             time);
  }
  const Femtoseconds end = net.run();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print(
      "{:<16} load {:4.2f}: {:5.2f} M packets/s, {:4.2f} events a packet, {:6.1f} M cycles/s\n",
      name, load, static_cast<double>(count.packets) / seconds / 1e6,
      static_cast<double>(net.events()) / static_cast<double>(count.packets),
      static_cast<double>(end) / cycle / seconds / 1e6);
}

}  // namespace

int main() {
  NetworkSpec spec;
  spec.flit_width = cairn::Bits{128};
  spec.clock = cairn::Frequency{1e9};
  spec.buffer_depth = 8;
  for (const double load : {0.01, 0.1, 0.3}) {
    spec.kind = NetworkKind::crossbar;
    spec.ports = 16;
    spec.columns.reset();
    spec.rows.reset();
    measure(spec, "crossbar 16", load);
    spec.kind = NetworkKind::mesh;
    spec.ports.reset();
    spec.columns = 4;
    spec.rows = 4;
    measure(spec, "mesh 4 x 4", load);
    spec.columns = 8;
    spec.rows = 8;
    measure(spec, "mesh 8 x 8", load);
  }
  return 0;
}
