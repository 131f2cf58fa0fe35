#include "app/cycle_evaluator.h"

#include <algorithm>
#include <utility>

#include "app/worker_command.h"
#include "app/worker_pool.h"
#include "search/space/design_space.h"

namespace cairn::app {
namespace {

/// A row that keeps what its views point to.
struct OwnedRow {
  std::vector<double> metrics;
  std::string limit;
  std::string reason;
  search::Scored row;
  bool there{};
};

void fill(const Study& study, const WorkerAnswer& from, OwnedRow& out) {
  out.there = true;
  std::optional<PointAnswer> answer =
      from.failure.empty() ? parse_point_answer(from.answer) : std::nullopt;
  const bool sound = answer && (answer->status == search::Status::infeasible ||
                                answer->metrics.size() == study.columns().size());
  if (!sound) {
    out.row.status = search::Status::failed;
    out.reason = from.failure.empty() ? "the worker's answer cannot be read" : from.failure;
    out.row.reason = out.reason;
    return;
  }
  out.row.status = answer->status;
  out.metrics = std::move(answer->metrics);
  if (answer->status == search::Status::infeasible) {
    out.limit = std::move(answer->refusal.limit);
    out.reason = std::move(answer->refusal.what);
    out.row.excess = answer->refusal.excess;
  } else {
    judge(study, out.metrics, out.row, out.limit, out.reason);
  }
  out.row.metrics = out.metrics;
  out.row.limit = out.limit;
  out.row.reason = out.reason;
}

/// Evaluates \p count points; \p done in the order in which they end.
bool run(const Study& study, int at_once, std::size_t count,
         const std::function<search::PointView(std::size_t)>& point,
         const std::function<void(std::size_t, const WorkerAnswer&)>& done,
         const CycleEvaluator::Stop& stop) {
  WorkerOptions options;
  options.program = "/proc/self/exe";
  options.arguments = {"worker"};
  options.at_once = at_once;
  options.time_out_s = study.spec().cycle.time_out.count();
  WorkerJobs jobs;
  jobs.count = count;
  jobs.job = [&](std::size_t i) {
    const search::PointView choices = point(i);
    return to_text(PointJob{study.resolved(), study.hash(), {choices.begin(), choices.end()}});
  };
  jobs.done = done;
  jobs.stop = stop;
  return run_workers(options, jobs);
}

}  // namespace

bool CycleEvaluator::evaluate(const search::PointBatch& points,
                              const std::function<void(std::size_t, const search::Scored&)>& store,
                              const Stop& stop) const {
  std::vector<OwnedRow> rows(points.size());
  std::size_t stored = 0;
  return run(
      study_, at_once_, points.size(), [&](std::size_t i) { return points[i]; },
      [&](std::size_t i, const WorkerAnswer& answer) {
        fill(study_, answer, rows[i]);
        for (; stored < rows.size() && rows[stored].there; ++stored) {
          rows[stored].row.id = points.id(stored);
          store(stored, rows[stored].row);
          rows[stored] = OwnedRow{};
          rows[stored].there = true;
        }
      },
      stop);
}

bool CycleEvaluator::evaluate(ScoredBatch& batch, const Stop& stop) const {
  std::vector<std::size_t> possible;  // others are infeasible whatever a simulation would say
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    if (!batch.rows[i].metrics.empty()) {
      possible.push_back(i);
    }
  }
  return run(
      study_, at_once_, possible.size(), [&](std::size_t p) { return batch.points[possible[p]]; },
      [&](std::size_t p, const WorkerAnswer& answer) {
        OwnedRow row;
        fill(study_, answer, row);
        batch.replace(possible[p], row.row);
      },
      stop);
}

}  // namespace cairn::app
