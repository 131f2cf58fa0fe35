/// \file
/// The data document of a run's report (its form: report/html/README.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/batch_evaluator.h"
#include "app/refined_points.h"
#include "app/study.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"

namespace cairn::app {

/// What a report says about the run itself.
struct RunFacts {
  std::string command;
  std::string run_id;
  std::string date;
  double seconds{};
};

/// Most designs of the front that get a breakdown; the others keep their row.
inline constexpr std::size_t kMostDetails = 1500;

/// \returns UTF-8 JSON.
[[nodiscard]] std::string report_document(const Study& study, BatchEvaluator& evaluator,
                                          const report::ResultReader& results,
                                          const report::RunStatistics& statistics,
                                          const RefinedPoints& refined, const RunFacts& facts);

}  // namespace cairn::app
