#include "search/space/requirement.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/diagnostics.h"

namespace cairn::search {

namespace {

const std::vector<Knob>& knobs() {
  static const std::vector<Knob> list{make_knob("rows", {"4", "8", "16"}),
                                      make_knob("cols", {"4", "8", "32"}),
                                      make_knob("buffer", {"16 KiB", "64 KiB"}),
                                      make_knob("clock", {"400 MHz", "800 MHz"}),
                                      make_knob("dataflow", {"weight_stationary", "os"}),
                                      make_knob("bandwidth", {"12.8 GB/s", "25.6 GB/s"})};
  return list;
}

std::vector<std::vector<double>> numbers() {
  std::vector<std::vector<double>> values;
  for (const Knob& knob : knobs()) {
    std::vector<double>& row = values.emplace_back();
    for (const Magnitude& m : knob.magnitudes) {
      row.push_back(m.value);
    }
  }
  return values;
}

/// Whether it holds at the point of these choices.
bool holds(const std::string& text, const std::vector<std::uint32_t>& point) {
  Diagnostics diagnostics;
  const auto requirement = Requirement::parse(Node::make_scalar(text), knobs(), diagnostics);
  CAPTURE(text);
  REQUIRE(requirement);
  return requirement->holds(point, numbers());
}

/// `column: message` of the only error.
std::string mistake(const std::string& text) {
  Diagnostics diagnostics;
  Node node = Node::make_scalar(text);
  node.at.column = 1;
  CAPTURE(text);
  CHECK_FALSE(Requirement::parse(node, knobs(), diagnostics));
  REQUIRE(diagnostics.items().size() == 1);
  const Diagnostic& error = diagnostics.items().front();
  return std::to_string(error.at.column) + ": " + error.message;
}

}  // namespace

TEST_CASE("a requirement compares sums and products of knobs") {
  const std::vector<std::uint32_t> point{2, 1, 0, 1, 0, 0};  // 16 rows, 8 cols, 16 KiB, 800 MHz
  CHECK(holds("rows * cols <= 128", point));
  CHECK_FALSE(holds("rows * cols <= 127", point));
  CHECK(holds("rows >= cols", point));
  CHECK(holds("rows == 2 * cols", point));
  CHECK(holds("rows != cols", point));
  CHECK(holds("rows > 15", point));
  CHECK_FALSE(holds("rows < 16", point));
}

TEST_CASE(
    "products bind closer than sums, parentheses closer than both, minus goes left to right") {
  const std::vector<std::uint32_t> point{0, 1, 0, 0, 0, 0};  // 4 rows, 8 cols
  CHECK(holds("rows + 2 * cols == 20", point));
  CHECK(holds("(rows + 2) * cols == 48", point));
  CHECK(holds("20 - rows - cols == 8", point));
  CHECK(holds("cols / rows / 2 == 1", point));
  CHECK(holds("-rows + cols == 4", point));
  CHECK(holds("2*rows==cols", point));
}

TEST_CASE("comparisons can be chained") {
  CHECK(holds("4 <= rows < cols <= 32", {0, 1, 0, 0, 0, 0}));
  CHECK_FALSE(holds("4 <= rows < cols <= 32", {1, 1, 0, 0, 0, 0}));
}

TEST_CASE("numbers with units compare with knobs of that unit") {
  CHECK(holds("buffer <= 16 KiB", {0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(holds("buffer <= 16 KiB", {0, 0, 1, 0, 0, 0}));
  CHECK(holds("bandwidth >= 12.8 GB/s", {0, 0, 0, 0, 0, 0}));
  CHECK(holds("bandwidth / 2 == 12.8 GB/s", {0, 0, 0, 0, 0, 1}));
  CHECK(holds("buffer / rows == 4 KiB", {0, 0, 0, 0, 0, 0}));
  CHECK(holds("64 KiB/buffer >= rows", {0, 0, 0, 0, 0, 0}));  // a division, not a unit `KiB/b...`
}

TEST_CASE("numbers that rounding tells apart are equal") {
  // 0.1 x 3 is 0.30000000000000004.
  CHECK(holds("rows * 0.1 * 3 / 4 <= 0.3", {0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(holds("rows * 0.1 * 3 / 4 > 0.3", {0, 0, 0, 0, 0, 0}));
}

TEST_CASE("mistakes name their column") {
  CHECK(mistake("rows * columns <= 4") == "8: unknown knob 'columns'");
  CHECK(mistake("rows *") == "7: a number or a knob is missing");
  CHECK(mistake("rows * (cols + 1 <= 4") == "18: expected ')', found '<'");
  CHECK(mistake("(rows") == "6: ')' is missing");
  CHECK(mistake("rows") == "1: this is not a comparison");
  CHECK(mistake("rows = 4") == "6: expected an operator, found '='");
  CHECK(mistake("rows and cols <= 4") == "6: expected an operator, found 'and'");
  CHECK(mistake("dataflow <= 4") == "1: the choices of 'dataflow' are not all numbers of one unit");
  CHECK(mistake("buffer <= 4") == "8: the two sides have different units");
  CHECK(mistake("buffer + rows <= 16 KiB") == "8: the two sides have different units");
  CHECK(mistake("rows <= 4 parsec") == "11: 'parsec' is not a unit");
  CHECK(mistake("4 <= 5") == "1: this speaks of no knob");
  CHECK(mistake("1.2.3 <= rows") == "1: '1.2.3' is not a number");
  CHECK(mistake("") == "1: a number or a knob is missing");
}

TEST_CASE("deep nesting is refused, not a crash") {
  CHECK(mistake(std::string(100000, '(') + "rows").find("nested too deeply") != std::string::npos);
  CHECK(mistake(std::string(100000, '-') + "rows <= 1").find("nested too deeply") !=
        std::string::npos);
}

}  // namespace cairn::search
