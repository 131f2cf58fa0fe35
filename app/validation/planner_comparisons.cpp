#include "app/validation/planner_comparisons.h"

#include <map>
#include <string>

#include "app/paths.h"
#include "app/validation/reference_table.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "models/compression/compression.h"
#include "sim/memory/memory_plan.h"
#include "sim/workload_spec.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;
constexpr double kRamBar = 0.05;
constexpr double kFlashBar = 0.10;

hw::MemoryTraits read_traits(const std::string& library) {
  Diagnostics diagnostics;
  const Node node = load_yaml(
      (configs_directory() / "software" / "memory" / (library + ".yaml")).string(), diagnostics);
  diagnostics.throw_if_any();
  hw::MemoryTraits traits;
  read(node, traits, diagnostics);
  diagnostics.throw_if_any();
  return traits;
}

sim::CompiledWorkload int8_network(const sim::WorkloadBuilder& builder, const std::string& model) {
  sim::WorkloadSpec spec;
  spec.model = model;
  const models::Workload workload =
      models::compress(builder.build(spec),
                       {models::Quantize{.weights = models::kInt8, .activations = models::kInt8}});
  return sim::compile(workload, {});
}

Comparison about(const std::string& library, const std::string& metric, const std::string& table,
                 double bar) {
  Comparison c;
  c.id = "library_" + metric + "_" + library;
  c.topic = "Memory of networks under microcontroller libraries";
  c.family = "microcontroller";
  c.device = "stm32h743";
  c.stack = library;
  c.table = table;
  c.metric = metric;
  c.unit = "B";
  c.truth = Truth::silicon;
  c.bars = {{Statistic::mean_absolute, bar}};
  c.note =
      metric == "flash" ? "revisions of the table differ by up to 9 % for the same network" : "";
  return c;
}

}  // namespace

std::vector<Comparison> compare_library_memory(const std::filesystem::path& table) {
  ReferenceTable rows(table, {"model", "library", "ram_bytes", "flash_bytes", "held_out"});
  const sim::WorkloadBuilder builder(configs_directory() / "models");
  std::map<std::string, hw::MemoryTraits> libraries;
  std::map<std::string, sim::CompiledWorkload> networks;
  std::vector<std::string> order;
  std::map<std::string, std::pair<Comparison, Comparison>> found;  // RAM and flash, by library
  const std::string file = table.filename().string();
  while (rows.next()) {
    const std::string library{rows.text("library")};
    const std::string model{rows.text("model")};
    if (!libraries.contains(library)) {
      order.push_back(library);
      libraries.emplace(library, read_traits(library));
      found.emplace(library, std::pair{about(library, "ram", file, kRamBar),
                                       about(library, "flash", file, kFlashBar)});
    }
    if (!networks.contains(model)) {
      networks.emplace(model, int8_network(builder, model));
    }
    const sim::MemoryPlan plan = sim::plan_memory(networks.at(model), libraries.at(library));
    const auto add = [&](Comparison& c, const char* column, double bits) {
      if (rows.empty(column)) {
        return;
      }
      ComparedRow& row = c.rows.emplace_back();
      row.name = model;
      row.group = rows.integer("held_out") == 0 ? "calibrated on" : "held out";
      row.contest = model;
      row.contestant = library;
      row.predicted = bits / kBitsPerByte;
      row.measured = rows.positive(column);
    };
    add(found.at(library).first, "ram_bytes", plan.ram_bits());
    add(found.at(library).second, "flash_bytes", plan.flash_bits);
  }
  std::vector<Comparison> result;
  for (const std::string& library : order) {
    result.push_back(std::move(found.at(library).first));
  }
  for (const std::string& library : order) {
    result.push_back(std::move(found.at(library).second));
  }
  return result;
}

std::vector<Comparison> compare_planner() {
  return compare_library_memory(reference_file("library_memory.csv"));
}

}  // namespace cairn::app
