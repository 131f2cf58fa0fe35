#include "app/validation/comparison.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/print.h"

namespace cairn::app {
namespace {

ComparedRow row(double predicted, double measured, std::string contest = {},
                std::string contestant = {}) {
  ComparedRow r;
  r.name = contestant.empty() ? "r" : contest + " " + contestant;
  r.contest = std::move(contest);
  r.contestant = std::move(contestant);
  r.predicted = predicted;
  r.measured = measured;
  return r;
}

TEST_CASE("errors are relative to the reference, and rows that are not scored count in none") {
  // +10 %, -20 %, and one that would be +900 %.
  std::vector<ComparedRow> rows{row(1.1, 1), row(1.6, 2), row(10, 1)};
  rows[2].scored = false;
  const Summary s = summary_of(rows);
  CHECK(s.rows == 2);
  CHECK(s.unscored == 1);
  CHECK(s.mean_absolute == Approx(0.15));
  CHECK(s.mean_signed == Approx(-0.05));
  CHECK(s.worst == Approx(-0.2));
  CHECK(s.worst_row == 1);
  CHECK(s.total == Approx(2.7 / 3 - 1));  // (1.1 + 1.6) / (1 + 2)
}

TEST_CASE("Kendall's tau counts pairs in the same order, ties after Kendall 1945") {
  // Measured 1 2 3; predicted 1 3 2: two of three pairs agree, (2 - 1) / 3.
  CHECK(summary_of({row(1, 1), row(3, 2), row(2, 3)}).kendall_tau == Approx(1.0 / 3));
  // Predicted 1 1 2: one tie; 2 / sqrt(2 * 3).
  CHECK(summary_of({row(1, 1), row(1, 2), row(2, 3)}).kendall_tau == Approx(2 / std::sqrt(6.0)));
  CHECK(summary_of({row(1, 1)}).kendall_tau == 0);
}

TEST_CASE("contests compare predicted with measured ratios and winners") {
  Comparison a;
  a.metric = "latency";
  a.rows = {row(1, 1, "gemm 1", "fast"), row(3, 2, "gemm 2", "fast"), row(1, 1, "alone", "fast")};
  Comparison b;
  b.metric = "latency";
  b.rows = {row(2, 2.5, "gemm 1", "slow"), row(2, 4, "gemm 2", "slow")};
  // gemm 1: predicted 0.5, measured 0.4: +25 %; gemm 2: 1.5 against 0.5: +200 %, wrong winner.
  const ContestSummary s = contests_of({&a, &b});
  CHECK(s.contests == 2);
  CHECK(s.ratios == 2);
  CHECK(s.ratio_error == Approx(1.125));
  CHECK(s.winners == 1);
  CHECK(s.winner_share() == Approx(0.5));
  REQUIRE(s.pairs.size() == 1);
  CHECK(s.pairs[0].first == "fast");
  CHECK(s.pairs[0].second == "slow");
}

TEST_CASE("rows of different metrics do not compete") {
  Comparison a;
  a.metric = "latency";
  a.rows = {row(1, 1, "w", "x")};
  Comparison b;
  b.metric = "energy";
  b.rows = {row(1, 1, "w", "y")};
  CHECK(contests_of({&a, &b}).contests == 0);
}

TEST_CASE("a bar may be reached, not passed, and never holds without rows") {
  Summary s;
  s.rows = 1;
  s.mean_absolute = 0.06;
  s.mean_signed = -0.02;
  s.kendall_tau = 0.95;
  CHECK(holds({Statistic::mean_absolute, 0.06}, s, {}));
  CHECK(!holds({Statistic::mean_absolute, 0.0599}, s, {}));
  CHECK(holds({Statistic::signed_mean, 0.02}, s, {}));
  CHECK(!holds({Statistic::signed_mean, 0.0199}, s, {}));
  CHECK(holds({Statistic::kendall_tau, 0.95}, s, {}));
  CHECK(!holds({Statistic::kendall_tau, 0.951}, s, {}));
  CHECK(!holds({Statistic::mean_absolute, 0.06}, Summary{}, {}));
  CHECK(!holds({Statistic::ratio_error, 1.0}, s, {}));
}

TEST_CASE("a validation holds when every bar of every comparison does") {
  Validation v;
  Comparison& c = v.comparisons.emplace_back();
  c.id = "x";
  c.topic = "t";
  c.metric = "latency";
  c.rows = {row(1.05, 1)};
  c.bars = {{Statistic::mean_absolute, 0.06}};
  CHECK(v.holds());
  CHECK(validation_text(v, false).find("holds") != std::string::npos);
  c.bars = {{Statistic::mean_absolute, 0.04}};
  CHECK(!v.holds());
  CHECK(validation_text(v, false).find("BROKEN") != std::string::npos);
}

TEST_CASE("the summary has a line for each table with a scored row") {
  Validation v;
  Comparison& c = v.comparisons.emplace_back();
  c.id = "x";
  c.family = "gpu";
  c.device = "a100";
  c.metric = "latency";
  c.rows = {row(1.05, 1)};
  v.comparisons.emplace_back().id = "empty";
  const std::string text = validation_summary(v);
  CHECK(text.find("x,gpu,\"a100\",\"\",\"latency\",silicon,1,0.0500,0.0500\n") !=
        std::string::npos);
  CHECK(text.find("empty") == std::string::npos);
}

}  // namespace
}  // namespace cairn::app
