#include "sim/metrics.h"

#include <algorithm>
#include <array>

namespace cairn::sim {
namespace {

constexpr std::array<MetricInfo, 21> kMetrics{{
    {Metric::latency, "latency", "s", "_s", false, true,
     "time of the whole pass, prefetch included"},
    {Metric::latency_per_token, "latency_per_token", "s", "_s", false, true,
     "latency over the tokens of one sequence that the pass makes or reads"},
    {Metric::throughput, "throughput", "1/s", "_per_s", true, true,
     "tokens (or images) per second over all sequences"},
    {Metric::energy, "energy", "J", "_j", false, true, "energy of the pass, static power included"},
    {Metric::energy_per_token, "energy_per_token", "J", "_j", false, true,
     "energy over all tokens (or images) of the pass"},
    {Metric::energy_delay, "energy_delay", "J s", "_js", false, true, "energy x latency"},
    {Metric::power, "power", "W", "_w", false, true, "energy / latency"},
    {Metric::area, "area", "mm2", "_mm2", false, false,
     "silicon area of devices, on-chip memories and memory interfaces"},
    {Metric::peak_memory, "peak_memory", "B", "_bytes", false, true,
     "weights, KV cache and activations alive at once; training: with gradients and optimiser "
     "state"},
    {Metric::weight_memory, "weight_memory", "B", "_bytes", false, true,
     "stored weights, scales and metadata included"},
    {Metric::kv_memory, "kv_memory", "B", "_bytes", false, true, "KV cache at the end of the pass"},
    {Metric::activation_memory, "activation_memory", "B", "_bytes", false, true,
     "peak of activations in the best order of operators; under a library as placed, with buffers "
     "of kernels and data of the runtime (peak SRAM)"},
    {Metric::flash, "flash", "B", "_bytes", false, true,
     "weights as stored; under a library with biases, scales and code"},
    {Metric::dram_traffic, "dram_traffic", "B", "_bytes", false, true,
     "bytes read from and written to the backing memory"},
    {Metric::utilization, "utilization", "1", "", true, true,
     "useful multiply-accumulates over those the matrix engine could do in the latency"},
    {Metric::quality_loss, "quality_loss", "1", "", false, false,
     "loss of the quality source of the study (see its label)"},
    {Metric::interval, "interval", "s", "_s", false, true,
     "time between passes that follow each other: operators whose weights have cells of their own "
     "overlap, all others take turns"},
    {Metric::disagreement, "disagreement", "1", "", false, true,
     "latency at cycle level / analytical latency - 1; only of points evaluated at cycle level"},
    {Metric::gradient_memory, "gradient_memory", "B", "_bytes", false, true,
     "training: gradients of parameters that are held for the whole step"},
    {Metric::optimizer_memory, "optimizer_memory", "B", "_bytes", false, true,
     "training: state of the optimiser, and its copy of narrower weights"},
    {Metric::multiply_accumulates, "multiply_accumulates", "1", "", false, true,
     "of the pass, zeros included; training: of the gradients, too"},
}};

}  // namespace

std::span<const MetricInfo> metric_table() {
  return kMetrics;
}

const MetricInfo& info(Metric metric) {
  return kMetrics.at(static_cast<std::size_t>(metric));
}

std::optional<MetricColumn> find_metric(std::string_view name,
                                        std::span<const std::string> workloads) {
  std::int32_t workload = -1;
  std::string_view metric = name;
  for (std::size_t w = 0; w < workloads.size(); ++w) {
    if (name.size() > workloads[w].size() + 1 && name.starts_with(workloads[w]) &&
        name[workloads[w].size()] == '.') {
      workload = static_cast<std::int32_t>(w);
      metric = name.substr(workloads[w].size() + 1);
    }
  }
  const auto* found = std::find_if(kMetrics.begin(), kMetrics.end(),
                                   [&](const MetricInfo& m) { return m.name == metric; });
  if (found == kMetrics.end() || (workload >= 0 && !found->per_workload)) {
    return std::nullopt;
  }
  return MetricColumn{found->metric, workload, std::string{name},
                      std::string{name} + std::string{found->csv_suffix}};
}

std::vector<std::string> metric_names(std::span<const std::string> workloads) {
  std::vector<std::string> names;
  names.reserve(kMetrics.size() * (1 + workloads.size()));
  for (const MetricInfo& m : kMetrics) {
    names.emplace_back(m.name);
  }
  if (workloads.size() > 1) {
    for (const std::string& workload : workloads) {
      for (const MetricInfo& m : kMetrics) {
        if (m.per_workload) {
          names.push_back(workload + "." + std::string{m.name});
        }
      }
    }
  }
  return names;
}

}  // namespace cairn::sim
