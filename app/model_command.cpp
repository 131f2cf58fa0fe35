#include "app/model_command.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/hardware_file.h"
#include "app/output.h"
#include "app/paths.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"
#include "models/importers/hugging_face.h"
#include "sim/evaluator.h"
#include "sim/stage_mix.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;

[[noreturn]] void fail(const std::string& flag, const std::string& message,
                       const std::string& hint = {}) {
  Diagnostics diagnostics;
  diagnostics.error(SourceSpan{"<command line>", 1, 1, ""}, flag, message, hint);
  diagnostics.throw_if_any();
  throw InternalError("an error was reported but not thrown");
}

sim::WorkloadSpec workload_of(const ModelOptions& options) {
  sim::WorkloadSpec spec;
  spec.model = options.model;
  spec.batch = options.batch;
  spec.context = options.context;
  spec.tensor_parallel = options.tensor_parallel;
  spec.pipeline_parallel = options.pipeline_parallel;
  spec.data_parallel = options.data_parallel;
  spec.expert_parallel = options.expert_parallel;
  spec.experts = options.spread_experts ? sim::ExpertLoads::spread : sim::ExpertLoads::average;
  const std::optional<models::Phase> phase = enum_from_text<models::Phase>(options.phase);
  if (!phase) {
    fail("--phase", fmt::format("'{}' is unknown", options.phase),
         "one of: prefill, decode, forward, mixed, training");
  }
  spec.phase = *phase;
  if (!options.optimizer.empty()) {
    const std::optional<models::Optimizer> optimizer =
        enum_from_text<models::Optimizer>(options.optimizer);
    if (!optimizer) {
      fail("--optimizer", fmt::format("'{}' is unknown", options.optimizer),
           "one of: sgd, momentum, adam");
    }
    spec.training = models::TrainingSpec{.optimizer = *optimizer};
  }
  for (const FieldProblem& problem : spec.problems()) {
    if (spec.phase == models::Phase::training || spec.training) {
      fail(problem.field == "training" ? "--optimizer" : "--pipeline-parallel", problem.message,
           problem.hint);
    }
  }
  for (const std::string& text : options.dimensions) {
    const std::size_t equals = text.find('=');
    const std::optional<std::int64_t> value =
        equals == std::string::npos ? std::nullopt : parse_int(text.substr(equals + 1));
    if (!value || *value < 1) {
      fail("--dim", fmt::format("'{}' is not name=number", text), "for example --dim batch=8");
    }
    spec.dimensions.add(text.substr(0, equals), *value);
  }
  if (options.prompt || options.generate) {
    if (spec.phase != models::Phase::decode && spec.phase != models::Phase::mixed) {
      fail("--generate", "--prompt and --generate belong to --phase decode or mixed");
    }
    if (options.prompt) {
      spec.context = *options.prompt;
    }
    spec.generate = options.generate.value_or(1);
  }
  return spec;
}

/// Formats of the device where the scheme names none.
std::vector<models::Scheme> schemes_of(const ModelOptions& options, const hw::Machine& machine) {
  const models::Formats native = default_formats(machine);
  std::vector<models::Scheme> schemes{models::Quantize{
      .weights = native.weights, .activations = native.activations, .kv_cache = native.weights}};
  if (!options.scheme.empty()) {
    std::string why;
    const auto parsed = models::parse_scheme(options.scheme, why);
    if (!parsed) {
      fail("--scheme", fmt::format("'{}': {}", options.scheme, why),
           "w<bits>[g<group>]a<bits>kv<bits>, for example w4g128a16kv8");
    }
    schemes.insert(schemes.end(), parsed->begin(), parsed->end());
  }
  return schemes;
}

/// One kind of tensor, or a part of it, and where it lies.
struct MemoryRow {
  std::string memory;
  std::string what;
  double bits{};
  double capacity_bits{};
  bool spilled{};
};

std::vector<MemoryRow> memory_rows(const sim::WorkloadReport& report) {
  std::vector<MemoryRow> rows;
  for (const sim::PlacedPart& part : report.placed.view()) {
    const sim::MemoryTiers::Tier& tier = report.tiers.tiers()[part.tier];
    const bool state = part.kind == hw::TensorKind::weights &&
                       report.demand.gradients + report.demand.optimizer > 0;
    rows.push_back({tier.name,
                    state ? "weights, gradients, optimiser" : std::string{to_text(part.kind)},
                    part.bits, tier.capacity_bits, part.spilled});
  }
  return rows;
}

struct Answer {
  sim::WorkloadCost cost;
  std::vector<sim::GroupRow> rows;
  std::int64_t parameters{};  ///< held by one rank
  std::int64_t tokens{};
  double weight_bits{};
  double kv_bits{};
  double gradient_bits{};
  double optimizer_bits{};
  double activation_bits{};
  bool training{};
  double peak_bits{};
  std::vector<MemoryRow> memory;
  std::optional<sim::MemoryPlan> plan;
  std::string reason;  ///< empty if feasible
};

sim::CyclePrices* prices_of(CycleLevel* cycle) {
  return cycle != nullptr ? &cycle->prices() : nullptr;
}

/// The mean stage of continuous batching.
Answer mixed_answer(const sim::WorkloadSpec& spec, const sim::WorkloadBuilder& builder,
                    const ModelOptions& options, const hw::Machine& machine,
                    const hw::MappingConstraint& constraint, CycleLevel* cycle) {
  if (!spec.generate || spec.context < 1) {
    fail("--phase", "a mixed stage needs the lengths of a request",
         "--prompt: tokens that it reads, --generate: tokens that it makes");
  }
  Answer answer;
  sim::WorkloadReport sum;
  const std::vector<sim::StageShare> stages = sim::stage_mix(spec.batch, *spec.generate);
  for (const sim::StageShare& stage : stages) {
    const models::Workload workload =
        models::compress(builder.build(spec, stage.prompts), schemes_of(options, machine));
    answer.parameters = workload.parameters;
    const sim::CompiledWorkload compiled = sim::compile(workload, {});
    answer.kv_bits = std::max(answer.kv_bits, compiled.kv_bits);
    if (cycle != nullptr && sum.rows.empty()) {
      cycle->expect(compiled.unique.size() * stages.size());
    }
    auto report = sim::report_workload(compiled, machine, hw::MappingObjective::energy_delay,
                                       constraint, prices_of(cycle));
    if (const auto* refused = std::get_if<hw::Infeasible>(&report)) {
      answer.reason = refused->what;
      return answer;
    }
    auto& good = std::get<sim::WorkloadReport>(report);
    sim::scale_report(good, stage.share,
                      stage.prompts > 0 ? fmt::format(" ({} prompts)", stage.prompts) : "");
    answer.tokens = good.tokens;
    sim::add_report(sum, std::move(good));
  }
  answer.cost = sum.cost;
  answer.rows = std::move(sum.rows);
  answer.weight_bits = sum.weight_bits;
  answer.peak_bits = sum.demand.total();
  answer.memory = memory_rows(sum);
  answer.plan = sum.plan;
  return answer;
}

Answer answer_of(const ModelOptions& options, const LoadedSystem& loaded, CycleLevel* cycle) {
  const sim::WorkloadSpec spec = workload_of(options);
  if (const std::optional<hw::Infeasible> alone = loaded.machine->ranks_problem(
          std::max(spec.tensor_parallel, std::min<std::int64_t>(spec.pipeline_parallel, 2)))) {
    fail(spec.tensor_parallel > 1 ? "--tensor-parallel" : "--pipeline-parallel", alone->what,
         fmt::format("describe the links in an `interconnect:` section of {}", options.hardware));
  }
  const sim::WorkloadBuilder builder(configs_directory() / "models");
  hw::MappingConstraint constraint;
  if (!options.mapping.empty()) {
    std::string why;
    const auto parsed = hw::parse_mapping(options.mapping, why);
    if (!parsed) {
      fail("--mapping", why);
    }
    constraint = *parsed;
  }
  if (spec.phase == models::Phase::mixed) {
    return mixed_answer(spec, builder, options, *loaded.machine, constraint, cycle);
  }
  models::Workload workload =
      spec.step_of(models::compress(builder.build(spec), schemes_of(options, *loaded.machine)));
  Answer answer;
  answer.parameters = workload.parameters;
  answer.training = spec.phase == models::Phase::training;
  for (std::int64_t step = 0; step < spec.generate.value_or(1); ++step) {
    if (step > 0) {
      models::set_context(workload, spec.context + step);
    }
    const sim::CompiledWorkload compiled = sim::compile(workload, {});
    if (cycle != nullptr && step == 0) {
      cycle->expect(compiled.unique.size() * static_cast<std::size_t>(spec.generate.value_or(1)));
    }
    auto report =
        sim::report_workload(compiled, *loaded.machine, hw::MappingObjective::energy_delay,
                             constraint, prices_of(cycle));
    answer.weight_bits = compiled.weight_bits;
    answer.kv_bits = compiled.kv_bits;
    answer.gradient_bits = compiled.gradient_bits;
    answer.optimizer_bits = compiled.optimizer_bits;
    answer.activation_bits = compiled.activation_bits;
    if (const auto* refused = std::get_if<hw::Infeasible>(&report)) {
      answer.reason = refused->what;
      return answer;
    }
    auto& good = std::get<sim::WorkloadReport>(report);
    answer.peak_bits = good.demand.total();
    answer.memory = memory_rows(good);
    answer.plan = good.plan;
    answer.cost.add(good.cost);
    answer.tokens += good.tokens;
    if (step == 0) {
      answer.rows = std::move(good.rows);
      continue;
    }
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {  // same groups, longer context
      sim::GroupRow& row = answer.rows[i];
      const sim::GroupRow& more = good.rows[i];
      row.count += more.count;
      row.utilization = (row.utilization * row.latency_s + more.utilization * more.latency_s) /
                        (row.latency_s + more.latency_s);
      row.latency_s += more.latency_s;
      row.closed_form_latency_s += more.closed_form_latency_s;
      row.energy_j += more.energy_j;
      row.dram_bits += more.dram_bits;
      row.operations += more.operations;
      row.fused_bits_saved += more.fused_bits_saved;
    }
  }
  return answer;
}

std::string overall_bottleneck(const sim::WorkloadCost& cost) {
  const auto largest = static_cast<std::size_t>(
      std::max_element(cost.time_by_bottleneck.begin(), cost.time_by_bottleneck.end()) -
      cost.time_by_bottleneck.begin());
  return std::string{cairn::to_text(static_cast<hw::Bottleneck>(largest))};
}

nlohmann::ordered_json to_json(const Answer& a, bool simulated) {
  nlohmann::ordered_json json;
  const bool feasible = a.reason.empty();
  const auto figure = [&](double value) {
    return feasible ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  };
  json["parameters"] = a.parameters;
  json["latency_s"] = figure(a.cost.latency_s);
  if (simulated) {
    json["fidelity"] = "cycle";
    json["analytical_latency_s"] = figure(a.cost.closed_form_latency_s);
    json["disagreement"] =
        figure(sim::disagreement(a.cost.latency_s, a.cost.closed_form_latency_s));
  }
  json["tokens_per_s"] = figure(static_cast<double>(a.tokens) / a.cost.latency_s);
  json["energy_j"] = figure(a.cost.energy.total());
  json["power_w"] = figure(a.cost.energy.total() / a.cost.latency_s);
  json["weight_bytes"] = a.weight_bits / kBitsPerByte;
  json["kv_bytes"] = a.kv_bits / kBitsPerByte;
  if (a.training) {
    json["gradient_bytes"] = a.gradient_bits / kBitsPerByte;
    json["optimizer_bytes"] = a.optimizer_bits / kBitsPerByte;
    json["activation_bytes"] = a.activation_bits / kBitsPerByte;
  }
  json["peak_bytes"] = a.peak_bits / kBitsPerByte;
  json["memory"] = nlohmann::ordered_json::array();
  for (const MemoryRow& row : a.memory) {
    json["memory"].push_back({{"memory", row.memory},
                              {"holds", row.what},
                              {"bytes", row.bits / kBitsPerByte},
                              {"capacity_bytes", row.capacity_bits / kBitsPerByte},
                              {"spilled", row.spilled}});
  }
  if (a.plan) {
    json["memory_plan"] = {{"live_peak_bytes", a.plan->live_bits / kBitsPerByte},
                           {"arena_bytes", a.plan->arena_bits / kBitsPerByte},
                           {"beside_arena_bytes", a.plan->beside_bits / kBitsPerByte},
                           {"flash_bytes", a.plan->flash_bits / kBitsPerByte},
                           {"peak_operator", a.plan->peak_operator},
                           {"order", std::string{cairn::to_text(a.plan->search)}}};
  }
  json["spilled_bytes"] = figure(a.cost.spilled_bits / kBitsPerByte);
  json["dram_read_bytes"] = figure(a.cost.dram_read_bits / kBitsPerByte);
  json["dram_write_bytes"] = figure(a.cost.dram_write_bits / kBitsPerByte);
  json["utilization"] = figure(a.cost.utilization);
  json["bottleneck"] =
      feasible ? nlohmann::ordered_json(overall_bottleneck(a.cost)) : nlohmann::ordered_json();
  json["feasible"] = feasible;
  json["reason"] = a.reason;
  nlohmann::ordered_json energy;
  for (const auto& [component, name] : enum_names(hw::EnergyComponent{})) {
    energy[std::string{name}] = figure(a.cost.energy[component]);
  }
  json["energy_by_component_j"] = energy;
  json["operators"] = nlohmann::ordered_json::array();
  for (const sim::GroupRow& row : a.rows) {
    json["operators"].push_back({{"name", row.name},
                                 {"kind", row.kind},
                                 {"count", row.count},
                                 {"latency_s", row.latency_s},
                                 {"energy_j", row.energy_j},
                                 {"utilization", row.utilization},
                                 {"bottleneck", row.bottleneck},
                                 {"dram_bytes", row.dram_bits / kBitsPerByte},
                                 {"fused_bytes_saved", row.fused_bits_saved / kBitsPerByte},
                                 {"operations", row.operations},
                                 {"formats", row.formats},
                                 {"mapping", row.mapping},
                                 {"device", row.device}});
    if (simulated) {
      nlohmann::ordered_json& one = json["operators"].back();
      one["simulated"] = row.simulated;
      one["analytical_latency_s"] = row.closed_form_latency_s;
      one["disagreement"] = sim::disagreement(row.latency_s, row.closed_form_latency_s);
    }
  }
  return json;
}

/// Operators with the times of both levels.
std::string both_levels(const Answer& a) {
  std::string text = fmt::format("\n  {:<30} {:>6} {:>10} {:>10} {:>9} {}\n", "operator", "count",
                                 "simulated", "analytical", "disagr.", "bound by");
  for (const sim::GroupRow& row : a.rows) {
    text += fmt::format(
        "  {:<30.30} {:>6} {:>10} {:>10} {:>9} {}\n", row.name, row.count,
        human_text(Seconds{row.latency_s}, 3), human_text(Seconds{row.closed_form_latency_s}, 3),
        row.simulated ? fmt::format("{:+.2f} %", 100 * sim::disagreement(row.latency_s,
                                                                         row.closed_form_latency_s))
                      : "closed f.",
        row.bottleneck);
  }
  return text;
}

std::string to_table(const Answer& a, const ModelOptions& options, bool simulated) {
  if (!a.reason.empty()) {
    return wrapped(fmt::format("{} on {}: infeasible", options.model, options.hardware), 0) +
           wrapped(a.reason, 2);
  }
  std::string text = fmt::format("{} on {}, {}, batch {}, context {}\n", options.model,
                                 options.hardware, options.phase, options.batch, options.context);
  const auto line = [&](std::string_view what, const std::string& value) {
    text += fmt::format("  {:<14}{}\n", what, value);
  };
  line("latency", human_text(Seconds{a.cost.latency_s}));
  if (simulated) {
    line(
        "analytical",
        fmt::format("{}: disagreement {:+.2f} %", human_text(Seconds{a.cost.closed_form_latency_s}),
                    100 * sim::disagreement(a.cost.latency_s, a.cost.closed_form_latency_s)));
  }
  line("throughput",
       fmt::format("{} tokens/s", human_double(static_cast<double>(a.tokens) / a.cost.latency_s)));
  line("energy", human_text(Joules{a.cost.energy.total()}));
  line("power", human_text(Watts{a.cost.energy.total() / a.cost.latency_s}));
  const std::int64_t devices =
      options.tensor_parallel * options.pipeline_parallel * options.data_parallel;
  if (devices > 1) {
    line("devices", fmt::format("{}: memory below is that of one", devices));
  }
  line("parameters", fmt::format("{}", a.parameters));
  line("weights", human_text(Bits{static_cast<std::int64_t>(a.weight_bits)}));
  if (a.training) {
    line("gradients", human_text(Bits{static_cast<std::int64_t>(a.gradient_bits)}));
    line("optimiser", human_text(Bits{static_cast<std::int64_t>(a.optimizer_bits)}));
    line("activations", human_text(Bits{static_cast<std::int64_t>(a.activation_bits)}));
  } else {
    line("KV cache", human_text(Bits{static_cast<std::int64_t>(a.kv_bits)}));
  }
  line("peak memory", human_text(Bits{static_cast<std::int64_t>(a.peak_bits)}));
  for (const MemoryRow& row : a.memory) {
    line(row.memory,
         fmt::format("{} of {}: {}{}", human_text(Bits{static_cast<std::int64_t>(row.bits)}),
                     human_text(Bits{static_cast<std::int64_t>(row.capacity_bits)}), row.what,
                     row.spilled ? " (spilled)" : ""));
  }
  if (a.plan) {
    line("arena", fmt::format("{} ({} alive at once in {}, {} order), {} beside",
                              human_text(Bits{static_cast<std::int64_t>(a.plan->arena_bits)}),
                              human_text(Bits{static_cast<std::int64_t>(a.plan->live_bits)}),
                              a.plan->peak_operator, cairn::to_text(a.plan->search),
                              human_text(Bits{static_cast<std::int64_t>(a.plan->beside_bits)})));
  }
  line("bottleneck", overall_bottleneck(a.cost));
  if (simulated) {
    return text + both_levels(a);
  }
  text += fmt::format("\n  {:<30} {:>6} {:>10} {:>7} {:>10} {}\n", "operator", "count", "latency",
                      "share", "energy", "bound by");
  double all = 0;
  for (const sim::GroupRow& row : a.rows) {
    all += row.latency_s;
  }
  for (const sim::GroupRow& row : a.rows) {
    text += fmt::format("  {:<30.30} {:>6} {:>10} {:>6.1f}% {:>10} {}{}{}\n", row.name, row.count,
                        human_text(Seconds{row.latency_s}, 3), 100 * row.latency_s / all,
                        human_text(Joules{row.energy_j}, 3), row.bottleneck,
                        row.device.empty() ? "" : "  ", row.device);
  }
  return text;
}

}  // namespace

ExitCode run_model(const ModelOptions& options) {
  const LoadedSystem loaded = load_system(options.hardware, options.overrides, options.stack);
  const std::unique_ptr<CycleLevel> cycle =
      make_cycle_level(options.level, loaded, options.hardware);
  const Answer answer = answer_of(options, loaded, cycle.get());
  if (cycle) {
    cycle->finish();
    fmt::print(stderr, "{}", wrapped(cycle->trace_note(), 0));
  }
  Output output("");
  output.text() = options.json ? to_json(answer, cycle != nullptr).dump(1) + "\n"
                               : to_table(answer, options, cycle != nullptr);
  output.finish();
  return answer.reason.empty() ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
