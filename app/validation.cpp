#include "app/validation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "core/csv.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "hw/system.h"

namespace cairn::app {
namespace {

namespace fs = std::filesystem;

/// Columns of a reference table by name.
class ReferenceTable {
 public:
  ReferenceTable(const fs::path& path, std::initializer_list<const char*> names)
      : csv_(read_text_file(path.string()), path.string()) {
    Diagnostics diagnostics;
    for (const char* name : names) {
      const std::optional<std::size_t> place = csv_.column(name);
      if (!place) {
        diagnostics.error({path.string(), 1, 1, ""}, "",
                          fmt::format("the table has no column '{}'", name));
      } else {
        places_[name] = *place;
      }
    }
    diagnostics.throw_if_any();
  }

  bool next() { return csv_.next(); }
  [[nodiscard]] int line() const { return csv_.line(); }
  [[nodiscard]] std::string_view text(const char* name) const {
    return csv_.cell(places_.at(name));
  }
  [[nodiscard]] std::int64_t count(const char* name) const {
    const std::optional<std::int64_t> value = parse_int(text(name));
    return value && *value > 0 ? *value : wrong(name, "a positive whole number");
  }
  [[nodiscard]] double seconds(const char* name) const {
    const std::optional<double> value = parse_double(text(name));
    if (!value || *value <= 0) {
      wrong(name, "a positive number of seconds");
    }
    return *value;
  }
  [[noreturn]] std::int64_t wrong(const char* name, const std::string& expected) const {
    Diagnostics diagnostics;
    diagnostics.error(csv_.at(places_.at(name)), name,
                      fmt::format("'{}' is not {}", text(name), expected));
    diagnostics.throw_if_any();
    throw InternalError("an error was reported but not thrown");
  }

 private:
  CsvReader csv_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

hw::Estimate price(const hw::Machine& machine, const models::MatMul& shape) {
  models::Operator op;
  op.shape = shape;
  op.formats = default_formats(machine);
  return std::visit(
      [&](const auto& device) {
        return device.price({&op, {}, 0}, {}, hw::MappingObjective::latency);
      },
      machine.primary());
}

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

/// Sums errors of one group of rows.
struct ErrorSum {
  std::size_t rows{};
  double absolute{};
  double plain{};
  void add(double error) {
    ++rows;
    absolute += std::abs(error);
    plain += error;
  }
  [[nodiscard]] ErrorSummary summary(std::string what) const {
    const double n = rows == 0 ? 1.0 : static_cast<double>(rows);
    return {std::move(what), rows, absolute / n, plain / n};
  }
};

std::int64_t decade_of(std::int64_t tokens) {
  std::int64_t decade = 1;
  while (tokens >= 10 * decade) {
    decade *= 10;
  }
  return decade;
}

/// Figures of one GPU while its rows are read.
struct GpuErrors {
  LoadedSystem system;
  ErrorSum all;
  ErrorSum small;
  std::map<std::int64_t, ErrorSum> decades;
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
    const hw::Estimate estimate = price(machine, shape);
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

bool GpuComparison::holds() const {
  return all.rows > 0 && all.mean_absolute <= kMostAbsolute &&
         std::abs(all.mean_signed) <= kMostSigned;
}

std::vector<GpuComparison> compare_gpus(const fs::path& table) {
  constexpr double kShort = 10e-6;
  ReferenceTable rows(table, {"device", "m", "n", "k", "median_s"});
  std::map<std::string, GpuErrors, std::less<>> gpus;
  while (rows.next()) {
    const std::string device{rows.text("device")};
    auto found = gpus.find(device);
    if (found == gpus.end()) {
      const fs::path file = configs_directory() / "hardware" / (device + ".yaml");
      found = gpus.emplace(device, GpuErrors{load_system(file.string(), {}), {}, {}, {}}).first;
    }
    GpuErrors& gpu = found->second;
    models::MatMul shape;
    shape.m = rows.count("m");
    shape.n = rows.count("n");
    shape.k = rows.count("k");
    const hw::Estimate estimate = price(*gpu.system.machine, shape);
    const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
    CAIRN_CHECK(cost != nullptr, "a GPU cannot run a matrix product");
    const double measured = rows.seconds("median_s");
    const double error = cost->latency_s() / measured - 1;
    gpu.all.add(error);
    gpu.decades[decade_of(shape.m)].add(error);
    if (measured < kShort) {
      gpu.small.add(error);
    }
  }
  std::vector<GpuComparison> result;
  for (const auto& [device, gpu] : gpus) {
    GpuComparison& one = result.emplace_back();
    one.device = device;
    one.all = gpu.all.summary("all rows");
    for (const auto& [decade, sum] : gpu.decades) {
      one.parts.push_back(sum.summary(fmt::format("{} to {} tokens", decade, 10 * decade - 1)));
    }
    one.parts.push_back(gpu.small.summary("measured under 10 us"));
  }
  return result;
}

}  // namespace cairn::app
