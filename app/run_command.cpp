#include "app/run_command.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <future>
#include <iostream>
#include <limits>

#include <fmt/format.h>
#include <unistd.h>

#include "app/batch_evaluator.h"
#include "app/cycle_evaluator.h"
#include "app/front_table.h"
#include "app/output.h"
#include "app/refined_points.h"
#include "app/report_data.h"
#include "app/run_folder.h"
#include "app/study.h"
#include "core/error.h"
#include "core/log.h"
#include "report/store/progress_line.h"
#include "report/store/terminal_table.h"

namespace cairn::app {
namespace {

using Clock = std::chrono::steady_clock;

/// Points asked for at once: a transaction of the store. Runs always ask for the same number, so
/// that a resumed run sees the same batches.
constexpr std::size_t kBatch = 8192;
/// The same at cycle level, where a point takes as long as thousands do analytically.
constexpr std::size_t kCycleBatch = 16;

std::size_t batch_of(const Study& study) {
  return study.spec().fidelity == Fidelity::cycle ? kCycleBatch : kBatch;
}

/// Set by Ctrl-C. A signal handler can reach nothing but a global.
volatile std::sig_atomic_t interrupted = 0;  // NOLINT

void on_interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);  // the second one ends the program at once
}

/// Seconds of a steady clock, for the progress line.
double now_s() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

bool was_interrupted() {
  return interrupted != 0;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Feeds the algorithm with what the search stored in an earlier part of the run. Refined points
/// stand behind it and are not its business.
void catch_up(search::Algorithm& algorithm, const report::ResultReader& stored,
              std::size_t batch_size, report::RunStatistics& statistics) {
  stored.replay(0, stored.size(), [&](const report::StoredPoint& point) {
    if (point.scored.fidelity == kSearchFidelity) {
      statistics.add(point);
    }
  });
  const std::uint64_t size = statistics.evaluated();
  if (algorithm.skip(size)) {
    return;
  }
  // An algorithm that learns is asked and told again, batch by batch.
  for (std::uint64_t from = 0; from < size;) {
    const search::PointBatch batch = algorithm.ask(batch_size);
    std::vector<search::Scored> rows;
    std::vector<std::vector<double>> metrics;
    metrics.reserve(batch.size());
    stored.replay(from, from + batch.size(), [&](const report::StoredPoint& point) {
      metrics.emplace_back(point.scored.metrics.begin(), point.scored.metrics.end());
      rows.push_back(point.scored);
      rows.back().metrics = metrics.back();
      rows.back().limit = {};
      rows.back().reason = {};
    });
    algorithm.tell(batch, rows);
    from += batch.size();
  }
}

/// Evaluates until the algorithm has finished or Ctrl-C. While one batch is evaluated, the one
/// before is stored.
void evaluate_all(const Study& study, BatchEvaluator& evaluator, search::Algorithm& algorithm,
                  report::ResultWriter& writer, report::RunStatistics& statistics) {
  report::ProgressLine line(std::cerr, ::isatty(STDERR_FILENO) == 1, writer.size(), now_s());
  const auto progress = [&]() -> report::Progress {
    constexpr search::Rank kKnown = std::numeric_limits<std::uint64_t>::max();
    const search::Rank planned = algorithm.planned();
    return {.done = statistics.evaluated(),
            .total = planned <= kKnown ? static_cast<std::uint64_t>(planned) : 0,
            .feasible = statistics.feasible(),
            .front = statistics.front_size()};
  };
  const CycleEvaluator cycle(study, evaluator.threads());
  std::array<ScoredBatch, 2> batches;
  std::future<void> storing;
  for (std::size_t turn = 0; !algorithm.finished() && interrupted == 0; turn = 1 - turn) {
    ScoredBatch& batch = batches.at(turn);
    search::PointBatch points = algorithm.ask(batch_of(study));
    if (points.empty()) {
      break;
    }
    evaluator.evaluate(std::move(points), batch);
    if (study.spec().fidelity == Fidelity::cycle && !cycle.evaluate(batch, was_interrupted)) {
      break;
    }
    algorithm.tell(batch.points, batch.rows);
    if (storing.valid()) {
      storing.get();
    }
    line.update(progress(), now_s());
    storing = std::async(std::launch::async, [&writer, &statistics, &study, &batch] {
      writer.append(batch.points, batch.rows);
      statistics.add(batch.points, batch.rows, study.space());
    });
  }
  if (storing.valid()) {
    storing.get();
  }
  line.finish(progress(), now_s());
}

/// Evaluates the best points of the search at cycle level, behind those that an earlier part of the
/// run stored. \returns false if it was stopped.
bool refine(const Study& study, report::ResultWriter& writer, const std::string& store,
            const report::RunStatistics& statistics, int at_once) {
  const report::ResultReader results(store);
  const std::vector<std::uint64_t> designs =
      points_to_refine(results, study.objectives(), statistics.front(),
                       static_cast<std::size_t>(study.spec().refine->top));
  const std::uint64_t done = writer.size() - statistics.evaluated();
  if (done >= designs.size()) {
    return true;
  }
  search::PointBatch points(study.space().knobs().size(), writer.size());
  results.select(std::span{designs}.subspan(static_cast<std::size_t>(done)),
                 [&](const report::StoredPoint& stored) {
                   const std::span<std::uint32_t> row = points.append();
                   std::transform(stored.choices.begin(), stored.choices.end(), row.begin(),
                                  [](std::uint32_t choice) {
                                    return choice == search::kInactive ? 0U : choice;
                                  });
                 });
  fmt::print(stderr, "refining {} points at cycle level\n", points.size());
  report::ProgressLine line(std::cerr, ::isatty(STDERR_FILENO) == 1, done, now_s());
  report::Progress progress{
      .done = done, .total = designs.size(), .feasible = 0, .front = statistics.front_size()};
  const CycleEvaluator cycle(study, at_once);
  const bool completed = cycle.evaluate(
      points,
      [&](std::size_t i, const search::Scored& scored) {
        search::Scored row = scored;
        row.fidelity = kRefinedFidelity;
        search::PointBatch one(points.knobs(), row.id);
        const search::PointView choices = points[i];
        std::copy(choices.begin(), choices.end(), one.append().begin());
        writer.append(one, std::span{&row, 1});
        ++progress.done;
        progress.feasible += row.status == search::Status::feasible ? 1 : 0;
        line.update(progress, now_s());
      },
      [&] {
        line.update(progress, now_s());
        return was_interrupted();
      });
  line.finish(progress, now_s());
  return completed;
}

void log_counters(const BatchEvaluator& evaluator) {
  const sim::PricingCounters c = evaluator.counters();
  const auto priced = static_cast<double>(c.misses);
  const auto asked = static_cast<double>(c.hits + c.misses);
  fmt::print(stderr,
             "pricing: {} operator prices asked for, {:.2f} % from cache; {} machines and {} "
             "workloads built; {:.1f} mappings considered for each operator priced\n",
             c.hits + c.misses, asked > 0 ? 100.0 * static_cast<double>(c.hits) / asked : 0.0,
             c.machines, c.workloads, priced > 0 ? static_cast<double>(c.mappings) / priced : 0.0);
}

std::string command_text(const RunOptions& options) {
  std::string text = "./cairn run " + options.study;
  for (const std::string& override_text : options.overrides) {
    text += " --set '" + override_text + "'";
  }
  return text;
}

}  // namespace

ExitCode run_study(const RunOptions& options) {
  const Clock::time_point start = Clock::now();
  const Study study(options.study, options.overrides);
  for (const std::string& warning : study.warnings()) {
    fmt::print(stderr, "warning: {}\n", warning);
  }
  const bool resuming = !options.resume.empty();
  const RunFolder folder =
      resuming ? run_to_resume(study, options.resume) : new_run_folder(study, options.out);
  RunTimes times{.start = utc_now(), .end = {}, .seconds = 0};
  const double earlier = resuming ? seconds_of(folder) : 0;
  // The time of a part that was killed is not known, and then neither is that of the whole.
  if (!resuming) {
    write_study(folder, study);
  }
  BatchEvaluator evaluator(study, options.threads);
  report::ResultWriter writer(folder.store(), schema_of(study), study.space());
  report::RunStatistics statistics(schema_of(study), study.objectives());
  search::Algorithm algorithm = study.make_algorithm();
  if (writer.size() > 0) {
    catch_up(algorithm, report::ResultReader(folder.store()), batch_of(study), statistics);
    fmt::print(stderr, "continuing {} after {} points\n", folder.path.string(), writer.size());
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  evaluate_all(study, evaluator, algorithm, writer, statistics);
  writer.set_front(statistics.front().ids);
  bool complete = interrupted == 0;
  if (complete && study.spec().refine && statistics.feasible() > 0) {
    complete = refine(study, writer, folder.store(), statistics, evaluator.threads());
  }
  if (complete) {
    writer.finish();
  }
  const report::ResultReader results(folder.store());
  const RefinedPoints refined = read_refined(study, results, statistics.front());
  const bool timed = !resuming || earlier > 0;
  times.seconds = timed ? earlier + seconds_since(start) : 0;
  write_results(folder, study, evaluator, results, statistics, refined,
                {command_text(options), folder.id(), times.start, times.seconds});
  times.end = utc_now();
  times.seconds = timed ? earlier + seconds_since(start) : 0;
  write_manifest(folder, study, statistics, refined, times, evaluator.threads());

  Output output("");
  if (options.json) {
    output.text() = front_json(study, results, statistics, refined, times.seconds);
  } else {
    output.text() = summary_text(study, results, statistics, refined, evaluator.quality_label(),
                                 times.seconds) +
                    report::front_table(results, statistics.front().ids, study.objectives()) +
                    refined_table(study, refined) + where_text(folder);
  }
  output.finish();
  log_counters(evaluator);
  if (!complete) {
    fmt::print(stderr, "stopped after {} evaluations; continue with: {} --resume {}\n",
               writer.size(), command_text(options), folder.path.string());
    return ExitCode::interrupted;
  }
  return statistics.feasible() > 0 ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
