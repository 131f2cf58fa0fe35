/// \file
/// The on-chip network of a machine: requests of units go to memory channels as packets, and the
/// data comes back as packets.
///
/// Requests and answers travel on two networks of the same shape, so that neither can hold up the
/// other for ever. A read is one flit one way and its data the other; a write is its data one way
/// and one flit the other. A channel's node takes the next request when the memory can: behind one
/// that cannot, requests fill the buffers on the way (back pressure).
///
/// Assumes:    a channel is the block of addresses that its memory serves at a time, in turn over
///             the nodes; a unit offers its next request when its node has sent the one before.
/// Ignores:    clock crossings, but for the wait for the next cycle of the network.
/// Reference:  hw/link/cycle/network.h
/// Checked by: tests/unit/sim/network/network_port_test.cpp
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hw/cycle/device_program.h"
#include "sim/kernel/memory_module.h"

namespace cairn::sim::kernel {

class NetworkPort {
 public:
  NetworkPort() = default;
  NetworkPort(const NetworkPort&) = delete;
  NetworkPort& operator=(const NetworkPort&) = delete;
  NetworkPort(NetworkPort&&) = delete;
  NetworkPort& operator=(NetworkPort&&) = delete;
  virtual ~NetworkPort() = default;

  /// The memory as units see it, whose channels are at \p nodes. It belongs to this object.
  [[nodiscard]] virtual MemoryModule& in_front_of(MemoryModule& memory,
                                                  const std::vector<std::int32_t>& nodes) = 0;
  /// Where a unit sits. One that has no place asks memories directly.
  virtual void place(const Requester& unit, std::int32_t node) = 0;
  /// Packets that wait for each other, when nothing happens any more.
  [[nodiscard]] virtual std::vector<std::string> who_waits() const = 0;
};

/// One SystemC process. Precondition: nothing in the placement contradicts its network.
[[nodiscard]] std::unique_ptr<NetworkPort> make_network(
    const hw::cycle::NetworkPlacement& placement);

}  // namespace cairn::sim::kernel
