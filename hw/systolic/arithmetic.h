/// \file
/// What one processing element multiplies in a cycle, for operands of any width.
///
///   fixed       one product of the native width; a wider operand takes several passes
///   bit_serial  `lanes` products at once, each taking one cycle for every `bits_per_cycle` bits of
///               the serial operands
///   bit_fusion  a grid of bricks, each multiplying `brick_bits` x `brick_bits`: one native product
///               needs all of them, narrow products share them out
///
/// Several products of one element belong to one reduction: the element adds them up before its
/// accumulator, so they cover more of k, and not more outputs.
///
/// Assumes:    fused bricks form operands of 1, 2, 4, ... bricks, so a 6-bit operand takes a
///             fused operand of 8 bits; a serial operand costs its own bits and no more.
/// Ignores:    skipping of zero bits; the energy of shifters inside a brick grid.
/// Reference:  H. Sharma et al., "Bit Fusion", ISCA 2018, section III (bricks, fused elements);
///             P. Judd et al., "Stripes: bit-serial deep neural network computing", MICRO 2016.
/// Checked by: tests/unit/hw/systolic/arithmetic_test.cpp (by hand),
///             tests/validation/bitfusion_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "models/precision.h"

namespace cairn::hw {

enum class ArithmeticKind : std::uint8_t { fixed, bit_serial, bit_fusion };
constexpr auto enum_names(ArithmeticKind) {
  using K = ArithmeticKind;
  using S = std::string_view;
  return std::array{std::pair{K::fixed, S{"fixed"}}, std::pair{K::bit_serial, S{"bit_serial"}},
                    std::pair{K::bit_fusion, S{"bit_fusion"}}};
}

/// Which operands of a bit-serial element arrive bit by bit.
enum class SerialOperands : std::uint8_t { activations, weights, both };
constexpr auto enum_names(SerialOperands) {
  using O = SerialOperands;
  using S = std::string_view;
  return std::array{std::pair{O::activations, S{"activations"}},
                    std::pair{O::weights, S{"weights"}}, std::pair{O::both, S{"both"}}};
}

/// Plain data: the part of an array's file under `arithmetic`.
struct ElementArithmetic {
  ArithmeticKind kind{ArithmeticKind::fixed};
  std::optional<std::int64_t> brick_bits{};      ///< bit_fusion
  std::optional<SerialOperands> serial{};        ///< bit_serial
  std::optional<std::int64_t> bits_per_cycle{};  ///< bit_serial
  std::optional<std::int64_t> lanes{};           ///< bit_serial

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "fixed, bit_serial or bit_fusion");
    a("brick_bits", brick_bits, "bit_fusion: operand bits of one brick; absent: 2", kOptional,
      Range{1, 32});
    a("serial", serial, "bit_serial: operands that arrive bit by bit; absent: activations",
      kOptional);
    a("bits_per_cycle", bits_per_cycle,
      "bit_serial: bits of a serial operand in a cycle; absent: 1", kOptional, Range{1, 32});
    a("lanes", lanes, "bit_serial: products of one element at once; absent: 1", kOptional,
      Range{1, 65536});
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// What an element does with one pair of formats.
struct ProductRate {
  std::int64_t products{1};  ///< of one element, at once
  std::int64_t cycles{1};    ///< that they take

  [[nodiscard]] constexpr double per_cycle() const {
    return static_cast<double>(products) / static_cast<double>(cycles);
  }
};

/// Rate of an element whose widest single operand is \p native. Coded operands count as native.
[[nodiscard]] ProductRate product_rate(const ElementArithmetic& arithmetic,
                                       const models::Precision& native,
                                       const models::Precision& weights,
                                       const models::Precision& activations);

/// Operand width that an element spends on \p format: rounded up to what its bricks can form.
[[nodiscard]] models::Precision fused_format(const ElementArithmetic& arithmetic,
                                             const models::Precision& native,
                                             const models::Precision& format);

}  // namespace cairn::hw
