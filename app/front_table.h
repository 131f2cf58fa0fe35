/// \file
/// What the terminal shows of a run: its first lines, and the front as JSON.
#pragma once

#include <string>

#include "app/refined_points.h"
#include "app/study.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"

namespace cairn::app {

/// Points evaluated, infeasible and failed, fidelity and quality source, the worst disagreement of
/// the two levels on the front, why points failed, size of the front; and, when nothing is
/// feasible, which limit excludes most points and by how much.
[[nodiscard]] std::string summary_text(const Study& study, const report::ResultReader& results,
                                       const report::RunStatistics& statistics,
                                       const RefinedPoints& refined,
                                       const std::string& quality_label, double seconds);

/// `analytical`, or `analytical, 20 points refined at cycle level`.
[[nodiscard]] std::string fidelity_text(const Study& study, const RefinedPoints& refined);

/// Refined designs as a table: each objective at both levels, the disagreement, or why it failed.
/// Empty without refined points.
[[nodiscard]] std::string refined_table(const Study& study, const RefinedPoints& refined);

/// Counts and the front as JSON, best first by the first objective.
[[nodiscard]] std::string front_json(const Study& study, const report::ResultReader& results,
                                     const report::RunStatistics& statistics,
                                     const RefinedPoints& refined, double seconds);

}  // namespace cairn::app
