/// \file
/// SQLite as values that throw IoError. Private to report/store: included by its .cpp files
/// and their tests only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace cairn::report {

class Database;

/// A prepared statement. Columns count from 0, parameters from 1.
class Statement {
 public:
  Statement() = default;
  Statement(Database& database, const std::string& sql);

  void bind(int parameter, std::int64_t value) { sqlite3_bind_int64(get(), parameter, value); }
  /// NaN becomes NULL.
  void bind(int parameter, double value) { sqlite3_bind_double(get(), parameter, value); }
  /// \param value must stay as it is until the statement was run.
  void bind(int parameter, std::string_view value) {
    sqlite3_bind_text(get(), parameter, value.data(), static_cast<int>(value.size()), nullptr);
  }
  void bind_null(int parameter) { sqlite3_bind_null(get(), parameter); }

  /// \returns true while there is a row. \throws IoError
  bool step();
  void reset() { sqlite3_reset(get()); }
  /// Runs to the end and resets.
  void run();

  /// Of a row.
  [[nodiscard]] int columns() const { return sqlite3_column_count(get()); }
  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(get(), column);
  }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(get(), column); }
  /// Valid until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  [[nodiscard]] sqlite3_stmt* get() const { return statement_.get(); }

  Database* database_{};
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A connection, for one thread at a time.
class Database {
 public:
  enum class Mode { read, write };

  /// \throws IoError
  Database(std::string path, Mode mode);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  /// Runs one or more statements without parameters. \throws IoError
  void execute(const std::string& sql);
  /// The first column of the first row, or \p otherwise.
  [[nodiscard]] std::int64_t number(const std::string& sql, std::int64_t otherwise);

  /// Throws what \p code means for the user.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Takes back everything since its construction unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction(Transaction&&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  void commit();

 private:
  Database* database_;
  bool open_{true};
};

}  // namespace cairn::report
