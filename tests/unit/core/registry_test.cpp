#include "core/registry.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("things are found by name, in the order of registration") {
  Registry<int> registry{"search algorithm"};
  registry.add("random", 1);
  registry.add("exhaustive", 2);
  CHECK(*registry.find("exhaustive") == 2);
  CHECK(registry.find("nsga2") == nullptr);
  CHECK(registry.names() == std::vector<std::string>{"random", "exhaustive"});
  CHECK(registry.size() == 2);
}

TEST_CASE("a name that is not there gets a message with the nearest") {
  Registry<int> registry{"search algorithm"};
  registry.add("random", 1);
  registry.add("exhaustive", 2);
  CHECK(registry.unknown("exhaustiv") == "unknown search algorithm 'exhaustiv'");
  CHECK(registry.hint("exhaustiv") == "did you mean 'exhaustive'?");
  CHECK(registry.hint("nsga2") == "one of: random, exhaustive");
}

TEST_CASE("a name registered twice is our own mistake") {
  Registry<int> registry{"device"};
  registry.add("gpu", 1);
  CHECK_THROWS_AS(registry.add("gpu", 2), InternalError);
}

}  // namespace
}  // namespace cairn
