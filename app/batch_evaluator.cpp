#include "app/batch_evaluator.h"

#include <algorithm>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace cairn::app {
namespace {

/// Points of one task: enough that neighbours share machines, few enough to balance two cores.
constexpr std::size_t kGrain = 256;

void score(const Study& study, sim::PointModel& model, search::PointView point,
           std::span<double> metrics, search::Scored& row, std::string& limit,
           std::string& reason) {
  limit.clear();
  reason.clear();
  row.excess = 0;
  if (model.evaluate(point, metrics) == sim::PointStatus::infeasible) {
    const sim::Refusal& refusal = model.refusal();
    limit = refusal.limit;
    reason = refusal.what;
    row.status = search::Status::infeasible;
    row.excess = refusal.excess;
    row.metrics = {};
  } else {
    row.metrics = metrics;
    judge(study, metrics, row, limit, reason);
  }
  row.limit = limit;
  row.reason = reason;
}

}  // namespace

void judge(const Study& study, std::span<const double> metrics, search::Scored& row,
           std::string& limit, std::string& reason) {
  row.status = search::Status::feasible;
  if (const auto worst = search::worst_violation(study.constraints(), metrics)) {
    const search::Constraint& broken = study.constraints()[worst->constraint];
    row.status = search::Status::infeasible;
    row.excess = worst->excess;
    limit = broken.limit_name();
    reason = broken.reason(metrics[broken.column]);
  }
}

void ScoredBatch::replace(std::size_t index, const search::Scored& row) {
  const std::uint64_t id = rows[index].id;
  const std::size_t columns = metrics_.size() / rows.size();
  const auto place = std::span{metrics_}.subspan(index * columns, columns);
  std::copy(row.metrics.begin(), row.metrics.end(), place.begin());
  limits_[index] = row.limit;
  reasons_[index] = row.reason;
  rows[index] = row;
  rows[index].id = id;
  rows[index].metrics = row.metrics.empty() ? std::span<const double>{} : place;
  rows[index].limit = limits_[index];
  rows[index].reason = reasons_[index];
}

struct BatchEvaluator::Impl {
  Impl(const Study& s, int threads)
      : study(s),
        count(threads > 0 ? threads : oneapi::tbb::info::default_concurrency()),
        // Without it TBB gives an arena no more threads than the machine has cores.
        limit(oneapi::tbb::global_control::max_allowed_parallelism,
              static_cast<std::size_t>(std::max(count, 1))),
        arena(count) {
    for (int i = 0; i < count; ++i) {
      models.push_back(study.make_model());
    }
  }
  const Study& study;
  int count;
  oneapi::tbb::global_control limit;
  oneapi::tbb::task_arena arena;
  std::vector<std::unique_ptr<sim::PointModel>> models;

  sim::PointModel& mine() {
    return *models[static_cast<std::size_t>(oneapi::tbb::this_task_arena::current_thread_index())];
  }
};

BatchEvaluator::BatchEvaluator(const Study& study, int threads)
    : impl_(std::make_unique<Impl>(study, threads)) {}
BatchEvaluator::~BatchEvaluator() = default;

void BatchEvaluator::evaluate(search::PointBatch points, ScoredBatch& out) {
  const std::size_t count = points.size();
  const std::size_t columns = impl_->study.columns().size();
  out.points = std::move(points);
  out.rows.resize(count);
  out.metrics_.resize(count * columns);
  out.limits_.resize(count);
  out.reasons_.resize(count);
  using oneapi::tbb::blocked_range;
  impl_->arena.execute([&] {
    oneapi::tbb::parallel_for(blocked_range<std::size_t>(0, count, kGrain),
                              [&](const blocked_range<std::size_t>& range) {
                                sim::PointModel& model = impl_->mine();
                                for (std::size_t i = range.begin(); i != range.end(); ++i) {
                                  out.rows[i].id = out.points.id(i);
                                  score(impl_->study, model, out.points[i],
                                        std::span{out.metrics_}.subspan(i * columns, columns),
                                        out.rows[i], out.limits_[i], out.reasons_[i]);
                                }
                              });
  });
}

std::vector<std::unique_ptr<sim::PointModel::Detail>> BatchEvaluator::details(
    const std::vector<std::vector<std::uint32_t>>& points) {
  std::vector<std::unique_ptr<sim::PointModel::Detail>> found(points.size());
  impl_->arena.execute([&] {
    oneapi::tbb::parallel_for(std::size_t{0}, points.size(), [&](std::size_t i) {
      auto detail = impl_->mine().detail(points[i]);
      if (auto* good = std::get_if<sim::PointModel::Detail>(&detail)) {
        found[i] = std::make_unique<sim::PointModel::Detail>(std::move(*good));
      }
    });
  });
  return found;
}

std::string BatchEvaluator::quality_label() const {
  for (const auto& model : impl_->models) {
    if (!model->quality_label().empty()) {
      return model->quality_label();
    }
  }
  return {};
}

int BatchEvaluator::threads() const {
  return impl_->count;
}

sim::PricingCounters BatchEvaluator::counters() const {
  sim::PricingCounters sum;
  for (const auto& model : impl_->models) {
    const sim::PricingCounters one = model->counters();
    sum.points += one.points;
    sum.hits += one.hits;
    sum.misses += one.misses;
    sum.mappings += one.mappings;
    sum.machines += one.machines;
    sum.workloads += one.workloads;
  }
  return sum;
}

}  // namespace cairn::app
