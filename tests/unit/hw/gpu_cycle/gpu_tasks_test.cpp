#include "hw/gpu/cycle/gpu_tasks.h"

#include <catch2/catch.hpp>

namespace cairn::hw::cycle {
namespace {

TEST_CASE("pieces grow from one step and shrink to one, and cover all steps") {
  CHECK(pieces_of(5, 1) == std::vector<std::int64_t>{1, 2, 3, 4, 5});
  // 1, 2, 4, then 16 in fours, then 4, 2, 1.
  CHECK(pieces_of(22, 4) == std::vector<std::int64_t>{1, 3, 7, 11, 15, 19, 21, 22});
  for (std::int64_t steps = 1; steps < 200; ++steps) {
    for (const std::int64_t most : {1, 2, 5, 16}) {
      const std::vector<std::int64_t> ends = pieces_of(steps, most);
      REQUIRE(ends.back() == steps);
      std::int64_t before = 0;
      for (const std::int64_t end : ends) {
        REQUIRE(end > before);
        REQUIRE(end - before <= most);
        before = end;
      }
    }
  }
}

TEST_CASE("every SM gets one block before any gets a second, first come first served") {
  // 7 blocks, 3 SMs that hold 2 each: the first wave is 0 3, 1 4, 2 5; then one is left.
  BlockDispatcher dispatcher(7, 3, 2);
  std::vector<std::int64_t> blocks;
  dispatcher.next(blocks);
  CHECK(blocks == std::vector<std::int64_t>{0, 3});
  dispatcher.next(blocks);
  CHECK(blocks == std::vector<std::int64_t>{1, 4});
  dispatcher.next(blocks);
  CHECK(blocks == std::vector<std::int64_t>{2, 5});
  dispatcher.next(blocks);
  CHECK(blocks == std::vector<std::int64_t>{6});
  dispatcher.next(blocks);
  CHECK(blocks.empty());
}

TEST_CASE("a task that waits for more than it can name waits for tasks that name the rest") {
  TaskList list(0);
  std::vector<std::uint64_t> loads;
  loads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    loads.push_back(list.delay(SmUnit::copy, GpuActivity::load, 1e-9));
  }
  list.compute(GpuActivity::multiply, 1e-9, loads);
  std::vector<bool> named(8);
  Task task;
  for (std::uint64_t number = 0; !list.empty(); ++number) {
    list.pop(task);
    for (const std::uint32_t distance : task.after) {
      if (distance != 0) {
        named.at(number - distance) = true;
      }
    }
    CHECK(task.unit == (number < 8 ? 1 : 0));
  }
  CHECK(named == std::vector<bool>(8, true));
}

}  // namespace
}  // namespace cairn::hw::cycle
