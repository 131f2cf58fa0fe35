// Three applications on the first tensor processing unit: shares of time and rates of two of them.

#include <cmath>

#include <catch2/catch.hpp>

#include "app/validation/fusion_comparisons.h"

namespace cairn::app {
namespace {

TEST_CASE("four shares of time of three applications lie within 10 points", "[validation]") {
  const auto found = compare_applications("configs/validation/tpu_v1_applications.csv");
  REQUIRE(found.size() == 2);
  const Comparison& shares = found[1];
  CHECK(shares.rows.size() == 12);
  for (const ComparedRow& row : shares.rows) {
    INFO(row.name << ": " << row.note);
    CHECK(std::abs(row.predicted - row.measured) <= 0.10);
  }
}

TEST_CASE("rates of a perceptron and a recurrent net lie within 15 %", "[validation]") {
  const auto found = compare_applications("configs/validation/tpu_v1_applications.csv");
  const Comparison& rate = found.at(0);
  REQUIRE(rate.rows.size() == 3);
  CHECK(std::abs(rate.rows[0].error()) <= 0.15);
  CHECK(std::abs(rate.rows[1].error()) <= 0.15);
  CHECK_FALSE(rate.rows[2].scored);  // its own two figures disagree
}

}  // namespace
}  // namespace cairn::app
