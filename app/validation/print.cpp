#include "app/validation/print.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "core/csv.h"
#include "core/text/enum_names.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPercent = 100;

std::string percent(double value) {
  return fmt::format("{:.1f} %", kPercent * value);
}
std::string signed_percent(double value) {
  return fmt::format("{:+.1f} %", kPercent * value);
}

std::string words(Truth truth) {
  std::string text{to_text(truth)};
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string bar_text(const Bar& bar, const Summary& summary, const ContestSummary& contests) {
  const double figure = figure_of(bar.statistic, summary, contests);
  std::string name{to_text(bar.statistic)};
  std::replace(name.begin(), name.end(), '_', ' ');
  const bool as_share = bar.statistic != Statistic::kendall_tau;
  const auto number = [as_share](double v) {
    return as_share ? fmt::format("{:.2f} %", kPercent * v) : fmt::format("{:.3f}", v);
  };
  return fmt::format("{} {} (bar: {} {}) {}", name, number(figure),
                     is_lower_bound(bar.statistic) ? "at least" : "at most", number(bar.limit),
                     holds(bar, summary, contests) ? "holds" : "BROKEN");
}

std::string stack_text(const Comparison& c) {
  return c.stack.empty() ? c.device : c.device + " x " + c.stack;
}

std::string figures_line(const Comparison& c) {
  return fmt::format("{}: {}, {} ({}), table {}", c.id, stack_text(c), c.metric, words(c.truth),
                     c.table);
}

/// Cells of one line of figures.
std::vector<std::string> cells(const std::string& what, const Summary& s) {
  const std::string rows =
      s.unscored == 0 ? fmt::format("{}", s.rows) : fmt::format("{} (+{})", s.rows, s.unscored);
  if (s.rows == 0) {
    return {what, rows, "-", "-", "-", "-"};
  }
  return {what,
          rows,
          percent(s.mean_absolute),
          signed_percent(s.mean_signed),
          signed_percent(s.worst),
          s.rows > 1 ? fmt::format("{:.3f}", s.kendall_tau) : "-"};
}

std::vector<std::string> header() {
  return {"ROWS OF", "ROWS", "|ERROR|", "ERROR", "WORST", "TAU"};
}

std::vector<std::vector<std::string>> figure_rows(const Comparison& c) {
  std::vector<std::vector<std::string>> lines{header(), cells("all", summary_of(c.rows))};
  const std::vector<std::string> groups = groups_of(c.rows);
  if (groups.size() > 1) {
    for (const std::string& group : groups) {
      lines.push_back(cells("  " + group, summary_of(c.rows, group)));
    }
  }
  return lines;
}

/// Sentences under the figures: the worst row, bars, peers, what is not scored.
std::vector<std::string> remarks(const Comparison& c, const ContestSummary& contests) {
  std::vector<std::string> lines;
  const Summary s = summary_of(c.rows);
  if (s.rows > 1) {
    const ComparedRow& row = c.rows[s.worst_row];
    lines.push_back(fmt::format("worst: {}: {:.4g} {}, reference {:.4g}", row.name, row.predicted,
                                c.unit, row.measured));
  }
  if (s.rows > 0 && (s.rows == 1 || std::any_of(c.bars.begin(), c.bars.end(), [](const Bar& b) {
                       return b.statistic == Statistic::total_error;
                     }))) {
    lines.push_back(fmt::format("total: {}", signed_percent(s.total)));
  }
  for (const Bar& bar : c.bars) {
    lines.push_back(bar_text(bar, s, contests));
  }
  if (!c.peers.empty()) {
    lines.push_back("others: " + c.peers);
  }
  if (!c.note.empty()) {
    lines.push_back("note: " + c.note);
  }
  return lines;
}

std::vector<std::string> contest_remarks(const ContestSummary& contests) {
  constexpr std::size_t kMostPairs = 12;
  std::vector<std::string> lines;
  if (contests.contests == 0) {
    return lines;
  }
  lines.push_back(fmt::format(
      "same work, {} contests: predicted ratios off by {} on average; winner predicted in {:.0f} %",
      contests.contests, percent(contests.ratio_error), kPercent * contests.winner_share()));
  if (contests.pairs.size() > 1 || !contests.pairs.empty()) {
    std::vector<const PairRatio*> pairs;
    for (const PairRatio& pair : contests.pairs) {
      pairs.push_back(&pair);
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const auto* a, const auto* b) { return a->contests > b->contests; });
    for (std::size_t i = 0; i < pairs.size() && i < kMostPairs; ++i) {
      lines.push_back(fmt::format("  {} / {}: {} ratios, off by {} ({})", pairs[i]->first,
                                  pairs[i]->second, pairs[i]->contests,
                                  percent(pairs[i]->mean_absolute),
                                  signed_percent(pairs[i]->mean_signed)));
    }
    if (pairs.size() > kMostPairs) {
      lines.push_back(fmt::format("  ... and {} more pairs", pairs.size() - kMostPairs));
    }
  }
  return lines;
}

std::string rows_text(const Comparison& c) {
  constexpr std::size_t kName = 44;  // what is left beside three figures in 80 columns
  std::string text =
      fmt::format("  {:<{}} {:>10} {:>10} {:>9}\n", c.unit.empty() ? "row" : "row, in " + c.unit,
                  kName, "model", "reference", "error");
  for (const ComparedRow& row : c.rows) {
    const std::string figures = fmt::format(" {:>10.4g} {:>10.4g} {:>9}\n", row.predicted,
                                            row.measured, signed_percent(row.error()));
    if (row.name.size() <= kName) {
      text += fmt::format("  {:<{}}", row.name, kName) + figures;
    } else {
      text += wrapped(row.name, 2) + std::string(2 + kName, ' ') + figures;
    }
    std::string note = row.scored ? row.note : "not scored";
    if (!row.scored && !row.note.empty()) {
      note += ": " + row.note;
    }
    text += note.empty() ? "" : wrapped(note, 6);
  }
  return text;
}

std::string cycle_text(const std::vector<CycleComparison>& tables) {
  std::vector<std::vector<std::string>> rows{{"TABLE", "ROWS", "EQUAL", "BAR"}};
  std::string differences;
  for (const CycleComparison& t : tables) {
    rows.push_back({t.table, fmt::format("{}", t.rows), fmt::format("{}", t.equal),
                    t.holds() ? "holds" : "BROKEN"});
    if (!t.first_difference.empty()) {
      differences += wrapped(t.table + " " + t.first_difference, 0);
    }
  }
  return "SYSTOLIC ARRAY WITH TIMING: SCALESIM\n"
         "Cycles against those that SCALE-Sim prints. Bar: every row equal.\n\n" +
         columns(rows, {1, 2}) + differences;
}

/// Overall line: how many bars hold, and the headline over silicon.
std::string headline(const Validation& v) {
  std::size_t bars = 0;
  std::size_t broken = 0;
  std::size_t silicon = 0;
  std::size_t rows = 0;
  for (const Topic& topic : topics_of(v.comparisons)) {
    for (const Comparison* c : topic.comparisons) {
      const Summary s = summary_of(c->rows);
      rows += s.rows;
      silicon += c->truth == Truth::silicon ? s.rows : 0;
      for (const Bar& bar : c->bars) {
        ++bars;
        broken += holds(bar, s, topic.contests) ? 0U : 1U;
      }
    }
  }
  for (const CycleComparison& t : v.cycles) {
    ++bars;
    broken += t.holds() ? 0U : 1U;
    rows += t.rows;
  }
  return fmt::format("{} rows scored, {} of them measured on silicon; {} of {} bars hold\n", rows,
                     silicon, bars - broken, bars);
}

Json summary_json(const Summary& s) {
  return {{"rows", s.rows},
          {"not_scored", s.unscored},
          {"mean_absolute_error", s.mean_absolute},
          {"mean_signed_error", s.mean_signed},
          {"total_error", s.total},
          {"worst_error", s.worst},
          {"kendall_tau", s.kendall_tau}};
}

}  // namespace

std::vector<Topic> topics_of(const std::vector<Comparison>& comparisons) {
  std::vector<Topic> topics;
  for (const Comparison& c : comparisons) {
    const auto found = std::find_if(topics.begin(), topics.end(),
                                    [&](const Topic& t) { return t.title == c.topic; });
    Topic& topic = found == topics.end() ? topics.emplace_back() : *found;
    topic.title = c.topic;
    topic.comparisons.push_back(&c);
  }
  for (Topic& topic : topics) {
    topic.contests = contests_of(topic.comparisons, more_is_better(*topic.comparisons.front()));
  }
  return topics;
}

bool Validation::holds() const {
  const std::vector<Topic> topics = topics_of(comparisons);
  const bool bars = std::all_of(topics.begin(), topics.end(), [](const Topic& topic) {
    return std::all_of(
        topic.comparisons.begin(), topic.comparisons.end(), [&](const Comparison* c) {
          const Summary s = summary_of(c->rows);
          return std::all_of(c->bars.begin(), c->bars.end(),
                             [&](const Bar& bar) { return app::holds(bar, s, topic.contests); });
        });
  });
  return bars && std::all_of(cycles.begin(), cycles.end(),
                             [](const CycleComparison& t) { return t.holds(); });
}

std::string validation_text(const Validation& v, bool rows) {
  std::string text;
  for (const Topic& topic : topics_of(v.comparisons)) {
    std::string title = topic.title;
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    text += title + "\n\n";
    for (const Comparison* c : topic.comparisons) {
      text += wrapped(figures_line(*c), 0);
      text += columns(figure_rows(*c), {1, 2, 3, 4, 5});
      for (const std::string& line : remarks(*c, topic.contests)) {
        text += wrapped(line, 2);
      }
      if (rows) {
        text += "\n" + rows_text(*c);
      }
      text += "\n";
    }
    for (const std::string& line : contest_remarks(topic.contests)) {
      text += wrapped(line, 0);
    }
    text += topic.contests.contests > 0 ? "\n" : "";
  }
  if (!v.cycles.empty()) {
    text += cycle_text(v.cycles) + "\n";
  }
  return text + headline(v);
}

std::string validation_markdown(const Validation& v) {
  std::string text =
      "# How the models compare with silicon and with other models\n\n"
      "Written by `./cairn validate --markdown`; every row: `./cairn validate --rows`. |error| is "
      "the "
      "mean of\nabsolute relative errors, error their mean with its sign, tau Kendall's rank "
      "correlation. Only rows whose kind\nof truth is silicon are measurements published as "
      "numbers; "
      "(+n) rows are printed and not scored, for the reason\nbeside them.\n\n" +
      headline(v);
  for (const Topic& topic : topics_of(v.comparisons)) {
    text += "\n## " + topic.title + "\n\n";
    text +=
        "| table, device, stack | metric | truth | rows of | rows | \\|error\\| | error | worst | "
        "tau |\n";
    text += "|---|---|---|---|---:|---:|---:|---:|---:|\n";
    for (const Comparison* c : topic.comparisons) {
      bool first = true;
      for (const std::vector<std::string>& line : figure_rows(*c)) {
        if (line == header()) {
          continue;
        }
        text += first ? fmt::format("| `{}` {} | {} | {} ", c->id, stack_text(*c), c->metric,
                                    words(c->truth))
                      : "| | | ";
        for (const std::string& cell : line) {
          text += "| " + cell + " ";
        }
        text += "|\n";
        first = false;
      }
    }
    text += "\n";
    for (const Comparison* c : topic.comparisons) {
      for (const std::string& line : remarks(*c, topic.contests)) {
        text += fmt::format("- `{}` {}\n", c->id, line);
      }
    }
    for (const std::string& line : contest_remarks(topic.contests)) {
      const std::size_t indent = line.find_first_not_of(' ');
      text += std::string(indent, ' ') + "- " + line.substr(indent) + "\n";
    }
  }
  if (!v.cycles.empty()) {
    text += "\n## Cycle counts against SCALE-Sim\n\n| table | rows | equal |\n|---|---:|---:|\n";
    for (const CycleComparison& t : v.cycles) {
      text += fmt::format("| {} | {} | {} |\n", t.table, t.rows, t.equal);
    }
  }
  return text;
}

Json validation_json(const Validation& v) {
  Json json;
  json["holds"] = v.holds();
  json["topics"] = Json::array();
  for (const Topic& topic : topics_of(v.comparisons)) {
    Json t{{"topic", topic.title}, {"comparisons", Json::array()}};
    for (const Comparison* c : topic.comparisons) {
      const Summary s = summary_of(c->rows);
      Json one{{"id", c->id},       {"family", c->family},       {"device", c->device},
               {"stack", c->stack}, {"table", c->table},         {"metric", c->metric},
               {"unit", c->unit},   {"truth", to_text(c->truth)}};
      one["all"] = summary_json(s);
      one["groups"] = Json::array();
      for (const std::string& group : groups_of(c->rows)) {
        Json g = summary_json(summary_of(c->rows, group));
        g["group"] = group;
        one["groups"].push_back(std::move(g));
      }
      one["bars"] = Json::array();
      for (const Bar& bar : c->bars) {
        one["bars"].push_back({{"statistic", to_text(bar.statistic)},
                               {"limit", bar.limit},
                               {"figure", figure_of(bar.statistic, s, topic.contests)},
                               {"holds", holds(bar, s, topic.contests)}});
      }
      one["peers"] = c->peers;
      one["note"] = c->note;
      one["rows"] = Json::array();
      for (const ComparedRow& row : c->rows) {
        one["rows"].push_back({{"name", row.name},
                               {"group", row.group},
                               {"contest", row.contest},
                               {"contestant", row.contestant},
                               {"predicted", row.predicted},
                               {"measured", row.measured},
                               {"scored", row.scored},
                               {"note", row.note}});
      }
      t["comparisons"].push_back(std::move(one));
    }
    t["contests"] = {{"contests", topic.contests.contests},
                     {"ratios", topic.contests.ratios},
                     {"ratio_error", topic.contests.ratio_error},
                     {"winner_share", topic.contests.winner_share()},
                     {"pairs", Json::array()}};
    for (const PairRatio& pair : topic.contests.pairs) {
      t["contests"]["pairs"].push_back({{"first", pair.first},
                                        {"second", pair.second},
                                        {"ratios", pair.contests},
                                        {"mean_absolute_error", pair.mean_absolute},
                                        {"mean_signed_error", pair.mean_signed}});
    }
    json["topics"].push_back(std::move(t));
  }
  json["cycles"] = Json::array();
  for (const CycleComparison& t : v.cycles) {
    json["cycles"].push_back({{"table", t.table},
                              {"holds", t.holds()},
                              {"rows", t.rows},
                              {"equal", t.equal},
                              {"first_difference", t.first_difference}});
  }
  return json;
}

std::string validation_summary(const Validation& v) {
  std::string text =
      "# What `cairn validate --summary` found: one line a table. Reports quote the lines of the "
      "models they used.\n"
      "id,family,device,stack,metric,truth,rows,mean_absolute_error,mean_signed_error\n";
  for (const Comparison& c : v.comparisons) {
    const Summary s = summary_of(c.rows);
    if (s.rows > 0) {
      text +=
          fmt::format("{},{},\"{}\",\"{}\",\"{}\",{},{},{:.4f},{:.4f}\n", c.id, c.family, c.device,
                      c.stack, c.metric, to_text(c.truth), s.rows, s.mean_absolute, s.mean_signed);
    }
  }
  for (const CycleComparison& t : v.cycles) {
    if (t.holds()) {  // every row equal: the error is zero
      text += fmt::format("{},systolic_array,simulated arrays,,cycles,simulator,{},0,0\n", t.table,
                          t.rows);
    }
  }
  return text;
}

}  // namespace cairn::app
