// What must hold on every family alike, on the hardware files that come with the project: random
// products are never faster than the peak nor slower with more memory bandwidth, and the parts of
// an energy are its sum.

#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include <catch2/catch.hpp>

#include "app/hardware_file.h"
#include "core/random.h"
#include "hw/system.h"

namespace cairn::app {
namespace {

constexpr int kProducts = 40;
constexpr double kRounding = 1e-9;

models::Operator random_product(Rng& rng, const hw::Machine& machine) {
  const auto extent = [&rng] { return std::int64_t{1} << rng.uniform_int(0, 9); };
  models::MatMul shape;
  shape.m = extent() + rng.uniform_int(0, 7);
  shape.n = extent() + rng.uniform_int(0, 7);
  shape.k = extent() + rng.uniform_int(0, 7);
  models::Operator op;
  op.shape = shape;
  op.formats = default_formats(machine);
  return op;
}

hw::Estimate price(const hw::Machine& machine, const models::Operator& op) {
  return machine.price({&op, {}, 0}, {}, hw::MappingObjective::latency);
}

/// The same system with twice the bandwidth behind it.
hw::Machine with_more_bandwidth(const LoadedSystem& system) {
  hw::SystemSpec spec = system.spec;
  for (auto& [name, memory] : spec.memories) {
    if (name == system.machine->backing().name && memory.bandwidth) {
      memory.bandwidth = Bandwidth{2 * memory.bandwidth->count()};
    }
  }
  return {spec, system.technology};
}

TEST_CASE("on every family: never above the peak, never slower with more, parts sum up") {
  for (const char* stem :
       {"tpu_v1",        "bitfusion", "edge_npu_ddr4", "spatial_small", "row_stationary_64x64",
        "eyeriss",       "v100",      "a100",          "h100",          "orin",
        "mi300x",        "hbm_pim",   "gddr6_aim",     "duplex",        "upmem",
        "sram_cim_22nm", "isaac",     "stm32l4r5",     "stm32h743",     "rp2040",
        "gap9"}) {
    CAPTURE(stem);
    const LoadedSystem system = load_system(std::string{"configs/hardware/"} + stem + ".yaml", {});
    const hw::Machine faster = with_more_bandwidth(system);
    Rng rng(derive_seed(1, stem));
    int ran = 0;
    for (int i = 0; i < kProducts; ++i) {
      const models::Operator op = random_product(rng, *system.machine);
      const auto& shape = std::get<models::MatMul>(op.shape);
      CAPTURE(shape.m, shape.n, shape.k);
      const hw::Estimate estimate = price(*system.machine, op);
      const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
      if (cost == nullptr) {
        continue;  // refused: no room
      }
      ++ran;
      const double latency = cost->latency_s();
      REQUIRE(std::isfinite(latency));
      CHECK(latency * system.machine->peak_macs_per_second(op.formats) >=
            static_cast<double>(cost->macs) * (1 - kRounding));
      double sum = 0;
      for (const double part : cost->energy.joules) {
        CHECK(part >= 0);
        sum += part;
      }
      CHECK(sum == cost->energy.total());
      const hw::Estimate again = price(faster, op);
      const auto* more = std::get_if<hw::OperatorCost>(&again);
      REQUIRE(more != nullptr);
      CHECK(more->latency_s() <= latency * (1 + kRounding));
    }
    CHECK(ran > 0);
  }
}

}  // namespace
}  // namespace cairn::app
