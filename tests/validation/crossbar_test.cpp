// How far compute-in-memory macros may be from published chips, and what decides it.

#include <cmath>

#include <catch2/catch.hpp>

#include "app/validation/crossbar_comparisons.h"

namespace cairn::app {
namespace {

const std::vector<Comparison>& all() {
  static const std::vector<Comparison> found = compare_crossbars();
  return found;
}

const Comparison& called(const std::string& id) {
  for (const Comparison& c : all()) {
    if (c.id == id) {
      return c;
    }
  }
  FAIL("no comparison is called " << id);
  return all().front();
}

double worst(const std::string& id) {
  return std::abs(summary_of(called(id).rows).worst);
}

TEST_CASE("every bar of the macros holds", "[validation]") {
  for (const Comparison& c : all()) {
    const Summary summary = summary_of(c.rows);
    for (const Bar& bar : c.bars) {
      INFO(c.id << ", worst row " << c.rows.at(summary.worst_row).name);
      CHECK(holds(bar, summary, {}));
    }
  }
}

TEST_CASE("one period of a sequencer gives throughput over bits and phases", "[validation]") {
  CHECK(called("crossbar_neurram_bits_throughput_change").rows.size() == 10);
  CHECK(worst("crossbar_neurram_bits_throughput_change") < 0.04);
}

TEST_CASE("efficiency over bits holds for whichever row is the anchor", "[validation]") {
  // The largest of predicted / measured over the smallest: what the worst pair of rows shows.
  double least = 1e9;
  double most = 0;
  for (const ComparedRow& row : called("crossbar_neurram_bits_efficiency").rows) {
    least = std::min(least, row.predicted / row.measured);
    most = std::max(most, row.predicted / row.measured);
  }
  CHECK(most / least - 1 < 0.15);
}

TEST_CASE("one adder delay gives throughput over bits and registers", "[validation]") {
  CHECK(called("crossbar_colonnade_throughput_throughput_change").rows.size() == 80);
  CHECK(worst("crossbar_colonnade_throughput_throughput_change") < 0.04);
}

}  // namespace
}  // namespace cairn::app
