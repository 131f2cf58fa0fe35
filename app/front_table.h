/// \file
/// What the terminal shows of a run: its first lines and the front as a table.
#pragma once

#include <string>

#include "app/study.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"

namespace cairn::app {

/// Points evaluated, infeasible and failed, fidelity and quality source, size of the front; and,
/// when nothing is feasible, which limit excludes most points and by how much.
[[nodiscard]] std::string summary_text(const Study& study,
                                       const report::RunStatistics& statistics,
                                       const std::string& quality_label, double seconds);

/// The front, sorted by the first objective, at most \p most rows, \p width columns wide.
[[nodiscard]] std::string front_text(const Study& study, const report::ResultReader& results,
                                     const report::RunStatistics& statistics, std::size_t most,
                                     std::size_t width);

/// The same rows as JSON, all of them.
[[nodiscard]] std::string front_json(const Study& study, const report::ResultReader& results,
                                     const report::RunStatistics& statistics, double seconds);

}  // namespace cairn::app
