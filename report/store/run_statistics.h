/// \file
/// What a report says about a whole run, gathered row by row in memory that does not grow with it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/store/result_store.h"
#include "report/store/run_schema.h"
#include "search/objective.h"
#include "search/pareto/archive.h"

namespace cairn::report {

/// Points that one limit excludes.
struct LimitCount {
  std::string name;  ///< `area at_most`, `weight_buffer.capacity`
  std::uint64_t points{};
  double least_excess{};    ///< of the nearest miss: needed / available - 1
  double median_excess{};   ///< within 4.5 %: from a histogram with eight bins per factor of two
  std::uint64_t nearest{};  ///< id of the nearest miss
  std::string reason;       ///< of the nearest miss
};

/// How much one knob alone explains of the spread of one objective.
struct KnobEffect {
  std::size_t knob{};
  /// Sum over choices of n (mean - grand mean)^2, divided by the sum of squares: 0 to 1. The main
  /// effects of a full, feasible grid add up to at most 1; where infeasible points are missing,
  /// knobs share what they explain together.
  double share{};
  struct Choice {
    std::uint32_t choice{};  ///< search::kInactive where the knob does not matter
    std::uint64_t points{};
    double mean{};  ///< of the metric: geometric when the effect is logarithmic
  };
  std::vector<Choice> choices;  ///< those that occurred, ascending
};
struct Sensitivity {
  std::size_t objective{};          ///< index into the objectives
  bool logarithmic{};               ///< of the metric's logarithm (all values are positive)
  std::vector<KnobEffect> effects;  ///< of each knob, in the order of the run
};

/// A sample of the feasible points, for drawing.
struct CloudPoint {
  std::uint64_t id{};
  std::vector<std::uint32_t> choices;
  std::vector<double> metrics;
};

struct HypervolumeStep {
  std::uint64_t points{};  ///< evaluated so far
  double share{};          ///< of the box between the ideal and the reference point
  bool exact{};            ///< false: Monte Carlo
};
struct HypervolumeHistory {
  std::vector<double> reference;  ///< as numbers to minimise: worst of the final front plus 10 %
  std::vector<double> ideal;      ///< best of the final front
  std::vector<HypervolumeStep> steps;  ///< never falls
};

/// Every result depends on the rows only, not on who adds them when. Memory: the front, about four
/// times, and constants.
class RunStatistics {
 public:
  static constexpr std::size_t kCloud = 5000;

  RunStatistics(const RunSchema& schema, std::vector<search::Objective> objectives);

  /// Adds an evaluation. Each id once, in ascending order.
  void add(const StoredPoint& point);
  /// Adds a batch as the evaluator returns it.
  void add(const search::PointBatch& batch, std::span<const search::Scored> rows,
           const search::DesignSpace& space);

  [[nodiscard]] std::uint64_t evaluated() const { return evaluated_; }
  [[nodiscard]] std::uint64_t feasible() const { return feasible_; }
  [[nodiscard]] std::uint64_t infeasible() const { return infeasible_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

  /// Limits by the number of points they exclude, most first.
  [[nodiscard]] std::vector<LimitCount> limits() const;
  /// Reasons of failed evaluations with their counts, the first kMostReasons different ones.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& failures() const { return failures_; }
  /// At most kCloud feasible points, chosen by a hash of their id; ids ascending.
  [[nodiscard]] std::vector<CloudPoint> cloud() const;
  [[nodiscard]] std::vector<Sensitivity> sensitivities() const;
  /// At 1, 2, 3, 4, 6, 8, 12, 18, ... (powers of 1.5) evaluations and at the end.
  [[nodiscard]] HypervolumeHistory hypervolume_history() const;
  /// The non-dominated feasible points.
  [[nodiscard]] search::Front front() const { return archive_.front(); }
  [[nodiscard]] std::size_t front_size() const { return archive_.size(); }

 private:
  static constexpr std::size_t kMostReasons = 100;

  struct Limit {
    std::uint64_t points{};
    double least{};
    std::uint64_t nearest{};
    std::string reason;
    std::map<int, std::uint64_t> bins;
  };
  struct Sum {
    std::uint64_t points{};
    double linear{};
    double logarithm{};
  };
  /// Sums of one objective, measured from its first value.
  struct Spread {
    bool positive{true};
    double origin{};
    double log_origin{};
    double linear_squares{};
    double log_squares{};
    Sum all;
    std::vector<std::vector<Sum>> knobs;  ///< of each knob: of each choice, then inactive
  };
  struct Sample {
    std::uint64_t rank{};  ///< hash of the id
    std::uint64_t id{};
    std::size_t slot{};
    friend bool operator<(const Sample& a, const Sample& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.id < b.id;
    }
  };
  struct Snapshot {
    std::uint64_t points{};
    std::vector<double> front;
  };

  void add_feasible(const StoredPoint& point);
  void add_to_spread(const StoredPoint& point);
  void add_to_cloud(const StoredPoint& point);
  void add_excluded(const search::Scored& row);

  std::vector<search::Objective> objectives_;
  std::size_t knobs_;
  std::size_t metrics_;
  std::uint64_t evaluated_{};
  std::uint64_t feasible_{};
  std::uint64_t infeasible_{};
  std::uint64_t failed_{};
  std::map<std::string, Limit, std::less<>> limits_;
  std::map<std::string, std::uint64_t> failures_;
  std::vector<Spread> spreads_;
  std::vector<Sample> samples_;  ///< a heap, the largest rank first
  std::vector<std::uint32_t> sample_choices_;
  std::vector<double> sample_metrics_;
  search::ParetoArchive archive_;
  std::vector<double> minimized_;
  double next_snapshot_{1.0};
  std::vector<Snapshot> snapshots_;
  std::vector<std::uint32_t> row_choices_;
};

}  // namespace cairn::report
