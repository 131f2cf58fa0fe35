#include "sim/schedule/list_scheduler.h"

#include <catch2/catch.hpp>

#include "core/error.h"

using cairn::Seconds;
using cairn::sim::schedule;
using cairn::sim::Task;

TEST_CASE("tasks on two resources overlap where nothing forbids it") {
  // a (3) on x; b (2) on y after nothing; c (4) on y after a: c starts at 3.
  const std::vector<Task> tasks{
      {"a", 0, Seconds{3}, {}}, {"b", 1, Seconds{2}, {}}, {"c", 1, Seconds{4}, {0}}};
  const auto s = schedule(tasks, {"x", "y"});
  CHECK(s.slots[1].start.count() == 0);
  CHECK(s.slots[2].start.count() == 3);
  CHECK(s.makespan.count() == 7);
}

TEST_CASE("a resource serves one task at a time, ties by number") {
  const std::vector<Task> tasks{{"a", 0, Seconds{1}, {}}, {"b", 0, Seconds{1}, {}}};
  const auto s = schedule(tasks, {"x"});
  CHECK(s.slots[0].end.count() == 1);
  CHECK(s.slots[1].start.count() == 1);
}

TEST_CASE(
    "a task that waits for itself, a later one, or a resource that does not exist is our bug") {
  CHECK_THROWS_AS(schedule({{"a", 0, Seconds{1}, {0}}}, {"x"}), cairn::InternalError);
  CHECK_THROWS_AS(schedule({{"a", 1, Seconds{1}, {}}}, {"x"}), cairn::InternalError);
}
