#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "report/store/result_store.h"
#include "report/store/sqlite_handle.h"
#include "report/store/store_format.h"

namespace cairn::report {

namespace {

/// Texts that rows share: each is stored once. Remembers only so many, the table knows the rest.
class TextTable {
 public:
  TextTable(Database& database, const char* insert, const char* select)
      : insert_(database, insert), select_(database, select) {}

  /// The number of a text, new or not.
  std::int64_t number(std::string_view text) {
    if (text == last_text_) {
      return last_;
    }
    last_text_ = text;
    const auto known = known_.find(last_text_);
    if (known != known_.end()) {
      last_ = known->second;
      return last_;
    }
    insert_.bind(1, text);
    insert_.run();
    select_.bind(1, text);
    CAIRN_CHECK(select_.step(), "a text that was stored is there");
    last_ = select_.integer(0);
    select_.reset();
    constexpr std::size_t kRemembered = 1U << 14U;
    if (known_.size() >= kRemembered) {
      known_.clear();
    }
    known_.emplace(last_text_, last_);
    return last_;
  }

  /// Numbers of a transaction that was taken back are void.
  void forget() {
    known_.clear();
    last_text_.clear();
    last_ = 0;
  }

 private:
  Statement insert_;
  Statement select_;
  std::unordered_map<std::string, std::int64_t> known_;
  std::string last_text_;
  std::int64_t last_{};
};

[[noreturn]] void refuse(const std::string& path, std::string message, std::string hint) {
  throw ConfigError(
      {Diagnostic{Severity::error, {path, 0, 0, "", 0}, "", std::move(message), std::move(hint)}});
}

Database open_for_writing(const std::string& path, const RunSchema& schema) {
  Database database{path, Database::Mode::write};
  if (!is_blank(database)) {
    const RunSchema stored = read_schema(database);
    if (stored.study_hash != schema.study_hash) {
      refuse(
          path,
          fmt::format("these are the results of another study: '{}' with hash {:016x}, not '{}' "
                      "with hash {:016x}",
                      stored.study_name, stored.study_hash, schema.study_name, schema.study_hash),
          "resume with the study of that run, or start a new run");
    }
    if (stored != schema) {
      refuse(path, "another version of the program stored other columns for this study",
             "start a new run");
    }
  }
  // A large page suits rows of 100 to 200 bytes that are only appended; the log is folded in every
  // 2000 pages (16 MiB), so it stays short.
  database.execute(
      "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
      "PRAGMA wal_autocheckpoint = 2000; PRAGMA temp_store = MEMORY;");
  if (is_blank(database)) {
    Transaction transaction{database};
    write_schema(database, schema);
    transaction.commit();
  }
  return database;
}

std::string insert_point(const RunSchema& schema) {
  std::string sql = "INSERT INTO points VALUES(?, ?, ?";
  for (std::size_t i = 0; i < schema.knobs.size() + schema.metrics.size(); ++i) {
    sql += ", ?";
  }
  return sql + ", ?, ?, ?)";
}

}  // namespace

struct ResultWriter::Impl {
  Impl(const std::string& path, const RunSchema& run_schema, const search::DesignSpace& run_space)
      : space(&run_space),
        knobs(static_cast<int>(run_schema.knobs.size())),
        metrics(static_cast<int>(run_schema.metrics.size())),
        database(open_for_writing(path, run_schema)),
        insert(database, insert_point(run_schema)),
        limits(database, "INSERT OR IGNORE INTO limits(name) VALUES(?)",
               "SELECT limit_id FROM limits WHERE name = ?"),
        reasons(database, "INSERT OR IGNORE INTO reasons(text) VALUES(?)",
                "SELECT reason_id FROM reasons WHERE text = ?"),
        size(static_cast<std::uint64_t>(database.number("SELECT max(id) FROM points", -1) + 1)) {
    CAIRN_CHECK(run_space.knobs().size() == run_schema.knobs.size(),
                "the run has the knobs of its space");
  }

  void put(search::PointView point, const search::Scored& row);

  const search::DesignSpace* space;
  int knobs;
  int metrics;
  Database database;
  Statement insert;
  TextTable limits;
  TextTable reasons;
  std::uint64_t size;
  bool marked_complete{true};  ///< `complete` may stand in meta: to be taken away by an append
};

ResultWriter::ResultWriter(const std::string& path, const RunSchema& schema,
                           const search::DesignSpace& space)
    : impl_(std::make_unique<Impl>(path, schema, space)) {}
ResultWriter::ResultWriter(ResultWriter&&) noexcept = default;
ResultWriter& ResultWriter::operator=(ResultWriter&&) noexcept = default;
ResultWriter::~ResultWriter() = default;

std::uint64_t ResultWriter::size() const {
  return impl_->size;
}

void ResultWriter::Impl::put(search::PointView point, const search::Scored& row) {
  int parameter = 1;
  insert.bind(parameter++, static_cast<std::int64_t>(row.id));
  insert.bind(parameter++, static_cast<std::int64_t>(row.status));
  insert.bind(parameter++, static_cast<std::int64_t>(row.fidelity));
  const bool all_active = space->always_active();
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (all_active || space->active(point, i)) {
      insert.bind(parameter++, std::int64_t{point[i]});
    } else {
      insert.bind_null(parameter++);
    }
  }
  if (row.metrics.empty()) {
    for (int i = 0; i < metrics; ++i) {
      insert.bind_null(parameter++);
    }
  }
  for (const double metric : row.metrics) {
    insert.bind(parameter++, metric);
  }
  if (row.status == search::Status::feasible) {
    insert.bind_null(parameter++);
    insert.bind_null(parameter++);
    insert.bind_null(parameter);
  } else {
    if (row.limit.empty()) {
      insert.bind_null(parameter++);
    } else {
      insert.bind(parameter++, limits.number(row.limit));
    }
    insert.bind(parameter++, row.excess);
    if (row.reason.empty()) {
      insert.bind_null(parameter);
    } else {
      insert.bind(parameter, reasons.number(row.reason));
    }
  }
  insert.run();
}

void ResultWriter::append(const search::PointBatch& batch, std::span<const search::Scored> rows) {
  Impl& impl = *impl_;
  CAIRN_CHECK(batch.size() == rows.size(), "one row for each point");
  CAIRN_CHECK(batch.empty() || batch.first_id() == impl.size, "batches follow each other");
  CAIRN_CHECK(batch.empty() || batch.knobs() == static_cast<std::size_t>(impl.knobs),
              "points have the knobs of the run");
  if (batch.empty()) {
    return;
  }
  try {
    Transaction transaction{impl.database};
    if (impl.marked_complete) {
      impl.database.execute("DELETE FROM meta WHERE key = 'complete'");
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CAIRN_CHECK(rows[i].id == batch.id(i), "rows stand in the order of their points");
      CAIRN_CHECK(rows[i].metrics.empty() ||
                      rows[i].metrics.size() == static_cast<std::size_t>(impl.metrics),
                  "rows have the metrics of the run");
      impl.put(batch[i], rows[i]);
    }
    transaction.commit();
  } catch (...) {
    impl.limits.forget();
    impl.reasons.forget();
    throw;
  }
  impl.marked_complete = false;
  impl.size += rows.size();
}

void ResultWriter::set_front(std::span<const std::uint64_t> ids) {
  Transaction transaction{impl_->database};
  impl_->database.execute("DELETE FROM front");
  Statement insert{impl_->database, "INSERT INTO front VALUES(?)"};
  for (const std::uint64_t id : ids) {
    insert.bind(1, static_cast<std::int64_t>(id));
    insert.run();
  }
  transaction.commit();
}

void ResultWriter::finish() {
  Transaction transaction{impl_->database};
  impl_->database.execute("INSERT OR REPLACE INTO meta(key, value) VALUES('complete', 'yes')");
  transaction.commit();
  impl_->marked_complete = true;
  // While somebody reads, the log stays: it holds nothing that the file alone could lose.
  sqlite3_busy_timeout(impl_->database.get(), 0);
  sqlite3_exec(impl_->database.get(), "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
  sqlite3_exec(impl_->database.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
}

}  // namespace cairn::report
