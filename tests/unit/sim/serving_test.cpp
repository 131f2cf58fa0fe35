// One workload over several devices: what is shared, what is held by each, what host time costs.
#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "hw/host_time.h"
#include "models/importers/hugging_face.h"
#include "sim/compiled_workload.h"
#include "sim/cost_report.h"

using namespace cairn;       // NOLINT(google-build-using-namespace)
using namespace cairn::sim;  // NOLINT(google-build-using-namespace)
using models::Phase;

namespace {

CompiledWorkload llama_70b(std::int64_t ranks, std::int64_t stages) {
  Diagnostics diagnostics;
  const auto config = models::read_hugging_face("configs/models/llama-2-70b.json", diagnostics);
  diagnostics.throw_if_any();
  return compile(
      models::build_transformer(
          config, Phase::decode,
          {.batch = 1, .context = 99, .tensor_parallel = ranks, .pipeline_parallel = stages}),
      {});
}

/// Every group takes 1 ms and 1 J, reads 8 bits.
std::vector<GroupPrice> unit_prices(const CompiledWorkload& workload) {
  GroupPrice price;
  price.step.busy = 1e-3;
  price.energy[hw::EnergyComponent::dram] = 1;
  price.dram_read_bits = 8;
  std::vector<GroupPrice> prices(workload.unique.size(), price);
  return prices;
}

double groups_in(const CompiledWorkload& c) {
  double count = 0;
  for (const UniqueGroup& group : c.unique) {
    count += static_cast<double>(group.count);
  }
  return count;
}

}  // namespace

TEST_CASE("energy and traffic of a pass are those of all ranks, latency of one") {
  const CompiledWorkload four = llama_70b(4, 1);
  const WorkloadCost cost = total_cost(four, unit_prices(four), 10.0);
  const double groups = groups_in(four);
  CHECK(cost.latency_s == Approx(groups * 1e-3));
  CHECK(cost.dram_read_bits == Approx(4 * groups * 8));
  CHECK(cost.energy[hw::EnergyComponent::dram] == Approx(4 * groups));
  CHECK(cost.energy[hw::EnergyComponent::leakage] == Approx(4 * 10.0 * groups * 1e-3));
}

TEST_CASE("stages work one after the other and all burn static power") {
  const CompiledWorkload staged = llama_70b(1, 4);
  const WorkloadCost cost = total_cost(staged, unit_prices(staged), 10.0);
  const double groups = groups_in(staged);
  CHECK(cost.energy[hw::EnergyComponent::dram] == Approx(groups));
  CHECK(cost.energy[hw::EnergyComponent::leakage] == Approx(4 * 10.0 * groups * 1e-3));
}

TEST_CASE("a device holds its rank's part of its stage's blocks") {
  const CompiledWorkload one = llama_70b(1, 1);
  const CompiledWorkload stages = llama_70b(1, 4);
  const double outside = 32000.0 * 8192 * 16;  // the table at one end, the head at the other
  const double norm = 8192.0 * 16;             // the last one
  CHECK(stages.weight_bits == Approx((one.weight_bits - 2 * outside - norm) / 4 + outside + norm));
  CHECK(stages.kv_bits == Approx(one.kv_bits / 4));
  const CompiledWorkload ranks = llama_70b(8, 1);
  const double norms = 161 * norm;
  CHECK(ranks.weight_bits == Approx((one.weight_bits - norms) / 8 + norms));
  CHECK(ranks.kv_bits == Approx(one.kv_bits / 8));
}

TEST_CASE("host time runs beside the device, and the longer one counts") {
  const CompiledWorkload w = llama_70b(1, 1);
  const double device = groups_in(w) * 1e-3;
  CHECK(total_cost(w, unit_prices(w), 0.0, device / 2).latency_s == Approx(device));
  const WorkloadCost bound = total_cost(w, unit_prices(w), 10.0, 2 * device);
  CHECK(bound.latency_s == Approx(2 * device));
  CHECK(bound.energy[hw::EnergyComponent::leakage] == Approx(10.0 * 2 * device));
  CHECK(bound.time_by_bottleneck.at(static_cast<std::size_t>(hw::Bottleneck::latency)) ==
        Approx(device));
}

TEST_CASE("host time is that of the blocks, and more for a prompt") {
  const hw::HostTimeSpec host{.layer = Seconds{0.5e-3}, .prompt = Seconds{20e-3}};
  CHECK(host.of_pass(80, Phase::decode) == Approx(40e-3));
  CHECK(host.of_pass(80, Phase::prefill) == Approx(60e-3));
}
