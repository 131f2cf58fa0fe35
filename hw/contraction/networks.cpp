#include "hw/contraction/networks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "hw/device.h"

namespace cairn::hw {
namespace {

std::int64_t power_of_two(std::int64_t exponent) {
  return std::int64_t{1} << exponent;
}

///

}  // namespace

std::int64_t network_ports(std::int64_t words) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(words)));
}

std::int64_t butterfly_stages(std::int64_t ports) {
  return std::countr_zero(static_cast<std::uint64_t>(ports));
}

std::int64_t butterfly_congestion(std::span<const std::int64_t> destination) {
  const auto ports = static_cast<std::int64_t>(destination.size());
  CAIRN_CHECK(ports > 0 && network_ports(ports) == ports, "ports of a butterfly: a power of two");
  std::int64_t most = 1;
  std::vector<std::int64_t> paths(destination.size());
  for (std::int64_t stage = 0; stage < butterfly_stages(ports); ++stage) {
    // Behind this stage the lowest bits are those of the destination, the others still its own.
    std::fill(paths.begin(), paths.end(), 0);
    const std::int64_t low = power_of_two(stage + 1) - 1;
    for (std::int64_t source = 0; source < ports; ++source) {
      const std::int64_t wire =
          (source & ~low) | (destination[static_cast<std::size_t>(source)] & low);
      most = std::max(most, ++paths[static_cast<std::size_t>(wire)]);
    }
  }
  return most;
}

std::int64_t butterfly_passes(std::int64_t ports, std::int64_t run) {
  const std::int64_t together = std::gcd(ports, run);  // of a power of two: one as well
  return power_of_two(butterfly_stages(ports / together) / 2);
}

double SwitchNetwork::hops(double copies) const {
  if (stages == 0) {
    return 0;
  }
  // A single path down to the aligned block of the copies, then a binary tree.
  return static_cast<double>(stages) - std::log2(copies) + 2 * (copies - 1);
}

SwitchNetwork make_network(const Technology& technology, std::int64_t words, std::int64_t stages,
                           std::int64_t word_bits, double voltage_scale) {
  SwitchNetwork network;
  network.ports = network_ports(words);
  network.stages = stages;
  // Each bit is written to the register of a stage and read from it by the next.
  network.hop_energy =
      2 * technology.register_access().energy.count() * (1 + kMultiplexerShare) * voltage_scale;

  const auto bits = static_cast<double>(network.ports * stages * word_bits);
  network.area_mm2 = bits * technology.register_area().count() * (1 + kMultiplexerShare) *
                     kSquareMillimetresPerSquareMetre;
  return network;
}

}  // namespace cairn::hw
