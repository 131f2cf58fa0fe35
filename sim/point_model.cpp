#include "sim/point_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/error.h"
#include "core/hash.h"
#include "models/importers/hugging_face.h"
#include "sim/stage_mix.h"

namespace cairn::sim {
namespace {

/// Places of the price cache of one thread: about 30 MiB.
constexpr std::size_t kCachePlaces = 1U << 17U;
/// Most compiled workloads and machine summaries kept by one thread.
constexpr std::size_t kMostSets = 4096;
constexpr std::size_t kMostMachines = 65536;

constexpr std::uint64_t kSystemSalt = 0x5157;
constexpr std::uint64_t kWorkloadSalt = 0x3a11;
constexpr std::uint64_t kOrderSalt = 0x0de5;

template <class T>
void read_section(const Node& node, T& out, KnobBinder& knobs, const char* path,
                  Diagnostics& diagnostics) {
  if (node.kind != Node::Kind::null) {
    read(node, out, diagnostics, ReadOptions{.knobs = &knobs, .path = path});
  }
}

std::vector<std::size_t> members_of(const KnobBinder& binder) {
  std::vector<std::size_t> members;
  for (std::size_t k = 0; k < binder.knobs().size(); ++k) {
    if (binder.knobs()[k].used) {
      members.push_back(k);
    }
  }
  return members;
}

std::uint64_t key_of(std::uint64_t salt, std::span<const std::size_t> members,
                     std::span<const std::uint32_t> choices) {
  Hasher hasher{salt};
  for (const std::size_t k : members) {
    hasher.add(choices[k]);
  }
  return hasher.value();
}

}  // namespace

struct PointModel::CompiledSet {
  struct Pass {
    CompiledWorkload workload;
    /// Further steps of a decode that generates several tokens (each with a longer context).
    std::vector<CompiledWorkload> later;
    /// How often each step counts (mixed: shares of the stages); empty: once.
    std::vector<double> shares;
    [[nodiscard]] double share(std::size_t step) const {
      return shares.empty() ? 1.0 : shares[step];
    }
    /// Steps of a pass, as tokens count them.
    [[nodiscard]] std::int64_t steps() const {
      return shares.empty() ? static_cast<std::int64_t>(later.size()) + 1 : 1;
    }
    /// What the last step needs under one library; made when first asked for.
    struct Memory {
      std::uint64_t library{};
      MemoryFigures figures;
      std::optional<std::vector<Patching>> patchings;  ///< only once something does not fit
    };
    std::vector<Memory> memory;  // most studies have one library or none
    [[nodiscard]] const CompiledWorkload& last() const {
      return later.empty() ? workload : later.back();
    }
    /// \param traits null without a library; \param key its hash.
    Memory& memory_under(const hw::MemoryTraits* traits, std::uint64_t key) {
      for (Memory& known : memory) {
        if (known.library == key) {
          return known;
        }
      }
      const std::optional<MemoryPlan> plan =
          traits != nullptr ? std::optional{plan_memory(last(), *traits)} : std::nullopt;
      memory.push_back({key, {demand_of(last(), plan ? &*plan : nullptr), last().weight_bits}, {}});
      return memory.back();
    }
  };
  std::vector<Pass> passes;
  QualityFigure quality;
  std::vector<std::string> unpriced;
  /// Devices of the pass that needs most.
  [[nodiscard]] double devices() const {
    double most = 1;
    for (const Pass& pass : passes) {
      most = std::max(most, pass.workload.devices());
    }
    return most;
  }
};

struct PointModel::MachineEntry {
  std::optional<hw::Infeasible> problem;
  double static_power{};
  double area_mm2{};
  std::optional<hw::Infeasible> area_problem;
  MemoryTiers tiers;
  std::optional<hw::MemoryTraits> traits;  ///< of the library, if there is one
  std::uint64_t traits_key{};
  hw::HostTimeSpec host;
  std::optional<hw::Coprocessing> shared;
};

PointModel::PointModel(const ScenarioNodes& nodes, const std::vector<KnobChoices>& knobs,
                       WorkloadBuilder workloads, TechnologyLibrary technologies,
                       Diagnostics& diagnostics)
    : builder_(std::move(workloads)),
      technologies_(std::move(technologies)),
      current_(knobs.size(), 0),
      pricer_(kCachePlaces) {
  for (const KnobChoices& knob : knobs) {
    system_knobs_.declare(knob.name, knob.at, knob.choices);
    workload_knobs_.declare(knob.name, knob.at, knob.choices);
  }
  read_section(nodes.system, spec_.system, system_knobs_, "system", diagnostics);
  read_section(nodes.mapping, spec_.mapping, system_knobs_, "mapping", diagnostics);
  read_section(nodes.workloads, spec_.workloads, workload_knobs_, "workloads", diagnostics);
  read_section(nodes.compression, spec_.compression, workload_knobs_, "compression", diagnostics);
  read_section(nodes.fusion, spec_.fusion, workload_knobs_, "fusion", diagnostics);
  read_section(nodes.quality, spec_.quality, workload_knobs_, "quality", diagnostics);
  system_members_ = members_of(system_knobs_);
  workload_members_ = members_of(workload_knobs_);
  for (std::size_t k = 0; k < knobs.size(); ++k) {
    if (!system_knobs_.knobs()[k].used && !workload_knobs_.knobs()[k].used) {
      unused_.push_back(knobs[k].name);
    }
  }
  for (std::size_t i = 0; i < spec_.workloads.size(); ++i) {
    labels_.push_back(spec_.workloads[i].label());
    if (std::count(labels_.begin(), labels_.end(), labels_.back()) > 1) {
      diagnostics.error(nodes.workloads.items[i].at, fmt::format("workloads[{}]", i),
                        fmt::format("two workloads are called '{}'", labels_.back()),
                        "give each a `name`");
    }
  }
  if (nodes.workloads.is_sequence() && nodes.workloads.items.empty()) {
    diagnostics.error(nodes.workloads.at, "workloads", "a study needs at least one workload");
  }
  system_key_ = key_of(kSystemSalt, system_members_, current_);
  workload_key_ = key_of(kWorkloadSalt, workload_members_, current_);
  if (diagnostics.ok()) {
    quality_ = QualityModel(spec_.quality);
  }
}

void PointModel::select(std::vector<MetricColumn> columns) {
  columns_ = std::move(columns);
  asks_area_ = std::any_of(columns_.begin(), columns_.end(),
                           [](const MetricColumn& c) { return c.metric == Metric::area; });
}

std::string PointModel::quality_label() const {
  return quality_.label(published_seen_, proxy_seen_);
}

std::vector<std::string> PointModel::unpriced(std::span<const std::uint32_t> choices) {
  apply(choices);
  return compiled_set().unpriced;
}

PointModel::~PointModel() = default;

void PointModel::apply(std::span<const std::uint32_t> choices) {
  bool system_changed = false;
  bool workload_changed = false;
  for (const std::size_t k : system_members_) {
    if (choices[k] != current_[k]) {
      system_knobs_.set(k, choices[k]);
      system_changed = true;
    }
  }
  for (const std::size_t k : workload_members_) {
    if (choices[k] != current_[k]) {
      workload_knobs_.set(k, choices[k]);
      workload_changed = true;
    }
  }
  std::copy(choices.begin(), choices.end(), current_.begin());
  if (system_changed) {
    system_key_ = key_of(kSystemSalt, system_members_, current_);
  }
  if (workload_changed) {
    workload_key_ = key_of(kWorkloadSalt, workload_members_, current_);
  }
}

const models::OrderPlanner& PointModel::planner(bool for_device) {
  if (!make_planner_) {
    return planner_;
  }
  if (!for_device || machine_entry().problem) {
    if (!planner_) {
      planner_ = make_planner_(nullptr, spec_.mapping.minimize);
    }
    return planner_;
  }
  const hw::Machine& built = machine();
  if (!device_planner_) {
    device_planner_ = make_planner_(&built, spec_.mapping.minimize);
  }
  return device_planner_;
}

PointModel::CompiledSet& PointModel::compiled_set() {
  // Orders that the machine decides make another workload on another machine.
  const bool for_device = models::orders_need_device(spec_.compression);
  std::uint64_t key = workload_key_;
  if (for_device) {
    Hasher hasher{kOrderSalt};
    hasher.add(workload_key_);
    hasher.add(system_key_);
    key = hasher.value();
  }
  const auto found = sets_.find(key);
  if (found != sets_.end()) {
    return *found->second;
  }
  if (sets_.size() >= kMostSets) {
    sets_.clear();
  }
  ++counters_.workloads;
  auto set = std::make_unique<CompiledSet>();
  models::OrderPlanning orders{.planner = planner(for_device)};
  for (const WorkloadSpec& spec : spec_.workloads) {
    orders.training = spec.phase == models::Phase::training;
    const bool mixed = spec.phase == models::Phase::mixed;
    const std::vector<StageShare> stages =
        mixed ? stage_mix(spec.batch, *spec.generate) : std::vector<StageShare>{{0, 1.0}};
    const models::Workload compressed =
        models::compress(builder_.build(spec, stages.front().prompts), spec_.compression, orders);
    CompiledSet::Pass pass;
    pass.workload = compile(spec.step_of(compressed), spec_.fusion);
    if (mixed) {
      for (const StageShare& stage : stages) {
        pass.shares.push_back(stage.share);
        if (pass.shares.size() > 1) {
          pass.later.push_back(compile(
              models::compress(builder_.build(spec, stage.prompts), spec_.compression, orders),
              spec_.fusion));
        }
      }
    }
    for (std::int64_t step = 1; !mixed && step < spec.generate.value_or(1); ++step) {
      models::Workload next = compressed;
      models::set_context(next, spec.context + step);
      if (!pass.later.empty()) {
        // Only the last step is asked for its memory; the graphs of the others would pile up.
        pass.later.back().activations = {};
        pass.later.back().node_operators = {};
      }
      pass.later.push_back(compile(next, spec_.fusion));
    }
    // Every workload of a study is the same compressed model; the first decides the figure.
    if (set->passes.empty()) {
      set->quality = quality_.figure(compressed);
      set->unpriced = quality_.unpriced(compressed);
      published_seen_ = published_seen_ || set->quality.published;
      proxy_seen_ = proxy_seen_ || set->quality.proxy;
    }
    set->passes.push_back(std::move(pass));
  }
  return *sets_.emplace(key, std::move(set)).first->second;
}

const PointModel::MachineEntry& PointModel::machine_entry() {
  const auto found = machines_.find(system_key_);
  if (found != machines_.end()) {
    return *found->second;
  }
  if (machines_.size() >= kMostMachines) {
    machines_.clear();
  }
  auto entry = std::make_unique<MachineEntry>();
  const hw::Technology technology = technologies_.load(spec_.system.technology);
  entry->problem = hw::Machine::problem(spec_.system, technology);
  if (!entry->problem) {
    const hw::Machine& built = machine();
    entry->static_power = built.static_power();
    entry->area_mm2 = built.area_mm2();
    entry->area_problem = built.area_problem();
    entry->host = built.host();
    entry->tiers = MemoryTiers(built);
    if (const hw::MemoryTraits* traits = built.memory_traits()) {
      entry->traits = *traits;
      Hasher hasher;
      hash_into(hasher, *traits);
      entry->traits_key = hasher.value();
    }
    entry->shared = built.coprocessing();
  }
  return *machines_.emplace(system_key_, std::move(entry)).first->second;
}

const hw::Machine& PointModel::machine() {
  if (!machine_ || machine_key_ != system_key_) {
    device_planner_ = nullptr;  // before its machine
    machine_ =
        std::make_unique<hw::Machine>(spec_.system, technologies_.load(spec_.system.technology));
    machine_key_ = system_key_;
    ++counters_.machines;
  }
  return *machine_;
}

CyclePrices& PointModel::cycle_prices() {
  if (!cycle_prices_ || cycle_key_ != system_key_) {
    cycle_prices_.reset();  // before the next one is made: a process may hold one simulation
    cycle_prices_ = make_cycle_prices_(spec_.system, technologies_.load(spec_.system.technology));
    cycle_key_ = system_key_;
  }
  return *cycle_prices_;
}

PointStatus PointModel::evaluate(std::span<const std::uint32_t> choices,
                                 std::span<double> metrics) {
  ++counters_.points;
  apply(choices);
  const MachineEntry& entry = machine_entry();
  if (entry.problem) {
    refusal_ = {entry.problem->what, entry.problem->limit, entry.problem->excess};
    return PointStatus::infeasible;
  }
  if (entry.area_problem && asks_area_) {  // an unknown area would win as zero
    refusal_ = {entry.area_problem->what, entry.area_problem->limit, entry.area_problem->excess};
    return PointStatus::infeasible;
  }
  CompiledSet* made = nullptr;
  try {
    made = &compiled_set();
  } catch (const ConfigError& e) {  // knobs that are impossible only together
    refusal_ = {e.diagnostics().front().message, "workload", 0.0};
    return PointStatus::infeasible;
  }
  CompiledSet& set = *made;
  const hw::MemoryTraits* traits = entry.traits ? &*entry.traits : nullptr;
  placed_.resize(set.passes.size());
  for (std::size_t w = 0; w < set.passes.size(); ++w) {
    CompiledSet::Pass& pass = set.passes[w];
    CompiledSet::Pass::Memory& memory = pass.memory_under(traits, entry.traits_key);
    placed_[w] = entry.tiers.place(memory.figures.demand);
    if (placed_[w].shortage) {
      if (!memory.patchings) {
        memory.patchings = patchings(pass.last(), traits != nullptr ? *traits : hw::MemoryTraits{});
      }
      hw::Infeasible full =
          capacity_problem(pass.last(), memory.figures.demand, entry.tiers, *memory.patchings);
      refusal_ = {std::move(full.what), std::move(full.limit), full.excess};
      return PointStatus::infeasible;
    }
  }
  prices_.resize(2);  // those of the closed form second, where others are in use
  costs_.assign(set.passes.size(), WorkloadCost{});
  const auto source = [this]() -> const hw::Machine& { return machine(); };
  const hw::MappingObjective objective = spec_.mapping.minimize;
  for (std::size_t w = 0; w < set.passes.size(); ++w) {
    const CompiledSet::Pass& pass = set.passes[w];
    const bool spills = std::any_of(placed_[w].view().begin(), placed_[w].view().end(),
                                    [](const PlacedPart& part) { return part.spilled; });
    std::size_t step = 0;
    const auto run = [&](const CompiledWorkload& workload) {
      const double host_s = entry.host.of_pass(workload.layers, workload.phase);
      WorkloadCost cost;
      if (entry.shared) {
        CAIRN_CHECK(!make_cycle_prices_, "the cycle level simulates one device");
        DevicePrices prices;
        if (std::optional<Refusal> refused = pricer_.price_shared(
                system_key_, workload, objective, entry.shared->devices.size(), source, prices)) {
          refusal_ = std::move(*refused);
          return false;
        }
        cost = shared_cost(workload, prices, *entry.shared, entry.static_power, host_s).cost;
      } else if (make_cycle_prices_) {
        if (std::optional<Refusal> refused =
                cycle_prices().price(workload, machine(), objective, prices_[0], prices_[1])) {
          refusal_ = std::move(*refused);
          return false;
        }
        cost = total_cost(workload, prices_[0], entry.static_power, host_s);
      } else {
        if (std::optional<Refusal> refused =
                pricer_.price(system_key_, workload, objective, source, prices_[0])) {
          refusal_ = std::move(*refused);
          return false;
        }
        cost = total_cost(workload, prices_[0], entry.static_power, host_s);
      }
      if (std::optional<hw::Infeasible> full = residence_problem(cost)) {
        refusal_ = {std::move(full->what), std::move(full->limit), full->excess};
        return false;
      }
      if (spills) {
        add_spills(placed_[w], entry.tiers, entry.static_power, workload.devices(), cost);
      }
      if (make_cycle_prices_) {
        WorkloadCost closed = total_cost(workload, prices_[1], entry.static_power, host_s);
        if (spills) {
          add_spills(placed_[w], entry.tiers, entry.static_power, workload.devices(), closed);
        }
        cost.closed_form_latency_s = closed.latency_s;
      }
      costs_[w].add(cost, pass.share(step++));
      return true;
    };
    if (!run(pass.workload) || !std::all_of(pass.later.begin(), pass.later.end(), run)) {
      return PointStatus::infeasible;
    }
  }
  write_metrics(set, entry, metrics);
  return PointStatus::feasible;
}

/// A metric over all workloads: sums with the workloads' weights where that has a meaning, the
/// largest where memory is concerned, and ratios of the sums.
template <class One>
double PointModel::total(Metric metric, std::size_t count, const One& one) const {
  const auto sum = [&](Metric m) {
    double value = 0;
    for (std::size_t w = 0; w < count; ++w) {
      value += spec_.workloads[w].weight * one(m, w);
    }
    return value;
  };
  switch (metric) {
    case Metric::peak_memory:
    case Metric::weight_memory:
    case Metric::kv_memory:
    case Metric::activation_memory:
    case Metric::flash:
    case Metric::gradient_memory:
    case Metric::optimizer_memory: {
      double most = 0;
      for (std::size_t w = 0; w < count; ++w) {
        most = std::max(most, one(metric, w));
      }
      return most;
    }
    case Metric::disagreement: {
      double closed_form = 0;
      for (std::size_t w = 0; w < count; ++w) {
        closed_form += spec_.workloads[w].weight * one(Metric::latency, w) / (1 + one(metric, w));
      }
      return disagreement(sum(Metric::latency), closed_form);
    }
    case Metric::energy_delay:
      return sum(Metric::energy) * sum(Metric::latency);
    case Metric::power:
      return sum(Metric::energy) / sum(Metric::latency);
    case Metric::utilization: {
      double busy = 0;
      for (std::size_t w = 0; w < count; ++w) {
        busy += spec_.workloads[w].weight * one(Metric::latency, w) * one(metric, w);
      }
      return busy / sum(Metric::latency);
    }
    case Metric::throughput: {  // all tokens over all time
      double tokens = 0;
      for (std::size_t w = 0; w < count; ++w) {
        tokens += spec_.workloads[w].weight * one(metric, w) * one(Metric::latency, w);
      }
      return tokens / sum(Metric::latency);
    }
    default:
      return sum(metric);
  }
}

void PointModel::write_metrics(CompiledSet& set, const MachineEntry& machine,
                               std::span<double> metrics) const {
  const auto one = [&](Metric metric, std::size_t w) {
    CompiledSet::Pass& pass = set.passes[w];
    return metric_value(
        metric, costs_[w],
        pass.memory_under(machine.traits ? &*machine.traits : nullptr, machine.traits_key).figures,
        pass.workload.tokens * pass.steps(), pass.workload.batch);
  };
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const MetricColumn& column = columns_[c];
    if (column.metric == Metric::area) {
      metrics[c] = machine.area_mm2 * set.devices();
    } else if (column.metric == Metric::quality_loss) {
      metrics[c] = set.quality.loss;
    } else if (column.workload >= 0) {
      metrics[c] = one(column.metric, static_cast<std::size_t>(column.workload));
    } else if (set.passes.size() == 1) {
      metrics[c] = one(column.metric, 0);
    } else {
      metrics[c] = total(column.metric, set.passes.size(), one);
    }
  }
}

std::variant<PointModel::Detail, Refusal> PointModel::detail(
    std::span<const std::uint32_t> choices) {
  apply(choices);
  const MachineEntry& entry = machine_entry();
  if (entry.problem) {
    return Refusal{entry.problem->what, entry.problem->limit, entry.problem->excess};
  }
  const CompiledSet& set = compiled_set();
  const hw::Machine& built = machine();
  Detail detail;
  for (const CompiledSet::Pass& pass : set.passes) {
    auto report = report_workload(pass.workload, built, spec_.mapping.minimize);
    if (auto* refused = std::get_if<hw::Infeasible>(&report)) {
      return Refusal{refused->what, refused->limit, refused->excess};
    }
    detail.workloads.push_back(std::get<WorkloadReport>(std::move(report)));
    for (std::size_t stage = 1; stage < pass.shares.size(); ++stage) {  // of a mixed workload
      auto more = report_workload(pass.later[stage - 1], built, spec_.mapping.minimize);
      if (auto* refused = std::get_if<hw::Infeasible>(&more)) {
        return Refusal{refused->what, refused->limit, refused->excess};
      }
      if (stage == 1) {
        scale_report(detail.workloads.back(), pass.shares.front(), "");
      }
      scale_report(std::get<WorkloadReport>(more), pass.shares[stage],
                   fmt::format(" (stage {})", stage));
      add_report(detail.workloads.back(), std::get<WorkloadReport>(std::move(more)));
    }
    detail.compiled.push_back(pass.workload);
  }
  detail.area = built.area();
  for (hw::AreaPart& part : detail.area) {
    part.mm2 *= set.devices();
  }
  const models::Formats formats = set.passes.front().workload.unique.front().anchor.formats;
  const auto ranks = static_cast<double>(set.passes.front().workload.ranks);
  detail.peak_macs_per_second = ranks * built.peak_macs_per_second(formats);
  detail.backing_bandwidth = ranks * built.backing().bandwidth;
  detail.assumptions = built.assumptions();
  detail.quality_label = quality_.label(set.quality.published, set.quality.proxy);
  return detail;
}

PricingCounters PointModel::counters() const {
  PricingCounters c = counters_;
  c.hits = pricer_.cache().hits();
  c.misses = pricer_.cache().misses();
  c.mappings = pricer_.cache().mappings_considered();
  return c;
}

}  // namespace cairn::sim
