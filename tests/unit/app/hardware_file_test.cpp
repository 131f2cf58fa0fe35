#include "app/hardware_file.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn::app {
namespace {

std::string first_problem(const std::vector<std::string>& overrides) {
  try {
    static_cast<void>(load_system("configs/hardware/edge_npu.yaml", overrides));
  } catch (const ConfigError& e) {
    return e.diagnostics().at(0).path + ": " + e.diagnostics().at(0).message;
  }
  return "";
}

TEST_CASE("a machine is built from a file, with overrides over it") {
  const LoadedSystem usual = load_system("configs/hardware/edge_npu.yaml", {});
  const LoadedSystem wider =
      load_system("configs/hardware/edge_npu.yaml", {"devices.array.rows=128"});
  const auto rows = [](const LoadedSystem& s) {
    return std::get<hw::SystolicArraySpec>(s.spec.devices.at("array")).rows;
  };
  CHECK(rows(usual) == 64);
  CHECK(rows(wider) == 128);
  CHECK(wider.machine->area_mm2() > usual.machine->area_mm2());
}

TEST_CASE("formats that nobody names are those of the device") {
  CHECK(default_formats(*load_system("configs/hardware/edge_npu.yaml", {}).machine).weights ==
        models::kInt8);
  CHECK(default_formats(*load_system("configs/hardware/a100.yaml", {}).machine).weights ==
        models::kFp16);
}

TEST_CASE("what cannot be built is reported at the field that is to blame") {
  CHECK(first_problem({"devices.array.clock=9 GHz"})
            .starts_with("devices.array.clock: clock of 9 GHz is above"));
  CHECK(first_problem({"devices.array.backing=weight_buffer"})
            .starts_with("memories.weight_buffer: a backing memory needs"));
  CHECK(first_problem({"technology=none.yaml"}).find("cannot read") != std::string::npos);
}

}  // namespace
}  // namespace cairn::app
