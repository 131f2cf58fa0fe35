#include "core/log.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("the level decides what is written, at first warnings and errors") {
  CHECK(log::enabled(log::Level::warn));
  CHECK(!log::enabled(log::Level::info));
  CHECK(log::set_level("debug"));
  CHECK(log::enabled(log::Level::debug));
  CHECK(!log::enabled(log::Level::trace));
  CHECK(log::set_level("error"));
  CHECK(!log::enabled(log::Level::warn));
  CHECK(!log::set_level("loud"));
  CHECK(!log::enabled(log::Level::warn));
  log::info("not shown: {}", 1);
  log::set_level(log::Level::warn);
}

}  // namespace
}  // namespace cairn
