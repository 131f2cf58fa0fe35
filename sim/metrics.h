/// \file
/// The figures a study can ask for: one table gives the name in YAML, the unit, the column in CSV
/// and the help text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::sim {

enum class Metric : std::uint8_t {
  latency,
  latency_per_token,
  throughput,
  energy,
  energy_per_token,
  energy_delay,
  power,
  area,
  peak_memory,
  weight_memory,
  kv_memory,
  activation_memory,
  flash,
  dram_traffic,
  utilization,
  quality_loss,
  interval,
  disagreement,
  gradient_memory,
  optimizer_memory,
  multiply_accumulates,
};

struct MetricInfo {
  Metric metric{};
  std::string_view name;        ///< in YAML
  std::string_view unit;        ///< base unit, as printed: `s`, `J`, `mm2`, `B`
  std::string_view csv_suffix;  ///< `_s`, `_j`, ...
  bool higher_is_better{};
  bool per_workload{};  ///< differs between workloads; false: one value a design point
  std::string_view help;
};

[[nodiscard]] std::span<const MetricInfo> metric_table();
[[nodiscard]] const MetricInfo& info(Metric metric);

/// A metric of one workload, or of the whole study (`workload` < 0: totals, or global metrics).
struct MetricColumn {
  Metric metric{};
  std::int32_t workload{-1};
  std::string name;      ///< `decode.latency`
  std::string csv_name;  ///< `decode.latency_s`
  [[nodiscard]] std::string_view unit() const { return info(metric).unit; }
};

/// Finds `latency` or `decode.latency`; \p workloads are the labels. Empty if there is none.
[[nodiscard]] std::optional<MetricColumn> find_metric(std::string_view name,
                                                      std::span<const std::string> workloads);
/// Every name that find_metric() accepts.
[[nodiscard]] std::vector<std::string> metric_names(std::span<const std::string> workloads);

}  // namespace cairn::sim
