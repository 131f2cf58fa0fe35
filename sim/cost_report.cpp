#include "sim/cost_report.h"

#include <algorithm>
#include <limits>

namespace cairn::sim {

GroupPrice price_of(const hw::OperatorCost& cost, double peak_macs_per_second) {
  return {.step = {.weight_fill = cost.weight_fill_s,
                   .input_fill = cost.input_fill_s,
                   .busy = cost.busy_s,
                   .drain = cost.drain_s,
                   .stream = cost.stream_s},
          .dram_read_bits = cost.dram_read_bits,
          .dram_write_bits = cost.dram_write_bits,
          .fused_bits_saved = cost.fused_bits_saved,
          .macs = static_cast<double>(cost.macs),
          .peak_macs_per_second = peak_macs_per_second,
          .resident_share = cost.resident_share,
          .energy = cost.energy,
          .bottleneck = cost.bottleneck,
          .mappings_considered = cost.mappings_considered};
}

void WorkloadCost::add(const WorkloadCost& other, double times) {
  const double more = times * other.latency_s;
  const double both = latency_s + more;
  if (both > 0) {
    utilization = (utilization * latency_s + other.utilization * more) / both;
  }
  latency_s = both;
  closed_form_latency_s += times * other.closed_form_latency_s;
  prefetch_saved_s += times * other.prefetch_saved_s;
  for (std::size_t i = 0; i < hw::kEnergyComponents; ++i) {
    energy.joules.at(i) += times * other.energy.joules.at(i);
  }
  dram_read_bits += times * other.dram_read_bits;
  dram_write_bits += times * other.dram_write_bits;
  fused_bits_saved += times * other.fused_bits_saved;
  spilled_bits += times * other.spilled_bits;
  spill_wait_s += times * other.spill_wait_s;
  macs += times * other.macs;
  resident_share = std::max(resident_share, other.resident_share);
  interval_s += times * other.interval_s;
  for (std::size_t i = 0; i < hw::kBottlenecks; ++i) {
    time_by_bottleneck.at(i) += times * other.time_by_bottleneck.at(i);
  }
}

WorkloadCost total_cost(const CompiledWorkload& workload, std::span<const GroupPrice> prices,
                        double static_power, double host_s) {
  WorkloadCost total;
  double ideal_s = 0;
  double slowest_resident = 0;
  double others = 0;
  for (std::size_t u = 0; u < workload.unique.size(); ++u) {
    const GroupPrice& price = prices[u];
    const auto count = static_cast<double>(workload.unique[u].count);
    const double alone = price.step.alone();
    total.latency_s += count * alone;
    total.dram_read_bits += count * price.dram_read_bits;
    total.dram_write_bits += count * price.dram_write_bits;
    total.fused_bits_saved += count * price.fused_bits_saved;
    total.macs += count * price.macs;
    total.resident_share += count * price.resident_share;
    if (price.resident_share > 0) {
      slowest_resident = std::max(slowest_resident, alone);
    } else {
      others += count * alone;
    }
    ideal_s += price.macs > 0 ? count * price.macs / price.peak_macs_per_second : 0.0;
    for (std::size_t i = 0; i < hw::kEnergyComponents; ++i) {
      total.energy.joules[i] += count * price.energy.joules[i];  // NOLINT: inner loop
    }
    total.time_by_bottleneck[static_cast<std::size_t>(price.bottleneck)] +=  // NOLINT: inner loop
        count * alone;
  }
  // Neighbours overlap: inside a copy, between copies of a segment, and between segments.
  const ChainStep* before = nullptr;
  for (const Segment& segment : workload.segments) {
    double inside = 0;
    for (std::size_t i = 1; i < segment.groups.size(); ++i) {
      inside += prefetched(prices[segment.groups[i - 1]].step, prices[segment.groups[i]].step);
    }
    const ChainStep& first = prices[segment.groups.front()].step;
    const ChainStep& last = prices[segment.groups.back()].step;
    const auto copies = static_cast<double>(segment.copies);
    total.prefetch_saved_s += copies * inside + (copies - 1) * prefetched(last, first);
    if (before != nullptr) {
      total.prefetch_saved_s += prefetched(*before, first);
    }
    before = &last;
  }
  total.latency_s -= total.prefetch_saved_s;
  total.interval_s = std::max({slowest_resident, others - total.prefetch_saved_s, host_s});
  if (host_s > total.latency_s) {
    total.time_by_bottleneck.at(static_cast<std::size_t>(hw::Bottleneck::latency)) +=
        host_s - total.latency_s;
    total.latency_s = host_s;
  }
  total.utilization = total.latency_s > 0 ? ideal_s / total.latency_s : 0.0;
  scale_to_ranks(workload, total, static_power);
  return total;
}

double disagreement(double simulated_s, double closed_form_s) {
  return closed_form_s > 0 ? simulated_s / closed_form_s - 1
                           : std::numeric_limits<double>::quiet_NaN();
}

void scale_to_ranks(const CompiledWorkload& workload, WorkloadCost& total, double static_power) {
  // Every rank does all of it; of the stages one works while the others wait.
  const auto ranks = static_cast<double>(workload.ranks);
  for (double& joules : total.energy.joules) {
    joules *= ranks;
  }
  total.dram_read_bits *= ranks;
  total.dram_write_bits *= ranks;
  total.fused_bits_saved *= ranks;
  total.macs *= ranks;
  total.utilization /= static_cast<double>(workload.stages);
  total.energy[hw::EnergyComponent::leakage] += workload.devices() * static_power * total.latency_s;
}

}  // namespace cairn::sim
