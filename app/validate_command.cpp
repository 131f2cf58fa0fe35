#include "app/validate_command.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/output.h"
#include "app/validation/cross.h"
#include "app/validation/cycles.h"
#include "app/validation/print.h"
#include "app/validation/reference_table.h"
#include "app/validation/sources.h"
#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"

namespace cairn::app {
namespace {

/// Whether a bar of \p c speaks of the contests of its topic.
bool has_contest_bar(const Comparison& c) {
  return std::any_of(c.bars.begin(), c.bars.end(), [](const Bar& bar) {
    return bar.statistic == Statistic::ratio_error || bar.statistic == Statistic::winner_share;
  });
}

/// Keeps the comparisons whose id, device, family, stack or topic is \p only; of a topic whose
/// contests have a bar all of them, since a contest needs its contestants.
void keep(Validation& validation, const std::string& only) {
  std::vector<std::string> ids;
  std::set<std::string> whole_topics;
  const auto meant = [&only](const Comparison& c) {
    return c.id == only || c.device == only || c.family == only || c.topic == only ||
           c.stack == only;
  };
  for (const Comparison& c : validation.comparisons) {
    ids.push_back(c.id);
    if (meant(c) && has_contest_bar(c)) {
      whole_topics.insert(c.topic);
    }
  }
  std::vector<Comparison> kept;
  for (Comparison& c : validation.comparisons) {
    if (meant(c) || whole_topics.contains(c.topic)) {
      kept.push_back(std::move(c));
    }
  }
  std::vector<CycleComparison> cycles;
  for (const CycleComparison& t : validation.cycles) {
    ids.push_back(t.table);
    if (t.table == only || only == "systolic_array") {
      cycles.push_back(t);
    }
  }
  if (kept.empty() && cycles.empty()) {
    const std::optional<std::string> near = nearest(only, ids);
    Diagnostics diagnostics;
    diagnostics.error({"<command line>", 1, 1, ""}, "--only",
                      fmt::format("nothing is called '{}'", only),
                      near ? fmt::format("did you mean '{}'?", *near)
                           : fmt::format("one of: {}", fmt::join(ids, ", ")));
    diagnostics.throw_if_any();
  }
  validation.comparisons = std::move(kept);
  validation.cycles = std::move(cycles);
}

}  // namespace

ExitCode run_validate(const ValidateOptions& options) {
  if (options.cross) {
    const auto families = compare_levels(
        {.pairs = options.pairs, .seed = options.seed, .only = options.only, .rows = options.rows});
    Output output{""};
    output.text() = cross_text(families, options.rows);
    output.finish();
    return ExitCode::success;
  }
  Validation validation;
  validation.comparisons = compare_all();
  validation.cycles = {compare_cycles(reference_file("scalesim_v2_cycles.csv")),
                       compare_cycles(reference_file("scalesim_v3_cycles.csv"))};
  if (!options.only.empty()) {
    keep(validation, options.only);
  }
  Output output{""};
  if (options.json) {
    output.text() = validation_json(validation).dump(2) + "\n";
  } else if (options.markdown) {
    output.text() = validation_markdown(validation);
  } else if (options.summary) {
    output.text() = validation_summary(validation);
  } else {
    output.text() = validation_text(validation, options.rows);
  }
  output.finish();
  return validation.holds() ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
