#include "app/front_table.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/validation/accuracy.h"
#include "core/text/enum_names.h"
#include "report/store/human_metric.h"
#include "report/store/terminal_table.h"

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

/// A row for each point; of each column both values.
std::string both_levels(const Study& study, std::span<const RefinedPoint> points,
                        const std::vector<std::size_t>& columns) {
  std::vector<std::string> header{"design", "front"};
  for (const std::size_t column : columns) {
    header.push_back(study.columns()[column].name);
    header.emplace_back("at cycle level");
  }
  header.emplace_back("disagreement");
  std::vector<std::vector<std::string>> rows;
  for (const RefinedPoint& point : points) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {fmt::format("{}", point.design), point.on_front ? "yes" : "no"};
    for (const std::size_t column : columns) {
      const std::string unit{study.columns()[column].unit()};
      for (const std::vector<double>* metrics : {&point.analytical, &point.cycle}) {
        row.push_back(metrics->empty()
                          ? "-"
                          : report::human_metric((*metrics)[column], unit == "1" ? "" : unit));
      }
    }
    row.push_back(std::isnan(point.disagreement)
                      ? std::string{cairn::to_text(point.status)}
                      : fmt::format("{:+.2f} %", 100 * point.disagreement));
  }
  return report::align_columns(header, rows);
}

std::string knob_text(const search::Knob& knob, std::uint32_t choice) {
  return choice == search::kInactive ? "" : knob.texts[choice];
}

}  // namespace

std::string fidelity_text(const Study& study, const RefinedPoints& refined) {
  std::string text{cairn::to_text(study.spec().fidelity)};
  if (study.spec().refine) {
    text += fmt::format(", {} point{} refined at cycle level", refined.points.size(),
                        refined.points.size() == 1 ? "" : "s");
    if (refined.points.size() < refined.wanted) {
      text += fmt::format(" of {}", refined.wanted);
    }
  }
  return text;
}

std::string refined_table(const Study& study, const RefinedPoints& refined) {
  if (refined.points.empty()) {
    return {};
  }
  constexpr std::size_t kMostRows = 20;
  std::vector<std::size_t> differing;  // columns of objectives that the levels see differently
  for (const search::Objective& objective : study.objectives()) {
    const auto differs = [&](const RefinedPoint& point) {
      return !point.cycle.empty() &&
             point.cycle[objective.column] != point.analytical[objective.column];
    };
    if (std::any_of(refined.points.begin(), refined.points.end(), differs)) {
      differing.push_back(objective.column);
    }
  }
  const std::size_t rows = std::min(refined.points.size(), kMostRows);
  std::string text;
  do {  // as many objectives as the terminal has room for
    text = both_levels(study, std::span{refined.points}.first(rows), differing);
    if (differing.empty()) {
      break;
    }
    differing.pop_back();
  } while (text.find('\n') > kTerminalWidth);
  text = "\nrefined at cycle level:\n" + text;
  if (refined.points.size() > rows) {
    text += fmt::format("... and {} more in refined.csv\n", refined.points.size() - rows);
  }
  for (const RefinedPoint& point : refined.points) {
    if (point.status != search::Status::feasible) {
      text += wrapped(
          fmt::format("design {} {}: {}", point.design, cairn::to_text(point.status), point.reason),
          2);
    }
  }
  return text;
}

std::string summary_text(const Study& study, const report::ResultReader& results,
                         const report::RunStatistics& s, const RefinedPoints& refined,
                         const std::string& quality_label, double seconds) {
  std::string first = fmt::format("{}: {} points", study.spec().name, s.evaluated());
  if (seconds > 0) {
    first += fmt::format(" in {:.1f} s ({:.0f}/s)", seconds,
                         static_cast<double>(s.evaluated()) / seconds);
  }
  first += fmt::format(": {} feasible, {} infeasible, {} failed", s.feasible(), s.infeasible(),
                       s.failed());
  std::string text = wrapped(first, 0);
  text += wrapped(fmt::format("fidelity: {}; quality: {}", fidelity_text(study, refined),
                              quality_label.empty() ? "none" : quality_label),
                  0);
  if (study.uses_cycle_level()) {
    const auto worst = worst_disagreement(study, results, s.front(), refined);
    text += wrapped(
        worst ? fmt::format("worst disagreement of the two levels on the front: {:+.2f} % of the "
                            "analytical latency (design {})",
                            100 * worst->value, worst->design)
              : "disagreement of the two levels on the front: not measured",
        0);
  }
  for (const auto& [reason, count] : s.failures()) {
    text += wrapped(fmt::format("{} point{} failed: {}", count, count == 1 ? "" : "s", reason), 2);
  }
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
                       const report::RunStatistics& statistics, const RefinedPoints& refined,
                       double seconds) {
  using Json = nlohmann::ordered_json;
  Json doc{{"study", study.spec().name},
           {"points", statistics.evaluated()},
           {"feasible", statistics.feasible()},
           {"infeasible", statistics.infeasible()},
           {"failed", statistics.failed()},
           {"seconds", seconds},
           {"fidelity", cairn::to_text(study.spec().fidelity)},
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
    doc["front"].push_back({{"id", row.id},
                            {"fidelity", cairn::to_text(study.spec().fidelity)},
                            {"knobs", knobs},
                            {"metrics", metrics}});
  }
  if (study.uses_cycle_level()) {
    const auto worst = worst_disagreement(study, results, statistics.front(), refined);
    doc["worst_disagreement"] = worst ? Json(worst->value) : Json();
  }
  if (study.spec().refine) {
    doc["refined"] = Json::array();
    for (const RefinedPoint& point : refined.points) {
      Json metrics = Json::object();
      for (std::size_t c = 0; c < point.cycle.size(); ++c) {
        metrics[study.columns()[c].csv_name] = point.cycle[c];
      }
      doc["refined"].push_back({{"id", point.id},
                                {"design", point.design},
                                {"fidelity", cairn::to_text(study.spec().refine->with)},
                                {"status", cairn::to_text(point.status)},
                                {"reason", point.reason},
                                {"on_front", point.on_front},
                                {"disagreement", point.disagreement},
                                {"metrics", metrics}});
    }
  }
  return doc.dump(1) + "\n";
}

}  // namespace cairn::app
