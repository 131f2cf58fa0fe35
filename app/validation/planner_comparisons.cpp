#include "app/validation/planner_comparisons.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "app/paths.h"
#include "app/validation/reference_table.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "hw/mcu/classical_cycles.h"
#include "hw/mcu/core_spec.h"
#include "models/classical.h"
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

/// Cycles of a core's classes of instructions. \throws ConfigError, IoError.
hw::InstructionClasses read_issue(const std::string& core) {
  Diagnostics diagnostics;
  const Node node =
      load_yaml((configs_directory() / "cores" / (core + ".yaml")).string(), diagnostics);
  diagnostics.throw_if_any();
  hw::McuCoreSpec spec;
  read(node, spec, diagnostics);
  diagnostics.throw_if_any();
  return spec.issue;
}

models::ClassicalMethod method_of(const ReferenceTable& rows) {
  for (const auto& [method, name] : enum_names(models::ClassicalMethod{})) {
    if (name == rows.text("method")) {
      return method;
    }
  }
  rows.wrong("method", "one of the methods of models/classical.h");
}

models::ClassicalKernel kernel_of(const ReferenceTable& rows) {
  const auto count = [&rows](const char* name, std::int64_t without) {
    return rows.empty(name) ? without : rows.count(name);
  };
  return {.method = method_of(rows),
          .samples = rows.count("samples"),
          .features = rows.count("features"),
          .classes = rows.count("classes"),
          .references = count("references", 0),
          .neighbours = count("neighbours", 1),
          .trees = count("trees", 1),
          .depth = count("depth", 1),
          .iterations = count("iterations", 1)};
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
  result.reserve(2 * order.size());
  for (const std::string& library : order) {
    result.push_back(std::move(found.at(library).first));
  }
  for (const std::string& library : order) {
    result.push_back(std::move(found.at(library).second));
  }
  return result;
}

std::vector<Comparison> compare_classical(const std::filesystem::path& table) {
  constexpr double kCores = 8;
  constexpr double kFork = 500;  // cycles of a parallel section, as configs/boards/pulp_open.yaml
  constexpr double kParallel = 7.04;
  constexpr double kMicrocontroller = 12.87;
  constexpr double kEmulation = 1.61;
  const hw::InstructionClasses cluster = read_issue("xpulp");
  const hw::InstructionClasses cortex_m4 = read_issue("cortex_m4");
  const hw::InstructionClasses emulated = read_issue("ri5cy_soft_float");
  const hw::InstructionClasses tuned = read_issue("ri5cy_soft_float_tuned");
  const auto about_ratio = [&table](const char* id, const char* metric) {
    Comparison c;
    c.id = id;
    c.topic = "Kernels without a neural network on an octa-core cluster";
    c.family = "microcontroller";
    c.device = "pulp_open";
    c.table = table.filename().string();
    c.metric = metric;
    c.truth = Truth::silicon;
    c.note = "the reference is the published mean over six kernels of unknown sizes: not scored";
    return c;
  };
  std::vector<Comparison> found{about_ratio("classical_parallel", "speed-up of 8 cores"),
                                about_ratio("classical_cortex_m4", "cycles of a Cortex-M4 over 8"),
                                about_ratio("classical_emulation", "speed-up of tuned emulation")};
  const std::array published{kParallel, kMicrocontroller, kEmulation};
  std::array<double, 3> sums{};
  double kernels = 0;
  ReferenceTable rows(table, {"method", "samples", "features", "classes", "references",
                              "neighbours", "trees", "depth", "iterations"});
  const auto add = [&](const std::string& name, const std::array<double, 3>& ratios) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      ComparedRow& row = found[i].rows.emplace_back();
      row.name = name;
      row.predicted = ratios.at(i);
      row.measured = published.at(i);
      row.scored = false;
    }
  };
  while (rows.next()) {
    const models::ClassicalKernel kernel = kernel_of(rows);
    const double eight = hw::classical_cycles(kernel, cluster, kCores, kFork);
    const std::array ratios{
        hw::classical_cycles(kernel, cluster, 1, 0) / eight,
        hw::classical_cycles(kernel, cortex_m4, 1, 0) / eight,
        hw::classical_cycles(kernel, emulated, 1, 0) / hw::classical_cycles(kernel, tuned, 1, 0)};
    add(std::string{rows.text("method")}, ratios);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums.at(i) += ratios.at(i);
    }
    kernels += 1;
  }
  for (double& sum : sums) {
    sum /= kernels;
  }
  add("mean", sums);
  return found;
}

std::vector<Comparison> compare_planner() {
  std::vector<Comparison> all = compare_library_memory(reference_file("library_memory.csv"));
  for (Comparison& c : compare_classical(reference_file("classical_kernels.csv"))) {
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cairn::app
