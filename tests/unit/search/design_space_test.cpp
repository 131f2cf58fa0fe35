#include "search/space/design_space.h"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/random.h"
#include "search/space/space_reader.h"

namespace cairn::search {

namespace {

using Point = std::vector<std::uint32_t>;

DesignSpace space_of(const std::string& yaml) {
  Diagnostics diagnostics;
  const Node node = parse_yaml(yaml, "space.yaml", diagnostics);
  auto space = read_space(node, diagnostics);
  diagnostics.throw_if_any();
  REQUIRE(space);
  return std::move(*space);
}

std::vector<Point> all_points(const DesignSpace& space) {
  std::vector<Point> points;
  Point point(space.knobs().size());
  for (Rank rank = 0; rank < space.size(); ++rank) {
    if (space.at(rank, point)) {
      points.push_back(point);
    }
  }
  return points;
}

/// Canonical, admissible points by brute force over the full product.
std::set<Point> by_definition(const DesignSpace& space) {
  std::set<Point> points;
  Point point(space.knobs().size(), 0);
  while (true) {
    Point canonical = point;
    space.canonicalise(canonical);
    if (space.admits(canonical)) {
      points.insert(canonical);
    }
    std::size_t k = 0;
    while (k < point.size() && ++point[k] == space.knobs()[k].size()) {
      point[k++] = 0;
    }
    if (k == point.size()) {
      return points;
    }
  }
}

void check_numbering(const DesignSpace& space) {
  const std::vector<Point> points = all_points(space);
  const std::set<Point> unique(points.begin(), points.end());
  CHECK(unique.size() == points.size());
  CHECK(unique == by_definition(space));
  if (space.size_is_exact()) {
    CHECK((Rank{points.size()} == space.size()));
  }
  Point point(space.knobs().size());
  for (Rank rank = 0; rank < space.size(); ++rank) {
    if (space.at(rank, point)) {
      const auto back = space.rank_of(point);
      REQUIRE(back);
      CHECK((*back == rank));
    }
  }
}

}  // namespace

TEST_CASE("ranks count up the last knob fastest") {
  const DesignSpace space = space_of("a: {choices: [x, y]}\nb: {choices: [1, 2, 3]}\n");
  CHECK((space.size() == 6));
  CHECK(all_points(space) == std::vector<Point>{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});
  check_numbering(space);
}

TEST_CASE("an inactive knob takes choice 0 and prints as nothing") {
  // a = x: b is off, 1 point; a = y: b has 3 choices. Times c.
  const DesignSpace space = space_of(
      "a: {choices: [x, y]}\nb: {choices: [1, 2, 3], when: {a: y}}\nc: {choices: [p, q]}\n");
  CHECK((space.size() == 8));
  check_numbering(space);
  CHECK_FALSE(space.active(Point{0, 0, 0}, 1));
  CHECK(space.text(Point{0, 0, 1}, 1).empty());
  CHECK(space.text(Point{1, 2, 1}, 1) == "3");
  Point point{0, 2, 1};
  space.canonicalise(point);
  CHECK(point == Point{0, 0, 1});
  CHECK_FALSE(space.rank_of(Point{0, 2, 1}));
}

TEST_CASE("conditions chain: what depends on an inactive knob is inactive") {
  // Declared in the wrong order on purpose. a=x: 1; a=y: b=1 -> 1, b=2 -> c has 2. In all 1+1+2.
  const DesignSpace space = space_of(
      "c: {choices: [p, q], when: {b: 2}}\nb: {choices: [1, 2], when: {a: y}}\na: {choices: [x, "
      "y]}\n");
  CHECK((space.size() == 4));
  check_numbering(space);
  // b's choice 0 is allowed for d, but b itself is inactive there.
  const DesignSpace other = space_of(
      "a: {choices: [x, y]}\nb: {choices: [1, 2], when: {a: y}}\nd: {choices: [p, q], when: {b: "
      "1}}\n");
  CHECK((other.size() == 4));  // x; y1p, y1q, y2
  check_numbering(other);
}

TEST_CASE("several conditions must hold together, a list means any of its choices") {
  const DesignSpace space = space_of(
      "a: {choices: [x, y, z]}\nb: {choices: [1, 2]}\nc: {choices: [p, q], when: {a: [x, z], b: "
      "2}}\n");
  // 6 combinations of a and b; c doubles x2 and z2: 8.
  CHECK((space.size() == 8));
  check_numbering(space);
}

TEST_CASE("requirements leave no gaps in the ranks") {
  const DesignSpace space = space_of(
      "rows: {range: [4, 32], scale: powers_of_two}\nmode: {choices: [u, v]}\n"
      "cols: {range: [4, 32], scale: powers_of_two}\nrequire: [rows * cols <= 256, rows >= "
      "cols]\n");
  // rows >= cols: 4:{4} 8:{4,8} 16:{4,8,16} 32:{4,8}; 32x16 is too large. 8 pairs x 2 modes.
  CHECK(space.size_is_exact());
  CHECK((space.size() == 16));
  check_numbering(space);
}

TEST_CASE("a requirement on an inactive knob does not apply") {
  const DesignSpace space =
      space_of("a: {choices: [x, y]}\nb: {choices: [1, 2, 3], when: {a: y}}\nrequire: [b >= 2]\n");
  // x with b off; y with 2 or 3.
  CHECK((space.size() == 3));
  check_numbering(space);
}

TEST_CASE("a requirement over too many knobs for a table is checked point by point") {
  // 6 knobs of 11 choices: 1,771,561 combinations, over the limit of 1,048,576.
  std::string yaml;
  std::string sum;
  for (int i = 0; i < 6; ++i) {
    yaml += "k" + std::to_string(i) + ": {range: [0, 10]}\n";
    sum += (i > 0 ? " + k" : "k") + std::to_string(i);
  }
  const DesignSpace space = space_of(yaml + "require: [" + sum + " <= 2]\n");
  CHECK_FALSE(space.size_is_exact());
  CHECK((space.size() == 1771561));
  // Solutions of six numbers with sum at most 2: C(8, 2) = 28.
  CHECK(all_points(space).size() == 28);
}

TEST_CASE("random spaces with conditions and requirements are numbered without gaps") {
  Rng rng{4};
  for (int round = 0; round < 60; ++round) {
    const int knobs = static_cast<int>(rng.uniform_int(1, 6));
    std::string yaml;
    for (int k = 0; k < knobs; ++k) {
      yaml +=
          "k" + std::to_string(k) + ": {range: [1, " + std::to_string(rng.uniform_int(1, 4)) + "]";
      if (k > 0 && rng.uniform01() < 0.5) {
        yaml += ", when: {k" + std::to_string(rng.uniform_int(0, k - 1)) + ": 1}";
      }
      yaml += "}\n";
    }
    if (knobs > 1 && rng.uniform01() < 0.6) {
      yaml += "require: [k0 + k" + std::to_string(rng.uniform_int(1, knobs - 1)) + " <= 6]\n";
    }
    CAPTURE(yaml);
    check_numbering(space_of(yaml));
  }
}

TEST_CASE("ranks beyond 64 bits work both ways") {
  std::string yaml;
  for (int i = 0; i < 32; ++i) {
    yaml += "layer_" + std::to_string(i) + ": {range: [2, 8]}\n";
  }
  const DesignSpace space = space_of(yaml);
  Rank size = 1;
  for (int i = 0; i < 32; ++i) {
    size *= 7;  // 7^32 is about 1.1e27
  }
  CHECK((space.size() == size));
  CHECK(rank_text(space.size()) == "1104427674243920646305299201");
  Point point(32);
  const Rank rank = size / 3 + 12345;
  CHECK(space.at(rank, point));
  CHECK((*space.rank_of(point) == rank));
  CHECK(space.at(size - 1, point));
  CHECK(point == Point(32, 6));
}

TEST_CASE("the hash tells spaces apart by what they hold, not by how it is written") {
  const auto a = space_of("rows: {choices: [4, 8]}\n").hash();
  CHECK(a == space_of("rows:   {range: [4, 8], scale: powers_of_two}\n").hash());
  CHECK(a != space_of("rows: {choices: [8, 4]}\n").hash());
  CHECK(a != space_of("cols: {choices: [4, 8]}\n").hash());
  CHECK(a != space_of("rows: {choices: [4, 8]}\nrequire: [rows <= 8]\n").hash());
}

}  // namespace cairn::search
