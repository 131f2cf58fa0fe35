/// \file
/// Evaluates batches of design points on several threads. The numbers depend on the points only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/study.h"
#include "search/scored.h"
#include "search/space/point_batch.h"

namespace cairn::app {

/// Rows of one batch, with what their views point to.
struct ScoredBatch {
  search::PointBatch points;
  std::vector<search::Scored> rows;

  /// Puts another result in the place of a row, with copies of what its views point to.
  void replace(std::size_t index, const search::Scored& row);

 private:
  friend class BatchEvaluator;
  std::vector<double> metrics_;
  std::vector<std::string> limits_;
  std::vector<std::string> reasons_;
};

/// Whether metrics meet the study's constraints: sets status and excess of \p row, and the texts.
void judge(const Study& study, std::span<const double> metrics, search::Scored& row,
           std::string& limit, std::string& reason);

class BatchEvaluator {
 public:
  /// \param threads 0: as many as cores. The study must outlive the evaluator.
  BatchEvaluator(const Study& study, int threads);
  ~BatchEvaluator();
  BatchEvaluator(const BatchEvaluator&) = delete;
  BatchEvaluator& operator=(const BatchEvaluator&) = delete;
  BatchEvaluator(BatchEvaluator&&) = delete;
  BatchEvaluator& operator=(BatchEvaluator&&) = delete;

  /// Fills \p out, whose buffers are used again. \throws what a model throws for its point.
  void evaluate(search::PointBatch points, ScoredBatch& out);
  /// The breakdown of chosen points, in their order; null where a point is infeasible.
  [[nodiscard]] std::vector<std::unique_ptr<sim::PointModel::Detail>> details(
      const std::vector<std::vector<std::uint32_t>>& points);

  [[nodiscard]] int threads() const;
  /// Source and unit of the quality figure, as the models found it.
  [[nodiscard]] std::string quality_label() const;
  [[nodiscard]] sim::PricingCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::app
