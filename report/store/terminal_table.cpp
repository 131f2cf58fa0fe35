#include "report/store/terminal_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/text/utf8.h"
#include "report/store/human_metric.h"
#include "search/space/knob.h"

namespace cairn::report {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLongestCell = 28;

struct Column {
  std::string header;
  std::vector<std::string> cells;

  [[nodiscard]] std::size_t width() const {
    std::size_t widest = display_width(header);
    for (const std::string& cell : cells) {
      widest = std::max(widest, display_width(cell));
    }
    return widest;
  }
};

bool is_number(const std::string& cell) {
  return !cell.empty() && (cell.front() == '-' || (cell.front() >= '0' && cell.front() <= '9'));
}

std::string blanks(std::size_t count) {
  std::string text;
  text.append(count, ' ');
  return text;
}

std::string print(const std::vector<Column>& columns) {
  const std::size_t rows = columns.empty() ? 0 : columns.front().cells.size();
  std::string text;
  for (std::size_t line = 0; line <= rows; ++line) {
    std::string row;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Column& column = columns[c];
      const bool right = std::all_of(column.cells.begin(), column.cells.end(), is_number);
      const std::string& cell = line == 0 ? column.header : column.cells[line - 1];
      const std::string pad = blanks(column.width() - display_width(cell));
      row += c == 0 ? "" : blanks(kGap);
      row += right ? pad + cell : cell + pad;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::size_t total_width(const std::vector<Column>& columns) {
  std::size_t width = columns.empty() ? 0 : (columns.size() - 1) * kGap;
  for (const Column& column : columns) {
    width += column.width();
  }
  return width;
}

/// `name = value, ...` over several lines if need be.
std::string wrap(const std::string& lead, const std::vector<std::string>& items,
                 std::size_t width) {
  std::string text;
  std::string line = lead;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    if (display_width(line) + 1 + display_width(item) > width && line != lead) {
      text += line + '\n';
      line = " ";
    }
    line += ' ' + item;
  }
  return text + line + '\n';
}

/// The ids by the first objective, best first, cut to what is shown.
std::vector<std::uint64_t> best_first(const ResultReader& results,
                                      std::span<const std::uint64_t> ids,
                                      const search::Objective& first, std::size_t most) {
  struct Keyed {
    double key;
    std::uint64_t id;
    auto operator<=>(const Keyed&) const = default;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(ids.size());
  results.select(ids, [&](const StoredPoint& point) {
    const double value = point.scored.metrics[first.column];
    keyed.push_back(
        {first.direction == search::Direction::minimize ? value : -value, point.scored.id});
  });
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : a.id < b.id;
  });
  keyed.resize(std::min(keyed.size(), most));
  std::vector<std::uint64_t> order;
  std::transform(keyed.begin(), keyed.end(), std::back_inserter(order),
                 [](const Keyed& k) { return k.id; });
  return order;
}

}  // namespace

std::string align_columns(std::span<const std::string> header,
                          std::span<const std::vector<std::string>> rows) {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < header.size(); ++c) {
    Column& column = columns.emplace_back();
    column.header = header[c];
    for (const auto& row : rows) {
      column.cells.push_back(c < row.size() ? row[c] : std::string{});
    }
  }
  return print(columns);
}

std::string front_table(const ResultReader& results, std::span<const std::uint64_t> ids,
                        std::span<const search::Objective> objectives,
                        const TableOptions& options) {
  if (ids.empty() || objectives.empty()) {
    return "no feasible point\n";
  }
  const RunSchema& schema = results.schema();
  const std::vector<std::uint64_t> shown =
      best_first(results, ids, objectives.front(), options.rows);

  Column id{"id", {}};
  std::vector<Column> knobs(schema.knobs.size());
  std::vector<Column> goals(objectives.size());
  for (std::size_t k = 0; k < knobs.size(); ++k) {
    knobs[k].header = schema.knobs[k].name;
  }
  for (std::size_t o = 0; o < goals.size(); ++o) {
    goals[o].header = objectives[o].metric;
  }
  results.select(shown, [&](const StoredPoint& point) {
    id.cells.push_back(fmt::format("{}", point.scored.id));
    for (std::size_t k = 0; k < knobs.size(); ++k) {
      const std::uint32_t choice = point.choices[k];
      knobs[k].cells.push_back(choice == search::kInactive
                                   ? "-"
                                   : shorten(schema.knobs[k].choices[choice], kLongestCell));
    }
    for (std::size_t o = 0; o < goals.size(); ++o) {
      const std::size_t column = objectives[o].column;
      goals[o].cells.push_back(
          human_metric(point.scored.metrics[column], schema.metrics[column].unit));
    }
  });

  std::vector<std::string> common;
  std::vector<Column> columns{id};
  for (const Column& knob : knobs) {
    const bool constant = std::all_of(knob.cells.begin(), knob.cells.end(),
                                      [&](const std::string& c) { return c == knob.cells[0]; });
    if (constant && shown.size() > 1) {
      common.push_back(knob.header + " = " + knob.cells[0]);
    } else {
      columns.push_back(knob);
    }
  }
  columns.insert(columns.end(), goals.begin(), goals.end());
  // Too wide: the last knobs go first; the objectives and the id stay.
  std::size_t left_out = 0;
  while (total_width(columns) > options.width && columns.size() > goals.size() + 1) {
    columns.erase(columns.end() - static_cast<std::ptrdiff_t>(goals.size()) - 1);
    ++left_out;
  }

  std::string text = common.empty() ? "" : wrap("in all rows:", common, options.width);
  text += print(columns);
  if (left_out > 0) {
    text += fmt::format("{} more knob{} in pareto.csv\n", left_out, left_out == 1 ? "" : "s");
  }
  if (ids.size() > shown.size()) {
    text += fmt::format("... and {} more in pareto.csv\n", ids.size() - shown.size());
  }
  return text;
}

}  // namespace cairn::report
