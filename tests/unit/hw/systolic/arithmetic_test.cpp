#include "hw/systolic/arithmetic.h"

#include <catch2/catch.hpp>

using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

ProductRate rate(const ElementArithmetic& arithmetic, int weights, int activations) {
  return product_rate(arithmetic, kInt8, integer_format(weights), integer_format(activations));
}

}  // namespace

TEST_CASE("a fixed element makes one product, in a pass for every slice of a wide operand") {
  const ElementArithmetic fixed;
  CHECK(rate(fixed, 8, 8).per_cycle() == 1.0);
  CHECK(rate(fixed, 4, 4).per_cycle() == 1.0);     // narrow operands gain nothing
  CHECK(rate(fixed, 8, 16).per_cycle() == 0.5);    // two slices of the activation
  CHECK(rate(fixed, 16, 16).per_cycle() == 0.25);  // two of each
}

TEST_CASE("a grid of sixteen 2-bit bricks makes 1, 2, 4, 8 or 16 products at once") {
  const ElementArithmetic fusion{.kind = ArithmeticKind::bit_fusion, .brick_bits = 2};
  CHECK(rate(fusion, 8, 8).products == 1);
  CHECK(rate(fusion, 4, 8).products == 2);
  CHECK(rate(fusion, 8, 4).products == 2);
  CHECK(rate(fusion, 4, 4).products == 4);
  CHECK(rate(fusion, 2, 4).products == 8);
  CHECK(rate(fusion, 2, 2).products == 16);
  CHECK(rate(fusion, 1, 1).products == 16);  // a brick is not split
  CHECK(rate(fusion, 2, 2).cycles == 1);
}

TEST_CASE("six bits take the bricks of eight, three those of four") {
  const ElementArithmetic fusion{.kind = ArithmeticKind::bit_fusion, .brick_bits = 2};
  CHECK(rate(fusion, 6, 6).products == 1);
  CHECK(rate(fusion, 6, 4).products == 2);
  CHECK(rate(fusion, 3, 3).products == 4);
  CHECK(fused_format(fusion, kInt8, integer_format(6)) == kInt8);
  CHECK(fused_format(fusion, kInt8, integer_format(3)) == integer_format(4));
}

TEST_CASE("sixteen bits pass through an element of 8-bit bricks in slices") {
  const ElementArithmetic fusion{.kind = ArithmeticKind::bit_fusion, .brick_bits = 2};
  CHECK(rate(fusion, 16, 8).per_cycle() == 0.5);
  CHECK(rate(fusion, 16, 16).per_cycle() == 0.25);
}

TEST_CASE("a serial element takes a cycle for each bit of what arrives bit by bit") {
  ElementArithmetic serial{.kind = ArithmeticKind::bit_serial, .lanes = 16};
  CHECK(rate(serial, 8, 8).per_cycle() == 2.0);  // 16 lanes / 8 cycles
  CHECK(rate(serial, 8, 5).per_cycle() == 3.2);  // 16 lanes / 5 cycles
  CHECK(rate(serial, 2, 8).per_cycle() == 2.0);  // weights are parallel
  serial.serial = SerialOperands::weights;
  CHECK(rate(serial, 2, 8).per_cycle() == 8.0);
  serial.serial = SerialOperands::both;
  CHECK(rate(serial, 2, 4).per_cycle() == 2.0);  // 16 / (2 x 4)
  serial.bits_per_cycle = 2;
  CHECK(rate(serial, 2, 4).per_cycle() == 8.0);  // 16 / (1 x 2)
}

TEST_CASE("fields of another kind of arithmetic are refused") {
  CHECK(ElementArithmetic{.kind = ArithmeticKind::fixed, .brick_bits = 2}.problems().size() == 1);
  CHECK(ElementArithmetic{.kind = ArithmeticKind::bit_fusion, .lanes = 16}.problems().size() == 1);
  CHECK(ElementArithmetic{.kind = ArithmeticKind::bit_serial, .lanes = 16}.problems().empty());
}
