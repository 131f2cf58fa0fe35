#include "sim/evaluator.h"

#include <algorithm>

#include <fmt/format.h>

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

}  // namespace

const PriceCache::Entry& GroupPricer::price_new(std::uint64_t key, const UniqueGroup& group,
                                                const hw::Machine& machine,
                                                hw::MappingObjective objective) {
  hw::Estimate estimate = price_group(group, machine, objective, {});
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
    const hw::MappingConstraint& constraint) {
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
  std::vector<GroupPrice> prices;
  for (const UniqueGroup& group : workload.unique) {
    hw::Estimate estimate = price_group(group, machine, objective, constraint);
    if (auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
      refused->what = group.label + ": " + refused->what;
      return std::move(*refused);
    }
    auto& cost = std::get<hw::OperatorCost>(estimate);
    cost.fused_bits_saved = saved_bits(group, cost, machine, objective);
    prices.push_back(price_of(cost, peak_of(group, machine)));
    report.rows.push_back(row_of(group, cost, workload.ranks));
  }
  report.cost = total_cost(workload, prices, machine.static_power(),
                           machine.host().of_pass(workload.layers, workload.phase));
  if (std::optional<hw::Infeasible> full = residence_problem(report.cost)) {
    return std::move(*full);
  }
  add_spills(report.placed, report.tiers, machine.static_power(), workload.devices(), report.cost);
  return report;
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
      return memory.demand[hw::TensorKind::weights] / kBitsPerByte;
    case Metric::dram_traffic:
      return (cost.dram_read_bits + cost.dram_write_bits) / kBitsPerByte;
    case Metric::utilization:
      return cost.utilization;
    case Metric::interval:
      return cost.interval_s;
    case Metric::area:
    case Metric::quality_loss:
      break;  // of the design point, not of a workload
  }
  return 0;
}

}  // namespace cairn::sim
