/// \file
/// A collective played packet by packet: what hw/link/collective.h prices in closed form.
///
/// A message leaves its rank when all that it waits for has arrived there and the port is free;
/// of several the earliest chunk goes first. Packets of a long message move in trains.
///
/// Assumes:    all ranks begin together; reduction takes no time; the library's launch comes first.
/// Ignores:    everything that DeviceLinks ignores.
/// Checked by: tests/unit/hw/link_cycle/played_collective_test.cpp (by hand, and against the closed
///             form on random pairs)
#pragma once

#include <cstdint>
#include <optional>

#include "hw/link/collective.h"
#include "hw/link/cycle/device_links.h"

namespace cairn::hw::cycle {

struct PlayedCollective {
  double total{};           ///< s
  double sent_bits{};       ///< payload, by one rank, on average
  double header_bits{};     ///< beside it
  double link_energy{};     ///< J of one rank, on average
  std::int64_t messages{};  ///< of all ranks
  std::uint64_t events{};   ///< of the network
};

/// \returns nothing where the algorithm does not apply (see messages_of()).
/// Precondition: as collective_time(); ranks > 1.
[[nodiscard]] std::optional<PlayedCollective> play(const Interconnect& interconnect,
                                                   models::CollectiveKind kind,
                                                   CollectiveAlgorithm algorithm, double bits,
                                                   std::int64_t ranks,
                                                   const DeviceLinkOptions& options = {});

}  // namespace cairn::hw::cycle
