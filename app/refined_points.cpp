#include "app/refined_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <set>
#include <utility>

#include "search/pareto/crowding.h"

namespace cairn::app {
namespace {

/// Hands over the objectives of the feasible points of the search, as numbers to minimise.
template <class Sink>
void each_feasible(const report::ResultReader& results,
                   const std::vector<search::Objective>& objectives, const Sink& sink) {
  std::vector<double> values(objectives.size());
  results.replay(0, results.size(), [&](const report::StoredPoint& point) {
    if (point.scored.fidelity == kSearchFidelity &&
        point.scored.status == search::Status::feasible &&
        search::to_minimized(objectives, point.scored.metrics, values)) {
      sink(point.scored.id, values);
    }
  });
}

/// With one objective every front is a single value: the least ones in one pass.
std::vector<std::uint64_t> least(const report::ResultReader& results,
                                 const std::vector<search::Objective>& objectives,
                                 std::size_t top) {
  std::priority_queue<std::pair<double, std::uint64_t>> kept;
  each_feasible(results, objectives, [&](std::uint64_t id, const std::vector<double>& values) {
    kept.emplace(values.front(), id);
    if (kept.size() > top) {
      kept.pop();
    }
  });
  std::vector<std::uint64_t> ids(kept.size());
  std::generate(ids.rbegin(), ids.rend(), [&kept] {
    const std::uint64_t id = kept.top().second;
    kept.pop();
    return id;
  });
  return ids;
}

/// The largest disagreement of a row, over all and each of its workloads; NaN when not measured.
double disagreement_of(const Study& study, std::span<const double> metrics) {
  double worst = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t c = 0; c < study.columns().size(); ++c) {
    if (study.columns()[c].metric == sim::Metric::disagreement && !std::isnan(metrics[c]) &&
        (std::isnan(worst) || std::abs(metrics[c]) > std::abs(worst))) {
      worst = metrics[c];
    }
  }
  return worst;
}

}  // namespace

std::vector<std::uint64_t> points_to_refine(const report::ResultReader& results,
                                            const std::vector<search::Objective>& objectives,
                                            const search::Front& front, std::size_t top) {
  if (objectives.size() == 1) {
    return least(results, objectives, top);
  }
  std::vector<std::uint64_t> order = search::loneliest_first(front);
  std::set<std::uint64_t> taken(order.begin(), order.end());
  while (order.size() < top) {
    search::ParetoArchive rest(objectives.size());
    each_feasible(results, objectives, [&](std::uint64_t id, const std::vector<double>& values) {
      if (!taken.contains(id)) {
        rest.insert(id, values);
      }
    });
    if (rest.size() == 0) {
      break;
    }
    const std::vector<std::uint64_t> next = search::loneliest_first(rest.front());
    order.insert(order.end(), next.begin(), next.end());
    taken.insert(next.begin(), next.end());
  }
  order.resize(std::min(order.size(), top));
  return order;
}

std::size_t RefinedPoints::count(search::Status status) const {
  return static_cast<std::size_t>(std::count_if(
      points.begin(), points.end(), [&](const RefinedPoint& p) { return p.status == status; }));
}

const RefinedPoint* RefinedPoints::worst_on_front() const {
  const RefinedPoint* worst = nullptr;
  for (const RefinedPoint& point : points) {
    if (point.on_front && !std::isnan(point.disagreement) &&
        (worst == nullptr || std::abs(point.disagreement) > std::abs(worst->disagreement))) {
      worst = &point;
    }
  }
  return worst;
}

RefinedPoints read_refined(const Study& study, const report::ResultReader& results,
                           const search::Front& front) {
  RefinedPoints refined;
  if (!study.spec().refine) {
    return refined;
  }
  refined.wanted = static_cast<std::size_t>(study.spec().refine->top);
  // They stand behind the rows of the search, so the last rows are enough to look at.
  const std::uint64_t size = results.size();
  results.replay(size > refined.wanted ? size - refined.wanted : 0, size,
                 [&](const report::StoredPoint& stored) {
                   if (stored.scored.fidelity != kRefinedFidelity) {
                     return;
                   }
                   RefinedPoint& point = refined.points.emplace_back();
                   point.id = stored.scored.id;
                   point.status = stored.scored.status;
                   point.reason = stored.scored.reason;
                   point.disagreement = disagreement_of(study, stored.scored.metrics);
                   if (std::isfinite(point.disagreement)) {
                     point.cycle.assign(stored.scored.metrics.begin(), stored.scored.metrics.end());
                   }
                 });
  if (refined.points.empty()) {
    return refined;
  }
  std::vector<std::uint64_t> designs =
      points_to_refine(results, study.objectives(), front, refined.wanted);
  refined.wanted = designs.size();
  designs.resize(refined.points.size());
  std::size_t next = 0;
  results.select(designs, [&](const report::StoredPoint& stored) {
    RefinedPoint& point = refined.points[next++];
    point.design = stored.scored.id;
    point.analytical.assign(stored.scored.metrics.begin(), stored.scored.metrics.end());
    point.on_front = std::binary_search(front.ids.begin(), front.ids.end(), point.design);
  });
  return refined;
}

std::optional<WorstDisagreement> worst_disagreement(const Study& study,
                                                    const report::ResultReader& results,
                                                    const search::Front& front,
                                                    const RefinedPoints& refined) {
  if (const RefinedPoint* worst = refined.worst_on_front()) {
    return WorstDisagreement{worst->design, worst->disagreement};
  }
  std::optional<WorstDisagreement> worst;
  if (study.spec().fidelity == Fidelity::cycle) {
    results.select(front.ids, [&](const report::StoredPoint& stored) {
      const double value = disagreement_of(study, stored.scored.metrics);
      if (std::isfinite(value) && (!worst || std::abs(value) > std::abs(worst->value))) {
        worst = WorstDisagreement{stored.scored.id, value};
      }
    });
  }
  return worst;
}

}  // namespace cairn::app
