#include "app/validation/reference_table.h"

#include <optional>

#include <fmt/format.h>

#include "app/paths.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"

namespace cairn::app {

ReferenceTable::ReferenceTable(const std::filesystem::path& path,
                               std::initializer_list<const char*> names)
    : csv_(read_text_file(path.string()), path.string()) {
  Diagnostics diagnostics;
  for (const char* name : names) {
    const std::optional<std::size_t> place = csv_.column(name);
    if (!place) {
      diagnostics.error({path.string(), 1, 1, ""}, "",
                        fmt::format("the table has no column '{}'", name));
    } else {
      places_[name] = *place;
    }
  }
  diagnostics.throw_if_any();
}

std::string_view ReferenceTable::text(const char* name) const {
  return csv_.cell(places_.at(name));
}

std::int64_t ReferenceTable::count(const char* name) const {
  const std::optional<std::int64_t> value = parse_int(text(name));
  if (!value || *value <= 0) {
    wrong(name, "a positive whole number");
  }
  return *value;
}

std::int64_t ReferenceTable::integer(const char* name) const {
  const std::optional<std::int64_t> value = parse_int(text(name));
  if (!value) {
    wrong(name, "a whole number");
  }
  return *value;
}

double ReferenceTable::positive(const char* name) const {
  const std::optional<double> value = parse_double(text(name));
  if (!value || !(*value > 0)) {
    wrong(name, "a positive number");
  }
  return *value;
}

void ReferenceTable::wrong(const char* name, const std::string& expected) const {
  Diagnostics diagnostics;
  diagnostics.error(csv_.at(places_.at(name)), name,
                    fmt::format("'{}' is not {}", text(name), expected));
  diagnostics.throw_if_any();
  throw InternalError("an error was reported but not thrown");
}

std::filesystem::path reference_file(std::string_view name) {
  return configs_directory() / "validation" / name;
}

}  // namespace cairn::app
