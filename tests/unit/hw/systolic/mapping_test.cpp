#include "hw/mapping.h"

#include <catch2/catch.hpp>

using cairn::hw::Dataflow;
using cairn::hw::Dimension;
using cairn::hw::Mapping;
using cairn::hw::MappingConstraint;
using cairn::hw::MappingKind;
using cairn::hw::parse_mapping;
using cairn::hw::to_text;

TEST_CASE("a mapping prints as it is read") {
  Mapping m;
  m.kind = MappingKind::array;
  m.dataflow = Dataflow::weight_stationary;
  m.order = {Dimension::k, Dimension::n, Dimension::m};
  m.tile = {128, 64, 256};
  m.trips = {1, 2, 4};
  m.spatial = {1, 32, 32};
  m.bypass = 1;
  m.fused = 2;
  const std::string text = to_text(m);
  CHECK(text ==
        "ws | dram k4 n2 m1 | tile m128 n64 k256 | array n32 k32 | bypass w | fuse epilogue");
  std::string why;
  const auto c = parse_mapping(text, why);
  REQUIRE(c);
  CHECK(c->dataflow == Dataflow::weight_stationary);
  CHECK(c->order == m.order);
  CHECK(c->tile[0] == 128);
  CHECK(c->tile[2] == 256);
  CHECK(c->spatial[1] == 32);
  CHECK(c->bypass == 1);
  CHECK(c->fused == 2);
}

TEST_CASE("any part may be left out, and sizes may be bounded") {
  std::string why;
  const auto c = parse_mapping("os | tile k256 m<=64", why);
  REQUIRE(c);
  CHECK(c->dataflow == Dataflow::output_stationary);
  CHECK_FALSE(c->order);
  CHECK(c->tile[2] == 256);
  CHECK(c->tile_at_most[0] == 64);
  CHECK(parse_mapping("-", why)->empty());
}

TEST_CASE("what is no mapping says why") {
  std::string why;
  CHECK_FALSE(parse_mapping("tile x3", why));
  CHECK(why == "'x3' does not start with m, n or k");
  CHECK_FALSE(parse_mapping("dram n n k", why));
  CHECK(why == "loop n is given twice");
  CHECK_FALSE(parse_mapping("tile m0", why));
  CHECK(why == "'0' is not a positive whole number");
  CHECK_FALSE(parse_mapping("ws | | tile m3", why));
  CHECK(why == "a part between bars is empty");
  CHECK_FALSE(parse_mapping("bypass x", why));
  CHECK_FALSE(parse_mapping("stationary", why));
}
