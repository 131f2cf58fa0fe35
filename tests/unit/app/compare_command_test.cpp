// What one knob is worth: pairs that differ in it alone, by hand and against all pairs tried.
#include "app/compare_command.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "app/choice_comparison.h"
#include "core/error.h"
#include "core/text/utf8.h"
#include "tests/unit/core/scratch_folder.h"
#include "tests/unit/report/sample_run.h"

namespace cairn::app {
namespace {

search::DesignSpace space_of(const char* yaml) {
  Diagnostics diagnostics;
  auto space = search::read_space(parse_yaml(yaml, "space.yaml", diagnostics), diagnostics);
  diagnostics.throw_if_any();
  return std::move(*space);
}

struct Row {
  std::uint64_t rank{};
  std::vector<double> metrics;  // latency, energy, throughput
  search::Status status{search::Status::feasible};
  std::uint8_t fidelity{0};
};

/// A run of these points, in this order.
void write_run(const test::ScratchFolder& folder, const search::DesignSpace& space,
               const std::vector<Row>& rows, bool finished = true) {
  report::ResultWriter writer(folder.path("results.sqlite"), test::sample_schema(space), space);
  search::PointBatch points(space.knobs().size(), 0);
  std::vector<search::Scored> scored(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(space.at(rows[i].rank, points.append()));
    scored[i].id = i;
    scored[i].status = rows[i].status;
    scored[i].fidelity = rows[i].fidelity;
    scored[i].metrics = rows[i].metrics;
  }
  writer.append(points, scored);
  if (finished) {
    writer.finish();
  }
}

constexpr auto kTwoKnobs = "size: {choices: [1, 2, 4]}\norder: {choices: [slow, fast, odd]}\n";

/// size 1: 0, 1, 2; size 2: 3, 4, 5; size 4: 6, 7, 8 (slow, fast, odd).
std::vector<Row> two_knobs() {
  return {{0, {8, 1, 1}},
          {1, {4, 1, 1}},
          {2, {8.004, 1, 1}},
          {3, {9, 1, 1}},
          {4, {1, 1, 1}},
          {5, {}, search::Status::infeasible},
          {6, {}, search::Status::infeasible},
          {7, {5, 1, 1}},
          {8, {}, search::Status::failed}};
}

CompareOptions asked(const test::ScratchFolder& folder) {
  CompareOptions options;
  options.run = folder.path("");
  options.knob = "order";
  options.metrics = {"latency"};
  return options;
}

std::string mistakes(const CompareOptions& options) {
  try {
    static_cast<void>(compare_text(options));
  } catch (const ConfigError& error) {
    std::string text;
    for (const Diagnostic& diagnostic : error.diagnostics()) {
      text += diagnostic.path + ": " + diagnostic.message + " (" + diagnostic.hint + ")\n";
    }
    return text;
  }
  return {};
}

TEST_CASE("ratios of pairs, by hand") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space, two_knobs());
  const ComparisonAnswer answer = compare_choices(
      report::ResultReader(folder.path("results.sqlite")), {.knob = 1, .metrics = {0, 1}});
  REQUIRE(answer.rows.size() == 2);
  const ChoiceComparison& fast = answer.rows[0];
  CHECK(fast.choice == 1);
  CHECK(fast.pairs == 2);  // sizes 1 and 2; at size 4 slow is infeasible
  CHECK(fast.only_choice == 1);
  CHECK(fast.only_baseline == 0);
  // 4 / 8 and 1 / 9: geometric mean and median sqrt(1 / 18).
  CHECK(fast.metrics[0].differ == 2);
  CHECK(fast.metrics[0].geometric_mean == Approx(std::sqrt(1.0 / 18)));
  CHECK(fast.metrics[0].median == Approx(std::sqrt(1.0 / 18)));
  CHECK(fast.metrics[0].least.ratio == Approx(1.0 / 9));
  CHECK(fast.metrics[0].least.id == 4);
  CHECK(fast.metrics[0].least.baseline_id == 3);
  CHECK(fast.metrics[0].most.ratio == Approx(0.5));
  CHECK(fast.metrics[0].most.id == 1);
  CHECK(fast.metrics[1].differ == 0);  // energy is the same everywhere
  CHECK(fast.metrics[1].geometric_mean == 1);
  const ChoiceComparison& odd = answer.rows[1];
  CHECK(odd.pairs == 1);
  CHECK(odd.only_baseline == 1);      // size 2
  CHECK(odd.neither == 1);            // size 4
  CHECK(odd.metrics[0].differ == 0);  // 8.004 / 8 = 1.0005
  CHECK(odd.metrics[0].most.ratio == Approx(1.0005));
}

TEST_CASE("another baseline turns the ratios round, and groups split them") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space, two_knobs());
  const report::ResultReader results(folder.path("results.sqlite"));
  const ComparisonAnswer whole =
      compare_choices(results, {.knob = 1, .baseline = 1, .metrics = {0}});
  CHECK(whole.rows[0].choice == 0);
  CHECK(whole.rows[0].metrics[0].geometric_mean == Approx(std::sqrt(18.0)));
  const ComparisonAnswer split =
      compare_choices(results, {.knob = 1, .baseline = 1, .metrics = {0}, .by = {0}});
  REQUIRE(split.rows.size() == 6);
  CHECK(split.rows[0].group == std::vector<std::uint32_t>{0});
  CHECK(split.rows[0].metrics[0].median == Approx(2));
  CHECK(split.rows[2].metrics[0].median == Approx(9));
  CHECK(split.rows[4].pairs == 0);
  CHECK(split.rows[4].only_baseline == 1);
}

TEST_CASE("points seen twice, at another level, or without a partner are in no pair") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space,
            {{0, {8, 1, 1}},
             {1, {4, 1, 1}},
             {1, {2, 1, 1}},                               // again: the first counts
             {0, {1, 1, 1}, search::Status::feasible, 1},  // at cycle level
             {7, {3, 1, 1}}});                             // slow at size 4 was not evaluated
  const ComparisonAnswer answer = compare_choices(
      report::ResultReader(folder.path("results.sqlite")), {.knob = 1, .metrics = {0}});
  REQUIRE(answer.rows.size() == 1);
  CHECK(answer.rows[0].pairs == 1);
  CHECK(answer.rows[0].without_partner == 1);
  CHECK(answer.rows[0].metrics[0].median == Approx(0.5));
}

TEST_CASE("zeros and unknown values have no ratio unless they are equal") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space,
            {{0, {0, 0, std::nan("")}}, {1, {0, 3, 1}}, {3, {4, -1, 1}}, {4, {0, 2, 1}}});
  const ComparisonAnswer answer = compare_choices(
      report::ResultReader(folder.path("results.sqlite")), {.knob = 1, .metrics = {0, 1, 2}});
  const std::vector<RatioSummary>& metrics = answer.rows.at(0).metrics;
  CHECK(metrics[0].ratios == 1);  // 0 / 0: nothing changed; 0 / 4 has no place in a product
  CHECK(metrics[0].undefined == 1);
  CHECK(metrics[0].geometric_mean == 1);
  CHECK(metrics[1].ratios == 0);
  CHECK(metrics[1].undefined == 2);
  CHECK(metrics[2].ratios == 1);
}

TEST_CASE("a run of many points agrees with all pairs tried") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = test::sample_space();
  const std::string path = folder.path("results.sqlite");
  report::ResultWriter writer(path, test::sample_schema(space), space);
  const test::SampleBatch batch(space, 0, 3000);
  writer.append(batch.points, batch.rows);
  writer.finish();
  const report::ResultReader results(path);
  std::vector<std::vector<std::uint32_t>> choices;
  std::vector<double> latency;
  std::vector<bool> counts;
  results.replay(0, results.size(), [&](const report::StoredPoint& point) {
    choices.emplace_back(point.choices.begin(), point.choices.end());
    latency.push_back(point.scored.status == search::Status::feasible ? point.scored.metrics[0]
                                                                      : -1);
    counts.push_back(point.scored.fidelity == 0);
  });
  const std::size_t knob = *space.find("cols");
  std::map<std::uint32_t, std::vector<double>> expected;
  for (std::size_t a = 0; a < choices.size(); ++a) {
    for (std::size_t b = 0; b < choices.size(); ++b) {
      auto moved = choices[a];
      moved[knob] = 0;
      if (counts[a] && counts[b] && choices[a][knob] != 0 && moved == choices[b] &&
          latency[a] >= 0 && latency[b] >= 0) {
        expected[choices[a][knob]].push_back(latency[a] / latency[b]);
      }
    }
  }
  const ComparisonAnswer answer = compare_choices(results, {.knob = knob, .metrics = {0}});
  REQUIRE(answer.rows.size() == 24);
  std::size_t pairs = 0;
  for (const ChoiceComparison& row : answer.rows) {
    const std::vector<double>& ratios = expected[row.choice];
    REQUIRE(row.pairs == ratios.size());
    if (ratios.empty()) {
      continue;
    }
    CHECK(row.metrics[0].least.ratio == *std::ranges::min_element(ratios));
    CHECK(row.metrics[0].most.ratio == *std::ranges::max_element(ratios));
    pairs += row.pairs;
  }
  CHECK(pairs > 1000);
}

TEST_CASE("the table names what is equal, the extremes and what is missing, in 80 columns") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space, two_knobs());
  const std::string text = compare_text(asked(folder)).text;
  CHECK(text ==
        "order: each choice / slow, in pairs of points with the same size\n"
        "\n"
        "latency\n"
        "  choice  pairs  differ    mean  median   least  most\n"
        "  fast        2       2  0.2357  0.2357  0.1111   0.5\n"
        "  odd         1       0       1       1       1     1\n"
        "    least of fast: size = 2; points 4 / 3\n"
        "\n"
        "not compared: 1 where only slow is infeasible, 1 where only slow is feasible, 1\n"
        "where both are infeasible\n");
  CompareOptions options = asked(folder);
  options.by = {"size"};
  std::istringstream lines(compare_text(options).text);
  for (std::string line; std::getline(lines, line);) {
    CHECK(display_width(line) <= 80);
  }
}

TEST_CASE("CSV and JSON hold the same figures") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space, two_knobs());
  CompareOptions options = asked(folder);
  options.by = {"size"};
  options.csv = true;
  CHECK(compare_text(options).text ==
        "size,order,metric,pairs,differ,geometric_mean,median,least,most,least_id,most_id,"
        "undefined,only_choice,only_baseline,neither,without_partner\n"
        "1,fast,latency,1,1,0.5,0.5,0.5,0.5,1,1,0,0,0,0,0\n"
        "1,odd,latency,1,0,1.0005,1.0005,1.0005,1.0005,2,2,0,0,0,0,0\n"
        "2,fast,latency,1,1,0.1111111111111111,0.1111111111111111,0.1111111111111111,"
        "0.1111111111111111,4,4,0,0,0,0,0\n"
        "2,odd,latency,0,0,,,,,,,0,0,1,0,0\n"
        "4,fast,latency,0,0,,,,,,,0,1,0,0,0\n"
        "4,odd,latency,0,0,,,,,,,0,0,0,1,0\n");
  options.csv = false;
  options.json = true;
  const auto json = nlohmann::json::parse(compare_text(options).text);
  CHECK(json["baseline"] == "slow");
  REQUIRE(json["comparisons"].size() == 6);
  const auto& fast = json["comparisons"][2];
  CHECK(fast["by"]["size"] == "2");
  CHECK(fast["metrics"]["latency"]["least"]["knobs"]["order"] == "fast");
  CHECK(json["comparisons"][4]["only_choice_feasible"] == 1);
  CHECK_FALSE(json["comparisons"][4]["metrics"]["latency"].contains("median"));
}

TEST_CASE("what a run does not have is said with the nearest name") {
  const test::ScratchFolder folder;
  const search::DesignSpace space = space_of(kTwoKnobs);
  write_run(folder, space, two_knobs());
  CompareOptions options = asked(folder);
  options.baseline = "fats";
  options.metrics = {"latncy"};
  options.by = {"sise", "order"};
  CHECK(mistakes(options) ==
        "--baseline: 'fats' is no choice of order (did you mean 'fast'?)\n"
        "--metric: the run does not store the metric 'latncy' (did you mean 'latency'?)\n"
        "--by: the run has no knob 'sise' (did you mean 'size'?)\n"
        "--by: 'order' is the knob that is compared (group by other knobs)\n");
  options = asked(folder);
  options.knob = "ordr";
  CHECK(mistakes(options) == "--knob: the run has no knob 'ordr' (did you mean 'order'?)\n");
}

TEST_CASE("a run that is not finished, or none, is refused") {
  const test::ScratchFolder folder;
  const CompareOptions options = asked(folder);
  CHECK(mistakes(options).find("is no folder of a run") != std::string::npos);
  write_run(folder, space_of(kTwoKnobs), two_knobs(), false);
  CHECK(mistakes(options).find("is not finished") != std::string::npos);
  CHECK(mistakes(options).find("--resume") != std::string::npos);
}

}  // namespace
}  // namespace cairn::app
