/// \file
/// How a run's schema is written into the store and read back. Private to report/store.
#pragma once

#include <optional>
#include <string>

#include "report/store/run_schema.h"
#include "report/store/sqlite_handle.h"

namespace cairn::report {

/// Raised when the tables change; stored as SQLite's user_version.
inline constexpr int kStoreVersion = 1;

/// No table yet: a new file, or a run that was killed before its first transaction ended.
[[nodiscard]] bool is_blank(Database& database);

/// Makes the tables and stores the schema, within the caller's transaction.
void write_schema(Database& database, const RunSchema& schema);

/// \throws ConfigError for another version of this format, IoError for another program's file.
[[nodiscard]] RunSchema read_schema(Database& database);

}  // namespace cairn::report
