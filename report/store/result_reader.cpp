#include <limits>
#include <utility>

#include "core/error.h"
#include "report/store/result_store.h"
#include "report/store/sqlite_handle.h"
#include "report/store/store_format.h"

namespace cairn::report {

namespace {

std::string select_points(const RunSchema& schema, const char* where) {
  std::string sql = "SELECT id, status, fidelity";
  for (std::size_t i = 0; i < schema.knobs.size(); ++i) {
    sql += ", k" + std::to_string(i);
  }
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    sql += ", m" + std::to_string(i);
  }
  return sql + ", limit_id, excess, reason_id FROM points " + where;
}

/// Texts by number; asks again only for numbers other than the last.
class TextLookup {
 public:
  TextLookup(Database& database, const char* sql) : select_(database, sql) {}

  std::string_view text(std::int64_t number) {
    if (number != last_) {
      select_.bind(1, number);
      text_.assign(select_.step() ? select_.text(0) : std::string_view{});
      select_.reset();
      last_ = number;
    }
    return text_;
  }

 private:
  Statement select_;
  std::int64_t last_{-1};
  std::string text_;
};

}  // namespace

struct ResultReader::Impl {
  explicit Impl(const std::string& path)
      : database(path, Database::Mode::read),
        schema(checked_schema(database)),
        choices(schema.knobs.size()),
        metrics(schema.metrics.size()) {}

  static RunSchema checked_schema(Database& database) {
    if (is_blank(database)) {
      throw IoError(database.path(), "is not a result store, or holds nothing yet", 0);
    }
    return read_schema(database);
  }

  /// Hands over the row that the statement stands on.
  void hand_over(const Statement& row, TextLookup& limits, TextLookup& reasons, const Sink& sink) {
    int column = 0;
    StoredPoint point;
    point.scored.id = static_cast<std::uint64_t>(row.integer(column++));
    point.scored.status = static_cast<search::Status>(row.integer(column++));
    point.scored.fidelity = static_cast<std::uint8_t>(row.integer(column++));
    for (std::uint32_t& choice : choices) {
      choice =
          row.is_null(column) ? search::kInactive : static_cast<std::uint32_t>(row.integer(column));
      ++column;
    }
    for (double& metric : metrics) {
      metric = row.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : row.real(column);
      ++column;
    }
    if (point.scored.status != search::Status::feasible) {
      if (!row.is_null(column)) {
        point.scored.limit = limits.text(row.integer(column));
      }
      point.scored.excess = row.real(column + 1);
      if (!row.is_null(column + 2)) {
        point.scored.reason = reasons.text(row.integer(column + 2));
      }
    }
    point.choices = choices;
    point.scored.metrics = metrics;
    sink(point);
  }

  Database database;
  RunSchema schema;
  std::vector<std::uint32_t> choices;
  std::vector<double> metrics;
};

ResultReader::ResultReader(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
ResultReader::ResultReader(ResultReader&&) noexcept = default;
ResultReader& ResultReader::operator=(ResultReader&&) noexcept = default;
ResultReader::~ResultReader() = default;

const std::string& ResultReader::path() const {
  return impl_->database.path();
}
const RunSchema& ResultReader::schema() const {
  return impl_->schema;
}

std::uint64_t ResultReader::size() const {
  return static_cast<std::uint64_t>(impl_->database.number("SELECT max(id) FROM points", -1) + 1);
}

bool ResultReader::finished() const {
  return impl_->database.number("SELECT count(*) FROM meta WHERE key = 'complete'", 0) > 0;
}

void ResultReader::replay(std::uint64_t from, std::uint64_t to, const Sink& sink) const {
  // In pieces, so that no read transaction stays open for long: the log could not be folded in.
  constexpr std::int64_t kPiece = 1 << 14;
  Statement rows{impl_->database,
                 select_points(impl_->schema, "WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")};
  TextLookup limits{impl_->database, "SELECT name FROM limits WHERE limit_id = ?"};
  TextLookup reasons{impl_->database, "SELECT text FROM reasons WHERE reason_id = ?"};
  std::uint64_t next = from;
  while (next < to) {
    rows.bind(1, static_cast<std::int64_t>(next));
    rows.bind(2, static_cast<std::int64_t>(to));
    rows.bind(3, kPiece);
    const std::uint64_t before = next;
    while (rows.step()) {
      const auto id = static_cast<std::uint64_t>(rows.integer(0));
      if (id != next) {
        throw IoError(path(), "the result store is damaged: evaluations are missing", 0);
      }
      impl_->hand_over(rows, limits, reasons, sink);
      ++next;
    }
    rows.reset();
    if (next == before) {
      return;  // no more rows
    }
  }
}

void ResultReader::select(std::span<const std::uint64_t> ids, const Sink& sink) const {
  Statement row{impl_->database, select_points(impl_->schema, "WHERE id = ?")};
  TextLookup limits{impl_->database, "SELECT name FROM limits WHERE limit_id = ?"};
  TextLookup reasons{impl_->database, "SELECT text FROM reasons WHERE reason_id = ?"};
  for (const std::uint64_t id : ids) {
    row.bind(1, static_cast<std::int64_t>(id));
    CAIRN_CHECK(row.step(), "no evaluation has this id");
    impl_->hand_over(row, limits, reasons, sink);
    row.reset();
  }
}

std::vector<std::uint64_t> ResultReader::front() const {
  std::vector<std::uint64_t> ids;
  Statement rows{impl_->database, "SELECT id FROM front ORDER BY id"};
  while (rows.step()) {
    ids.push_back(static_cast<std::uint64_t>(rows.integer(0)));
  }
  return ids;
}

}  // namespace cairn::report
