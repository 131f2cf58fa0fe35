#include "hw/systolic/scratchpad_words.h"

#include <catch2/catch.hpp>

#include "hw/system.h"

using cairn::Bandwidth;
using cairn::bytes;
using cairn::Diagnostics;
using cairn::Frequency;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

/// A 4 x 4 weight-stationary array behind three scratchpads of 4 KiB.
Machine machine(SystolicTiming timing, std::int64_t cores = 1) {
  Diagnostics diagnostics;
  const Technology technology = load_technology("configs/technology/cmos_45nm.yaml", diagnostics);
  diagnostics.throw_if_any();
  SystemSpec system;
  system.memories.add(
      "dram",
      {.kind = MemoryKind::ddr4, .capacity = bytes(1LL << 32U), .bandwidth = Bandwidth{64e9}});
  for (const char* name : {"w", "a", "o"}) {
    system.memories.add(name, {.kind = MemoryKind::sram, .capacity = bytes(4096)});
  }
  SystolicArraySpec array;
  array.rows = 4;
  array.cols = 4;
  array.dataflow = Dataflow::weight_stationary;
  array.timing = timing;
  array.cores = cores;
  array.clock = Frequency{500e6};
  array.vector_lanes = 16;
  array.weights_from = "w";
  array.activations_from = "a";
  array.outputs_to = "o";
  array.backing = "dram";
  system.devices.add("array", array);
  return {system, technology};
}

std::optional<ArrayTraffic> words(const Machine& m, const Operator& op,
                                  const MappingConstraint& mapping = {}) {
  const GroupView group{&op, {}, 0};
  const Estimate estimate = m.price(group, mapping, MappingObjective::latency);
  const auto* cost = std::get_if<OperatorCost>(&estimate);
  REQUIRE(cost != nullptr);
  return scratchpad_words(std::get<SystolicArray>(m.primary()), group, cost->mapping);
}

Operator product(std::int64_t batch) {
  Operator op;
  op.name = "op";
  op.shape = MatMul{
      .batch = batch, .m = 10, .n = 6, .k = 9, .weight = batch == 1, .distinct_weights = batch > 1};
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

}  // namespace

TEST_CASE("words of a product that fits: each weight once, inputs for each fold of columns") {
  // k 9 on 4 rows: 3 folds; n 6 on 4 columns: 2.
  const std::optional<ArrayTraffic> w = words(machine(SystolicTiming::rtl), product(1));
  REQUIRE(w.has_value());
  CHECK(w->weights == 9 * 6);
  CHECK(w->activations == 10 * 9 * 2);
  CHECK(w->output_writes == 10 * 6 * 3);
  CHECK(w->output_reads == 10 * 6 * 2);
}

TEST_CASE("words of a tiled product: weights come again for each tile of time") {
  MappingConstraint mapping;
  mapping.tile[0] = 4;  // m 10 in three tiles
  const Operator op = product(1);
  CHECK(words(machine(SystolicTiming::rtl), op, mapping)->weights == 3 * 9 * 6);
  // The simulator whose counts `scalesim` gives knows no tiles.
  CHECK(words(machine(SystolicTiming::scalesim), op, mapping)->weights == 9 * 6);
}

TEST_CASE("words count every instance, and are left out where there is no single product") {
  const Operator op = product(3);
  CHECK(words(machine(SystolicTiming::rtl), op)->weights == 3 * 9 * 6);
  CHECK_FALSE(words(machine(SystolicTiming::rtl, 2), product(1)).has_value());
  Operator softmax;
  softmax.name = "softmax";
  softmax.shape = Softmax{.rows = 4, .columns = 8};
  softmax.formats = {kInt8, kInt8, kInt8};
  CHECK_FALSE(words(machine(SystolicTiming::rtl), softmax).has_value());
}
