#include "sim/memory/tensor_placement.h"

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "models/importers/hugging_face.h"
#include "sim/evaluator.h"
#include "sim/technology_library.h"

using cairn::Diagnostics;
using cairn::hw::Machine;
using cairn::hw::MemorySpec;
using cairn::hw::SystemSpec;
using cairn::hw::TensorKind;
using cairn::models::build_transformer;
using cairn::models::Phase;
using cairn::sim::CompiledWorkload;
using cairn::sim::MemoryDemand;
using cairn::sim::MemoryTiers;
using cairn::sim::PlacedTensors;
using cairn::sim::report_workload;
using cairn::sim::WorkloadReport;

namespace {

constexpr double kGib = 8.0 * 1024 * 1024 * 1024;

/// An A100 as its file says, or with the memory of a host and a disk behind it.
Machine a100(bool tiers) {
  Diagnostics diagnostics;
  const cairn::Node node = cairn::load_yaml("configs/hardware/a100.yaml", diagnostics);
  SystemSpec spec;
  cairn::read(node, spec, diagnostics);
  diagnostics.throw_if_any();
  if (tiers) {
    MemorySpec host;
    host.kind = cairn::hw::MemoryKind::ddr4;
    host.capacity = cairn::Bits{32LL * 8 * 1024 * 1024 * 1024};
    host.bandwidth = cairn::Bandwidth{25e9 * 8};
    MemorySpec disk = host;
    disk.capacity = cairn::Bits{1024LL * 8 * 1024 * 1024 * 1024};
    disk.bandwidth = cairn::Bandwidth{4e9 * 8};
    spec.memories.add("host", host);
    spec.memories.add("disk", disk);
    spec.placement.weights = {"hbm", "host", "disk"};
    spec.placement.kv_cache = {"hbm", "host"};
  }
  REQUIRE(spec.problems().empty());
  cairn::sim::TechnologyLibrary technologies;
  return {spec, technologies.load(spec.technology)};
}

CompiledWorkload llama_70b(std::int64_t batch, std::int64_t context) {
  Diagnostics diagnostics;
  const auto config =
      cairn::models::read_hugging_face("configs/models/llama-2-70b.json", diagnostics);
  diagnostics.throw_if_any();
  return cairn::sim::compile(
      build_transformer(config, Phase::decode, {.batch = batch, .context = context}), {});
}

}  // namespace

TEST_CASE("without a placement everything lies in the device's memory") {
  const MemoryTiers tiers(a100(false));
  REQUIRE(tiers.tiers().size() == 1);
  MemoryDemand demand;
  demand[TensorKind::weights] = 20 * kGib;
  demand[TensorKind::kv_cache] = 10 * kGib;
  demand[TensorKind::activations] = kGib;
  const PlacedTensors placed = tiers.place(demand);
  CHECK_FALSE(placed.shortage);
  CHECK(placed.count == 3);
  for (const auto& part : placed.view()) {
    CHECK_FALSE(part.spilled);
  }
}

TEST_CASE("what has no room goes to the next tier, weights last") {
  const MemoryTiers tiers(a100(true));
  const double hbm = tiers.home(TensorKind::weights).capacity_bits;
  MemoryDemand demand;
  demand[TensorKind::activations] = kGib;
  demand[TensorKind::kv_cache] = hbm / 2;
  demand[TensorKind::weights] = 0.75 * hbm;
  demand.idle_weights = kGib;
  const PlacedTensors placed = tiers.place(demand);
  REQUIRE(placed.count == 4);
  CHECK(placed.parts[2].bits == hbm / 2 - kGib);  // weights that still fit
  CHECK(placed.parts[3].spilled);
  CHECK(placed.parts[3].bits == hbm / 4 + kGib);
  // The idle weights are among the spilled ones and are not moved.
  CHECK(placed.parts[3].moved_bits == hbm / 4);
  CHECK(tiers.tiers()[placed.parts[3].tier].name == "host");
}

TEST_CASE("activations are not split") {
  const MemoryTiers tiers(a100(true));
  MemoryDemand demand;
  demand[TensorKind::activations] = tiers.home(TensorKind::activations).capacity_bits + 80;
  const PlacedTensors placed = tiers.place(demand);
  REQUIRE(placed.shortage);
  CHECK(placed.shortage->over_bits == 80);
  CHECK(placed.shortage->kind == TensorKind::activations);
}

TEST_CASE("the limit of a memory is its last bit") {
  const MemoryTiers tiers(a100(false));
  MemoryDemand demand;
  demand[TensorKind::weights] = tiers.home(TensorKind::weights).capacity_bits;
  CHECK_FALSE(tiers.place(demand).shortage);
  demand[TensorKind::weights] += 1;
  REQUIRE(tiers.place(demand).shortage);
  CHECK(tiers.place(demand).shortage->over_bits == 1);
}

TEST_CASE("spilled weights stream at the bandwidth of their tier") {
  // 137.96 GB of fp16 weights; what the HBM does not hold comes over 25 GB/s for every token, and
  // that is longer than everything the device does.
  const Machine machine = a100(true);
  const CompiledWorkload w = llama_70b(1, 127);
  const auto report = report_workload(w, machine, cairn::hw::MappingObjective::latency);
  const auto& good = std::get<WorkloadReport>(report);
  double host = 0;
  double disk = 0;
  for (const auto& part : good.placed.view()) {
    const auto& tier = good.tiers.tiers()[part.tier];
    (tier.name == "host" ? host : disk) += tier.name != "hbm" ? part.bits : 0.0;
  }
  CHECK(host == 32 * kGib);
  CHECK(disk == Approx(w.weight_bits + w.kv_bits + w.activation_bits - 32 * kGib -
                       good.tiers.home(TensorKind::weights).capacity_bits)
                    .margin(1));
  const double slowest = std::max(host / (25e9 * 8), disk / (4e9 * 8));
  CHECK(good.cost.latency_s == Approx(slowest).epsilon(1e-3));
  CHECK(good.cost.spilled_bits == Approx(host + disk));
  // Parts of the energy still add up with the time that waiting adds.
  CHECK(good.cost.energy[cairn::hw::EnergyComponent::leakage] ==
        Approx(machine.static_power() * good.cost.latency_s));
}

TEST_CASE("a refusal says what, where, how much over, and what would fit") {
  const Machine machine = a100(false);
  const CompiledWorkload w = llama_70b(4, 2047);
  const auto report = report_workload(w, machine, cairn::hw::MappingObjective::latency);
  const auto& refused = std::get<cairn::hw::Infeasible>(report);
  CHECK_THAT(refused.what, Catch::StartsWith("memories.hbm.capacity: the workload needs "));
  CHECK_THAT(refused.what, Catch::Contains(" bytes over; would fit with: "));
  // 138 GB in 16 bits, 69 GB in 8: the widest format that fits 80 GB beside 2.7 GB of cache.
  CHECK_THAT(refused.what, Catch::Contains("int8 weights"));
  // The weights alone are too large, so no batch and no context helps.
  CHECK_THAT(refused.what, !Catch::Contains("batch"));
  CHECK_THAT(refused.what, !Catch::Contains("context"));
  CHECK_THAT(refused.what, Catch::Contains("capacity 144 GiB"));
}

TEST_CASE("each change that a refusal names is computed: one more would not fit") {
  // 35 GB of weights leave room for some of 64 sequences, 1.3 GB of cache each.
  const Machine machine = a100(false);
  const auto fits = [&](std::int64_t batch, std::int64_t context) {
    CompiledWorkload w = llama_70b(batch, context);
    w.weight_bits = 70e9 * 4;
    w.matrix_bits = w.weight_bits;
    const auto report = report_workload(w, machine, cairn::hw::MappingObjective::latency);
    const auto* refused = std::get_if<cairn::hw::Infeasible>(&report);
    return refused == nullptr ? std::string{} : refused->what;
  };
  const std::string refusal = fits(64, 4095);
  const auto number_after = [&](const std::string& word) {
    const std::size_t at = refusal.find(word + " ");
    return at == std::string::npos ? 0 : std::stoll(refusal.substr(at + word.size() + 1));
  };
  const std::int64_t batch = number_after("or batch") + number_after("with: batch");
  const std::int64_t context = number_after("context");
  REQUIRE(batch > 0);
  CHECK(fits(batch, 4095).empty());
  CHECK_FALSE(fits(batch + 1, 4095).empty());
  REQUIRE(context > 0);
  CHECK(fits(64, context).empty());
  CHECK_FALSE(fits(64, context + 8).empty());
}
