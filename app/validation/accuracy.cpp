#include "app/validation/accuracy.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "app/validation/reference_table.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"

namespace cairn::app {
namespace {

constexpr double kPercent = 100;
constexpr std::string_view kArea = "area";
constexpr std::size_t kMostLines = 6;

double share(const ReferenceTable& table, const char* name) {
  const std::optional<double> value = parse_double(table.text(name));
  if (!value) {
    table.wrong(name, "a number");
  }
  return *value;
}

std::string truth_words(Truth truth) {
  switch (truth) {
    case Truth::silicon:
      return "measured silicon";
    case Truth::published_model:
      return "published models";
    case Truth::simulator:
      return "another simulator";
    case Truth::chart_read:
      return "measurements read off charts";
    case Truth::recalled:
      break;
  }
  return "recalled figures";
}

std::string sentence(const AccuracyRow& row) {
  return fmt::format("{}: {:.1f} % mean error against {} ({} row{}; {}{}{}; {})", row.metric,
                     kPercent * row.mean_absolute, truth_words(row.truth), row.rows,
                     row.rows == 1 ? "" : "s", row.device, row.stack.empty() ? "" : " x ",
                     row.stack, row.id);
}

/// Whether a list such as `duplex, h100_bank_pim` names a system.
bool names_device(std::string_view list, std::string_view name) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(", ", at), list.size());
    if (list.substr(at, comma - at) == name) {
      return true;
    }
    at = comma + 2;
  }
  return false;
}

/// Every kind of device once, with the systems that have one.
std::vector<std::pair<std::string, std::vector<std::string>>> families_of(
    const std::vector<hw::SystemSpec>& systems) {
  std::vector<std::pair<std::string, std::vector<std::string>>> families;
  for (const hw::SystemSpec& system : systems) {
    for (const auto& [name, spec] : system.devices) {
      const std::string kind{
          std::visit([](const auto& s) { return std::decay_t<decltype(s)>::kKind; }, spec)};
      auto found = std::find_if(families.begin(), families.end(),
                                [&](const auto& family) { return family.first == kind; });
      if (found == families.end()) {
        found = families.insert(found, {kind, {}});
      }
      if (found->second.empty() || found->second.back() != system.name) {
        found->second.push_back(system.name);
      }
    }
  }
  return families;
}

}  // namespace

std::vector<AccuracyRow> accuracy_rows() {
  ReferenceTable table(reference_file("summary.csv"),
                       {"id", "family", "device", "stack", "metric", "truth", "rows",
                        "mean_absolute_error", "mean_signed_error"});
  std::vector<AccuracyRow> rows;
  while (table.next()) {
    const std::optional<Truth> truth = enum_from_text<Truth>(table.text("truth"));
    if (!truth) {
      table.wrong("truth", "a kind of truth");
    }
    rows.push_back({std::string{table.text("id")}, std::string{table.text("family")},
                    std::string{table.text("device")}, std::string{table.text("stack")},
                    std::string{table.text("metric")}, *truth,
                    static_cast<std::size_t>(table.count("rows")),
                    share(table, "mean_absolute_error"), share(table, "mean_signed_error")});
  }
  return rows;
}

std::vector<AccuracyLine> accuracy_of(const std::vector<hw::SystemSpec>& systems,
                                      const std::vector<AccuracyRow>& rows) {
  std::vector<AccuracyLine> lines;
  for (const auto& [family, names] : families_of(systems)) {
    std::vector<const AccuracyRow*> same_device;
    std::vector<const AccuracyRow*> same_family;
    for (const AccuracyRow& row : rows) {
      if (row.family == family && row.metric != kArea) {
        const bool same = std::any_of(names.begin(), names.end(), [&row](const std::string& name) {
          return names_device(row.device, name);
        });
        (same ? same_device : same_family).push_back(&row);
      }
    }
    std::vector<const AccuracyRow*>& best = same_device.empty() ? same_family : same_device;
    // Silicon first, then the tables with most rows.
    std::stable_sort(best.begin(), best.end(), [](const AccuracyRow* a, const AccuracyRow* b) {
      return a->truth != b->truth ? a->truth < b->truth : a->rows > b->rows;
    });
    if (best.empty()) {
      lines.push_back(
          {family, "no reference figure of this family: its error is not known", false, {}});
    }
    for (std::size_t i = 0; i < best.size() && i < kMostLines; ++i) {
      lines.push_back({family, sentence(*best[i]), true, *best[i]});
    }
    if (same_device.empty() && !best.empty()) {
      lines.push_back(
          {family, fmt::format("(no table for {} itself)", fmt::join(names, ", ")), true, {}});
    }
  }
  return lines;
}

std::string accuracy_sentence(const std::string& family, const std::vector<AccuracyLine>& lines) {
  double least = 1;
  double most = 0;
  std::size_t rows = 0;
  Truth truth = Truth::recalled;
  for (const AccuracyLine& line : lines) {
    if (line.family == family && line.row) {
      truth = std::min(truth, line.row->truth);
    }
  }
  for (const AccuracyLine& line : lines) {
    if (line.family == family && line.row && line.row->truth == truth) {
      least = std::min(least, line.row->mean_absolute);
      most = std::max(most, line.row->mean_absolute);
      rows += line.row->rows;
    }
  }
  if (rows == 0) {
    return fmt::format("accuracy of {}: no reference figure, error not known", family);
  }
  return fmt::format("accuracy of {}: {:.1f} to {:.1f} % mean error, {} rows of {}", family,
                     kPercent * least, kPercent * most, rows, truth_words(truth));
}

std::string area_accuracy(const std::vector<AccuracyRow>& rows) {
  double sum = 0;
  std::size_t dies = 0;
  for (const AccuracyRow& row : rows) {
    if (row.metric == kArea && row.truth == Truth::silicon) {
      sum += row.mean_absolute * static_cast<double>(row.rows);
      dies += row.rows;
    }
  }
  return dies == 0 ? std::string{}
                   : fmt::format("within {:.0f} % on {} dies",
                                 kPercent * sum / static_cast<double>(dies), dies);
}

}  // namespace cairn::app
