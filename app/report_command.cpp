#include "app/report_command.h"

#include <fmt/format.h>

#include "app/batch_evaluator.h"
#include "app/front_table.h"
#include "app/output.h"
#include "app/run_folder.h"
#include "app/study.h"
#include "report/store/terminal_table.h"

namespace cairn::app {
ExitCode run_report(const ReportOptions& options) {
  const RunFolder folder{options.run};
  const Study study((folder.path / "study.yaml").string(), {});
  const report::ResultReader results(folder.store());
  report::RunStatistics statistics(schema_of(study), study.objectives());
  results.replay(0, results.size(), [&](const report::StoredPoint& point) {
    if (point.scored.fidelity == kSearchFidelity) {
      statistics.add(point);
    }
  });
  const RefinedPoints refined = read_refined(study, results, statistics.front());
  const double seconds = seconds_of(folder);
  BatchEvaluator evaluator(study, 0);
  write_results(folder, study, evaluator, results, statistics, refined,
                {fmt::format("./cairn run {}", (folder.path / "study.yaml").string()), folder.id(),
                 utc_now(), seconds});
  Output output("");
  output.text() =
      options.json
          ? front_json(study, results, statistics, refined, seconds)
          : summary_text(study, results, statistics, refined, evaluator.quality_label(), seconds) +
                report::front_table(results, statistics.front().ids, study.objectives()) +
                refined_table(study, refined) + where_text(folder);
  output.finish();
  return statistics.feasible() > 0 ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
