#include <catch2/catch.hpp>

#include "sim/kernel/machine_simulation.h"
#include "tests/unit/sim/kernel/tasks.h"

namespace cairn {
namespace {

using hw::cycle::Task;
using hw::cycle::Unit;
using sim::MachineSimulation;
using sim::SimulationResult;
using tests::compute;
using tests::program;

Unit unit(const char* name) {
  Unit u{};
  u.name = name;
  return u;
}

Task barrier(std::vector<std::uint32_t> after = {}) {
  Task task = compute(0, 0, std::move(after));
  task.kind = hw::cycle::TaskKind::barrier;
  return task;
}

}  // namespace

TEST_CASE("a circle through two units and a barrier ends with the list of who waits for whom") {
  // Stream 0 has taken both units for work behind the barrier; stream 1 needs them, x and then y,
  // before it comes to the barrier.
  MachineSimulation machine({unit("x"), unit("y")}, {}, {}, {});
  const SimulationResult result =
      machine.run(program({{barrier(), compute(0, 1, {1}), compute(1, 1, {2})},
                           {compute(0, 1), compute(1, 1, {1}), barrier({1})}}));
  CAPTURE(result.deadlock);
  CHECK_THAT(result.deadlock,
             Catch::Contains("x: task 1 of stream 0 (`work` on x) waits for task 0 of its stream"));
  CHECK_THAT(result.deadlock,
             Catch::Contains("y: task 2 of stream 0 (`work` on y) waits for task 0 of its stream"));
  CHECK_THAT(result.deadlock,
             Catch::Contains("stream 0: task 0 waits at a barrier that 1 of 2 streams reached"));
  // And why stream 1 does not reach it.
  CHECK_THAT(result.deadlock, Catch::Contains("stream 1: the barrier of task 2 waits for task 1"));
  CHECK_THAT(result.deadlock, Catch::Contains("x: task 0 of stream 1 (`work` on x) waits behind "
                                              "task 1 of stream 0"));
  CHECK_THAT(result.deadlock, Catch::Contains("y: task 1 of stream 1 (`work` on y) waits behind "
                                              "task 2 of stream 0"));
}

TEST_CASE("the same work in an order that every stream can keep has no deadlock") {
  MachineSimulation machine({unit("x"), unit("y")}, {}, {}, {});
  const SimulationResult result =
      machine.run(program({{compute(0, 1), compute(1, 1, {1}), barrier({1})},
                           {barrier(), compute(0, 1, {1}), compute(1, 1, {2})}}));
  CHECK(result.deadlock.empty());
  CHECK(result.tasks == 6);
}

}  // namespace cairn
