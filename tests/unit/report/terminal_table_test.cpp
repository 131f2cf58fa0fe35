#include "report/store/terminal_table.h"

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/text/utf8.h"
#include "report/store/human_metric.h"
#include "sample_run.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::report {

TEST_CASE("metrics are printed with the prefix that suits them") {
  CHECK(human_metric(1.2345e-3, "s") == "1.234 ms");
  CHECK(human_metric(0.999999, "s") == "1 s");
  CHECK(human_metric(9.99999e-4, "s") == "1 ms");
  CHECK(human_metric(3.2e-11, "J") == "32 pJ");
  CHECK(human_metric(12345.0, "W") == "12.35 kW");
  CHECK(human_metric(3.0 * 1024 * 1024, "B") == "3 MiB");
  CHECK(human_metric(100.0, "B") == "100 B");
  CHECK(human_metric(0.91234, "mm2") == "0.9123 mm2");
  CHECK(human_metric(1234.5, "token/s") == "1234 token/s");
  CHECK(human_metric(0.0, "s") == "0 s");
  CHECK(human_metric(-0.002, "s") == "-2 ms");
  CHECK(human_metric(0.5, "") == "0.5");
  CHECK(human_metric(std::nan(""), "s") == "-");
}

TEST_CASE("columns are aligned: numbers right, texts left, no blanks at the end of a line") {
  const std::vector<std::string> header{"name", "value", "note"};
  const std::vector<std::vector<std::string>> rows{{"a", "1.5", "x"}, {"long", "12", ""}};
  CHECK(align_columns(header, rows) ==
        "name  value  note\n"
        "a       1.5  x\n"
        "long     12\n");
}

TEST_CASE("the front is a table within the width, best first objective first") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  ResultWriter writer{folder.path("r.sqlite"), test::sample_schema(space), space};
  const test::SampleBatch batch{space, 0, 100};
  writer.append(batch.points, batch.rows);
  const ResultReader reader{folder.path("r.sqlite")};
  const auto objectives = test::sample_objectives();
  // latency rises with the id. id 0: 1e-3/3 s; 1e6/8; id 28: x = 29, 203 mod 101 = 1, 1e6/2.
  CHECK(front_table(reader, std::vector<std::uint64_t>{28, 0, 14}, objectives) ==
        "in all rows: rows = 1\n"
        "id  format     block  cols   latency      throughput\n"
        " 0  int8           -     1  333.3 us  125000 token/s\n"
        "14  int8           -    15      5 ms  200000 token/s\n"
        "28  int4/g128   32 B     4  9.667 ms  500000 token/s\n");
  const std::string cut =
      front_table(reader, std::vector<std::uint64_t>{28, 0, 14}, objectives, {40, 2});
  CHECK(cut.find("... and 1 more in pareto.csv\n") != std::string::npos);
  std::istringstream lines{
      front_table(reader, std::vector<std::uint64_t>{28, 0, 14}, objectives, {50, 20})};
  for (std::string line; std::getline(lines, line);) {
    CHECK(display_width(line) <= 50);
  }
  CHECK(front_table(reader, {}, objectives) == "no feasible point\n");
}

}  // namespace cairn::report
