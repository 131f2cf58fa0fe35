#include "sim/price_cache.h"

#include <catch2/catch.hpp>

using cairn::sim::GroupPrice;
using cairn::sim::PriceCache;

TEST_CASE("a price is found again until another takes its place") {
  PriceCache cache(4);
  GroupPrice price;
  price.macs = 7;
  cache.put(5, price);
  REQUIRE(cache.find(5) != nullptr);
  CHECK(cache.find(5)->price.macs == 7);
  CHECK(cache.find(6) == nullptr);
  price.macs = 8;
  cache.put(9, price);  // 9 and 5 share place 1 of 4
  CHECK(cache.find(5) == nullptr);
  CHECK(cache.find(9)->price.macs == 8);
  CHECK(cache.hits() == 3);
  CHECK(cache.misses() == 2);
}

TEST_CASE("a refusal is kept with its reason") {
  PriceCache cache(4);
  cache.put(3, {"tile too large", "weight_buffer.capacity", 0.5});
  const auto* entry = cache.find(3);
  REQUIRE(entry != nullptr);
  REQUIRE(entry->refusal >= 0);
  CHECK(cache.refusal(entry->refusal).limit == "weight_buffer.capacity");
}
