#include "core/config/describe.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "sample_spec.h"

namespace cairn {
namespace {

FieldDoc doc_of(const std::vector<FieldDoc>& docs, const std::string& path) {
  const auto found =
      std::find_if(docs.begin(), docs.end(), [&](const FieldDoc& d) { return d.path == path; });
  INFO(path);
  REQUIRE(found != docs.end());
  return *found;
}

TEST_CASE("every field is documented from fields()") {
  const auto docs = describe<test::ArraySpec>();
  REQUIRE(docs.size() == 4);
  const FieldDoc clock = doc_of(docs, "clock");
  CHECK(clock.type == "a number with a unit");
  CHECK(clock.unit == "Hz, kHz, MHz, GHz");
  CHECK(clock.range == "from 1 kHz to 10 GHz");
  CHECK(clock.help == "array clock");
  CHECK(clock.required);
  CHECK(clock.default_text.empty());
  CHECK(doc_of(docs, "cols").range == "more than 0");
  const FieldDoc dataflow = doc_of(docs, "dataflow");
  CHECK(dataflow.type == "one of: weight_stationary, output_stationary");
  CHECK(dataflow.default_text == "weight_stationary");
  CHECK(!dataflow.required);
}

TEST_CASE("parts of lists, maps of names and kinds are listed by their path") {
  const auto docs = describe<test::Sample>();
  CHECK(doc_of(docs, "caches").type == "a list, each a map");
  CHECK(doc_of(docs, "caches[].capacity").unit.starts_with("b, B"));
  CHECK(doc_of(docs, "memories.<name>.bandwidth").default_text == "none");
  CHECK(doc_of(docs, "devices").type ==
        "a map of names, each a map with kind one of: systolic_array, core");
  CHECK(doc_of(docs, "devices.<name>(systolic_array).rows").type == "a whole number");
  CHECK(doc_of(docs, "devices.<name>(core).threads").required);
  CHECK(doc_of(docs, "grid").type == "a grid");
  CHECK(doc_of(docs, "grid").default_text == "1x1");
  CHECK(doc_of(docs, "factor").range == "at least 0");
  CHECK(!doc_of(docs, "limit").required);
  CHECK(doc_of(docs, "limit").type == "a whole number");
}

}  // namespace
}  // namespace cairn
