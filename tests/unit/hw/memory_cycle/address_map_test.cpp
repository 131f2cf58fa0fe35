#include "hw/memory/cycle/address_map.h"

#include <set>
#include <tuple>

#include <catch2/catch.hpp>

#include "tests/unit/hw/memory_cycle/parts.h"

namespace cairn::hw::cycle {
namespace {

std::vector<FieldProblem> problems_of(const std::string& part, const std::string& order) {
  std::vector<FieldProblem> problems;
  const DramAddressMap map{part_of(part), order, problems};
  return problems;
}

DramAddressMap map_of(const std::string& part, std::string_view order) {
  std::vector<FieldProblem> problems;
  DramAddressMap map{part_of(part), order, problems};
  REQUIRE(problems.empty());
  return map;
}

TEST_CASE("addresses of DDR4 in the default order, by hand") {
  // 64 B an access; 2 bits of bank group, 2 of bank, 7 of column (128 bursts), 16 of row.
  const DramAddressMap map = map_of("ddr4_8gb_x8_2400r", default_address_order());
  CHECK(map.access_bytes() == 64);
  CHECK(map.capacity_bytes() == std::uint64_t{8} << 30U);
  // Bank group 3, bank 2, column 5, row 9: ((9 x 128 + 5) x 4 + 2) x 4 + 3 accesses.
  const DramAddress at = map.decode((((9 * 128 + 5) * 4 + 2) * 4 + 3) * 64);
  CHECK(at.flat_bank == 3 * 4 + 2);
  CHECK(at.row == 9);
  CHECK(at.column == 5);
}

TEST_CASE("a split part takes its lowest bits from its last place") {
  const DramAddressMap map = map_of("ddr4_8gb_x8_2400r", "row bank column bankgroup column:2");
  // Column 0b1000110 = 70: its two lowest bits (2) lie lowest, the other five (17) above the bank
  // group (1); then bank 3, row 2.
  const DramAddress at = map.decode(((((2 * 4 + 3) * 32 + 17) * 4 + 1) * 4 + 2) * 64);
  CHECK(at.column == 70);
  CHECK(at.flat_bank == 1 * 4 + 3);
  CHECK(at.row == 2);
}

TEST_CASE("no two accesses share a place") {
  for (const char* order : {"row column rank bank bankgroup pseudochannel",
                            "rank bank row pseudochannel bankgroup column",
                            "row:3 column bank row bankgroup column:1 pseudochannel rank"}) {
    CAPTURE(order);
    const DramAddressMap map = map_of("hbm3_8gb_8hi_6400", order);
    std::set<std::tuple<std::int32_t, std::uint32_t, std::uint32_t>> seen;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      const DramAddress at = map.decode(i * map.access_bytes());
      CHECK(at.flat_bank < 64);
      seen.insert({at.flat_bank, at.row, at.column});
    }
    CHECK(seen.size() == 100'000);
  }
}

TEST_CASE("mistakes in an order are named") {
  const auto unknown = problems_of("ddr4_8gb_x8_2400r", "row colum bank bankgroup");
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].message == "'colum' is no part of an address");
  CHECK(unknown[0].hint == "did you mean 'column'?");

  const auto missing = problems_of("ddr4_8gb_x8_2400r", "row column bank");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].message == "2 of the 2 bits of 'bankgroup' are nowhere");

  const auto many = problems_of("ddr4_8gb_x8_2400r", "row column bank:3 bankgroup");
  REQUIRE(many.size() == 1);
  CHECK(many[0].message == "'bank' has 2 bits, the parts of the order name more");

  const auto twice = problems_of("ddr4_8gb_x8_2400r", "row column bank bankgroup column");
  REQUIRE(twice.size() == 1);
  CHECK(twice[0].message == "'column' comes twice without a number of bits");

  const auto bits = problems_of("ddr4_8gb_x8_2400r", "row column:x bank bankgroup");
  REQUIRE(bits.size() == 1);
  CHECK(bits[0].message == "'column:x' must say how many bits, such as column:2");

  // One rank needs no bits and may stay out.
  CHECK(problems_of("ddr4_8gb_x8_2400r", "row column bank bankgroup").empty());
}

}  // namespace
}  // namespace cairn::hw::cycle
