#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "search/algorithms/builtin_algorithms.h"
#include "search/algorithms/exhaustive.h"
#include "search/algorithms/random_sampling.h"
#include "search/space/space_reader.h"

namespace cairn::search {

namespace {

using Point = std::vector<std::uint32_t>;

DesignSpace space_of(const std::string& yaml) {
  Diagnostics diagnostics;
  auto space = read_space(parse_yaml(yaml, "space.yaml", diagnostics), diagnostics);
  diagnostics.throw_if_any();
  REQUIRE(space);
  return std::move(*space);
}

DesignSpace sample_space() {
  return space_of(
      "a: {range: [1, 7]}\nb: {choices: [x, y, z]}\nc: {range: [1, 5], when: {b: [y, z]}}\n"
      "d: {range: [1, 4]}\nrequire: [a + d <= 9]\n");
}

/// Over the limit of tables: the requirement is checked point by point.
DesignSpace filtered_space() {
  return space_of(
      "a: {range: [0, 120]}\nb: {range: [0, 120]}\nc: {range: [0, 120]}\nrequire: [a + b + c <= "
      "12]\n");
}

std::vector<Point> drain(Algorithm& algorithm, std::size_t batch, std::uint64_t first_id = 0) {
  std::vector<Point> points;
  while (!algorithm.finished()) {
    const PointBatch asked = algorithm.ask(batch);
    REQUIRE(asked.size() > 0);
    REQUIRE(asked.size() <= batch);
    CHECK(asked.first_id() == first_id + points.size());
    std::vector<Scored> rows(asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      rows[i].id = asked.id(i);
      points.emplace_back(asked[i].begin(), asked[i].end());
    }
    algorithm.tell(asked, rows);
  }
  CHECK(algorithm.ask(batch).empty());
  return points;
}

Algorithm make(const DesignSpace& space, const std::string& yaml, std::uint64_t seed = 1) {
  Diagnostics diagnostics;
  const Node search = parse_yaml(yaml, "study.yaml", diagnostics);
  auto algorithm = make_algorithm(builtin_algorithms(), search, {&space, {}, seed}, diagnostics);
  diagnostics.throw_if_any();
  REQUIRE(algorithm);
  return std::move(*algorithm);
}

std::string mistake(const DesignSpace& space, const std::string& yaml) {
  Diagnostics diagnostics;
  const Node search = parse_yaml(yaml, "study.yaml", diagnostics);
  CHECK_FALSE(make_algorithm(builtin_algorithms(), search, {&space, {}, 1}, diagnostics));
  REQUIRE(diagnostics.items().size() == 1);
  const Diagnostic& d = diagnostics.items().front();
  return std::to_string(d.at.column) + ": " + d.path + ": " + d.message + " | " + d.hint;
}

}  // namespace

TEST_CASE("exhaustive search gives every point once, in the order of ranks, in any batches") {
  const DesignSpace space = sample_space();
  Algorithm algorithm = make(space, "{algorithm: exhaustive}");
  CHECK((algorithm.planned() == space.size()));
  const auto points = drain(algorithm, 7);
  CHECK((Rank{points.size()} == space.size()));
  CHECK(std::set<Point>(points.begin(), points.end()).size() == points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK((*space.rank_of(points[i]) == Rank{i}));
  }
  Algorithm other = make(space, "{algorithm: exhaustive}");
  CHECK(drain(other, 1000) == points);
}

TEST_CASE("random search draws without repetition, from its seed alone") {
  const DesignSpace space = sample_space();
  Algorithm algorithm = make(space, "{algorithm: random, points: 60}");
  const auto points = drain(algorithm, 8);
  CHECK(points.size() == 60);
  CHECK(std::set<Point>(points.begin(), points.end()).size() == 60);
  Algorithm same = make(space, "{algorithm: random, points: 60}");
  CHECK(drain(same, 31) == points);
  Algorithm more = make(space, "{algorithm: random, points: 90}");
  auto longer = drain(more, 13);
  longer.resize(60);
  CHECK(longer == points);
  Algorithm other = make(space, "{algorithm: random, points: 60}", 2);
  CHECK(drain(other, 8) != points);
}

TEST_CASE("random search ends when the space does") {
  const DesignSpace space = sample_space();
  Algorithm algorithm = make(space, "{algorithm: random, points: 100000}");
  CHECK((algorithm.planned() == space.size()));
  const auto points = drain(algorithm, 100);
  CHECK((Rank{std::set<Point>(points.begin(), points.end()).size()} == space.size()));
}

TEST_CASE("requirements that are checked point by point hold in every algorithm") {
  const DesignSpace space = filtered_space();
  REQUIRE_FALSE(space.size_is_exact());
  Algorithm exhaustive = make(space, "{algorithm: exhaustive}");
  Algorithm random = make(space, "{algorithm: random, points: 1000000}");
  const auto all = drain(exhaustive, 50);
  auto drawn = drain(random, 50);
  CHECK(all.size() == 455);  // three numbers with sum at most 12: C(15, 3)
  CHECK(std::set<Point>(all.begin(), all.end()) == std::set<Point>(drawn.begin(), drawn.end()));
}

TEST_CASE("a resumed search continues exactly where it was") {
  for (const auto& space : {sample_space(), filtered_space()}) {
    for (const std::string yaml : {"{algorithm: exhaustive}", "{algorithm: random, points: 300}"}) {
      Algorithm whole = make(space, yaml);
      const auto points = drain(whole, 16);
      for (const std::size_t told :
           {std::size_t{0}, std::size_t{1}, std::size_t{100}, points.size()}) {
        Algorithm resumed = make(space, yaml);
        CHECK(resumed.skip(told));
        const auto rest = drain(resumed, 16, told);
        CHECK(rest ==
              std::vector<Point>(points.begin() + static_cast<std::ptrdiff_t>(told), points.end()));
      }
    }
  }
}

TEST_CASE("what an algorithm cannot do is said before it starts") {
  const DesignSpace huge =
      space_of("a: {range: [1, 1001]}\nb: {range: [1, 1000]}\nc: {range: [1, 1000]}\n");
  CHECK(mistake(huge, "{algorithm: exhaustive}") ==
        "13: search.algorithm: the space has 1001000000 points, too many to evaluate all of them | "
        "at most 1000000000; use algorithm: random, or let fewer knobs vary");
  const DesignSpace space = sample_space();
  CHECK(mistake(space, "{algorithm: random, points: 2000000000}") ==
        "29: search.points: 2000000000 points are too many | at most 1000000000");
  CHECK(mistake(space, "{algorithm: randm, points: 5}") ==
        "13: search.algorithm: unknown search algorithm 'randm' | did you mean 'random'?");
  CHECK(mistake(space, "{algorithm: exhaustive, points: 5}") ==
        "25: search.points: unknown key | one of: algorithm");
  CHECK(mistake(space, "{points: 5}").find("search.algorithm: key is missing") !=
        std::string::npos);
}

TEST_CASE("a space of one point is one evaluation") {
  const DesignSpace space = space_of("{}");
  Algorithm exhaustive = make(space, "{algorithm: exhaustive}");
  CHECK(drain(exhaustive, 10).size() == 1);
  Algorithm random = make(space, "{algorithm: random, points: 3}");
  CHECK(drain(random, 10).size() == 1);
}

TEST_CASE("every algorithm says what it is") {
  for (const auto& [name, entry] : builtin_algorithms()) {
    CAPTURE(name);
    CHECK_FALSE(entry.help.empty());
    CHECK_FALSE(entry.citation.empty());
    CHECK_FALSE(entry.limits.empty());
    CHECK(entry.options.front().path == "algorithm");
  }
}

}  // namespace cairn::search
