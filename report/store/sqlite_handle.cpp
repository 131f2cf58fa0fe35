#include "report/store/sqlite_handle.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::report {

Statement::Statement(Database& database, const std::string& sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) {
    database.fail(code);
  }
}

bool Statement::step() {
  const int code = sqlite3_step(get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    sqlite3_reset(get());
    database_->fail(code);
  }
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

std::string_view Statement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(get(), column);
  if (bytes == nullptr) {
    return {};
  }
  // SQLite hands out UTF-8 as unsigned char.
  return {
      reinterpret_cast<const char*>(bytes),  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
      static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

Database::Database(std::string path, Mode mode) : path_(std::move(path)) {
  sqlite3* handle = nullptr;
  // A reader too: a log may wait to be read in. Locks within the process would cost a sixth of the
  // rate, and one connection serves one thread at a time anyway.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::write ? SQLITE_OPEN_CREATE : 0);
  int code = sqlite3_open_v2(path_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK && mode == Mode::read) {
    code = sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                           nullptr);
    handle_.reset(handle);
  }
  if (code != SQLITE_OK) {
    fail(code);
  }
  sqlite3_extended_result_codes(get(), 1);
  constexpr int kPatienceMs = 10'000;
  sqlite3_busy_timeout(get(), kPatienceMs);
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

std::int64_t Database::number(const std::string& sql, std::int64_t otherwise) {
  Statement statement{*this, sql};
  return statement.step() && !statement.is_null(0) ? statement.integer(0) : otherwise;
}

void Database::fail(int code) const {
  const int system = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw IoError(path_, "cannot write results", system != 0 ? system : ENOSPC);
    case SQLITE_NOTADB:
      throw IoError(path_, "is not a result store", 0);
    case SQLITE_CORRUPT:
      throw IoError(path_, "the result store is damaged", 0);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw IoError(path_, "another process is writing to this result store", 0);
    case SQLITE_CONSTRAINT:
      throw IoError(path_, "another process has written the same evaluations", 0);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw IoError(path_, "cannot write results", system != 0 ? system : EACCES);
    case SQLITE_CANTOPEN:
      throw IoError(path_, "cannot open the result store", system);
    case SQLITE_IOERR:
      throw IoError(path_, "cannot read or write results", system != 0 ? system : EIO);
    default:
      throw IoError(path_,
                    fmt::format("the result store fails ({})",
                                handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code)),
                    system);
  }
}

Transaction::Transaction(Database& database) : database_(&database) {
  database.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    // An error may have ended it already: nothing to take back then.
    sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_->execute("COMMIT");
  open_ = false;
}

}  // namespace cairn::report
