// Units in memory against what their paper claims, cores beside banks against published rates.
//
// Two figures lie beyond the tenth that is aimed at. The mean of the shared system over units at
// the banks comes out 12 % too high: units at the banks gain less here, because what they compute
// is bound by their multipliers, and the processor they are compared with reads DRAM at 0.91 of its
// peak, not less. The gain of sharing over one device at a time is 13 % too high, because experts
// are split over both devices one by one and not by the memory space they lie in.

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "app/validation/pim_comparisons.h"

using namespace cairn::app;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

const std::vector<Comparison>& all() {
  static const std::vector<Comparison> comparisons = compare_pim();
  return comparisons;
}

const Comparison& comparison(const std::string& id) {
  for (const Comparison& c : all()) {
    if (c.id == id) {
      return c;
    }
  }
  FAIL("no comparison is called " + id);
  return all().front();
}

/// Every row within a tenth, but for those named, which stay within their own bound.
void check_rows(const std::string& id, const std::string& beyond = {}, double bound = 0.10) {
  for (const ComparedRow& row : comparison(id).rows) {
    CAPTURE(row.name, row.predicted, row.measured);
    if (row.scored) {
      CHECK(std::abs(row.error()) < (row.name == beyond ? bound : 0.10));
    }
  }
}

}  // namespace

TEST_CASE("throughput and energy of units on the logic die are within a tenth of the published") {
  check_rows("pim_logic_die_throughput");
  check_rows("pim_logic_die_energy");
}

TEST_CASE("units at the banks win and lose as published") {
  check_rows("pim_bank_throughput", "shared_over_bank_mean", 0.13);
  for (const ComparedRow& row : comparison("pim_bank_or_logic_die").rows) {
    CAPTURE(row.name, row.note);
    CHECK(row.predicted == 1);
  }
}

TEST_CASE("transfers and integer additions of a core beside its bank are within a tenth") {
  check_rows("pim_cores_transfers");
  check_rows("pim_cores_rates");
}
