#include "app/validation/accuracy.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "app/hardware_file.h"

namespace cairn::app {
namespace {

AccuracyRow row(std::string family, std::string device, std::string metric, Truth truth,
                std::size_t rows, double error) {
  return {"id", std::move(family), std::move(device), "s", std::move(metric), truth, rows, error,
          0.0};
}

std::vector<hw::SystemSpec> system_of(const std::string& stem) {
  return {load_system("configs/hardware/" + stem + ".yaml", {}).spec};
}

TEST_CASE("the tables of a device itself come before those of its family, silicon first") {
  const std::vector<AccuracyRow> rows{
      row("gpu", "h100", "latency", Truth::silicon, 100, 0.05),
      row("gpu", "a100", "latency", Truth::chart_read, 50, 0.2),
      row("gpu", "a100", "latency", Truth::silicon, 10, 0.06),
  };
  const auto lines = accuracy_of(system_of("a100"), rows);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text ==
        "latency: 6.0 % mean error against measured silicon (10 rows; a100 x s; id)");
  CHECK(lines[1].text ==
        "latency: 20.0 % mean error against measurements read off charts (50 rows; a100 x s; id)");
  CHECK(lines[0].known);
}

TEST_CASE("a device without a table is told what its family reaches, and that it has none") {
  const auto lines =
      accuracy_of(system_of("a100"), {row("gpu", "h100", "latency", Truth::silicon, 1, 0.05)});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text ==
        "latency: 5.0 % mean error against measured silicon (1 row; h100 x s; id)");
  CHECK(lines[1].text == "(no table for a100 itself)");
}

TEST_CASE("a family that was never compared says so") {
  const auto lines =
      accuracy_of(system_of("a100"), {row("mcu", "m4", "latency", Truth::silicon, 1, 0.05)});
  REQUIRE(lines.size() == 1);
  CHECK(!lines[0].known);
}

TEST_CASE("the area band is the mean over dies on silicon") {
  // (1 x 10 % + 3 x 20 %) / 4 = 17.5 %
  CHECK(area_accuracy({row("gpu", "x", "area", Truth::silicon, 1, 0.10),
                       row("mcu", "y", "area", Truth::silicon, 3, 0.20),
                       row("mcu", "z", "area", Truth::recalled, 9, 0.90)}) ==
        "within 18 % on 4 dies");
  CHECK(area_accuracy({}).empty());
}

TEST_CASE("a table of several systems is a table of each") {
  const auto lines = accuracy_of(
      system_of("a100"), {row("gpu", "h100, a100, v100", "latency", Truth::silicon, 1, 0.05)});
  CHECK(lines.size() == 1);  // no remark that a100 has no table
}

TEST_CASE("the terminal says the range of the best truth of a family") {
  const auto lines =
      accuracy_of(system_of("a100"), {row("gpu", "a100", "latency", Truth::silicon, 100, 0.05),
                                      row("gpu", "a100", "power", Truth::silicon, 20, 0.08),
                                      row("gpu", "a100", "latency", Truth::recalled, 7, 0.5)});
  CHECK(accuracy_sentence("gpu", lines) ==
        "accuracy of gpu: 5.0 to 8.0 % mean error, 120 rows of measured silicon");
  CHECK(accuracy_sentence("mcu", lines) == "accuracy of mcu: no reference figure, error not known");
}

}  // namespace
}  // namespace cairn::app
