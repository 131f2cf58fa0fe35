#include "report/store/result_store.h"

#include <cmath>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "report/store/sqlite_handle.h"
#include "sample_run.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::report {

namespace {

void store(ResultWriter& writer, const search::DesignSpace& space, std::size_t count) {
  const test::SampleBatch batch{space, writer.size(), count};
  writer.append(batch.points, batch.rows);
}

/// Runs SQL on the file as another program would; rows as lines, cells between bars.
std::string sql(const std::string& path, const std::string& text) {
  Database database{path, Database::Mode::write};
  std::string result;
  Statement statement{database, text};
  while (statement.step()) {
    for (int i = 0; i < statement.columns(); ++i) {
      result += i > 0 ? "|" : "";
      result += statement.is_null(i) ? "NULL" : statement.text(i);
    }
    result += '\n';
  }
  return result;
}

template <class Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void check_row(const StoredPoint& stored, const search::PointBatch& points,
               const search::Scored& row, const search::DesignSpace& space) {
  const std::size_t index = stored.scored.id - points.first_id();
  CHECK(stored.scored.id == row.id);
  CHECK(stored.scored.status == row.status);
  CHECK(stored.scored.fidelity == row.fidelity);
  CHECK(stored.scored.limit == row.limit);
  CHECK(stored.scored.excess == row.excess);
  CHECK(stored.scored.reason == row.reason);
  for (std::size_t k = 0; k < stored.choices.size(); ++k) {
    CHECK(stored.choices[k] ==
          (space.active(points[index], k) ? points[index][k] : search::kInactive));
  }
  for (std::size_t m = 0; m < stored.scored.metrics.size(); ++m) {
    const double expected = row.metrics.empty() ? std::nan("") : row.metrics[m];
    const double found = stored.scored.metrics[m];
    CHECK((found == expected || (std::isnan(found) && std::isnan(expected))));
  }
}

}  // namespace

TEST_CASE("what is stored is read back, to the last bit") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string path = folder.path("results.sqlite");
  ResultWriter writer{path, schema, space};
  CHECK(writer.size() == 0);
  const test::SampleBatch first{space, 0, 500};
  const test::SampleBatch second{space, 500, 700};
  writer.append(first.points, first.rows);
  writer.append(second.points, second.rows);
  CHECK(writer.size() == 1200);

  const ResultReader reader{path};  // while the writer is open
  CHECK(reader.schema() == schema);
  CHECK(reader.size() == 1200);
  CHECK_FALSE(reader.finished());
  std::uint64_t next = 300;
  reader.replay(300, 1100, [&](const StoredPoint& point) {
    CHECK(point.scored.id == next++);
    const auto& batch = point.scored.id < 500 ? first : second;
    check_row(point, batch.points, batch.rows[point.scored.id - batch.points.first_id()], space);
  });
  CHECK(next == 1100);
}

TEST_CASE("a finished run is one file and says so, until it is continued") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string path = folder.path("results.sqlite");
  {
    ResultWriter writer{path, schema, space};
    store(writer, space, 100);
    writer.set_front(std::vector<std::uint64_t>{3, 17, 90});
    writer.set_front(std::vector<std::uint64_t>{4, 17});
    writer.finish();
  }
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path("")}, {}) == 1);
  {
    const ResultReader reader{path};
    CHECK(reader.finished());
    CHECK(reader.front() == std::vector<std::uint64_t>{4, 17});
  }
  ResultWriter writer{path, schema, space};
  CHECK(writer.size() == 100);
  store(writer, space, 50);
  CHECK_FALSE(ResultReader{path}.finished());
  CHECK(ResultReader{path}.size() == 150);
}

TEST_CASE("chosen rows come in the order asked for") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  store(writer, space, 100);
  const ResultReader reader{folder.path("r.sqlite")};
  std::vector<std::uint64_t> ids;
  reader.select(std::vector<std::uint64_t>{42, 7, 99},
                [&](const StoredPoint& point) { ids.push_back(point.scored.id); });
  CHECK(ids == std::vector<std::uint64_t>{42, 7, 99});
  CHECK_THROWS_AS(reader.select(std::vector<std::uint64_t>{100}, [](const StoredPoint&) {}),
                  InternalError);
}

TEST_CASE("the view shows readable text") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const std::string path = folder.path("r.sqlite");
  {
    ResultWriter writer{path, test::sample_schema(space), space};
    store(writer, space, 200);
    writer.finish();
  }
  // id 2: infeasible, even: no metrics; 2 % 13 / 8 + 0.125 = 0.375. rows 1, format int8, cols 3.
  CHECK(sql(path, "SELECT * FROM points_view WHERE id = 2") ==
        "2|infeasible|analytical|1|int8|NULL|3|NULL|NULL|NULL|area at_most|0.375|needs 2, has "
        "\"8\"\n");
  // id 1: failed.
  CHECK(sql(path, "SELECT status, reason FROM points_view WHERE id = 1") == "failed|worker died\n");
  CHECK(sql(path, "SELECT fidelity, block FROM points_view WHERE id IN (3, 25)") ==
        "cycle|NULL\nanalytical|32 B\n");
  // 13 different reasons of infeasible rows at most, and one of failed ones: each stored once.
  CHECK(std::stoi(sql(path, "SELECT count(*) FROM reasons")) <= 14);
}

TEST_CASE("a knob named like a metric or a column of the store keeps its own name apart") {
  const test::ScratchFolder folder;
  Diagnostics diagnostics;
  const auto space = search::DesignSpace::build(
      {search::make_knob("latency_s", {"1", "2"}), search::make_knob("status", {"1", "2"})}, {},
      diagnostics);
  RunSchema schema = test::sample_schema(*space);
  ResultWriter writer{folder.path("r.sqlite"), schema, *space};
  store(writer, *space, 4);
  CHECK(sql(folder.path("r.sqlite"),
            "SELECT \"knob.latency_s\", \"knob.status\" FROM points_view WHERE id = 0") == "1|1\n");
}

TEST_CASE("another study, another format and other columns are refused") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string path = folder.path("r.sqlite");
  {
    ResultWriter writer{path, schema, space};
    store(writer, space, 10);
    writer.finish();
  }
  RunSchema other = schema;
  other.study_hash = 1;
  other.study_name = "other";
  CHECK(message_of<ConfigError>([&] {
          ResultWriter{path, other, space};
        }) == path +
                  ": error: these are the results of another study: 'sample' with hash "
                  "feedc0de12345678, not 'other' with hash 0000000000000001\n"
                  "  hint: resume with the study of that run, or start a new run");
  RunSchema grown = schema;
  grown.metrics.push_back({"area", "area_mm2", "mm2"});
  CHECK(message_of<ConfigError>([&] {
          ResultWriter{path, grown, space};
        }).find("another version of the program stored other columns") != std::string::npos);
  sql(path, "PRAGMA user_version = 99");
  CHECK(message_of<ConfigError>([&] {
          ResultReader{path};
        }).find("has format 99, this program reads format 1") != std::string::npos);
  CHECK(message_of<ConfigError>([&] {
          ResultWriter{path, schema, space};
        }).find("has format 99") != std::string::npos);
}

TEST_CASE("what is no store, is damaged or cannot be reached is an IoError that says so") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string text = folder.write("text.sqlite", std::string(5000, 'x'));
  CHECK(message_of<IoError>([&] { ResultReader{text}; }) == text + ": is not a result store");
  CHECK(message_of<IoError>([&] {
          ResultWriter{text, schema, space};
        }) == text + ": is not a result store");

  const std::string foreign = folder.path("foreign.sqlite");
  sql(foreign, "CREATE TABLE t(x)");
  CHECK(message_of<IoError>([&] { ResultReader{foreign}; }) == foreign + ": is not a result store");
  CHECK(message_of<IoError>([&] {
          ResultWriter{foreign, schema, space};
        }) == foreign + ": is not a result store");

  CHECK(message_of<IoError>([&] {
          ResultReader{folder.path("none.sqlite")};
        }).find("cannot open the result store") != std::string::npos);
  CHECK(message_of<IoError>([&] {
          ResultWriter{folder.path("no/such/folder/r.sqlite"), schema, space};
        }).find("cannot open the result store") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.path("none.sqlite")));

  const std::string path = folder.path("r.sqlite");
  {
    ResultWriter writer{path, schema, space};
    store(writer, space, 3000);
    writer.finish();
  }
  {
    // Overwrite the middle of the file.
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    const std::string junk(40000, '\x5a');
    file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  CHECK(message_of<IoError>([&] {
          const ResultReader reader{path};
          reader.replay(0, reader.size(), [](const StoredPoint&) {});
        }).find("damaged") != std::string::npos);
}

TEST_CASE("a disk that is full leaves the batches before it") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string path = folder.path("r.sqlite");
  // In a child: no file may grow beyond 1 MiB, as if the disk ended there.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1U << 20U, 1U << 20U};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      ResultWriter writer{path, schema, space};
      for (int i = 0; i < 1000; ++i) {
        store(writer, space, 1000);
      }
    } catch (const IoError&) {
      code = 0;
    } catch (...) {
      code = 2;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const ResultReader reader{path};
  CHECK(reader.size() > 0);
  CHECK(reader.size() % 1000 == 0);
  std::uint64_t rows = 0;
  reader.replay(0, reader.size(), [&](const StoredPoint&) { ++rows; });
  CHECK(rows == reader.size());
  ResultWriter writer{path, schema, space};
  store(writer, space, 1000);
  CHECK(reader.size() == rows + 1000);
}

TEST_CASE("two writers cannot both store the same evaluations") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  const auto schema = test::sample_schema(space);
  const std::string path = folder.path("r.sqlite");
  ResultWriter one{path, schema, space};
  ResultWriter two{path, schema, space};
  store(one, space, 10);
  CHECK_THROWS_AS(store(two, space, 10), IoError);
  CHECK(ResultReader{path}.size() == 10);
}

TEST_CASE("a batch that does not follow the last one is a mistake of the program") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  const test::SampleBatch batch{space, 5, 5};
  CHECK_THROWS_AS(writer.append(batch.points, batch.rows), InternalError);
  CHECK(writer.size() == 0);
}

}  // namespace cairn::report
