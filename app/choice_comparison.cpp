#include "app/choice_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "app/refined_points.h"

namespace cairn::app {
namespace {

using Choices = std::vector<std::uint32_t>;

struct ChoicesHash {
  std::size_t operator()(const Choices& choices) const {
    // FNV-1a, a choice at a time.
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::uint32_t choice : choices) {
      hash = (hash ^ choice) * 0x100000001b3U;
    }
    return hash ^ (hash >> 32U);
  }
};

/// A point at the baseline, and which of its partners were seen.
struct Baseline {
  std::uint64_t id{};
  bool feasible{};
  std::vector<double> metrics;
  std::vector<bool> seen;  // by choice
};

/// What becomes a RatioSummary.
struct Ratios {
  std::vector<double> values;
  std::size_t undefined{};
  RatioAt least{};
  RatioAt most{};
};

struct Row {
  ChoiceComparison counts;
  std::vector<Ratios> metrics;
};

/// Everything else equal: the choices without the one that is compared.
Choices others(const report::StoredPoint& point, std::size_t knob) {
  Choices key(point.choices.begin(), point.choices.end());
  key[knob] = 0;
  return key;
}

std::vector<double> chosen(const report::StoredPoint& point,
                           const std::vector<std::size_t>& metrics) {
  std::vector<double> values;
  values.reserve(metrics.size());
  for (const std::size_t metric : metrics) {
    values.push_back(metric < point.scored.metrics.size() ? point.scored.metrics[metric] : NAN);
  }
  return values;
}

std::optional<double> ratio_of(double value, double baseline) {
  if (value == baseline) {
    return 1.0;
  }
  const double ratio = value / baseline;
  return std::isfinite(ratio) && ratio > 0 ? std::optional{ratio} : std::nullopt;
}

void add(Ratios& ratios, double value, double baseline, std::uint64_t id,
         std::uint64_t baseline_id) {
  const std::optional<double> ratio = ratio_of(value, baseline);
  if (!ratio) {
    ++ratios.undefined;
    return;
  }
  const RatioAt at{*ratio, id, baseline_id};
  if (ratios.values.empty() || *ratio < ratios.least.ratio) {
    ratios.least = at;
  }
  if (ratios.values.empty() || *ratio > ratios.most.ratio) {
    ratios.most = at;
  }
  ratios.values.push_back(*ratio);
}

RatioSummary summary_of(Ratios& ratios) {
  RatioSummary summary{.ratios = ratios.values.size(),
                       .undefined = ratios.undefined,
                       .least = ratios.least,
                       .most = ratios.most};
  std::vector<double>& values = ratios.values;
  if (values.empty()) {
    return summary;
  }
  std::ranges::sort(values);
  double logarithms = 0;
  for (const double value : values) {
    logarithms += std::log(value);
    summary.differ += std::size_t{std::abs(value - 1) > kSameWithin};
  }
  // Rounding of the logarithms must not take the mean of equal ratios off them.
  summary.geometric_mean = std::clamp(std::exp(logarithms / static_cast<double>(values.size())),
                                      values.front(), values.back());
  const std::size_t half = values.size() / 2;
  summary.median =
      values.size() % 2 == 1 ? values[half] : std::sqrt(values[half - 1] * values[half]);
  return summary;
}

class Comparison {
 public:
  Comparison(const report::ResultReader& results, const ComparisonQuestion& question)
      : results_(results),
        question_(question),
        choices_(results.schema().knobs[question.knob].choices.size()) {}

  ComparisonAnswer answer() {
    replay([this](const report::StoredPoint& point) { keep_baseline(point); });
    replay([this](const report::StoredPoint& point) { compare(point); });
    ComparisonAnswer answer;
    answer.knob_unused = knob_unused_;
    for (auto& [key, row] : rows_) {
      for (Ratios& ratios : row.metrics) {
        row.counts.metrics.push_back(summary_of(ratios));
      }
      answer.rows.push_back(std::move(row.counts));
    }
    return answer;
  }

 private:
  template <class Sink>
  void replay(const Sink& sink) const {
    results_.replay(0, results_.size(), [&](const report::StoredPoint& point) {
      if (point.scored.fidelity == kSearchFidelity) {
        sink(point);
      }
    });
  }

  void keep_baseline(const report::StoredPoint& point) {
    const std::uint32_t choice = point.choices[question_.knob];
    knob_unused_ += choice == search::kInactive ? 1 : 0;
    if (choice == question_.baseline) {
      baselines_.try_emplace(
          others(point, question_.knob),
          Baseline{point.scored.id, point.scored.status == search::Status::feasible,
                   chosen(point, question_.metrics), std::vector<bool>(choices_, false)});
    }
  }

  Row& row_of(const report::StoredPoint& point) {
    Choices key;
    for (const std::size_t knob : question_.by) {
      key.push_back(point.choices[knob]);
    }
    key.push_back(point.choices[question_.knob]);
    const auto [found, added] = rows_.try_emplace(key);
    Row& row = found->second;
    if (added) {
      row.counts.choice = key.back();
      key.pop_back();
      row.counts.group = std::move(key);
      row.metrics.resize(question_.metrics.size());
    }
    return row;
  }

  void compare(const report::StoredPoint& point) {
    const std::uint32_t choice = point.choices[question_.knob];
    if (choice == question_.baseline || choice == search::kInactive) {
      return;
    }
    Row& row = row_of(point);
    const auto found = baselines_.find(others(point, question_.knob));
    if (found == baselines_.end()) {
      ++row.counts.without_partner;
      return;
    }
    Baseline& baseline = found->second;
    if (baseline.seen[choice]) {
      return;
    }
    baseline.seen[choice] = true;
    const bool feasible = point.scored.status == search::Status::feasible;
    if (!feasible || !baseline.feasible) {
      ++(feasible            ? row.counts.only_choice
         : baseline.feasible ? row.counts.only_baseline
                             : row.counts.neither);
      return;
    }
    ++row.counts.pairs;
    const std::vector<double> values = chosen(point, question_.metrics);
    for (std::size_t m = 0; m < values.size(); ++m) {
      add(row.metrics[m], values[m], baseline.metrics[m], point.scored.id, baseline.id);
    }
  }

  const report::ResultReader& results_;
  const ComparisonQuestion& question_;
  std::size_t choices_;
  std::unordered_map<Choices, Baseline, ChoicesHash> baselines_;
  std::map<Choices, Row> rows_;  // by the choices of `by`, then of the knob
  std::size_t knob_unused_{};
};

}  // namespace

ComparisonAnswer compare_choices(const report::ResultReader& results,
                                 const ComparisonQuestion& question) {
  return Comparison(results, question).answer();
}

}  // namespace cairn::app
