#include "report/store/run_statistics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/error.h"
#include "core/hash.h"
#include "search/pareto/hypervolume.h"

namespace cairn::report {

namespace {

constexpr double kGrowth = 1.5;         ///< from one hypervolume snapshot to the next
constexpr double kBinsPerDouble = 8.0;  ///< of the excess histogram
constexpr int kLastBin = 1024 * 8;      ///< infinite excess

int bin_of(double excess) {
  if (!(excess > 0.0)) {
    return -kLastBin;
  }
  if (std::isinf(excess)) {
    return kLastBin;
  }
  return static_cast<int>(std::floor(std::log2(excess) * kBinsPerDouble));
}

double middle_of(int bin) {
  if (bin <= -kLastBin) {
    return 0.0;
  }
  return bin >= kLastBin ? std::numeric_limits<double>::infinity()
                         : std::exp2((static_cast<double>(bin) + 0.5) / kBinsPerDouble);
}

}  // namespace

RunStatistics::RunStatistics(const RunSchema& schema, std::vector<search::Objective> objectives)
    : objectives_(std::move(objectives)),
      knobs_(schema.knobs.size()),
      metrics_(schema.metrics.size()),
      archive_(std::max<std::size_t>(objectives_.size(), 1)),
      minimized_(objectives_.size()),
      row_choices_(schema.knobs.size()) {
  CAIRN_CHECK(!objectives_.empty(), "a run has an objective");
  for (std::size_t i = 0; i < objectives_.size(); ++i) {
    Spread& spread = spreads_.emplace_back();
    for (const KnobColumn& knob : schema.knobs) {
      spread.knobs.emplace_back(knob.choices.size() + 1);
    }
  }
}

void RunStatistics::add(const search::PointBatch& batch, std::span<const search::Scored> rows,
                        const search::DesignSpace& space) {
  CAIRN_CHECK(batch.size() == rows.size(), "one row for each point");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const search::PointView point = batch[i];
    std::copy(point.begin(), point.end(), row_choices_.begin());
    for (std::size_t k = 0; !space.always_active() && k < point.size(); ++k) {
      if (!space.active(point, k)) {
        row_choices_[k] = search::kInactive;
      }
    }
    add({row_choices_, rows[i]});
  }
}

void RunStatistics::add(const StoredPoint& point) {
  ++evaluated_;
  switch (point.scored.status) {
    case search::Status::feasible:
      ++feasible_;
      add_feasible(point);
      break;
    case search::Status::infeasible:
      ++infeasible_;
      add_excluded(point.scored);
      break;
    case search::Status::failed: {
      ++failed_;
      std::string reason{point.scored.reason};
      if (failures_.size() < kMostReasons || failures_.contains(reason)) {
        ++failures_[std::move(reason)];
      }
      break;
    }
  }
  if (static_cast<double>(evaluated_) >= next_snapshot_) {
    snapshots_.push_back({evaluated_, archive_.front().values});
    while (next_snapshot_ <= static_cast<double>(evaluated_)) {
      next_snapshot_ *= kGrowth;
    }
  }
}

void RunStatistics::add_feasible(const StoredPoint& point) {
  if (search::to_minimized(objectives_, point.scored.metrics, minimized_)) {
    archive_.insert(point.scored.id, minimized_);
  }
  add_to_spread(point);
  add_to_cloud(point);
}

void RunStatistics::add_to_spread(const StoredPoint& point) {
  for (std::size_t i = 0; i < objectives_.size(); ++i) {
    const double value = point.scored.metrics[objectives_[i].column];
    if (!std::isfinite(value)) {
      continue;
    }
    Spread& spread = spreads_[i];
    spread.positive = spread.positive && value > 0.0;
    const double logarithm = spread.positive ? std::log(value) : 0.0;
    if (spread.all.points == 0) {
      spread.origin = value;
      spread.log_origin = logarithm;
    }
    const double x = value - spread.origin;
    const double y = logarithm - spread.log_origin;
    spread.linear_squares += x * x;
    spread.log_squares += y * y;
    const auto put = [x, y](Sum& sum) {
      ++sum.points;
      sum.linear += x;
      sum.logarithm += y;
    };
    put(spread.all);
    for (std::size_t k = 0; k < knobs_; ++k) {
      std::vector<Sum>& sums = spread.knobs[k];
      put(sums[std::min<std::size_t>(point.choices[k], sums.size() - 1)]);
    }
  }
}

void RunStatistics::add_to_cloud(const StoredPoint& point) {
  Hasher hasher;
  hasher.add(point.scored.id);
  Sample sample{hasher.value(), point.scored.id, samples_.size()};
  if (samples_.size() == kCloud) {
    if (sample.rank > samples_.front().rank) {
      return;
    }
    std::pop_heap(samples_.begin(), samples_.end());
    sample.slot = samples_.back().slot;
    samples_.pop_back();
  } else {
    sample_choices_.resize((sample.slot + 1) * knobs_);
    sample_metrics_.resize((sample.slot + 1) * metrics_);
  }
  samples_.push_back(sample);
  std::push_heap(samples_.begin(), samples_.end());
  std::copy(point.choices.begin(), point.choices.end(),
            sample_choices_.begin() + static_cast<std::ptrdiff_t>(sample.slot * knobs_));
  std::copy(point.scored.metrics.begin(), point.scored.metrics.end(),
            sample_metrics_.begin() + static_cast<std::ptrdiff_t>(sample.slot * metrics_));
}

void RunStatistics::add_excluded(const search::Scored& row) {
  auto found = limits_.find(row.limit);
  if (found == limits_.end()) {
    found = limits_.emplace(std::string{row.limit}, Limit{}).first;
  }
  Limit& limit = found->second;
  if (limit.points == 0 || row.excess < limit.least) {
    limit.least = row.excess;
    limit.nearest = row.id;
    limit.reason = row.reason;
  }
  ++limit.points;
  ++limit.bins[bin_of(row.excess)];
}

std::vector<LimitCount> RunStatistics::limits() const {
  std::vector<LimitCount> counts;
  for (const auto& [name, limit] : limits_) {
    std::uint64_t seen = 0;
    double median = 0.0;
    for (const auto& [bin, points] : limit.bins) {
      seen += points;
      if (2 * seen >= limit.points) {
        median = std::max(middle_of(bin), limit.least);
        break;
      }
    }
    counts.push_back({name, limit.points, limit.least, median, limit.nearest, limit.reason});
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const LimitCount& a, const LimitCount& b) { return a.points > b.points; });
  return counts;
}

std::vector<CloudPoint> RunStatistics::cloud() const {
  std::vector<Sample> samples = samples_;
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.id < b.id; });
  std::vector<CloudPoint> points;
  points.reserve(samples.size());
  for (const Sample& sample : samples) {
    const auto choices = std::span{sample_choices_}.subspan(sample.slot * knobs_, knobs_);
    const auto metrics = std::span{sample_metrics_}.subspan(sample.slot * metrics_, metrics_);
    points.push_back(
        {sample.id, {choices.begin(), choices.end()}, {metrics.begin(), metrics.end()}});
  }
  return points;
}

std::vector<Sensitivity> RunStatistics::sensitivities() const {
  std::vector<Sensitivity> result;
  for (std::size_t i = 0; i < spreads_.size(); ++i) {
    const Spread& spread = spreads_[i];
    Sensitivity& sensitivity = result.emplace_back();
    sensitivity.objective = i;
    sensitivity.logarithmic = spread.positive && spread.all.points > 0;
    const auto total = [&](const Sum& sum) {
      return sensitivity.logarithmic ? sum.logarithm : sum.linear;
    };
    const auto n = static_cast<double>(spread.all.points);
    const double grand = spread.all.points == 0 ? 0.0 : total(spread.all) / n;
    const double squares =
        (sensitivity.logarithmic ? spread.log_squares : spread.linear_squares) - n * grand * grand;
    for (std::size_t k = 0; k < knobs_; ++k) {
      KnobEffect& effect = sensitivity.effects.emplace_back();
      effect.knob = k;
      double between = 0.0;
      const std::vector<Sum>& sums = spread.knobs[k];
      for (std::size_t c = 0; c < sums.size(); ++c) {
        if (sums[c].points == 0) {
          continue;
        }
        const auto points = static_cast<double>(sums[c].points);
        const double mean = total(sums[c]) / points;
        between += points * (mean - grand) * (mean - grand);
        const double value =
            sensitivity.logarithmic ? std::exp(mean + spread.log_origin) : mean + spread.origin;
        effect.choices.push_back(
            {c + 1 == sums.size() ? search::kInactive : static_cast<std::uint32_t>(c),
             sums[c].points, value});
      }
      // What rounding leaves of a constant is no spread.
      const bool constant = squares <= 1e-12 * (std::abs(n * grand * grand) + n * 1e-12);
      effect.share = constant ? 0.0 : std::clamp(between / squares, 0.0, 1.0);
    }
  }
  return result;
}

HypervolumeHistory RunStatistics::hypervolume_history() const {
  HypervolumeHistory history;
  const search::Front front = archive_.front();
  if (front.size() == 0) {
    return history;
  }
  const std::size_t dims = objectives_.size();
  history.ideal.assign(front[0].begin(), front[0].end());
  history.reference = history.ideal;
  for (std::size_t row = 0; row < front.size(); ++row) {
    for (std::size_t d = 0; d < dims; ++d) {
      history.ideal[d] = std::min(history.ideal[d], front[row][d]);
      history.reference[d] = std::max(history.reference[d], front[row][d]);
    }
  }
  double box = 1.0;
  for (std::size_t d = 0; d < dims; ++d) {
    constexpr double kMargin = 0.1;
    double side = history.reference[d] - history.ideal[d];
    if (!(side > 0.0)) {
      side = std::abs(history.ideal[d]) > 0.0 ? std::abs(history.ideal[d]) : 1.0;
    }
    history.reference[d] += kMargin * side;
    box *= history.reference[d] - history.ideal[d];
  }
  search::HypervolumeOptions options;
  options.exact_up_to = 1000;  // some tens of snapshots: tens of milliseconds each
  options.samples = std::size_t{1} << 16U;
  double best = 0.0;
  const auto add = [&](std::uint64_t points, std::span<const double> values) {
    const auto volume = search::hypervolume(values, dims, history.reference, options);
    best = std::max(best, std::min(1.0, volume.value / box));  // a sample may seem to fall
    history.steps.push_back({points, best, volume.exact});
  };
  for (const Snapshot& snapshot : snapshots_) {
    add(snapshot.points, snapshot.front);
  }
  if (snapshots_.empty() || snapshots_.back().points != evaluated_) {
    add(evaluated_, front.values);
  }
  return history;
}

}  // namespace cairn::report
