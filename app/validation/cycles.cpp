#include "app/validation/cycles.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <variant>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "hw/system.h"

namespace cairn::app {
namespace {

namespace fs = std::filesystem;

/// Arrays of several sizes in an otherwise fixed system.
class ArraysLikeSimulated {
 public:
  explicit ArraysLikeSimulated(const fs::path& hardware)
      : base_(load_system(hardware.string(), {})) {}

  const hw::Machine& get(std::int64_t rows, std::int64_t cols, hw::Dataflow dataflow) {
    std::unique_ptr<hw::Machine>& machine = machines_[{rows, cols, dataflow}];
    if (!machine) {
      hw::SystemSpec spec = base_.spec;
      auto& array = std::get<hw::SystolicArraySpec>(spec.devices.items.front().second);
      array.rows = rows;
      array.cols = cols;
      array.dataflow = dataflow;
      array.timing = hw::SystolicTiming::scalesim;
      CAIRN_CHECK(!hw::Machine::problem(spec, base_.technology), "an array cannot be built");
      machine = std::make_unique<hw::Machine>(spec, base_.technology);
    }
    return *machine;
  }

 private:
  LoadedSystem base_;
  std::map<std::tuple<std::int64_t, std::int64_t, hw::Dataflow>, std::unique_ptr<hw::Machine>>
      machines_;
};

}  // namespace

CycleComparison compare_cycles(const fs::path& table) {
  ReferenceTable rows(table, {"rows", "cols", "dataflow", "m", "n", "k", "cycles"});
  ArraysLikeSimulated arrays(configs_directory() / "hardware" / "edge_npu.yaml");
  CycleComparison result;
  result.table = table.filename().string();
  while (rows.next()) {
    const std::optional<hw::Dataflow> dataflow =
        enum_from_text<hw::Dataflow>(rows.text("dataflow"));
    if (!dataflow) {
      rows.wrong("dataflow", "a dataflow");
    }
    const hw::Machine& machine = arrays.get(rows.count("rows"), rows.count("cols"), *dataflow);
    models::MatMul shape;
    shape.m = rows.count("m");
    shape.n = rows.count("n");
    shape.k = rows.count("k");
    const hw::Estimate estimate = price_product(machine, shape);
    const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
    const std::int64_t expected = rows.count("cycles");
    ++result.rows;
    if (cost != nullptr && cost->cycles == expected) {
      ++result.equal;
    } else if (result.first_difference.empty()) {
      result.first_difference = fmt::format(
          "line {}: {}x{} {}, m {} n {} k {}: {}, SCALE-Sim {}", rows.line(), rows.text("rows"),
          rows.text("cols"), rows.text("dataflow"), shape.m, shape.n, shape.k,
          cost != nullptr ? fmt::format("{} cycles", cost->cycles)
                          : std::get<hw::Infeasible>(estimate).what,
          expected);
    }
  }
  return result;
}

}  // namespace cairn::app
