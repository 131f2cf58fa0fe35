/// \file
/// Design points at cycle level: each in a worker process of this program, several at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "app/batch_evaluator.h"
#include "app/study.h"
#include "search/scored.h"
#include "search/space/point_batch.h"

namespace cairn::app {

class CycleEvaluator {
 public:
  using Stop = std::function<bool()>;

  /// \param at_once workers at a time. The study must outlive the evaluator.
  CycleEvaluator(const Study& study, int at_once) : study_(study), at_once_(at_once) {}

  /// Evaluates the points of a batch and hands over their rows in the order of the batch, each as
  /// soon as it and all before it are there. A point whose worker crashes or exceeds the study's
  /// time-out is a failed row. \returns false if it was stopped.
  bool evaluate(const search::PointBatch& points,
                const std::function<void(std::size_t, const search::Scored&)>& store,
                const Stop& stop) const;

  /// Evaluates at cycle level what can run at all, judged by the rows of \p batch, which are
  /// replaced. \returns false if it was stopped: then the batch is worth nothing.
  bool evaluate(ScoredBatch& batch, const Stop& stop) const;

 private:
  const Study& study_;
  int at_once_;
};

}  // namespace cairn::app
