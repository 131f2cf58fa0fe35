#include "core/csv.h"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/text/numbers.h"
#include "scratch_folder.h"

namespace cairn {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const std::string& text) {
  CsvReader csv{text, "t.csv"};
  Rows rows{csv.header()};
  while (csv.next()) {
    std::vector<std::string> row;
    for (std::size_t i = 0; i < csv.header().size(); ++i) {
      row.emplace_back(csv.cell(i));
    }
    rows.push_back(row);
  }
  return rows;
}

std::string failure_of(const std::string& text) {
  try {
    rows_of(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no failure";
}

TEST_CASE("rows are read by the columns of the header") {
  CsvReader csv{"m, n,k\n1,2,3\n4,5,6\n", "t.csv"};
  CHECK(csv.column("k") == 2U);
  CHECK(csv.column("n") == 1U);
  CHECK(!csv.column("K"));
  REQUIRE(csv.next());
  CHECK(csv.cell(2) == "3");
  CHECK(csv.line() == 2);
  REQUIRE(csv.next());
  CHECK(csv.cell(0) == "4");
  CHECK(csv.line() == 3);
  CHECK(!csv.next());
  CHECK(!csv.next());
}

TEST_CASE("blank rows, comments and empty columns at the end are skipped") {
  CHECK(rows_of("Layer, M, N, K,\nl1, 1, 2, 3,\n\n , ,\n# note, with a comma\r\nl2,4,5,6,,,") ==
        Rows{{"Layer", "M", "N", "K"}, {"l1", "1", "2", "3"}, {"l2", "4", "5", "6"}});
}

TEST_CASE("short rows have empty cells") {
  CHECK(rows_of("a,b,c\n1\n1,,3\n") == Rows{{"a", "b", "c"}, {"1", "", ""}, {"1", "", "3"}});
}

TEST_CASE("quoted cells hold commas, quotes and line ends") {
  CHECK(rows_of("a,b\n\"x, \"\"y\"\"\", \"two\nlines\" \nz,\"\"\n") ==
        Rows{{"a", "b"}, {"x, \"y\"", "two\nlines"}, {"z", ""}});
}

TEST_CASE("line numbers count the lines inside quotes") {
  CsvReader csv{"a\r\n\"1\n2\"\r\n\r\n3\r\n", "t.csv"};
  REQUIRE(csv.next());
  CHECK(csv.line() == 2);
  REQUIRE(csv.next());
  CHECK(csv.line() == 5);
  CHECK(csv.cell(0) == "3");
}

TEST_CASE("a byte order mark is not part of the first name") {
  CHECK(rows_of("\xEF\xBB\xBF"
                "a,b\n1,2\n")[0] == std::vector<std::string>{"a", "b"});
}

TEST_CASE("tables that cannot be read say where") {
  CHECK(failure_of("") == "t.csv: error: the table has no header");
  CHECK(failure_of("\n\n # x\n").starts_with("t.csv") == false);
  CHECK(failure_of("a,b,a\n") ==
        "t.csv:1:5: error: column 'a' stands twice in the header\n  a,b,a\n      ^");
  CHECK(failure_of("a,b\n1,2,3\n") ==
        "t.csv:2:5: error: a cell outside the table: the header has 2 columns\n  1,2,3\n      ^");
  CHECK(failure_of("a,b\n1,\"2\n") == "t.csv:2:3: error: the quote is not closed\n  1,\"2\n    ^");
  CHECK(failure_of("a\n\"1\"2\n") ==
        "t.csv:2:4: error: text behind a closed quote\n  \"1\"2\n     ^\n"
        "  hint: double a quote that belongs to the text");
}

TEST_CASE("a cell knows its place") {
  CsvReader csv{"a,b\n1, x\n", "t.csv"};
  REQUIRE(csv.next());
  const SourceSpan at = csv.at(1);
  CHECK(at.file == "t.csv");
  CHECK(at.line == 2);
  CHECK(at.column == 4);
  CHECK(at.text == "1, x");
}

TEST_CASE("a table is read from a file") {
  const test::ScratchFolder folder;
  CsvReader csv = CsvReader::from_file(folder.write("x.csv", "a\n7\n"));
  REQUIRE(csv.next());
  CHECK(csv.cell(0) == "7");
  CHECK_THROWS_AS(CsvReader::from_file(folder.path("none.csv")), IoError);
}

TEST_CASE("cells are quoted when they must be, and read back") {
  const std::vector<std::string> cells{"plain",    "a,b",         "say \"x\"", "two\nlines",
                                       " padded ", "#no comment", "",          "grün"};
  std::string text = "c0,c1,c2,c3,c4,c5,c6,c7\n";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += i > 0 ? "," : "";
    append_csv_cell(text, cells[i]);
  }
  CHECK(
      text.ends_with("plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" padded \","
                     "\"#no comment\",,grün"));
  CHECK(rows_of(text + "\n")[1] == cells);
}

TEST_CASE("a million short rows take less than 0.3 s", "[.][bench]") {
  std::string text = "kind,batch,m,n,k\n";
  for (int i = 0; i < 1'000'000; ++i) {
    text += "matmul,1," + std::to_string(i) + ",4096,4096\n";
  }
  const auto start = std::chrono::steady_clock::now();
  CsvReader csv{std::move(text), "t.csv"};
  std::int64_t sum = 0;
  while (csv.next()) {
    sum += parse_int(csv.cell(2)).value_or(0) + parse_int(csv.cell(3)).value_or(0) +
           parse_int(csv.cell(4)).value_or(0);
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  CHECK(sum == 999'999LL * 500'000 + 8192LL * 1'000'000);
  WARN("1,000,000 rows with three numbers: " << time.count() << " s");
}

TEST_CASE("printing doubles takes less than 200 ns", "[.][bench]") {
  std::string out;
  constexpr int kTimes = 1'000'000;
  out.reserve(std::size_t{25} * kTimes);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 1; i <= kTimes; ++i) {
    append_double(out, 1.0 / i);
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  CHECK(out.size() > kTimes);
  WARN("one double: " << time.count() / kTimes << " ns");
}

}  // namespace
}  // namespace cairn
