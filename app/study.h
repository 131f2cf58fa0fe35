/// \file
/// A study file: what is asked, over which space, and how the answer is looked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/config/node.h"
#include "core/diagnostics.h"
#include "core/named_list.h"
#include "search/algorithms/algorithm.h"
#include "search/objective.h"
#include "search/space/design_space.h"
#include "sim/point_model.h"

namespace cairn::app {

enum class Fidelity : std::uint8_t { analytical, cycle };
constexpr auto enum_names(Fidelity) {
  return std::array{std::pair{Fidelity::analytical, std::string_view{"analytical"}},
                    std::pair{Fidelity::cycle, std::string_view{"cycle"}}};
}

/// After the search, its best points once more at a slower level.
struct RefineSpec {
  std::int64_t top{};
  Fidelity with{Fidelity::cycle};
  template <class Archive>
  void fields(Archive& a) {
    constexpr std::int64_t kMost = 100'000;
    a("top", top,
      "how many points: of the front the loneliest first, then of the front without these, and so "
      "on",
      Range{1, kMost});
    a("with", with, "cycle", kOptional);
  }
};

/// How evaluations at cycle level run.
struct CycleSpec {
  Seconds time_out{600.0};
  template <class Archive>
  void fields(Archive& a) {
    a("time_out", time_out, "wall-clock time after which one evaluation has failed", kOptional,
      Range{"1 ms", "1000000 s"});
  }
};

struct ObjectivesSpec {
  std::vector<std::string> minimize;
  std::vector<std::string> maximize;
  template <class Archive>
  void fields(Archive& a) {
    a("minimize", minimize, "metrics to minimise (`cairn list metrics`)", kOptional);
    a("maximize", maximize, "metrics to maximise", kOptional);
  }
};

struct ConstraintSpec {
  std::optional<Node> at_most{};
  std::optional<Node> at_least{};
  template <class Archive>
  void fields(Archive& a) {
    a("at_most", at_most, "upper bound, with its unit", kOptional);
    a("at_least", at_least, "lower bound, with its unit", kOptional);
  }
};

enum class ReportFormat : std::uint8_t { html, csv };
constexpr auto enum_names(ReportFormat) {
  return std::array{std::pair{ReportFormat::html, std::string_view{"html"}},
                    std::pair{ReportFormat::csv, std::string_view{"csv"}}};
}
struct ReportSpec {
  std::vector<ReportFormat> formats{ReportFormat::html, ReportFormat::csv};
  std::vector<std::string> metrics;
  template <class Archive>
  void fields(Archive& a) {
    a("formats", formats, "html, csv", kOptional);
    a("metrics", metrics, "further metrics to store, beside objectives and constraints", kOptional);
  }
};

/// The top level of a study file. Sections that may hold knobs are kept as nodes: the point model
/// reads them with the knobs bound.
struct StudySpec {
  std::int64_t schema{1};
  std::string name;
  std::string question;
  std::uint64_t seed{};
  Node workloads;
  Node compression;
  Node system;
  Node fusion;
  Node mapping;
  Node quality;
  Node space;
  ObjectivesSpec objectives;
  NamedList<ConstraintSpec> constraints;
  Node search;
  Fidelity fidelity{Fidelity::analytical};
  std::optional<RefineSpec> refine;
  CycleSpec cycle;
  ReportSpec report;

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", Range{1, 1});
    a("name", name, "name of the study: the folder of its runs");
    a("question", question, "the question in one sentence, for the report", kOptional);
    a("seed", seed, "seed of everything random");
    a("workloads", workloads, "list of model, phase, batch, context");
    a("compression", compression,
      "list of schemes: quantize, prune, low_rank, group_channels, tensorize", kOptional);
    a("system", system, "a hardware file: `extends: ../hardware/x.yaml`, then what differs");
    a("fusion", fusion, "which fused groups are allowed", kOptional);
    a("mapping", mapping, "how mappings are chosen", kOptional);
    a("quality", quality, "source of the quality figure", kOptional);
    a("space", space, "knobs: name, then choices or range", kOptional);
    a("objectives", objectives, "what to minimise and maximise");
    a("constraints", constraints, "bounds on metrics", kOptional);
    a("search", search, "algorithm and its options; absent: exhaustive", kOptional);
    a("fidelity", fidelity, "level of the search: analytical or cycle", kOptional);
    a("refine", refine, "points evaluated again at cycle level after the search", kOptional);
    a("cycle", cycle, "how evaluations at cycle level run", kOptional);
    a("report", report, "formats and further metrics", kOptional);
  }
};

/// A study, read and checked, with everything a run needs.
class Study {
 public:
  /// Reads a study file and puts the overrides on top.
  /// \throws ConfigError with all mistakes; IoError.
  Study(const std::string& path, const std::vector<std::string>& overrides);
  /// Reads what resolved() of another Study gave. \throws ConfigError.
  [[nodiscard]] static Study from_resolved(const std::string& text);

  [[nodiscard]] const StudySpec& spec() const { return spec_; }
  [[nodiscard]] const search::DesignSpace& space() const { return *space_; }
  [[nodiscard]] const std::vector<search::Objective>& objectives() const { return objectives_; }
  [[nodiscard]] const std::vector<search::Constraint>& constraints() const { return constraints_; }
  /// What is stored of every point; objectives and constraints refer to places in it.
  [[nodiscard]] const std::vector<sim::MetricColumn>& columns() const { return columns_; }
  /// Yields an algorithm at its start.
  [[nodiscard]] search::Algorithm make_algorithm() const;
  /// A model of its own for one thread. Reading again is cheap: files are cached.
  [[nodiscard]] std::unique_ptr<sim::PointModel> make_model() const;
  /// The systems that it may choose, one for each name and set of device kinds.
  [[nodiscard]] std::vector<hw::SystemSpec> systems() const;
  /// The whole study with nothing left to look up, as YAML.
  [[nodiscard]] const std::string& resolved() const { return resolved_; }
  /// Of the resolved study and the versions of all models.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  /// Whether any of its points is evaluated at cycle level.
  [[nodiscard]] bool uses_cycle_level() const {
    return spec_.fidelity == Fidelity::cycle || spec_.refine.has_value();
  }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] const sim::TechnologyLibrary& technologies() const { return technologies_; }

 private:
  explicit Study(Node root);
  void read_space(Diagnostics& diagnostics);
  void check_knobs(const sim::PointModel& model, Diagnostics& diagnostics) const;
  [[nodiscard]] std::vector<sim::KnobChoices> knobs() const;
  void read_metrics(const std::vector<std::string>& workloads, Diagnostics& diagnostics);
  std::optional<std::size_t> column(const Node& at, const std::string& name,
                                    const std::string& path,
                                    const std::vector<std::string>& workloads,
                                    Diagnostics& diagnostics);
  void check_quality(const sim::PointModel& model, Diagnostics& diagnostics) const;
  /// That what is asked for at cycle level can be simulated.
  void check_cycle_level(Diagnostics& diagnostics) const;
  void check_measured(std::size_t column, const Node& at, const std::string& path,
                      Diagnostics& diagnostics) const;
  /// A knob that changes what the quality source does not price would fall to its cheapest choice
  /// because nobody objects.
  void check_priced(sim::PointModel& model, Diagnostics& diagnostics) const;
  [[nodiscard]] std::unique_ptr<sim::PointModel> model(Diagnostics& diagnostics) const;

  Node root_;
  StudySpec spec_;
  std::optional<search::DesignSpace> space_;
  std::vector<search::Objective> objectives_;
  std::vector<search::Constraint> constraints_;
  std::vector<sim::MetricColumn> columns_;
  search::AlgorithmRegistry algorithms_;
  sim::WorkloadBuilder builder_;
  sim::TechnologyLibrary technologies_;
  std::string resolved_;
  std::uint64_t hash_{};
  std::vector<std::string> warnings_;
};

}  // namespace cairn::app
