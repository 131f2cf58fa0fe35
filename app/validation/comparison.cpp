#include "app/validation/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace cairn::app {
namespace {

/// Tau-b over pairs of (predicted, measured); quadratic, and tables are small.
double kendall_tau_of(const std::vector<std::pair<double, double>>& values) {
  double agreeing = 0;
  double opposing = 0;
  double ties_first = 0;
  double ties_second = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j) {
      const double x = values[i].first - values[j].first;
      const double y = values[i].second - values[j].second;
      if (x == 0 && y == 0) {
        continue;
      }
      if (x == 0) {
        ++ties_first;
      } else if (y == 0) {
        ++ties_second;
      } else if ((x > 0) == (y > 0)) {
        ++agreeing;
      } else {
        ++opposing;
      }
    }
  }
  const double decided = agreeing + opposing;
  const double scale = std::sqrt((decided + ties_first) * (decided + ties_second));
  return scale > 0 ? (agreeing - opposing) / scale : 0.0;
}

template <class Keep>
Summary summarise(const std::vector<ComparedRow>& rows, const Keep& keep) {
  Summary s;
  double predicted = 0;
  double measured = 0;
  std::vector<std::pair<double, double>> values;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ComparedRow& row = rows[i];
    if (!keep(row)) {
      continue;
    }
    if (!row.scored) {
      ++s.unscored;
      continue;
    }
    const double error = row.error();
    ++s.rows;
    s.mean_absolute += std::abs(error);
    s.mean_signed += error;
    predicted += row.predicted;
    measured += row.measured;
    if (s.rows == 1 || std::abs(error) > std::abs(s.worst)) {
      s.worst = error;
      s.worst_row = i;
    }
    values.emplace_back(row.predicted, row.measured);
  }
  if (s.rows > 0) {
    const auto n = static_cast<double>(s.rows);
    s.mean_absolute /= n;
    s.mean_signed /= n;
    s.total = predicted / measured - 1;
    s.kendall_tau = kendall_tau_of(values);
  }
  return s;
}

/// Rows of one contest, in order of appearance.
using Contest = std::vector<const ComparedRow*>;

std::vector<Contest> contests_in(const std::vector<const Comparison*>& comparisons) {
  std::map<std::string, std::size_t> known;
  std::vector<Contest> contests;
  for (const Comparison* comparison : comparisons) {
    for (const ComparedRow& row : comparison->rows) {
      if (!row.scored || row.contest.empty()) {
        continue;
      }
      // Figures of different metrics are no contest.
      const auto [found, added] =
          known.try_emplace(comparison->metric + "\n" + row.contest, contests.size());
      if (added) {
        contests.emplace_back();
      }
      contests[found->second].push_back(&row);
    }
  }
  return contests;
}

}  // namespace

Summary summary_of(const std::vector<ComparedRow>& rows) {
  return summarise(rows, [](const ComparedRow&) { return true; });
}

Summary summary_of(const std::vector<ComparedRow>& rows, std::string_view group) {
  return summarise(rows, [group](const ComparedRow& row) { return row.group == group; });
}

std::vector<std::string> groups_of(const std::vector<ComparedRow>& rows) {
  std::vector<std::string> groups;
  for (const ComparedRow& row : rows) {
    if (!row.group.empty() && std::find(groups.begin(), groups.end(), row.group) == groups.end()) {
      groups.push_back(row.group);
    }
  }
  return groups;
}

ContestSummary contests_of(const std::vector<const Comparison*>& comparisons, bool more_is_better) {
  ContestSummary result;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (const Contest& contest : contests_in(comparisons)) {
    if (contest.size() < 2) {
      continue;
    }
    for (std::size_t i = 0; i < contest.size(); ++i) {
      for (std::size_t j = i + 1; j < contest.size(); ++j) {
        const ComparedRow& a = *contest[i];
        const ComparedRow& b = *contest[j];
        if (a.contestant == b.contestant) {
          continue;
        }
        const double error = (a.predicted / b.predicted) / (a.measured / b.measured) - 1;
        const auto [found, added] =
            places.try_emplace({a.contestant, b.contestant}, result.pairs.size());
        if (added) {
          result.pairs.push_back({a.contestant, b.contestant, 0, 0, 0});
        }
        PairRatio& pair = result.pairs[found->second];
        ++pair.contests;
        pair.mean_absolute += std::abs(error);
        pair.mean_signed += error;
        ++result.ratios;
        result.ratio_error += std::abs(error);
      }
    }
    const auto better_predicted = [more_is_better](const ComparedRow* a, const ComparedRow* b) {
      return more_is_better ? a->predicted > b->predicted : a->predicted < b->predicted;
    };
    const auto better_measured = [more_is_better](const ComparedRow* a, const ComparedRow* b) {
      return more_is_better ? a->measured > b->measured : a->measured < b->measured;
    };
    ++result.contests;
    const ComparedRow* predicted =
        *std::min_element(contest.begin(), contest.end(), better_predicted);
    const ComparedRow* measured =
        *std::min_element(contest.begin(), contest.end(), better_measured);
    // A tie in the measurement is won by any of the best.
    result.winners += predicted->measured == measured->measured ? 1U : 0U;
  }
  for (PairRatio& pair : result.pairs) {
    pair.mean_absolute /= static_cast<double>(pair.contests);
    pair.mean_signed /= static_cast<double>(pair.contests);
  }
  if (result.ratios > 0) {
    result.ratio_error /= static_cast<double>(result.ratios);
  }
  return result;
}

bool more_is_better(const Comparison& comparison) {
  constexpr std::array<std::string_view, 6> kMore{"throughput",           "operations_per_second",
                                                  "operations_per_joule", "speed-up",
                                                  "utilization",          "bandwidth"};
  return std::find(kMore.begin(), kMore.end(), comparison.metric) != kMore.end();
}

double figure_of(Statistic statistic, const Summary& summary, const ContestSummary& contests) {
  switch (statistic) {
    case Statistic::mean_absolute:
      return summary.mean_absolute;
    case Statistic::signed_mean:
      return std::abs(summary.mean_signed);
    case Statistic::worst:
      return std::abs(summary.worst);
    case Statistic::total_error:
      return std::abs(summary.total);
    case Statistic::kendall_tau:
      return summary.kendall_tau;
    case Statistic::ratio_error:
      return contests.ratio_error;
    case Statistic::winner_share:
      break;
  }
  return contests.winner_share();
}

bool holds(const Bar& bar, const Summary& summary, const ContestSummary& contests) {
  const bool of_contests =
      bar.statistic == Statistic::ratio_error || bar.statistic == Statistic::winner_share;
  if (of_contests ? contests.contests == 0 : summary.rows == 0) {
    return false;
  }
  const double figure = figure_of(bar.statistic, summary, contests);
  return is_lower_bound(bar.statistic) ? figure >= bar.limit : figure <= bar.limit;
}

}  // namespace cairn::app
