#include "report/store/store_format.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::report {

namespace {

/// "CRNR": what `file` and SQLite call application_id.
constexpr std::int64_t kApplication = 0x43524e52;

std::string quoted_name(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c == '"' ? "\"\"" : std::string(1, c);
  }
  return text + "\"";
}

constexpr const char* kTables = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE knobs(knob INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE choices(knob INTEGER NOT NULL, choice INTEGER NOT NULL, text TEXT NOT NULL,
                     PRIMARY KEY(knob, choice)) WITHOUT ROWID;
CREATE TABLE metrics(metric INTEGER PRIMARY KEY, name TEXT NOT NULL, csv_name TEXT NOT NULL,
                     unit TEXT NOT NULL);
CREATE TABLE fidelities(fidelity INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE limits(limit_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE reasons(reason_id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE front(id INTEGER PRIMARY KEY);
)";

std::string points_table(const RunSchema& schema) {
  std::string sql =
      "CREATE TABLE points(id INTEGER PRIMARY KEY, status INTEGER NOT NULL, "
      "fidelity INTEGER NOT NULL";
  for (std::size_t i = 0; i < schema.knobs.size(); ++i) {
    sql += fmt::format(", k{} INTEGER", i);
  }
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    sql += fmt::format(", m{} REAL", i);
  }
  return sql + ", limit_id INTEGER, excess REAL, reason_id INTEGER);";
}

std::string points_view(const RunSchema& schema) {
  std::set<std::string> taken{"id", "status", "fidelity", "limit", "excess", "reason"};
  for (const MetricColumn& metric : schema.metrics) {
    taken.insert(metric.csv_name);
  }
  std::string sql =
      "CREATE VIEW points_view AS SELECT id, "
      "CASE status WHEN 0 THEN 'feasible' WHEN 1 THEN 'infeasible' ELSE 'failed' END AS status, "
      "(SELECT name FROM fidelities f WHERE f.fidelity = p.fidelity) AS fidelity";
  for (std::size_t i = 0; i < schema.knobs.size(); ++i) {
    const std::string& name = schema.knobs[i].name;
    sql += fmt::format(", (SELECT text FROM choices WHERE knob = {0} AND choice = p.k{0}) AS {1}",
                       i, quoted_name(taken.contains(name) ? "knob." + name : name));
  }
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    sql += fmt::format(", m{} AS {}", i, quoted_name(schema.metrics[i].csv_name));
  }
  return sql +
         ", (SELECT name FROM limits l WHERE l.limit_id = p.limit_id) AS \"limit\", excess, "
         "(SELECT text FROM reasons r WHERE r.reason_id = p.reason_id) AS reason FROM points p;";
}

void put_meta(Database& database, std::string_view key, std::string_view value) {
  Statement insert{database, "INSERT INTO meta(key, value) VALUES(?, ?)"};
  insert.bind(1, key);
  insert.bind(2, value);
  insert.run();
}

std::string get_meta(Database& database, std::string_view key) {
  Statement select{database, "SELECT value FROM meta WHERE key = ?"};
  select.bind(1, key);
  return select.step() ? std::string{select.text(0)} : std::string{};
}

}  // namespace

std::vector<KnobColumn> knob_columns(const search::DesignSpace& space) {
  std::vector<KnobColumn> columns;
  for (const search::Knob& knob : space.knobs()) {
    columns.push_back({knob.name, knob.texts});
  }
  return columns;
}

bool is_blank(Database& database) {
  return database.number("SELECT count(*) FROM sqlite_master", 0) == 0;
}

void write_schema(Database& database, const RunSchema& schema) {
  database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                               kApplication, kStoreVersion));
  database.execute(kTables);
  database.execute(points_table(schema));
  database.execute(points_view(schema));
  put_meta(database, "study_hash", fmt::format("{:016x}", schema.study_hash));
  put_meta(database, "study_name", schema.study_name);
  Statement knob{database, "INSERT INTO knobs VALUES(?, ?)"};
  Statement choice{database, "INSERT INTO choices VALUES(?, ?, ?)"};
  for (std::size_t i = 0; i < schema.knobs.size(); ++i) {
    knob.bind(1, static_cast<std::int64_t>(i));
    knob.bind(2, std::string_view{schema.knobs[i].name});
    knob.run();
    for (std::size_t c = 0; c < schema.knobs[i].choices.size(); ++c) {
      choice.bind(1, static_cast<std::int64_t>(i));
      choice.bind(2, static_cast<std::int64_t>(c));
      choice.bind(3, std::string_view{schema.knobs[i].choices[c]});
      choice.run();
    }
  }
  Statement metric{database, "INSERT INTO metrics VALUES(?, ?, ?, ?)"};
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    metric.bind(1, static_cast<std::int64_t>(i));
    metric.bind(2, std::string_view{schema.metrics[i].name});
    metric.bind(3, std::string_view{schema.metrics[i].csv_name});
    metric.bind(4, std::string_view{schema.metrics[i].unit});
    metric.run();
  }
  Statement fidelity{database, "INSERT INTO fidelities VALUES(?, ?)"};
  for (std::size_t i = 0; i < schema.fidelities.size(); ++i) {
    fidelity.bind(1, static_cast<std::int64_t>(i));
    fidelity.bind(2, std::string_view{schema.fidelities[i]});
    fidelity.run();
  }
}

RunSchema read_schema(Database& database) {
  if (database.number("PRAGMA application_id", 0) != kApplication) {
    throw IoError(database.path(), "is not a result store", 0);
  }
  const std::int64_t version = database.number("PRAGMA user_version", 0);
  if (version != kStoreVersion) {
    throw ConfigError(
        {Diagnostic{Severity::error,
                    {database.path(), 0, 0, "", 0},
                    "",
                    fmt::format("the result store has format {}, this program reads format {}",
                                version, kStoreVersion),
                    "start a new run"}});
  }
  RunSchema schema;
  const std::string hash = get_meta(database, "study_hash");
  schema.study_hash = std::strtoull(hash.c_str(), nullptr, 16);
  schema.study_name = get_meta(database, "study_name");
  Statement knob{database, "SELECT name FROM knobs ORDER BY knob"};
  while (knob.step()) {
    schema.knobs.push_back({std::string{knob.text(0)}, {}});
  }
  Statement choice{database, "SELECT knob, text FROM choices ORDER BY knob, choice"};
  while (choice.step()) {
    const auto index = static_cast<std::size_t>(choice.integer(0));
    if (index >= schema.knobs.size()) {
      throw IoError(database.path(), "the result store is damaged", 0);
    }
    schema.knobs[index].choices.emplace_back(choice.text(1));
  }
  Statement metric{database, "SELECT name, csv_name, unit FROM metrics ORDER BY metric"};
  while (metric.step()) {
    schema.metrics.push_back(
        {std::string{metric.text(0)}, std::string{metric.text(1)}, std::string{metric.text(2)}});
  }
  schema.fidelities.clear();
  Statement fidelity{database, "SELECT name FROM fidelities ORDER BY fidelity"};
  while (fidelity.step()) {
    schema.fidelities.emplace_back(fidelity.text(0));
  }
  return schema;
}

}  // namespace cairn::report
