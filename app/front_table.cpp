#include "app/front_table.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"

namespace cairn::app {
namespace {

std::string figure(double value, std::string_view unit) {
  if (unit == "s") {
    return human_text(Seconds{value}, 3);
  }
  if (unit == "J") {
    return human_text(Joules{value}, 3);
  }
  if (unit == "W") {
    return human_text(Watts{value}, 3);
  }
  if (unit == "B") {
    constexpr double kBitsPerByte = 8;
    return human_text(Bits{static_cast<std::int64_t>(std::llround(value * kBitsPerByte))}, 3);
  }
  return unit == "1" ? human_double(value, 3)
                     : fmt::format("{} {}", human_double(value, 3), unit);
}

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
  std::string text = fmt::format(
      "{}: {} points in {:.1f} s ({:.0f}/s): {} feasible, {} infeasible, {} failed\n",
      study.spec().name, s.evaluated(), seconds,
      seconds > 0 ? static_cast<double>(s.evaluated()) / seconds : 0.0, s.feasible(),
      s.infeasible(), s.failed());
  text += fmt::format("fidelity: {}; quality: {}\n", cairn::to_text(study.spec().fidelity),
                      quality_label.empty() ? "none" : quality_label);
  if (s.feasible() == 0) {
    const std::vector<report::LimitCount> limits = s.limits();
    text += "no point is feasible\n";
    for (const report::LimitCount& limit : limits) {
      text += fmt::format("  {} excludes {} of {} points; nearest miss {:.3g} % over: {}\n",
                          limit.name, limit.points, s.evaluated(), 100 * limit.least_excess,
                          limit.reason);
    }
    return text;
  }
  text += fmt::format("front: {} points\n", s.front_size());
  return text;
}

std::string front_text(const Study& study, const report::ResultReader& results,
                       const report::RunStatistics& statistics, std::size_t most,
                       std::size_t width) {
  const std::vector<Row> rows = sorted_front(study, results, statistics);
  const std::size_t shown = std::min(rows.size(), most);
  std::vector<std::vector<std::string>> columns;
  const auto add = [&](std::string head, const auto& cell) {
    std::vector<std::string> column{std::move(head)};
    for (std::size_t i = 0; i < shown; ++i) {
      column.push_back(cell(rows[i * rows.size() / shown]));
    }
    columns.push_back(std::move(column));
  };
  if (shown == 0) {
    return {};
  }
  for (const search::Objective& objective : study.objectives()) {
    add(objective.metric, [&](const Row& row) {
      return figure(row.metrics[objective.column], study.columns()[objective.column].unit());
    });
  }
  for (std::size_t k = 0; k < study.space().knobs().size(); ++k) {
    add(study.space().knobs()[k].name,
        [&](const Row& row) { return knob_text(study.space().knobs()[k], row.choices[k]); });
  }
  // As many columns as fit, a long table in blocks one below the other.
  std::string text;
  std::size_t from = 0;
  while (from < columns.size()) {
    std::vector<std::size_t> widths;
    std::size_t used = 0;
    std::size_t to = from;
    for (; to < columns.size(); ++to) {
      std::size_t widest = 0;
      for (const std::string& cell : columns[to]) {
        widest = std::max(widest, cell.size());
      }
      if (to > from && used + widest + 2 > width) {
        break;
      }
      used += widest + 2;
      widths.push_back(widest);
    }
    for (std::size_t line = 0; line <= shown; ++line) {
      for (std::size_t c = from; c < to; ++c) {
        text += fmt::format("{:>{}}  ", columns[c][line], widths[c - from]);
      }
      text += '\n';
    }
    from = to;
    if (from < columns.size()) {
      text += '\n';
    }
  }
  if (shown < rows.size()) {
    text += fmt::format("... {} of {} rows, evenly spread; all are in pareto.csv\n", shown,
                        rows.size());
  }
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
