/// \file
/// A study's scenario with its knobs bound: choice indices in, metrics out. One per thread.
///
/// Changing a knob copies typed values into the scenario (see core/config/knobs.h). What the knobs
/// of the system decide and what those of workloads and compression decide are kept apart, so that
/// machines and compiled workloads are built once for each combination of their own knobs, and a
/// group of operators is priced once for each machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/config/knobs.h"
#include "core/config/node.h"
#include "core/diagnostics.h"
#include "models/compression/order_planner.h"
#include "sim/evaluator.h"
#include "sim/metrics.h"
#include "sim/quality.h"
#include "sim/scenario.h"
#include "sim/technology_library.h"

namespace cairn::sim {

/// The parts of a study that describe the scenario, as nodes; an absent one has Kind::null.
struct ScenarioNodes {
  Node workloads;
  Node compression;
  Node system;
  Node fusion;
  Node mapping;
  Node quality;
};

/// A knob as the scenario sees it.
struct KnobChoices {
  std::string name;
  SourceSpan at;
  std::vector<Node> choices;
};

enum class PointStatus : std::uint8_t { feasible, infeasible };

/// Counters for the log: not part of any result, since they depend on how work was shared out.
struct PricingCounters {
  std::uint64_t points{};
  std::uint64_t hits{};
  std::uint64_t misses{};
  std::uint64_t mappings{};
  std::uint64_t machines{};
  std::uint64_t workloads{};
};

class PointModel {
 public:
  /// Reads the scenario; mistakes go to \p diagnostics and then the model must not be used.
  PointModel(const ScenarioNodes& nodes, const std::vector<KnobChoices>& knobs,
             WorkloadBuilder workloads, TechnologyLibrary technologies, Diagnostics& diagnostics);
  PointModel(const PointModel&) = delete;
  PointModel& operator=(const PointModel&) = delete;
  PointModel(PointModel&&) = delete;
  PointModel& operator=(PointModel&&) = delete;
  ~PointModel();

  /// Labels of the workloads, as they stand in metric names.
  [[nodiscard]] const std::vector<std::string>& workload_labels() const { return labels_; }
  /// Knobs that nothing reads.
  [[nodiscard]] const std::vector<std::string>& unused_knobs() const { return unused_; }
  /// Makes prices at cycle level for the machine of a point.
  using CyclePricesMaker =
      std::function<std::unique_ptr<CyclePrices>(const hw::SystemSpec&, const hw::Technology&)>;
  /// From now on evaluate() takes its prices from there. Not for systems whose devices share the
  /// work (InternalError).
  void use_cycle_level(CyclePricesMaker maker) { make_cycle_prices_ = std::move(maker); }
  /// Makes the planner of searched orders of tensorised layers. The machine is null where no order
  /// depends on it, or none can be built; the objective is that of the study's mappings.
  using OrderPlannerMaker =
      std::function<models::OrderPlanner(const hw::Machine*, hw::MappingObjective)>;
  /// From now on workloads are compiled with it; without one, a searched order is an InternalError.
  /// A planner is dropped before its machine, and kept as long, so that it may know prices.
  void use_order_planner(OrderPlannerMaker maker) { make_planner_ = std::move(maker); }
  /// Chooses the figures that evaluate() writes.
  void select(std::vector<MetricColumn> columns);

  /// \param choices one index a knob, in the order given to the constructor.
  /// \param metrics one place a column; untouched when infeasible.
  PointStatus evaluate(std::span<const std::uint32_t> choices, std::span<double> metrics);
  /// Why the last evaluate() was infeasible.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

  /// The whole of one point, priced anew.
  struct Detail {
    std::vector<WorkloadReport> workloads;
    std::vector<CompiledWorkload> compiled;
    std::vector<hw::AreaPart> area;
    double peak_macs_per_second{};
    double backing_bandwidth{};  ///< bit/s
    std::vector<std::string> assumptions;
    std::string quality_label;
  };
  [[nodiscard]] std::variant<Detail, Refusal> detail(std::span<const std::uint32_t> choices);

  [[nodiscard]] PricingCounters counters() const;
  [[nodiscard]] const ScenarioSpec& scenario() const { return spec_; }
  [[nodiscard]] const QualityModel& quality() const { return quality_; }
  /// Kind and unit of the quality figures of all points seen so far; empty without a source.
  [[nodiscard]] std::string quality_label() const;
  /// What compression does at a point that the quality source does not price.
  [[nodiscard]] std::vector<std::string> unpriced(std::span<const std::uint32_t> choices);

 private:
  struct CompiledSet;   // compiled workloads of one combination of their knobs
  struct MachineEntry;  // summary of one machine
  void apply(std::span<const std::uint32_t> choices);
  CompiledSet& compiled_set();
  const models::OrderPlanner& planner(bool for_device);
  const MachineEntry& machine_entry();
  const hw::Machine& machine();
  CyclePrices& cycle_prices();
  template <class One>
  [[nodiscard]] double total(Metric metric, std::size_t count, const One& one) const;
  void write_metrics(CompiledSet& set, const MachineEntry& machine,
                     std::span<double> metrics) const;

  ScenarioSpec spec_;
  KnobBinder system_knobs_;
  KnobBinder workload_knobs_;
  WorkloadBuilder builder_;
  TechnologyLibrary technologies_;
  std::vector<std::uint32_t> current_;
  std::vector<std::size_t> system_members_;    // knobs that the system reads
  std::vector<std::size_t> workload_members_;  // knobs that workloads or compression read
  std::uint64_t system_key_{};
  std::uint64_t workload_key_{};
  std::unordered_map<std::uint64_t, std::unique_ptr<CompiledSet>> sets_;
  std::unordered_map<std::uint64_t, std::unique_ptr<MachineEntry>> machines_;
  std::unique_ptr<hw::Machine> machine_;  // the last one built
  std::uint64_t machine_key_{};
  OrderPlannerMaker make_planner_;
  models::OrderPlanner planner_;         // without a machine
  models::OrderPlanner device_planner_;  // of the last machine
  CyclePricesMaker make_cycle_prices_;
  std::unique_ptr<CyclePrices> cycle_prices_;  // of the last machine
  std::uint64_t cycle_key_{};
  GroupPricer pricer_;
  std::vector<std::vector<GroupPrice>> prices_;
  std::vector<WorkloadCost> costs_;
  std::vector<PlacedTensors> placed_;
  std::vector<std::string> labels_;
  std::vector<std::string> unused_;
  std::vector<MetricColumn> columns_;
  bool asks_area_{};
  QualityModel quality_;
  bool published_seen_{};
  bool proxy_seen_{};
  Refusal refusal_;
  PricingCounters counters_;
};

}  // namespace cairn::sim
