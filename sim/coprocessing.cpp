#include "sim/coprocessing.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::sim {
namespace {

bool is_collective(const UniqueGroup& group) {
  return std::holds_alternative<models::Collective>(group.anchor.shape);
}

/// The device that a rule names for each group; -1 where any may be taken.
std::vector<std::int8_t> named_devices(const CompiledWorkload& workload,
                                       const hw::Coprocessing& shared) {
  std::vector<std::int8_t> named(workload.unique.size(), -1);
  if (shared.rule == hw::CoprocessingRule::fastest) {
    return named;
  }
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    const UniqueGroup& group = workload.unique[u];
    std::vector<const models::Operator*> followers;
    for (const models::Operator& f : group.followers) {
      followers.push_back(&f);
    }
    const double ratio = hw::operations_per_byte({&group.anchor, followers, group.fused});
    // Work without products (norms, activations) stays on the host.
    const bool low = ratio > 0 && ratio < shared.threshold;
    named[u] = low ? 1 : 0;
  }
  return named;
}

std::vector<SharedTask> tasks_of(const CompiledWorkload& workload, const Segment& segment,
                                 const DevicePrices& prices,
                                 const std::vector<std::int8_t>& named) {
  std::vector<SharedTask> tasks(segment.groups.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::uint32_t u = segment.groups[i];
    tasks[i].after = segment.after[i];
    if (is_collective(workload.unique[u])) {
      tasks[i].on_links = std::max(prices.front()[u]->step.alone(), 1e-15);
      continue;
    }
    tasks[i].only = named[u];
    for (const auto& device : prices) {
      tasks[i].seconds.push_back(device[u] ? device[u]->step.alone() : kCannotRun);
    }
  }
  return tasks;
}

bool can_do_all(const std::vector<std::optional<GroupPrice>>& prices) {
  return std::all_of(prices.begin(), prices.end(),
                     [](const std::optional<GroupPrice>& price) { return price.has_value(); });
}

/// Sums of groups that ran where \p placed says; latency is the caller's.
void add_groups(const CompiledWorkload& workload, const DevicePrices& prices,
                const std::vector<std::vector<std::int64_t>>& placed, WorkloadCost& total,
                double& ideal_s, double& alone_s) {
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    for (std::size_t d = 0; d < prices.size(); ++d) {
      if (placed[u][d] == 0) {
        continue;
      }
      const GroupPrice& price = *prices[d][u];
      const auto count = static_cast<double>(placed[u][d]);
      const double alone = count * price.step.alone();
      alone_s += alone;
      total.dram_read_bits += count * price.dram_read_bits;
      total.dram_write_bits += count * price.dram_write_bits;
      total.fused_bits_saved += count * price.fused_bits_saved;
      total.macs += count * price.macs;
      total.resident_share += count * price.resident_share;
      ideal_s += price.macs > 0 ? count * price.macs / price.peak_macs_per_second : 0.0;
      for (std::size_t i = 0; i < hw::kEnergyComponents; ++i) {
        total.energy.joules.at(i) += count * price.energy.joules.at(i);
      }
      total.time_by_bottleneck.at(static_cast<std::size_t>(price.bottleneck)) += alone;
    }
  }
}

/// One device for everything: the chain with its prefetch, and one switch into its mode.
std::optional<SharedCost> on_one_device(const CompiledWorkload& workload,
                                        const DevicePrices& prices, const hw::Coprocessing& shared,
                                        std::size_t device, double static_power, double host_s) {
  if (!can_do_all(prices[device])) {
    return std::nullopt;
  }
  std::vector<GroupPrice> chain;
  for (const std::optional<GroupPrice>& price : prices[device]) {
    chain.push_back(*price);
  }
  SharedCost cost;
  cost.cost = total_cost(workload, chain, static_power, host_s);
  const double turn = shared.mode_switch[device];
  cost.cost.latency_s += turn;
  cost.cost.energy[hw::EnergyComponent::leakage] += workload.devices() * static_power * turn;
  cost.switches = turn > 0 ? 1 : 0;
  cost.alone = true;
  cost.placed.assign(workload.unique.size(), std::vector<std::int64_t>(prices.size(), 0));
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    cost.placed[u][device] = workload.unique[u].count;
  }
  return cost;
}

}  // namespace

SharedCost shared_cost(const CompiledWorkload& workload, const DevicePrices& prices,
                       const hw::Coprocessing& shared, double static_power, double host_s) {
  const std::vector<std::int8_t> named = named_devices(workload, shared);
  const SharedDevices devices{shared.mode_switch, shared.concurrent};
  SharedCost result;
  result.placed.assign(workload.unique.size(), std::vector<std::int64_t>(prices.size(), 0));
  double latency = 0;
  std::vector<std::pair<const Segment*, DeviceAssignment>> known;  // equal segments, once
  for (const Segment& segment : workload.segments) {
    auto same = std::find_if(known.begin(), known.end(), [&](const auto& k) {
      return k.first->groups == segment.groups && k.first->after == segment.after;
    });
    if (same == known.end()) {
      DeviceAssignment found = assign_devices(tasks_of(workload, segment, prices, named), devices);
      same = known.insert(known.end(), {&segment, std::move(found)});
    }
    const DeviceAssignment& assignment = same->second;
    CAIRN_CHECK(assignment.makespan < kCannotRun, "a group that no device can run was priced");
    latency += static_cast<double>(segment.copies) * assignment.makespan;
    result.switches += segment.copies * assignment.switches;
    for (std::size_t i = 0; i < segment.groups.size(); ++i) {
      const std::uint8_t d = assignment.device[i];
      result.placed[segment.groups[i]][d == kOnLinks ? 0 : d] += segment.copies;
    }
  }
  WorkloadCost& total = result.cost;
  double ideal_s = 0;
  double alone_s = 0;
  add_groups(workload, prices, result.placed, total, ideal_s, alone_s);
  total.latency_s = total.interval_s = std::max(latency, host_s);
  for (double& time : total.time_by_bottleneck) {  // shares of the groups, of what the pass takes
    time *= alone_s > 0 ? total.latency_s / alone_s : 0.0;
  }
  total.utilization = total.latency_s > 0 ? ideal_s / total.latency_s : 0.0;
  scale_to_ranks(workload, total, static_power);
  if (shared.rule == hw::CoprocessingRule::fastest) {
    for (std::size_t d = 0; d < prices.size(); ++d) {
      std::optional<SharedCost> alone =
          on_one_device(workload, prices, shared, d, static_power, host_s);
      if (alone && alone->cost.latency_s < result.cost.latency_s) {
        result = std::move(*alone);
      }
    }
  }
  return result;
}

std::string placement_text(const std::vector<std::int64_t>& placed,
                           const hw::Coprocessing& shared) {
  std::string text;
  std::int64_t devices = 0;
  for (const std::int64_t count : placed) {
    devices += count > 0 ? 1 : 0;
  }
  for (std::size_t d = 0; d < placed.size(); ++d) {
    if (placed[d] == 0) {
      continue;
    }
    text += text.empty() ? "" : ", ";
    text += devices > 1 ? fmt::format("{} {}", shared.names[d], placed[d]) : shared.names[d];
  }
  return text;
}

}  // namespace cairn::sim
