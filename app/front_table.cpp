#include "app/front_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/validation/accuracy.h"
#include "core/text/enum_names.h"

namespace cairn::app {
namespace {

struct Row {
  std::uint64_t id{};
  std::vector<std::uint32_t> choices;
  std::vector<double> metrics;
};

/// Rows of the front, best first by the first objective.
std::vector<Row> sorted_front(const Study& study, const report::ResultReader& results,
                              const report::RunStatistics& statistics) {
  std::vector<Row> rows;
  const search::Front front = statistics.front();
  results.select(front.ids, [&](const report::StoredPoint& p) {
    rows.push_back({p.scored.id,
                    {p.choices.begin(), p.choices.end()},
                    {p.scored.metrics.begin(), p.scored.metrics.end()}});
  });
  if (!study.objectives().empty()) {
    const search::Objective& first = study.objectives().front();
    const double sign = first.direction == search::Direction::minimize ? 1.0 : -1.0;
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      return sign * a.metrics[first.column] < sign * b.metrics[first.column];
    });
  }
  return rows;
}

std::string knob_text(const search::Knob& knob, std::uint32_t choice) {
  return choice == search::kInactive ? "" : knob.texts[choice];
}

}  // namespace

std::string summary_text(const Study& study, const report::RunStatistics& s,
                         const std::string& quality_label, double seconds) {
  std::string first = fmt::format("{}: {} points", study.spec().name, s.evaluated());
  if (seconds > 0) {
    first += fmt::format(" in {:.1f} s ({:.0f}/s)", seconds,
                         static_cast<double>(s.evaluated()) / seconds);
  }
  first += fmt::format(": {} feasible, {} infeasible, {} failed", s.feasible(), s.infeasible(),
                       s.failed());
  std::string text = wrapped(first, 0);
  text += wrapped(fmt::format("fidelity: {}; quality: {}", cairn::to_text(study.spec().fidelity),
                              quality_label.empty() ? "none" : quality_label),
                  0);
  if (s.feasible() == 0) {
    const std::vector<report::LimitCount> limits = s.limits();
    text += "no point is feasible\n";
    for (const report::LimitCount& limit : limits) {
      text +=
          fmt::format("  {} excludes {} of {} points; nearest miss {:.3g} % over: {}\n", limit.name,
                      limit.points, s.evaluated(), 100 * limit.least_excess, limit.reason);
    }
    return text;
  }
  const std::vector<AccuracyLine> lines = accuracy_of(study.systems(), accuracy_rows());
  std::string family;
  for (const AccuracyLine& line : lines) {
    if (line.family != family) {  // lines of a family stand together
      family = line.family;
      text += wrapped(accuracy_sentence(family, lines), 0);
    }
  }
  text += fmt::format("front: {} points\n", s.front_size());
  return text;
}

std::string front_json(const Study& study, const report::ResultReader& results,
                       const report::RunStatistics& statistics, double seconds) {
  using Json = nlohmann::ordered_json;
  Json doc{{"study", study.spec().name},
           {"points", statistics.evaluated()},
           {"feasible", statistics.feasible()},
           {"infeasible", statistics.infeasible()},
           {"failed", statistics.failed()},
           {"seconds", seconds},
           {"front", Json::array()}};
  for (const Row& row : sorted_front(study, results, statistics)) {
    Json knobs = Json::object();
    for (std::size_t k = 0; k < row.choices.size(); ++k) {
      knobs[study.space().knobs()[k].name] = knob_text(study.space().knobs()[k], row.choices[k]);
    }
    Json metrics = Json::object();
    for (std::size_t c = 0; c < row.metrics.size(); ++c) {
      metrics[study.columns()[c].csv_name] = row.metrics[c];
    }
    doc["front"].push_back({{"id", row.id}, {"knobs", knobs}, {"metrics", metrics}});
  }
  return doc.dump(1) + "\n";
}

}  // namespace cairn::app
