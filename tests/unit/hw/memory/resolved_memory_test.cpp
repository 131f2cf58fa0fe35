// What a memory of a system becomes when it names its part.

#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "hw/system.h"

namespace cairn::hw {
namespace {

MemorySpec memory_of(const std::string& text) {
  Diagnostics diagnostics;
  Node root = parse_yaml(text, "configs/hardware/test.yaml", diagnostics);
  resolve_extends(root, "configs/hardware/test.yaml", diagnostics);
  MemorySpec memory;
  read(root, memory, diagnostics);
  diagnostics.throw_if_any();
  return memory;
}

Technology technology() {
  Diagnostics diagnostics;
  Technology loaded = load_technology("configs/technology/cmos_7nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  return loaded;
}

constexpr const char* kPart =
    "kind: ddr4\nchannels: 2\npart: {extends: ../memory/ddr4_8gb_x8_2400r.yaml}\n";

TEST_CASE("a memory that names its part takes all it leaves open from there") {
  const ResolvedMemory memory = resolve("dram", memory_of(kPart), technology());
  CHECK(memory.capacity_bits == Approx(2 * 8.0 * 8 * 1024 * 1024 * 1024));
  CHECK(memory.peak_bandwidth == Approx(2 * 64 * 2400e6));
  // Long streams lose the refresh, (433 + 16 + 16) / 9364 of the time.
  CHECK(memory.bandwidth == Approx(2 * 64 * 2400e6 * (1 - 465.0 / 9364)));
  CHECK(memory.latency_s == Approx(52 * 0.833e-9));
  // 64 B at random places: the cell of configs/memory/run_shares.csv, near the closed form's one
  // activate in 6.5 cycles, 4 of which carry data.
  CHECK(memory.bandwidth_of_runs(512) == Approx(2 * 64 * 2400e6 * 0.5856).epsilon(1e-4));
  CHECK(memory.bandwidth_of_runs(512) == Approx(memory.bandwidth * 4 / 6.5).epsilon(0.01));
  // Energies of its commands: 8 devices x (162 - 51.6) mW x 4 x 0.833 ns on 512 bits, 4 pJ/b, and
  // an activate's 8 x (57.6 x 55 - 51.6 x 39 - 40.8 x 16) mW x 0.833 ns on a row of 65536 bits.
  CHECK(memory.read_energy ==
        Approx(8 * 110.4e-3 * 4 * 0.833e-9 / 512 + 4e-12 +
               8 * (57.6 * 55 - 51.6 * 39 - 40.8 * 16) * 1e-3 * 0.833e-9 / 65536));
  // Open all the time, and refreshes: 8 x 51.6 mW, 8 x (300 - 51.6) mW x 433 / 9364; two channels.
  CHECK(memory.static_power == Approx(2 * 8 * (51.6e-3 + (300 - 51.6) * 1e-3 * 433 / 9364)));
  CHECK(memory.area_mm2 > 0);
}

TEST_CASE("what a file gives beside the part wins") {
  const ResolvedMemory memory = resolve(
      "dram", memory_of(std::string{kPart} + "capacity: 1 GiB\nachievable: 0.5\nlatency: 80 ns\n"),
      technology());
  CHECK(memory.capacity_bits == Approx(2 * 8.0 * 1024 * 1024 * 1024));
  CHECK(memory.bandwidth == Approx(0.5 * 2 * 64 * 2400e6));
  CHECK(memory.latency_s == Approx(80e-9));
}

TEST_CASE("a memory without a part has no row effects") {
  const ResolvedMemory memory =
      resolve("dram", memory_of("kind: ddr4\ncapacity: 1 GiB\nbandwidth: 10 GB/s\n"), technology());
  CHECK(memory.bandwidth_of_runs(8) == memory.bandwidth);
}

}  // namespace
}  // namespace cairn::hw
