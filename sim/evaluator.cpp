#include "sim/evaluator.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/enum_names.h"

namespace cairn::sim {
namespace {

/// Follower pointers of a group for a GroupView; groups are small, so a fixed array serves.
class Followers {
 public:
  explicit Followers(const UniqueGroup& group) {
    for (const models::Operator& f : group.followers) {
      pointers_.push_back(&f);
    }
  }
  [[nodiscard]] std::span<const models::Operator* const> view() const { return pointers_; }

 private:
  std::vector<const models::Operator*> pointers_;
};

hw::Estimate price_group(const UniqueGroup& group, const hw::Machine& machine,
                         hw::MappingObjective objective, const hw::MappingConstraint& constraint) {
  const Followers followers(group);
  const hw::GroupView view{&group.anchor, followers.view(), group.fused};
  return machine.price(view, constraint, objective);
}

hw::Estimate price_on(std::size_t device, const UniqueGroup& group, const hw::Machine& machine,
                      hw::MappingObjective objective, const hw::MappingConstraint& constraint) {
  const Followers followers(group);
  const hw::GroupView view{&group.anchor, followers.view(), group.fused};
  return machine.price_on(device, view, constraint, objective);
}

/// The price of a group by simulation; \p both keeps the closed form beside it.
hw::Estimate simulated(const UniqueGroup& group, CyclePrices& cycle, hw::MappingObjective objective,
                       const hw::MappingConstraint& constraint, CyclePrice& both) {
  const CycleEstimate& estimate = cycle.price(group, constraint, objective);
  if (const auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
    return *refused;
  }
  both = std::get<CyclePrice>(estimate);
  return both.cost;
}

double peak_of(const UniqueGroup& group, const hw::Machine& machine) {
  return machine.peak_macs_per_second(group.anchor.formats);
}

std::string formats_text(const models::Formats& f) {
  return fmt::format("w {} a {} o {}", models::to_text(f.weights), models::to_text(f.activations),
                     models::to_text(f.outputs));
}

GroupRow row_of(const UniqueGroup& group, const hw::OperatorCost& cost, std::int64_t ranks) {
  const auto count = static_cast<double>(group.count);
  const double all = count * static_cast<double>(ranks);
  GroupRow row;
  row.name = group.label;
  row.kind = models::kind_name(group.anchor.shape);
  row.count = group.count;
  row.latency_s = count * cost.latency_s();
  row.energy_j = all * cost.energy.total();
  row.utilization = cost.utilization;
  row.dram_bits = all * (cost.dram_read_bits + cost.dram_write_bits);
  row.operations = 2 * all * static_cast<double>(cost.macs);
  row.fused_bits_saved = all * cost.fused_bits_saved;
  row.bottleneck = cairn::to_text(cost.bottleneck);
  row.mapping = hw::to_text(cost.mapping);
  row.formats = formats_text(group.anchor.formats);
  return row;
}

/// Traffic that fusing saved: price every member by itself and compare.
double saved_bits(const UniqueGroup& group, const hw::OperatorCost& fused,
                  const hw::Machine& machine, hw::MappingObjective objective) {
  if (group.fused == 0) {
    return 0;
  }
  double alone = 0;
  std::vector<const models::Operator*> members{&group.anchor};
  for (const models::Operator& f : group.followers) {
    members.push_back(&f);
  }
  for (const models::Operator* member : members) {
    const hw::GroupView view{member, {}, 0};
    const hw::Estimate estimate = machine.price(view, {}, objective);
    if (const auto* cost = std::get_if<hw::OperatorCost>(&estimate)) {
      alone += cost->dram_read_bits + cost->dram_write_bits;
    }
  }
  return std::max(0.0, alone - fused.dram_read_bits - fused.dram_write_bits);
}

/// The rest of report_workload() for a system whose devices share the work.
std::variant<WorkloadReport, hw::Infeasible> report_shared(
    WorkloadReport report, const CompiledWorkload& workload, const hw::Machine& machine,
    hw::MappingObjective objective, const hw::MappingConstraint& constraint) {
  const hw::Coprocessing& shared = *machine.coprocessing();
  const std::size_t devices = shared.devices.size();
  DevicePrices prices(devices, std::vector<std::optional<GroupPrice>>(workload.unique.size()));
  std::vector<std::vector<hw::OperatorCost>> costs(devices);
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    const UniqueGroup& group = workload.unique[u];
    std::optional<hw::Infeasible> refusal;
    for (std::size_t d = 0; d < devices; ++d) {
      hw::Estimate estimate = price_on(d, group, machine, objective, constraint);
      auto* cost = std::get_if<hw::OperatorCost>(&estimate);
      costs[d].push_back(cost != nullptr ? *cost : hw::OperatorCost{});
      if (cost != nullptr) {
        prices[d][u] = price_of(*cost, peak_of(group, machine));
      } else if (!refusal) {
        refusal = std::get<hw::Infeasible>(std::move(estimate));
        refusal->what = group.label + ": " + refusal->what;
      }
    }
    if (std::none_of(prices.begin(), prices.end(), [u](const auto& p) { return p[u]; })) {
      return std::move(*refusal);
    }
  }
  SharedCost total = shared_cost(workload, prices, shared, machine.static_power(),
                                 machine.host().of_pass(workload.layers, workload.phase));
  report.cost = total.cost;
  report.mode_switches = total.switches;
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    // Figures of all occurrences; text of the device that runs most of them.
    const std::vector<std::int64_t>& placed = total.placed[u];
    const auto main =
        static_cast<std::size_t>(std::max_element(placed.begin(), placed.end()) - placed.begin());
    GroupRow row = row_of(workload.unique[u], costs[main][u], workload.ranks);
    row.latency_s = row.energy_j = row.dram_bits = 0;
    for (std::size_t d = 0; d < devices; ++d) {
      const auto count = static_cast<double>(placed[d]);
      const double all = count * static_cast<double>(workload.ranks);
      const hw::OperatorCost& cost = costs[d][u];
      row.latency_s += count * cost.latency_s();
      row.energy_j += all * cost.energy.total();
      row.dram_bits += all * (cost.dram_read_bits + cost.dram_write_bits);
    }
    if (!std::holds_alternative<models::Collective>(workload.unique[u].anchor.shape)) {
      row.device = placement_text(placed, shared);
      row.mapping = fmt::format("{} | {}", row.device, row.mapping);
    }
    report.rows.push_back(std::move(row));
  }
  add_spills(report.placed, report.tiers, machine.static_power(), workload.devices(), report.cost);
  return report;
}

}  // namespace

const PriceCache::Entry& GroupPricer::price_new(std::uint64_t key, const UniqueGroup& group,
                                                const hw::Machine& machine,
                                                hw::MappingObjective objective, int device) {
  hw::Estimate estimate =
      device < 0 ? price_group(group, machine, objective, {})
                 : price_on(static_cast<std::size_t>(device), group, machine, objective, {});
  if (auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
    return cache_.put(
        key, Refusal{std::move(refused->what), std::move(refused->limit), refused->excess});
  }
  return cache_.put(key, price_of(std::get<hw::OperatorCost>(estimate), peak_of(group, machine)));
}

std::optional<hw::Infeasible> residence_problem(const WorkloadCost& cost) {
  // Shares are quotients of whole numbers of macros, summed.
  if (cost.resident_share <= 1 + 1e-9) {
    return std::nullopt;
  }
  return hw::Infeasible{
      fmt::format("the weights that stay in the device need {:.3f} times its cells, {:.3f} times "
                  "over; fewer copies, or {:.3f} times the macros, would fit",
                  cost.resident_share, cost.resident_share - 1, cost.resident_share),
      "resident weights", cost.resident_share - 1};
}

std::variant<WorkloadReport, hw::Infeasible> report_workload(
    const CompiledWorkload& workload, const hw::Machine& machine, hw::MappingObjective objective,
    const hw::MappingConstraint& constraint, CyclePrices* cycle) {
  WorkloadReport report;
  report.weight_bits = workload.weight_bits;
  report.tokens = workload.tokens;
  report.batch = workload.batch;
  report.static_power = workload.devices() * machine.static_power();
  if (std::optional<hw::Infeasible> alone = machine.ranks_problem(workload.ranks)) {
    return std::move(*alone);
  }
  const hw::MemoryTraits* traits = machine.memory_traits();
  if (traits != nullptr) {
    report.plan = plan_memory(workload, *traits);
  }
  report.demand = demand_of(workload, report.plan ? &*report.plan : nullptr);
  report.tiers = MemoryTiers(machine);
  report.placed = report.tiers.place(report.demand);
  if (report.placed.shortage) {
    return capacity_problem(workload, report.demand, report.tiers,
                            patchings(workload, traits != nullptr ? *traits : hw::MemoryTraits{}));
  }
  if (machine.coprocessing()) {
    CAIRN_CHECK(cycle == nullptr, "the cycle level simulates one device");
    return report_shared(std::move(report), workload, machine, objective, constraint);
  }
  std::vector<GroupPrice> prices;
  std::vector<GroupPrice> closed_form;  // beside them, at cycle level
  for (const UniqueGroup& group : workload.unique) {
    CyclePrice both;
    hw::Estimate estimate = cycle != nullptr ? simulated(group, *cycle, objective, constraint, both)
                                             : price_group(group, machine, objective, constraint);
    if (auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
      refused->what = group.label + ": " + refused->what;
      return std::move(*refused);
    }
    auto& cost = std::get<hw::OperatorCost>(estimate);
    cost.fused_bits_saved = saved_bits(group, cost, machine, objective);
    prices.push_back(price_of(cost, peak_of(group, machine)));
    report.rows.push_back(row_of(group, cost, workload.ranks));
    if (cycle != nullptr) {
      closed_form.push_back(price_of(both.closed_form, peak_of(group, machine)));
      report.rows.back().simulated = both.simulated;
      report.rows.back().closed_form_latency_s =
          static_cast<double>(group.count) * both.closed_form.latency_s();
    }
  }
  const auto total = [&](const std::vector<GroupPrice>& all) {
    return total_cost(workload, all, machine.static_power(),
                      machine.host().of_pass(workload.layers, workload.phase));
  };
  report.cost = total(prices);
  if (std::optional<hw::Infeasible> full = residence_problem(report.cost)) {
    return std::move(*full);
  }
  const auto spill = [&](WorkloadCost& cost) {
    add_spills(report.placed, report.tiers, machine.static_power(), workload.devices(), cost);
  };
  spill(report.cost);
  if (cycle != nullptr) {
    WorkloadCost closed = total(closed_form);
    spill(closed);
    report.cost.closed_form_latency_s = closed.latency_s;
  }
  return report;
}

void scale_report(WorkloadReport& report, double share, const std::string& suffix) {
  WorkloadCost scaled;
  scaled.add(report.cost, share);
  report.cost = scaled;
  for (GroupRow& row : report.rows) {
    row.name += suffix;
    row.latency_s *= share;
    row.closed_form_latency_s *= share;
    row.energy_j *= share;
    row.dram_bits *= share;
    row.operations *= share;
    row.fused_bits_saved *= share;
  }
}

void add_report(WorkloadReport& report, WorkloadReport more) {
  report.cost.add(more.cost);
  report.weight_bits = std::max(report.weight_bits, more.weight_bits);
  report.mode_switches += more.mode_switches;
  if (more.demand.total() > report.demand.total()) {
    report.demand = more.demand;
    report.plan = std::move(more.plan);
    report.tiers = std::move(more.tiers);
    report.placed = more.placed;
  }
  std::move(more.rows.begin(), more.rows.end(), std::back_inserter(report.rows));
}

std::vector<ChainStep> chain_of(const CompiledWorkload& workload,
                                std::span<const GroupPrice> prices, std::size_t most_steps) {
  std::vector<ChainStep> steps;
  for (const Segment& segment : workload.segments) {
    for (std::int64_t copy = 0; copy < segment.copies; ++copy) {
      for (const std::uint32_t g : segment.groups) {
        if (steps.size() == most_steps) {
          return steps;
        }
        steps.push_back(prices[g].step);
      }
    }
  }
  return steps;
}

double metric_value(Metric metric, const WorkloadCost& cost, const MemoryFigures& memory,
                    std::int64_t tokens, std::int64_t batch) {
  constexpr double kBitsPerByte = 8;
  const double energy = cost.energy.total();
  const auto all_tokens = static_cast<double>(tokens);
  switch (metric) {
    case Metric::latency:
      return cost.latency_s;
    case Metric::latency_per_token:
      return cost.latency_s * static_cast<double>(batch) / all_tokens;
    case Metric::throughput:
      return all_tokens / cost.latency_s;
    case Metric::energy:
      return energy;
    case Metric::energy_per_token:
      return energy / all_tokens;
    case Metric::energy_delay:
      return energy * cost.latency_s;
    case Metric::power:
      return energy / cost.latency_s;
    case Metric::peak_memory:
      return memory.demand.total() / kBitsPerByte;
    case Metric::weight_memory:
      return memory.weight_bits / kBitsPerByte;
    case Metric::kv_memory:
      return memory.demand[hw::TensorKind::kv_cache] / kBitsPerByte;
    case Metric::activation_memory:
      return memory.demand[hw::TensorKind::activations] / kBitsPerByte;
    case Metric::flash:
      return (memory.demand[hw::TensorKind::weights] - memory.demand.gradients -
              memory.demand.optimizer) /
             kBitsPerByte;
    case Metric::gradient_memory:
      return memory.demand.gradients / kBitsPerByte;
    case Metric::optimizer_memory:
      return memory.demand.optimizer / kBitsPerByte;
    case Metric::dram_traffic:
      return (cost.dram_read_bits + cost.dram_write_bits) / kBitsPerByte;
    case Metric::utilization:
      return cost.utilization;
    case Metric::interval:
      return cost.interval_s;
    case Metric::multiply_accumulates:
      return cost.macs;
    case Metric::disagreement:
      return disagreement(cost.latency_s, cost.closed_form_latency_s);
    case Metric::area:
    case Metric::quality_loss:
      break;  // of the design point, not of a workload
  }
  return 0;
}

}  // namespace cairn::sim
