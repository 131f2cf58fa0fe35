#include "app/run_folder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "app/output.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/version.h"
#include "report/html/html_report.h"
#include "report/store/csv_export.h"

namespace cairn::app {
namespace {

namespace fs = std::filesystem;

fs::path runs_of(const Study& study) {
  return fs::path("results") / "runs" / study.spec().name;
}

[[noreturn]] void fail(const std::string& path, const std::string& message,
                       const std::string& hint) {
  Diagnostics diagnostics;
  diagnostics.error(SourceSpan{"<command line>", 1, 1, ""}, path, message, hint);
  diagnostics.throw_if_any();
  throw InternalError("an error was reported but not thrown");
}

void make(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw IoError(path.string(), "cannot make the folder", error.value());
  }
}

bool belongs(const fs::path& folder, const Study& study) {
  return folder.filename().string().find(fmt::format("{:016x}", study.hash())) != std::string::npos;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : "unknown";
}

bool wants(const Study& study, ReportFormat format) {
  const auto& formats = study.spec().report.formats;
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

void write_file(const fs::path& path, std::string_view text) {
  Output output(path.string());
  output.text() = text;
  output.finish();
}

RunFolder new_run_folder(const Study& study, const std::string& chosen) {
  if (!chosen.empty()) {
    if (fs::exists(chosen) && !fs::is_empty(chosen)) {
      fail("--out", fmt::format("the folder '{}' is not empty", chosen),
           "a run is never overwritten; continue it with --resume, or name another folder");
    }
    make(chosen);
    return {chosen};
  }
  const std::string date = utc_now().substr(0, 10);
  std::string day = date;
  day.erase(std::remove(day.begin(), day.end(), '-'), day.end());
  const std::string base = fmt::format("{}-{:016x}", day, study.hash());
  fs::path path = runs_of(study) / base;
  for (int again = 2; fs::exists(path); ++again) {
    path = runs_of(study) / fmt::format("{}-{}", base, again);
  }
  make(path);
  return {path};
}

RunFolder run_to_resume(const Study& study, const std::string& which) {
  if (which != "last") {
    // A run that was killed before its first batch has a folder and nothing to continue from.
    if (!fs::is_directory(which)) {
      fail("--resume", fmt::format("'{}' is no folder of a run", which),
           "name the folder of a run, or `last`");
    }
    return {which};
  }
  std::vector<fs::path> candidates;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(runs_of(study), ignored)) {
    if (belongs(entry.path(), study)) {
      candidates.push_back(entry.path());
    }
  }
  if (candidates.empty()) {
    fail("--resume", fmt::format("no run of this study lies in {}", runs_of(study).string()),
         "start one without --resume");
  }
  return {*std::max_element(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return fs::last_write_time(a) < fs::last_write_time(b);
  })};
}

void write_study(const RunFolder& folder, const Study& study) {
  write_file(folder.path / "study.yaml", study.resolved());
}

void write_manifest(const RunFolder& folder, const Study& study,
                    const report::RunStatistics& statistics, const RefinedPoints& refined,
                    const RunTimes& times, int threads) {
  std::string text;
  const auto line = [&](std::string_view key, const auto& value) {
    text += fmt::format("{}: {}\n", key, value);
  };
  line("study", study.spec().name);
  line("study_hash", fmt::format("\"{:016x}\"", study.hash()));
  line("seed", study.spec().seed);
  line("version", fmt::format("\"{}\"", version_text()));
  std::string models;
  for (const auto& [kind, version] : hw::model_versions()) {
    models += fmt::format("{}{}: \"{}\"", models.empty() ? "" : ", ", kind, version);
  }
  line("models", "{" + models + "}");
  line("host", host_name());
  line("threads", threads);
  line("start", times.start);
  line("end", times.end.empty() ? "null" : times.end);
  line("seconds", fmt::format("{:.3f}", times.seconds));
  line("points", statistics.evaluated());
  line("feasible", statistics.feasible());
  line("infeasible", statistics.infeasible());
  line("failed", statistics.failed());
  line("front", statistics.front_size());
  if (study.spec().refine) {
    line("refined", refined.points.size());
    line("refined_failed", refined.count(search::Status::failed));
  }
  write_file(folder.path / "manifest.yaml", text);
}

double seconds_of(const RunFolder& folder) {
  const fs::path manifest = folder.path / "manifest.yaml";
  if (!fs::exists(manifest)) {
    return 0;
  }
  Diagnostics diagnostics;
  const Node root = load_yaml(manifest.string(), diagnostics);
  const Node* seconds = root.find("seconds");
  return seconds != nullptr ? parse_double(seconds->scalar).value_or(0) : 0;
}

void write_results(const RunFolder& folder, const Study& study, BatchEvaluator& evaluator,
                   const report::ResultReader& results, const report::RunStatistics& statistics,
                   const RefinedPoints& refined, const RunFacts& facts) {
  const search::Front front = statistics.front();
  if (wants(study, ReportFormat::csv)) {
    report::write_points_csv(results, (folder.path / "points.csv").string());
  }
  report::write_pareto_csv(results, front.ids, (folder.path / "pareto.csv").string());
  if (!refined.points.empty()) {
    std::vector<std::uint64_t> pairs;
    for (const RefinedPoint& point : refined.points) {
      pairs.push_back(point.design);
      pairs.push_back(point.id);
    }
    report::write_pareto_csv(results, pairs, (folder.path / "refined.csv").string());
  }
  if (wants(study, ReportFormat::html)) {
    report::write_html_report(
        folder.path / "report.html",
        report_document(study, evaluator, results, statistics, refined, facts));
  }
}

std::string where_text(const RunFolder& folder) {
  const fs::path page = folder.path / "report.html";
  return fs::exists(page) ? fmt::format("report: {}\n", page.string())
                          : fmt::format("results: {}\n", folder.path.string());
}

report::RunSchema schema_of(const Study& study) {
  report::RunSchema schema;
  schema.study_hash = study.hash();
  schema.study_name = study.spec().name;
  schema.knobs = report::knob_columns(study.space());
  schema.fidelities = {std::string{cairn::to_text(study.spec().fidelity)}};
  if (study.spec().refine) {
    schema.fidelities.emplace_back(cairn::to_text(study.spec().refine->with));
  }
  for (const sim::MetricColumn& column : study.columns()) {
    // A number without a unit is printed without one.
    schema.metrics.push_back(
        {column.name, column.csv_name, column.unit() == "1" ? "" : std::string{column.unit()}});
  }
  return schema;
}

}  // namespace cairn::app
