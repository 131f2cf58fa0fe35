#include "app/validation/crossbar_comparisons.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/error.h"
#include "hw/crossbar/crossbar.h"

namespace cairn::app {
namespace {

using hw::EnergyComponent;

/// Vectors for each macro: enough that the first one does not show, ...
constexpr std::int64_t kVectors = 4096;
/// ... or so few that the outputs of a whole chip still fit its buffers.
constexpr std::int64_t kFewVectors = 16;

/// Machines by file and by what a row changes of it.
class Variants {
 public:
  const hw::Machine& get(const std::string& stem, const std::string& device,
                         const std::vector<std::string>& changes) {
    std::string key = stem;
    std::vector<std::string> overrides;
    for (const std::string& change : changes) {
      overrides.push_back(fmt::format("devices.{}.{}", device, change));
      key += " " + change;
    }
    const auto found = systems_.find(key);
    if (found != systems_.end()) {
      return *found->second.machine;
    }
    const std::string file = (configs_directory() / "hardware" / (stem + ".yaml")).string();
    return *systems_.emplace(key, load_system(file, overrides)).first->second.machine;
  }

 private:
  std::map<std::string, LoadedSystem, std::less<>> systems_;
};

/// A product that fills every macro with weights and keeps it busy.
struct Full {
  hw::OperatorCost cost;
  double macs{};
  /// Operations a second.
  [[nodiscard]] double rate() const { return 2 * macs / cost.latency_s(); }
  /// Of the macros alone, J for one multiply-accumulate.
  [[nodiscard]] double macro_energy() const {
    return (cost.energy[EnergyComponent::multiply_accumulate] +
            cost.energy[EnergyComponent::conversion]) /
           macs;
  }
};

Full run_full(const hw::Machine& machine, const models::Formats& formats, std::int64_t macros,
              std::int64_t vectors) {
  const auto& device = std::get<hw::Crossbar>(machine.primary());
  const hw::MacroLayout layout = device.macro().layout(formats.weights);
  models::MatMul shape;
  shape.k = layout.weight_rows;
  shape.n = layout.weight_cols * macros;
  shape.m = vectors;
  models::Operator op;
  op.name = "full";
  op.shape = shape;
  op.formats = formats;
  Full full;
  full.cost = cost_of(machine, op);
  full.macs = static_cast<double>(full.cost.macs);
  return full;
}

struct Chip {
  std::string_view stem;
  std::string_view device;
  std::int64_t macros{};
};
constexpr std::array kChips{
    Chip{"neurram", "cores", 48},
    Chip{"colonnade", "macro", 1},
    Chip{"charge_sram_65nm", "macro", 1},
};

models::Formats formats_of(const ReferenceTable& rows) {
  const auto bits = [&](const char* column) {
    return models::integer_format(static_cast<int>(rows.count(column)));
  };
  return {bits("weight_bits"), bits("input_bits"), bits("output_bits")};
}

/// One chip and one set of rows of the table.
struct Series {
  std::vector<ComparedRow> rate;
  std::vector<ComparedRow> efficiency;
};

/// The rows relative to the one called \p anchor, which is then not scored.
std::vector<ComparedRow> relative(std::vector<ComparedRow> rows, const std::string& anchor) {
  const ComparedRow* base = nullptr;
  for (const ComparedRow& row : rows) {
    base = row.name == anchor ? &row : base;
  }
  CAIRN_CHECK(base != nullptr, "the table lacks the row that others are relative to");
  const double predicted = base->predicted;
  const double measured = base->measured;
  for (ComparedRow& row : rows) {
    row.predicted /= predicted;
    row.measured /= measured;
    if (row.name == anchor) {
      row.scored = false;
      row.note = "anchor";
    }
  }
  return rows;
}

std::map<std::string, Series> series_of_table() {
  ReferenceTable rows(reference_file("cim_bits.csv"),
                      {"chip", "set", "weight_bits", "input_bits", "output_bits", "one_phase",
                       "registers", "ops_per_s", "ops_per_j", "energy_j"});
  Variants machines;
  std::map<std::string, Series> all;
  while (rows.next()) {
    const std::string name{rows.text("chip")};
    const Chip* chip = nullptr;
    for (const Chip& known : kChips) {
      chip = known.stem == name ? &known : chip;
    }
    if (chip == nullptr) {
      rows.wrong("chip", "a chip that the program knows");
    }
    std::vector<std::string> changes;
    std::string what = fmt::format("weights {} b, inputs {} b", rows.count("weight_bits"),
                                   rows.count("input_bits"));
    if (chip->stem == "neurram") {
      what = fmt::format("inputs {} b, outputs {} b", rows.count("input_bits"),
                         rows.count("output_bits"));
    }
    std::string group;
    if (!rows.empty("one_phase") && rows.integer("one_phase") == 1) {
      changes.emplace_back("inputs.single_phase_bits=64");
      what += ", one phase";
    }
    if (!rows.empty("registers")) {
      const std::int64_t registers = rows.count("registers");
      changes.push_back(fmt::format("adders.rows_per_stage={}", 128 / registers));
      group = fmt::format("{} registers a column", registers);
      what += fmt::format(", {} registers", registers);
    }
    const Full full = run_full(machines.get(name, std::string{chip->device}, changes),
                               formats_of(rows), chip->macros, kVectors);
    Series& series = all[fmt::format("{} {}", name, rows.text("set"))];
    const auto add = [&](std::vector<ComparedRow>& to, double predicted, double measured) {
      ComparedRow& row = to.emplace_back();
      row.name = what;
      row.group = group;
      row.predicted = predicted;
      row.measured = measured;
    };
    if (!rows.empty("ops_per_s")) {
      add(series.rate, full.rate(), rows.positive("ops_per_s"));
    }
    if (!rows.empty("ops_per_j")) {
      add(series.efficiency, 2 / full.macro_energy(), rows.positive("ops_per_j"));
    }
    if (!rows.empty("energy_j")) {
      add(series.efficiency, 2 / full.macro_energy(), 2 / rows.positive("energy_j"));
    }
  }
  return all;
}

constexpr std::string_view kTopic = "Compute-in-memory macros over the bits of operands";

Comparison comparison(std::string id, std::string device, std::string metric, std::string unit,
                      std::vector<ComparedRow> rows) {
  Comparison c;
  c.id = std::move(id);
  c.topic = kTopic;
  c.family = "crossbar";
  c.device = std::move(device);
  c.table = "cim_bits.csv";
  c.metric = std::move(metric);
  c.unit = std::move(unit);
  c.truth = Truth::silicon;
  c.rows = std::move(rows);
  return c;
}

/// Both figures of one set: relative to a row, with the bars of `bars`, and as they are.
void add_series(std::vector<Comparison>& to, const Series& series, const std::string& device,
                const std::string& set, const std::string& anchor, const std::vector<Bar>& bars,
                Truth truth) {
  const auto add = [&](const std::vector<ComparedRow>& rows, const std::string& what,
                       const std::string& unit) {
    if (rows.size() < 2) {
      return;
    }
    Comparison change =
        comparison(fmt::format("crossbar_{}_{}_{}_change", device, set, what), device,
                   what + " relative to one row", "", relative(rows, anchor));
    change.bars = bars;
    change.truth = truth;
    change.note = "anchor: " + anchor;
    to.push_back(std::move(change));
    Comparison plain =
        comparison(fmt::format("crossbar_{}_{}_{}", device, set, what), device, what, unit, rows);
    plain.truth = truth;
    to.push_back(std::move(plain));
  };
  add(series.rate, "throughput", "op/s");
  add(series.efficiency, "efficiency", "op/J");
}

/// Energy of the macro by what spends it: J of one operation.
Comparison breakdown() {
  ReferenceTable rows(reference_file("neurram_energy.csv"),
                      {"input_bits", "output_bits", "word_lines_j", "neurons_j", "input_pulses_j"});
  Variants machines;
  const hw::Machine& machine = machines.get("neurram", "cores", {});
  std::vector<ComparedRow> compared;
  while (rows.next()) {
    const models::Formats formats{
        models::integer_format(4),
        models::integer_format(static_cast<int>(rows.count("input_bits"))),
        models::integer_format(static_cast<int>(rows.count("output_bits")))};
    const Full full = run_full(machine, formats, 48, kVectors);
    const double array = full.cost.energy[EnergyComponent::multiply_accumulate] / full.macs / 2;
    const double neurons = full.cost.energy[EnergyComponent::conversion] / full.macs / 2;
    const std::string what = fmt::format("inputs {} b, outputs {} b", rows.count("input_bits"),
                                         rows.count("output_bits"));
    ComparedRow row;
    row.name = what + ", word lines and input pulses";
    row.group = "word lines and input pulses";
    row.predicted = array;
    row.measured = rows.positive("word_lines_j") + rows.positive("input_pulses_j");
    compared.push_back(row);
    row.name = what + ", neurons";
    row.group = "neurons";
    row.predicted = neurons;
    row.measured = rows.positive("neurons_j");
    compared.push_back(row);
  }
  Comparison c = comparison("crossbar_neurram_breakdown", "neurram", "energy of an operation", "J",
                            std::move(compared));
  c.table = "neurram_energy.csv";
  c.note = "energies of single actions were fitted to this table, so only the shape is a test";
  return c;
}

/// Figures that the design of a chip of many tiles states of itself.
Comparison tiled_chip() {
  Variants machines;
  const hw::Machine& machine = machines.get("isaac", "arrays", {});
  const models::Formats formats{models::integer_format(16), models::integer_format(16),
                                models::integer_format(16)};
  const Full full = run_full(machine, formats, 16128, kFewVectors);
  double converters = 0;
  std::vector<ComparedRow> rows;
  const auto add = [&](const std::string& name, double predicted, double measured) {
    ComparedRow& row = rows.emplace_back();
    row.name = name;
    row.predicted = predicted;
    row.measured = measured;
  };
  const double power = full.cost.energy.total() / full.cost.latency_s() + machine.static_power();
  const auto& device = std::get<hw::Crossbar>(machine.primary());
  const double inputs = static_cast<double>(full.cost.macs) / 128;  // of 128 rows a column
  converters = inputs * 8 * 16 * device.macro().conversion_energy(8) / full.cost.latency_s();
  add("area, mm2", machine.area_mm2(), 85.4);
  add("power at full rate, W", power, 65.8);
  add("peak, Gop/s per mm2", full.rate() / 1e9 / machine.area_mm2(), 479);
  add("share of converters in power", converters / power, 0.49);
  Comparison c = comparison("crossbar_isaac", "isaac", "design figures", "", std::move(rows));
  c.topic = "A chip of crossbars from its description";
  c.table = "";
  c.truth = Truth::published_model;
  c.bars = {{Statistic::worst, 0.25}};
  c.note = "published figures: A. Shafiee et al., ISCA 2016";
  return c;
}

}  // namespace

std::vector<Comparison> compare_crossbars() {
  const std::map<std::string, Series> series = series_of_table();
  std::vector<Comparison> all;
  const std::vector<Bar> worst{{Statistic::worst, 0.15}};
  const std::vector<Bar> mean{{Statistic::mean_absolute, 0.15}};
  add_series(all, series.at("neurram bits"), "neurram", "bits", "inputs 4 b, outputs 6 b", worst,
             Truth::silicon);
  all.push_back(breakdown());
  add_series(all, series.at("colonnade throughput"), "colonnade", "throughput",
             "weights 4 b, inputs 4 b, 16 registers", worst, Truth::published_model);
  add_series(all, series.at("colonnade both_bits"), "colonnade", "both_bits",
             "weights 4 b, inputs 4 b, 16 registers", worst, Truth::silicon);
  add_series(all, series.at("colonnade weight_bits"), "colonnade", "weight_bits",
             "weights 4 b, inputs 1 b, 16 registers", worst, Truth::silicon);
  add_series(all, series.at("charge_sram_65nm bits"), "charge_sram_65nm", "bits",
             "weights 1 b, inputs 1 b", mean, Truth::silicon);
  all.push_back(tiled_chip());
  return all;
}

}  // namespace cairn::app
