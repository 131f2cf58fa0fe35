/// \file
/// Random (operator, hardware) pairs for mapping studies.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/random.h"
#include "hw/systolic/nest.h"

namespace cairn::hw::testing {

struct MappingPair {
  GemmMachine machine;
  GemmProblem problem;
};

inline std::int64_t log_uniform(Rng& rng, double low, double high) {
  return static_cast<std::int64_t>(
      std::llround(std::exp(std::log(low) + rng.uniform01() * std::log(high / low))));
}

/// Pair number \p index of the stream: GEMMs with extents up to \p largest (one row in four is a
/// vector, as in decode), arrays of 4 to 128 PEs a side, scratchpads of 4 KiB to 1 MiB, 2 to 16 bit
/// operands, 2 to 400 GB/s.
inline MappingPair mapping_pair(std::uint64_t index, double largest) {
  Rng rng(derive_seed(20240611, "mapping pairs", index));
  MappingPair pair;
  GemmMachine& g = pair.machine;
  g.rows = log_uniform(rng, 4, 128);
  g.cols = log_uniform(rng, 4, 128);
  g.dataflow = static_cast<Dataflow>(rng.uniform_int(0, 2));
  g.overlap = static_cast<FoldOverlap>(rng.uniform_int(0, 1));
  g.clock = 1e9;
  g.dram_bandwidth = 8e9 * static_cast<double>(log_uniform(rng, 2, 400));
  g.dram_latency = 100e-9;
  g.dram_read_energy = g.dram_write_energy = 4e-12;
  g.slot = {0, 1, 2};
  for (std::size_t s = 0; s < 3; ++s) {
    g.capacity.at(s) = 8.0 * static_cast<double>(log_uniform(rng, 4096, 1048576));
  }
  g.port_bandwidth.fill(std::numeric_limits<double>::infinity());
  g.read_energy.fill(0.02e-12);
  g.write_energy.fill(0.02e-12);
  g.vector_rate = 128e9;
  g.decode_rate = 256e9;
  g.mac_energy = 0.1e-12;
  g.register_energy = 0.1e-12;
  g.vector_energy = 1e-12;
  GemmProblem& p = pair.problem;
  const bool vector = rng.uniform_int(0, 3) == 0;
  p.extent = {vector ? 1 : log_uniform(rng, 2, largest), log_uniform(rng, 8, largest),
              log_uniform(rng, 8, largest)};
  p.instances = rng.uniform_int(0, 3) == 0 ? rng.uniform_int(2, 16) : 1;
  p.weight_bits = static_cast<double>(rng.uniform_int(2, 16));
  p.activation_bits = 8;
  p.output_bits = 8;
  p.partial_bits = 32;
  return pair;
}

}  // namespace cairn::hw::testing
