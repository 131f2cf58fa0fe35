#include "app/compare_command.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/choice_comparison.h"
#include "app/columns.h"
#include "app/output.h"
#include "app/run_folder.h"
#include "core/csv.h"
#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"
#include "core/text/numbers.h"
#include "report/store/result_store.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kUnused = "(unused)";

const SourceSpan command_line{"<command line>", 1, 1, ""};

/// The place of \p word among \p words; else \p message is said of \p flag.
std::size_t place_of(const std::string& word, const std::vector<std::string>& words,
                     const std::string& flag, const std::string& message,
                     Diagnostics& diagnostics) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) {
    diagnostics.error(command_line, flag, message, suggest(word, words));
    return 0;
  }
  return static_cast<std::size_t>(found - words.begin());
}

template <class Columns>
std::vector<std::string> names_of(const Columns& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const auto& column : columns) {
    names.push_back(column.name);
  }
  return names;
}

ComparisonQuestion question_of(const CompareOptions& options, const report::RunSchema& schema) {
  Diagnostics diagnostics;
  ComparisonQuestion question;
  const std::vector<std::string> knobs = names_of(schema.knobs);
  const std::vector<std::string> metrics = names_of(schema.metrics);
  if (knobs.empty()) {
    diagnostics.error(command_line, "--knob", "the study of this run has no knobs",
                      "nothing varies in it; give it a `space`");
    diagnostics.throw_if_any();
  }
  const auto knob_place = [&](const std::string& name, const std::string& flag) {
    return place_of(name, knobs, flag, fmt::format("the run has no knob '{}'", name), diagnostics);
  };
  question.knob = knob_place(options.knob, "--knob");
  const std::vector<std::string>& choices = schema.knobs[question.knob].choices;
  if (diagnostics.ok() && choices.size() < 2) {
    diagnostics.error(command_line, "--knob",
                      fmt::format("'{}' has one choice, '{}'", options.knob, choices.front()),
                      "name a knob with several choices");
  }
  if (diagnostics.ok() && !options.baseline.empty()) {
    question.baseline = static_cast<std::uint32_t>(place_of(
        options.baseline, choices, "--baseline",
        fmt::format("'{}' is no choice of {}", options.baseline, options.knob), diagnostics));
  }
  for (const std::string& metric : options.metrics) {
    const std::size_t place =
        place_of(metric, metrics, "--metric",
                 fmt::format("the run does not store the metric '{}'", metric), diagnostics);
    if (std::ranges::find(question.metrics, place) == question.metrics.end()) {
      question.metrics.push_back(place);
    }
  }
  for (const std::string& by : options.by) {
    const std::size_t place = knob_place(by, "--by");
    if (by == options.knob) {
      diagnostics.error(command_line, "--by", fmt::format("'{}' is the knob that is compared", by),
                        "group by other knobs");
    } else if (std::ranges::find(question.by, place) == question.by.end()) {
      question.by.push_back(place);
    }
  }
  diagnostics.throw_if_any();
  return question;
}

/// What the run calls a choice.
std::string choice_text(const report::RunSchema& schema, std::size_t knob, std::uint32_t choice) {
  return choice == search::kInactive ? std::string{kUnused} : schema.knobs[knob].choices[choice];
}

/// The points that extremes come from, by id.
using Points = std::map<std::uint64_t, std::vector<std::uint32_t>>;

Points extreme_points(const report::ResultReader& results, const ComparisonAnswer& answer) {
  Points points;
  for (const ChoiceComparison& row : answer.rows) {
    for (const RatioSummary& metric : row.metrics) {
      if (metric.ratios > 0) {
        points[metric.least.id];
        points[metric.most.id];
      }
    }
  }
  std::vector<std::uint64_t> ids;
  for (const auto& [id, choices] : points) {
    ids.push_back(id);
  }
  results.select(ids, [&](const report::StoredPoint& point) {
    points[point.scored.id].assign(point.choices.begin(), point.choices.end());
  });
  return points;
}

class Text {
 public:
  Text(const report::RunSchema& schema, const ComparisonQuestion& question,
       const ComparisonAnswer& answer, const Points& points)
      : schema_(schema), question_(question), answer_(answer), points_(points) {}

  [[nodiscard]] std::string table() const {
    const report::KnobColumn& knob = schema_.knobs[question_.knob];
    std::vector<std::string> equal;
    for (std::size_t k = 0; k < schema_.knobs.size(); ++k) {
      if (k != question_.knob) {
        equal.push_back(schema_.knobs[k].name);
      }
    }
    std::string text =
        wrapped(fmt::format("{}: each choice / {}{}", knob.name, knob.choices[question_.baseline],
                            equal.empty() ? std::string{}
                                          : fmt::format(", in pairs of points with the same {}",
                                                        fmt::join(equal, ", "))),
                0);
    for (std::size_t m = 0; m < question_.metrics.size(); ++m) {
      text += '\n' + schema_.metrics[question_.metrics[m]].name + '\n';
      each_group([&](std::size_t first, std::size_t last) { text += group(first, last, m); });
    }
    text += '\n' + missing();
    return text;
  }

  [[nodiscard]] std::string csv() const {
    std::string text;
    for (const std::size_t knob : question_.by) {
      text += field(schema_.knobs[knob].name) + ',';
    }
    text += field(schema_.knobs[question_.knob].name) +
            ",metric,pairs,differ,geometric_mean,median,least,most,least_id,most_id,"
            "undefined,only_choice,only_baseline,neither,without_partner\n";
    for (const ChoiceComparison& row : answer_.rows) {
      for (std::size_t m = 0; m < row.metrics.size(); ++m) {
        for (std::size_t b = 0; b < question_.by.size(); ++b) {
          text += field(choice_text(schema_, question_.by[b], row.group[b])) + ',';
        }
        const RatioSummary& s = row.metrics[m];
        text += fmt::format("{},{},{},{},", field(choice_text(schema_, question_.knob, row.choice)),
                            schema_.metrics[question_.metrics[m]].name, row.pairs, s.differ);
        text += s.ratios == 0 ? std::string{",,,,,,"}
                              : fmt::format("{},{},{},{},{},{},", print_double(s.geometric_mean),
                                            print_double(s.median), print_double(s.least.ratio),
                                            print_double(s.most.ratio), s.least.id, s.most.id);
        text += fmt::format("{},{},{},{},{}\n", s.undefined, row.only_choice, row.only_baseline,
                            row.neither, row.without_partner);
      }
    }
    return text;
  }

  [[nodiscard]] std::string json() const {
    Json rows = Json::array();
    for (const ChoiceComparison& row : answer_.rows) {
      Json group = Json::object();
      for (std::size_t b = 0; b < question_.by.size(); ++b) {
        group[schema_.knobs[question_.by[b]].name] =
            choice_text(schema_, question_.by[b], row.group[b]);
      }
      Json metrics = Json::object();
      for (std::size_t m = 0; m < row.metrics.size(); ++m) {
        metrics[schema_.metrics[question_.metrics[m]].name] = summary_json(row.metrics[m]);
      }
      rows.push_back({{"by", std::move(group)},
                      {"choice", choice_text(schema_, question_.knob, row.choice)},
                      {"pairs", row.pairs},
                      {"only_choice_feasible", row.only_choice},
                      {"only_baseline_feasible", row.only_baseline},
                      {"neither_feasible", row.neither},
                      {"without_partner", row.without_partner},
                      {"metrics", std::move(metrics)}});
    }
    const report::KnobColumn& knob = schema_.knobs[question_.knob];
    return Json{{"study", schema_.study_name},
                {"knob", knob.name},
                {"baseline", knob.choices[question_.baseline]},
                {"points_without_knob", answer_.knob_unused},
                {"comparisons", std::move(rows)}}
               .dump(2) +
           '\n';
  }

 private:
  /// Calls \p body with the first row of each group and the one behind its last.
  void each_group(const std::function<void(std::size_t, std::size_t)>& body) const {
    for (std::size_t first = 0; first < answer_.rows.size();) {
      std::size_t last = first + 1;
      while (last < answer_.rows.size() && answer_.rows[last].group == answer_.rows[first].group) {
        ++last;
      }
      body(first, last);
      first = last;
    }
  }

  [[nodiscard]] std::string group_name(const ChoiceComparison& row) const {
    std::vector<std::string> parts;
    for (std::size_t b = 0; b < question_.by.size(); ++b) {
      parts.push_back(fmt::format("{} = {}", schema_.knobs[question_.by[b]].name,
                                  choice_text(schema_, question_.by[b], row.group[b])));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
  }

  /// Table of one metric within one group, and where each choice's largest ratio is.
  [[nodiscard]] std::string group(std::size_t first, std::size_t last, std::size_t m) const {
    std::vector<std::vector<std::string>> cells{
        {"  choice", "pairs", "differ", "mean", "median", "least", "most"}};
    std::string where;
    for (std::size_t r = first; r < last; ++r) {
      const ChoiceComparison& row = answer_.rows[r];
      const RatioSummary& s = row.metrics[m];
      const std::string choice = choice_text(schema_, question_.knob, row.choice);
      std::vector<std::string> line{"  " + choice, fmt::format("{}", row.pairs),
                                    fmt::format("{}", s.differ)};
      for (const double value : {s.geometric_mean, s.median, s.least.ratio, s.most.ratio}) {
        line.push_back(s.ratios > 0 ? human_double(value) : "-");
      }
      cells.push_back(std::move(line));
      if (s.differ > 0) {
        const bool more = s.most.ratio * s.least.ratio >= 1;
        const RatioAt& extreme = more ? s.most : s.least;
        where += wrapped(
            fmt::format("{} of {}: {}", more ? "most" : "least", choice, place_text(extreme)), 4);
      }
      if (s.undefined > 0) {
        where += wrapped(fmt::format("{}: {} pairs have no ratio", choice, s.undefined), 4);
      }
    }
    const std::string name = group_name(answer_.rows[first]);
    return (name.empty() ? std::string{} : wrapped(name, 0)) + columns(cells, {1, 2, 3, 4, 5, 6}) +
           where;
  }

  [[nodiscard]] std::string place_text(const RatioAt& at) const {
    std::vector<std::string> parts;
    const std::vector<std::uint32_t>& choices = points_.at(at.id);
    for (std::size_t k = 0; k < choices.size(); ++k) {
      const bool known = k == question_.knob || choices[k] == search::kInactive ||
                         std::ranges::find(question_.by, k) != question_.by.end();
      if (!known) {
        parts.push_back(
            fmt::format("{} = {}", schema_.knobs[k].name, choice_text(schema_, k, choices[k])));
      }
    }
    return fmt::format("{}{}points {} / {}", fmt::join(parts, ", "), parts.empty() ? "" : "; ",
                       at.id, at.baseline_id);
  }

  /// Counts of what is in no pair.
  [[nodiscard]] std::string missing() const {
    std::size_t only_choice = 0;
    std::size_t only_baseline = 0;
    std::size_t neither = 0;
    std::size_t alone = 0;
    for (const ChoiceComparison& row : answer_.rows) {
      only_choice += row.only_choice;
      only_baseline += row.only_baseline;
      neither += row.neither;
      alone += row.without_partner;
    }
    std::vector<std::string> parts;
    const auto say = [&](std::size_t count, const std::string& what) {
      if (count > 0) {
        parts.push_back(fmt::format("{} {}", count, what));
      }
    };
    const std::string& baseline = schema_.knobs[question_.knob].choices[question_.baseline];
    say(only_choice, fmt::format("where only {} is infeasible", baseline));
    say(only_baseline, fmt::format("where only {} is feasible", baseline));
    say(neither, "where both are infeasible");
    say(alone, fmt::format("points without one at {}", baseline));
    say(answer_.knob_unused,
        fmt::format("points in which {} does not matter", schema_.knobs[question_.knob].name));
    if (parts.empty()) {
      return "every point is in a pair\n";
    }
    std::string text = wrapped(fmt::format("not compared: {}", fmt::join(parts, ", ")), 0);
    for (const ChoiceComparison& row : answer_.rows) {
      if (row.pairs == 0) {
        const std::string name = group_name(row);
        text +=
            wrapped(fmt::format("no pair: {}{}{}", choice_text(schema_, question_.knob, row.choice),
                                name.empty() ? "" : ", ", name),
                    2);
      }
    }
    return text;
  }

  [[nodiscard]] Json summary_json(const RatioSummary& s) const {
    Json json{{"ratios", s.ratios}, {"differ", s.differ}, {"undefined", s.undefined}};
    if (s.ratios > 0) {
      json["geometric_mean"] = s.geometric_mean;
      json["median"] = s.median;
      json["least"] = ratio_json(s.least);
      json["most"] = ratio_json(s.most);
    }
    return json;
  }

  [[nodiscard]] Json ratio_json(const RatioAt& at) const {
    Json knobs = Json::object();
    const std::vector<std::uint32_t>& choices = points_.at(at.id);
    for (std::size_t k = 0; k < choices.size(); ++k) {
      knobs[schema_.knobs[k].name] =
          choices[k] == search::kInactive ? Json() : Json(schema_.knobs[k].choices[choices[k]]);
    }
    return {{"ratio", at.ratio},
            {"id", at.id},
            {"baseline_id", at.baseline_id},
            {"knobs", std::move(knobs)}};
  }

  static std::string field(const std::string& text) {
    std::string cell;
    append_csv_cell(cell, text);
    return cell;
  }

  const report::RunSchema& schema_;
  const ComparisonQuestion& question_;
  const ComparisonAnswer& answer_;
  const Points& points_;
};

}  // namespace

CompareText compare_text(const CompareOptions& options) {
  const RunFolder folder{options.run};
  Diagnostics diagnostics;
  if (!std::filesystem::exists(folder.store())) {
    diagnostics.error(command_line, "RUN", fmt::format("'{}' is no folder of a run", options.run),
                      "name the folder that `cairn run` made");
    diagnostics.throw_if_any();
  }
  const report::ResultReader results(folder.store());
  if (!results.finished()) {
    diagnostics.error(command_line, "RUN",
                      fmt::format("the run in '{}' is not finished", options.run),
                      fmt::format("finish it: cairn run {} --resume {}",
                                  (folder.path / "study.yaml").string(), options.run));
    diagnostics.throw_if_any();
  }
  const ComparisonQuestion question = question_of(options, results.schema());
  const ComparisonAnswer answer = compare_choices(results, question);
  const Points points = extreme_points(results, answer);
  const Text text(results.schema(), question, answer, points);
  return {
      options.json  ? text.json()
      : options.csv ? text.csv()
                    : text.table(),
      std::ranges::any_of(answer.rows, [](const ChoiceComparison& row) { return row.pairs > 0; })};
}

ExitCode run_compare(const CompareOptions& options) {
  const CompareText answer = compare_text(options);
  Output output("");
  output.text() = answer.text;
  output.finish();
  return answer.any_pair ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
