// What the programs of arrays load, compute and store, against the closed form that they follow.

#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "app/hardware_file.h"
#include "core/random.h"
#include "hw/spatial/cycle/spatial_program.h"
#include "hw/systolic/cycle/systolic_program.h"

namespace cairn::app {
namespace {

constexpr int kProducts = 60;

struct Totals {
  double read_bits{};
  double write_bits{};
  double multiply_s{};
  std::int64_t transfers{};
};

/// Adds up a program, and checks that every task waits for earlier ones only.
Totals totals_of(hw::cycle::Program& program) {
  Totals totals;
  for (const auto& stream : program.streams) {
    hw::cycle::Task task;
    std::uint64_t number = 0;
    while (stream->next(task)) {
      for (const std::uint32_t distance : task.after) {
        REQUIRE(distance <= number);
      }
      if (task.kind == hw::cycle::TaskKind::transfer) {
        const double bits = 8.0 * static_cast<double>(task.transfer.total_bytes());
        (task.transfer.write ? totals.write_bits : totals.read_bits) += bits;
        ++totals.transfers;
      } else if (program.activities.at(task.activity) == "multiply") {
        totals.multiply_s += hw::cycle::to_seconds(task.duration);
      }
      ++number;
      task = hw::cycle::Task{};
    }
  }
  return totals;
}

models::Operator random_product(Rng& rng, const models::Formats& formats) {
  models::MatMul shape;
  shape.m = rng.uniform_int(1, 300);
  shape.n = rng.uniform_int(1, 900);
  shape.k = rng.uniform_int(1, 900);
  shape.batch = rng.uniform_int(0, 3) == 0 ? rng.uniform_int(2, 5) : 1;
  shape.weight = shape.batch == 1;
  models::Operator op;
  op.name = "product";
  op.shape = shape;
  op.formats = formats;
  return op;
}

template <class Model>
void follows_the_closed_form(const char* stem) {
  const LoadedSystem system = load_system(std::string{"configs/hardware/"} + stem + ".yaml", {});
  const auto& model = std::get<Model>(system.machine->primary());
  Rng rng(derive_seed(3, stem));
  for (int i = 0; i < kProducts; ++i) {
    const models::Operator op = random_product(rng, default_formats(*system.machine));
    const hw::GroupView group{&op, {}, 0};
    const hw::Estimate estimate = system.machine->price(group, {}, hw::MappingObjective::latency);
    if (std::holds_alternative<hw::Infeasible>(estimate)) {
      continue;
    }
    const auto& cost = std::get<hw::OperatorCost>(estimate);
    auto program = hw::cycle::program_of(model, group, cost, system.machine->memories());
    REQUIRE(std::holds_alternative<hw::cycle::Program>(program));
    const Totals totals = totals_of(std::get<hw::cycle::Program>(program));
    const auto& shape = std::get<models::MatMul>(op.shape);
    CAPTURE(stem, shape.batch, shape.m, shape.n, shape.k, hw::to_text(cost.mapping));
    // Every transfer is rounded up to whole bytes.
    const double rounding =
        8.0 * static_cast<double>(totals.transfers) + 1e-6 * cost.dram_read_bits;
    CHECK(totals.read_bits >= cost.dram_read_bits * (1 - 1e-9));
    CHECK(totals.read_bits <= cost.dram_read_bits + rounding);
    CHECK(totals.write_bits >= cost.dram_write_bits * (1 - 1e-9));
    CHECK(totals.write_bits <= cost.dram_write_bits + rounding);
    CHECK(totals.multiply_s > 0);
    // Work of the array is part of the closed form's time, and not much more than it.
    CHECK(totals.multiply_s <= cost.latency_s() * 1.02 + 1e-9);
  }
}

}  // namespace

TEST_CASE("the program of a systolic array moves the bits of the closed form, one core") {
  follows_the_closed_form<hw::SystolicArray>("edge_npu");
}

TEST_CASE("the program of a spatial array moves the bits of the closed form") {
  follows_the_closed_form<hw::SpatialArray>("spatial_small");
}

}  // namespace cairn::app
