#include "report/store/csv_export.h"

#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "sample_run.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::report {

TEST_CASE("points.csv has the unit in each column and the shortest exact numbers") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  const test::SampleBatch batch{space, 0, 101};
  writer.append(batch.points, batch.rows);
  const ResultReader reader{folder.path("r.sqlite")};
  write_points_csv(reader, folder.path("points.csv"));
  const std::string text = read_text_file(folder.path("points.csv"));
  // id 0: x = 1: latency 1e-3/3, energy unknown (0 % 7 == 0), throughput 1e6/8.
  CHECK(
      text.substr(0, text.find("\n3,")) ==
      "id,rows,format,block,cols,latency_s,energy_j,throughput_tokens_per_s,status,fidelity,limit,"
      "excess,reason\n"
      "0,1,int8,,1,0.0003333333333333333,,125000,feasible,analytical,,,\n"
      "1,1,int8,,2,,,,failed,analytical,,0,worker died\n"
      "2,1,int8,,3,,,,infeasible,analytical,area at_most,0.375,\"needs 2, has \"\"8\"\"\"");
  // format "a, b" (rank 75 of rows 1) stands in quotes; its block is inactive.
  CHECK(text.find("\n75,1,\"a, b\",,1,") != std::string::npos);
  CHECK(text.find("\n25,1,int4/g128,32 B,1,") != std::string::npos);

  CsvReader csv{text, "points.csv"};
  std::size_t row = 0;
  while (csv.next()) {
    if (!batch.rows[row].metrics.empty()) {
      CHECK(*parse_double(csv.cell(5)) == batch.rows[row].metrics[0]);
    }
    ++row;
  }
  CHECK(row == 101);
}

TEST_CASE("the bytes do not depend on how the run was cut into batches") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  std::vector<std::string> texts;
  for (const std::size_t size : {1U, 7U, 300U}) {
    const std::string path = folder.path(std::to_string(size) + ".sqlite");
    ResultWriter writer{path, test::sample_schema(space), space};
    while (writer.size() < 300) {
      const test::SampleBatch batch{space, writer.size(),
                                    std::min<std::size_t>(size, 300 - writer.size())};
      writer.append(batch.points, batch.rows);
    }
    write_points_csv(ResultReader{path}, folder.path("points.csv"));
    texts.push_back(read_text_file(folder.path("points.csv")));
  }
  CHECK(texts[0] == texts[1]);
  CHECK(texts[0] == texts[2]);
}

TEST_CASE("pareto.csv has the chosen rows in the same form") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  const test::SampleBatch batch{space, 0, 50};
  writer.append(batch.points, batch.rows);
  write_pareto_csv(ResultReader{folder.path("r.sqlite")}, std::vector<std::uint64_t>{30, 5},
                   folder.path("pareto.csv"));
  CsvReader csv{read_text_file(folder.path("pareto.csv")), "pareto.csv"};
  REQUIRE(csv.next());
  CHECK(csv.cell(0) == "30");
  REQUIRE(csv.next());
  CHECK(csv.cell(0) == "5");
  CHECK_FALSE(csv.next());
}

TEST_CASE("a file that cannot be written is an IoError and leaves nothing behind") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  const test::SampleBatch batch{space, 0, 50};
  writer.append(batch.points, batch.rows);
  const ResultReader reader{folder.path("r.sqlite")};
  CHECK_THROWS_AS(write_points_csv(reader, folder.path("none/points.csv")), IoError);
  std::filesystem::create_directory(folder.path("points.csv"));
  CHECK_THROWS_AS(write_points_csv(reader, folder.path("points.csv")), IoError);
  CHECK_FALSE(std::filesystem::exists(folder.path("points.csv.part")));
}

}  // namespace cairn::report
