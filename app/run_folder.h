/// \file
/// The folder of a run: where it lies and what is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "app/batch_evaluator.h"
#include "app/refined_points.h"
#include "app/report_data.h"
#include "app/study.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"

namespace cairn::app {

struct RunFolder {
  std::filesystem::path path;
  [[nodiscard]] std::string store() const { return (path / "results.sqlite").string(); }
  [[nodiscard]] std::string id() const { return path.filename().string(); }
};

/// A new folder `results/runs/NAME/DATE-HASH`, never one that exists; or \p chosen, which must be
/// empty or absent. \throws ConfigError, IoError.
[[nodiscard]] RunFolder new_run_folder(const Study& study, const std::string& chosen);

/// The folder to continue: \p which, or for `last` the newest run of this study.
/// \throws ConfigError if there is none or it belongs to another study.
[[nodiscard]] RunFolder run_to_resume(const Study& study, const std::string& which);

/// Writes study.yaml, so that the run can be repeated from its folder alone.
void write_study(const RunFolder& folder, const Study& study);

struct RunTimes {
  std::string start;  ///< UTC, ISO 8601
  std::string end;    ///< empty while running
  double seconds{};
};
/// Writes manifest.yaml: seed, versions, host, times, counts.
void write_manifest(const RunFolder& folder, const Study& study,
                    const report::RunStatistics& statistics, const RefinedPoints& refined,
                    const RunTimes& times, int threads);

/// Seconds that the run took so far, as its manifest says; 0 if it was killed before it wrote one.
[[nodiscard]] double seconds_of(const RunFolder& folder);

/// Writes points.csv, pareto.csv, refined.csv (two rows a design: analytical, then at cycle level)
/// and report.html, as the study asks.
void write_results(const RunFolder& folder, const Study& study, BatchEvaluator& evaluator,
                   const report::ResultReader& results, const report::RunStatistics& statistics,
                   const RefinedPoints& refined, const RunFacts& facts);

/// The last line of a run: where its report lies, or its folder if it has none.
[[nodiscard]] std::string where_text(const RunFolder& folder);

/// Columns of a run's store.
[[nodiscard]] report::RunSchema schema_of(const Study& study);

/// UTC now, `2026-01-31T12:00:00Z`.
[[nodiscard]] std::string utc_now();

/// Writes a whole file under a temporary name, then renames it. \throws IoError.
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace cairn::app
