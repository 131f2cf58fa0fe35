// The figures that reports quote are those that the models reach now.

#include <string>

#include <catch2/catch.hpp>

#include "app/validation/cycles.h"
#include "app/validation/print.h"
#include "app/validation/reference_table.h"
#include "app/validation/sources.h"
#include "core/text/file_text.h"

namespace cairn::app {
namespace {

TEST_CASE("the committed summary is what validation finds", "[validation]") {
  Validation validation;
  validation.comparisons = compare_all();
  validation.cycles = {compare_cycles(reference_file("scalesim_v2_cycles.csv")),
                       compare_cycles(reference_file("scalesim_v3_cycles.csv"))};
  INFO("after a change of numbers: ./cairn validate --summary > configs/validation/summary.csv");
  CHECK(read_text_file(reference_file("summary.csv").string()) == validation_summary(validation));
}

}  // namespace
}  // namespace cairn::app
