#include "hw/energy/csv_columns.h"

#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/numbers.h"

namespace cairn::hw {

std::optional<std::size_t> CsvRow::find(std::string_view column) const {
  return csv_->column(column);
}

double CsvRow::positive(std::string_view column) const {
  const std::optional<std::size_t> at = find(column);
  if (!at) {
    return 1.0;
  }
  const std::optional<double> value = parse_double(csv_->cell(*at));
  if (!value || !(*value > 0.0)) {
    diagnostics_->error(csv_->at(*at), std::string{column},
                        fmt::format("expected a number above 0, found '{}'", csv_->cell(*at)));
    return 1.0;
  }
  return *value;
}

std::string CsvRow::text(std::string_view column) const {
  const std::optional<std::size_t> at = find(column);
  return at ? std::string{csv_->cell(*at)} : std::string{};
}

void CsvRow::unknown_name(std::size_t at, std::string_view column,
                          const std::vector<std::string>& names) const {
  const std::string found{csv_->cell(at)};
  const auto close = nearest(found, names);
  diagnostics_->error(csv_->at(at), std::string{column}, fmt::format("unknown name '{}'", found),
                      close ? fmt::format("did you mean '{}'?", *close)
                            : fmt::format("one of: {}", fmt::join(names, ", ")));
}

bool has_columns(const CsvReader& csv, const std::string& file,
                 std::initializer_list<std::string_view> columns, Diagnostics& diagnostics) {
  bool all = true;
  for (const std::string_view column : columns) {
    if (!csv.column(column)) {
      all = false;
      const auto close = nearest(column, csv.header());
      diagnostics.error(SourceSpan{file, 1, 1, fmt::format("{}", fmt::join(csv.header(), ",")), 1},
                        "", fmt::format("column '{}' is missing", column),
                        close ? fmt::format("there is a column '{}'", *close) : "");
    }
  }
  return all;
}

}  // namespace cairn::hw
