/// \file
/// What the terminal shows of a run: its first lines, and the front as JSON.
#pragma once

#include <string>

#include "app/study.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"

namespace cairn::app {

/// Points evaluated, infeasible and failed, fidelity and quality source, size of the front; and,
/// when nothing is feasible, which limit excludes most points and by how much.
[[nodiscard]] std::string summary_text(const Study& study, const report::RunStatistics& statistics,
                                       const std::string& quality_label, double seconds);

/// Counts and the front as JSON, best first by the first objective.
[[nodiscard]] std::string front_json(const Study& study, const report::ResultReader& results,
                                     const report::RunStatistics& statistics, double seconds);

}  // namespace cairn::app
