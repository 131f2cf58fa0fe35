#include "app/validation/pim_comparisons.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/reference_table.h"
#include "core/error.h"
#include "sim/evaluator.h"
#include "sim/stage_mix.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;

/// Devices and lengths that a model was evaluated with.
struct Setup {
  std::string_view model;
  std::int64_t tensor{};
  std::int64_t data{};
  std::int64_t expert{};      ///< parts of the experts
  std::int64_t expert_cut{};  ///< the same when experts are cut over the devices of a node
  std::array<std::int64_t, 3> lengths{};
};
constexpr std::array kMixtures{Setup{"mixtral-8x7b", 4, 1, 4, 1, {256, 1024, 4096}},
                               Setup{"glam-143b", 8, 1, 8, 1, {512, 1024, 2048}},
                               Setup{"grok-1", 8, 2, 8, 2, {256, 1024, 4096}}};
constexpr std::array<std::int64_t, 3> kBatches{32, 64, 128};

/// One mean stage of continuous batching.
struct Stage {
  double tokens_per_second{};
  double joules_per_token{};
};

class Systems {
 public:
  const hw::Machine& get(const std::string& stem, const std::vector<std::string>& overrides = {}) {
    std::string key = stem;
    for (const std::string& text : overrides) {
      key += " " + text;
    }
    const auto found = systems_.find(key);
    if (found != systems_.end()) {
      return *found->second.machine;
    }
    const std::string file = (configs_directory() / "hardware" / (stem + ".yaml")).string();
    return *systems_.emplace(key, load_system(file, overrides)).first->second.machine;
  }

 private:
  std::map<std::string, LoadedSystem> systems_;
};

class Stages {
 public:
  Stage run(const hw::Machine& machine, const sim::WorkloadSpec& spec) {
    sim::WorkloadCost mean;
    std::int64_t tokens = 1;
    for (const sim::StageShare& kind : sim::stage_mix(spec.batch, *spec.generate)) {
      const sim::CompiledWorkload& workload = compiled(spec, kind.prompts);
      const auto report = sim::report_workload(workload, machine, hw::MappingObjective::latency);
      const auto* good = std::get_if<sim::WorkloadReport>(&report);
      CAIRN_CHECK(good != nullptr, "a published workload does not fit its system");
      mean.add(good->cost, kind.share);
      tokens = good->tokens;
    }
    const auto made = static_cast<double>(tokens);
    return {made / mean.latency_s, mean.energy.total() / made};
  }

 private:
  const sim::CompiledWorkload& compiled(const sim::WorkloadSpec& spec, std::int64_t prompts) {
    const auto key = std::tuple{spec.model,           spec.batch,           spec.context,
                                spec.expert_parallel, spec.tensor_parallel, prompts};
    const auto found = compiled_.find(key);
    return found != compiled_.end()
               ? found->second
               : compiled_.emplace(key, sim::compile(builder_.build(spec, prompts), {}))
                     .first->second;
  }
  sim::WorkloadBuilder builder_{configs_directory() / "models"};
  std::map<
      std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>,
      sim::CompiledWorkload>
      compiled_;
};

sim::WorkloadSpec spec_of(const Setup& setup, std::int64_t batch, std::int64_t length,
                          bool cut_experts) {
  sim::WorkloadSpec spec;
  spec.model = setup.model;
  spec.phase = models::Phase::mixed;
  spec.batch = batch;
  spec.context = length;
  spec.generate = length;
  spec.tensor_parallel = setup.tensor;
  spec.data_parallel = setup.data;
  spec.expert_parallel = cut_experts ? setup.expert_cut : setup.expert;
  spec.experts = sim::ExpertLoads::spread;
  return spec;
}

/// Ratios over the processor alone at one point.
struct Ratios {
  double plain{};         ///< throughput, one device at a time, whole experts
  double shared{};        ///< throughput, both at once, experts cut over the node
  double energy_saved{};  ///< of the latter, share of the processor's energy
};

struct Grid {
  std::map<std::tuple<std::string, std::int64_t, std::int64_t>, Ratios> points;
  double mean_shared{};
  double most_plain{};
  double most_shared{};
  double most_gain{};
  double mean_saved{};
  std::map<std::string, double> most_saved;
};

Grid mixture_grid(Systems& systems, Stages& stages) {
  Grid grid;
  const hw::Machine& alone = systems.get("h100_roofline");
  const hw::Machine& one = systems.get("duplex", {"coprocessing.concurrent=false"});
  const hw::Machine& both = systems.get("duplex");
  for (const Setup& setup : kMixtures) {
    for (const std::int64_t batch : kBatches) {
      for (const std::int64_t length : setup.lengths) {
        const sim::WorkloadSpec whole = spec_of(setup, batch, length, false);
        const sim::WorkloadSpec cut = spec_of(setup, batch, length, true);
        const Stage base = stages.run(alone, whole);
        const Stage shared = stages.run(both, cut);
        Ratios r;
        r.plain = stages.run(one, whole).tokens_per_second / base.tokens_per_second;
        r.shared = shared.tokens_per_second / base.tokens_per_second;
        r.energy_saved = 1 - shared.joules_per_token / base.joules_per_token;
        grid.points[{std::string{setup.model}, batch, length}] = r;
        grid.most_plain = std::max(grid.most_plain, r.plain);
        grid.most_shared = std::max(grid.most_shared, r.shared);
        grid.most_gain = std::max(grid.most_gain, r.shared / r.plain);
        double& most = grid.most_saved[std::string{setup.model}];
        most = std::max(most, r.energy_saved);
        grid.mean_shared += r.shared;
        grid.mean_saved += r.energy_saved;
      }
    }
  }
  const auto points = static_cast<double>(grid.points.size());
  grid.mean_shared /= points;
  grid.mean_saved /= points;
  return grid;
}

/// Units at the banks over the processor alone, under the parallelism of the shared system.
double bank_ratio(Systems& systems, Stages& stages, const Setup& setup, std::int64_t batch,
                  std::int64_t length) {
  return stages.run(systems.get("h100_bank_pim"), spec_of(setup, batch, length, true))
             .tokens_per_second /
         stages.run(systems.get("h100_roofline"), spec_of(setup, batch, length, false))
             .tokens_per_second;
}

Comparison published(std::string id, std::string metric) {
  Comparison c;
  c.id = std::move(id);
  c.topic = "Units on the logic die and at the banks, mixtures of experts";
  c.family = "pim";
  c.device = "duplex, h100_bank_pim, h100_roofline";
  c.table = "duplex.csv";
  c.metric = std::move(metric);
  c.truth = Truth::published_model;
  return c;
}

}  // namespace

std::vector<Comparison> compare_logic_die_units() {
  Systems systems;
  Stages stages;
  const Grid grid = mixture_grid(systems, stages);
  std::map<std::string, double> predicted{{"throughput_max", grid.most_shared},
                                          {"throughput_mean", grid.mean_shared},
                                          {"plain_max", grid.most_plain},
                                          {"shared_over_plain_max", grid.most_gain},
                                          {"energy_saved_mean", grid.mean_saved}};
  for (const auto& [model, most] : grid.most_saved) {
    predicted["energy_saved_max " + model] = most;
  }
  const Setup& mixtral = kMixtures.front();
  double most = 0;
  double sum = 0;
  int points = 0;
  for (const std::int64_t batch : {32, 64}) {
    for (const std::int64_t length : mixtral.lengths) {
      const double bank = bank_ratio(systems, stages, mixtral, batch, length);
      const double shared = grid.points.at({std::string{mixtral.model}, batch, length}).shared;
      predicted[fmt::format("bank b{} l{}", batch, length)] = bank;
      predicted[fmt::format("shared b{} l{}", batch, length)] = shared;
      most = std::max(most, shared / bank);
      sum += shared / bank;
      ++points;
    }
  }
  predicted["shared_over_bank_max"] = most;
  predicted["shared_over_bank_mean"] = sum / points;

  Comparison throughput = published("pim_logic_die_throughput", "throughput ratio");
  throughput.bars = {{Statistic::mean_absolute, 0.10}};
  throughput.note =
      "grid of 3 models x 3 lengths x 3 batches; a closed loop of requests as long as their prompt";
  Comparison energy = published("pim_logic_die_energy", "energy saved");
  energy.bars = {{Statistic::mean_absolute, 0.10}};
  Comparison banks = published("pim_bank_throughput", "throughput ratio");
  banks.bars = {{Statistic::mean_absolute, 0.10}};
  ReferenceTable table(reference_file("duplex.csv"), {"figure", "compares", "value", "scored"});
  while (table.next()) {
    const std::string figure{table.text("figure")};
    const std::string_view kind = table.text("compares");
    const auto found = predicted.find(figure);
    if (found == predicted.end()) {
      table.wrong("figure", "a figure that this comparison makes");
    }
    Comparison& c = kind == "energy" ? energy : kind == "banks" ? banks : throughput;
    ComparedRow& row = c.rows.emplace_back();
    row.name = figure;
    row.predicted = found->second;
    row.measured = table.positive("value");
    row.scored = table.text("scored") == "yes";
  }

  // Models without experts: only who wins is published. There, linear layers stay on the processor:
  // what is below sixteen operations a byte is attention of generated tokens.
  const std::vector<std::string> by_ratio{"coprocessing.rule=operations_per_byte",
                                          "coprocessing.threshold=16"};
  Comparison winners = published("pim_bank_or_logic_die", "the published winner wins");
  winners.bars = {{Statistic::worst, 0.0}};
  winners.note =
      "1: the same winner; multi-head attention suits banks, grouped queries the logic die";
  struct Dense {
    Setup setup;
    bool banks_win{};
  };
  for (const Dense& dense : {Dense{{"opt-66b", 4, 1, 1, 1, {128, 256, 512}}, true},
                             Dense{{"llama-3-70b", 4, 1, 1, 1, {256, 1024, 4096}}, false}}) {
    for (const std::int64_t batch : {32, 64}) {
      for (const std::int64_t length : dense.setup.lengths) {
        const sim::WorkloadSpec spec = spec_of(dense.setup, batch, length, false);
        const double banks_rate =
            stages.run(systems.get("h100_bank_pim", by_ratio), spec).tokens_per_second;
        const double logic_rate =
            stages.run(systems.get("duplex", by_ratio), spec).tokens_per_second;
        ComparedRow& row = winners.rows.emplace_back();
        row.name = fmt::format("{} batch {} length {}", spec.model, batch, length);
        row.group = spec.model;
        row.predicted = (banks_rate > logic_rate) == dense.banks_win ? 1 : 0;
        row.measured = 1;
        row.note = fmt::format("banks over logic die {:.3f}", banks_rate / logic_rate);
      }
    }
  }
  return {std::move(throughput), std::move(energy), std::move(banks), std::move(winners)};
}

std::vector<Comparison> compare_pim_cores() {
  Systems systems;
  const hw::Machine& machine = systems.get("upmem");
  const auto& cores = std::get<hw::PimCores>(machine.primary());
  Comparison transfers;
  transfers.id = "pim_cores_transfers";
  transfers.topic = "General cores beside DRAM banks";
  transfers.family = "pim_cores";
  transfers.device = "upmem";
  transfers.table = "upmem.csv";
  transfers.metric = "cycles of a transfer";
  transfers.unit = "cycles";
  transfers.truth = Truth::recalled;
  transfers.bars = {{Statistic::worst, 0.10}};
  transfers.note = "reference: the published line through measured latencies";
  Comparison rates = transfers;
  rates.id = "pim_cores_rates";
  rates.metric = "operation rate of one core";
  rates.unit = "op/s";
  rates.note = "products, floating point and streams are recalled: printed only";
  ReferenceTable table(reference_file("upmem.csv"),
                       {"figure", "compares", "bytes", "value", "scored"});
  while (table.next()) {
    const std::string figure{table.text("figure")};
    const bool transfer = table.text("compares") == "transfer";
    ComparedRow& row = (transfer ? transfers : rates).rows.emplace_back();
    row.measured = table.positive("value");
    row.scored = table.text("scored") == "yes";
    if (transfer) {
      const auto bytes = static_cast<double>(table.count("bytes"));
      row.name = fmt::format("{} {:.0f} B", figure, bytes);
      row.predicted = figure == "read" ? cores.read_cycles(bytes) : cores.write_cycles(bytes);
      continue;
    }
    row.name = figure;
    if (figure == "stream_read_bytes") {
      row.predicted = cores.read_bandwidth() / kBitsPerByte;
      row.note = "unverified; blocks of 1 KiB";
    } else if (figure == "add_int32") {
      row.predicted = cores.operation_rate(hw::CoreOperation::add, models::kInt32);
    } else if (figure == "add_int64") {
      row.predicted = cores.operation_rate(hw::CoreOperation::add, models::integer_format(64));
    } else if (figure == "multiply_int32") {
      row.predicted = cores.operation_rate(hw::CoreOperation::multiply, models::kInt32);
    } else if (figure == "add_fp32") {
      row.predicted = cores.operation_rate(hw::CoreOperation::add, models::kFp32);
    } else {
      table.wrong("figure", "a rate that the model has");
    }
  }
  return {std::move(transfers), std::move(rates)};
}

std::vector<Comparison> compare_pim() {
  std::vector<Comparison> all = compare_logic_die_units();
  for (Comparison& c : compare_pim_cores()) {
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cairn::app
