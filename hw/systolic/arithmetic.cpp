#include "hw/systolic/arithmetic.h"

#include <algorithm>

namespace cairn::hw {
namespace {

constexpr std::int64_t kDefaultBrickBits = 2;

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Passes of an operand wider than an element: integers are fed in slices of the native width.
std::int64_t slices(const models::Precision& native, const models::Precision& operand) {
  if (native.is_floating() || operand.is_coded() || !operand.is_integer()) {
    return 1;
  }
  return ceil_divide(operand.element_bits(), native.element_bits());
}

std::int64_t operand_bits(const models::Precision& native, const models::Precision& operand) {
  return operand.is_coded() ? native.element_bits() : operand.element_bits();
}

/// Bits of the smallest fused operand that holds \p bits: a brick doubled until it does.
std::int64_t fused_bits(std::int64_t brick, std::int64_t bits) {
  std::int64_t fused = brick;
  while (fused < bits) {
    fused *= 2;
  }
  return fused;
}

bool is_serial(SerialOperands serial, SerialOperands operand) {
  return serial == SerialOperands::both || serial == operand;
}

}  // namespace

std::vector<FieldProblem> ElementArithmetic::problems() const {
  std::vector<FieldProblem> found;
  if (brick_bits && kind != ArithmeticKind::bit_fusion) {
    found.push_back({"brick_bits", "only bit_fusion has bricks", "leave it out"});
  }
  if (kind != ArithmeticKind::bit_serial) {
    const auto only_serial = [&](bool given, std::string field) {
      if (given) {
        found.push_back({std::move(field), "only bit_serial has it", "leave it out"});
      }
    };
    only_serial(serial.has_value(), "serial");
    only_serial(bits_per_cycle.has_value(), "bits_per_cycle");
    only_serial(lanes.has_value(), "lanes");
  }
  return found;
}

ProductRate product_rate(const ElementArithmetic& arithmetic, const models::Precision& native,
                         const models::Precision& weights, const models::Precision& activations) {
  const std::int64_t passes = slices(native, weights) * slices(native, activations);
  switch (arithmetic.kind) {
    case ArithmeticKind::fixed:
      break;
    case ArithmeticKind::bit_fusion: {
      const std::int64_t brick = arithmetic.brick_bits.value_or(kDefaultBrickBits);
      const auto share = [&](const models::Precision& operand) {
        const std::int64_t bits = fused_bits(brick, operand_bits(native, operand));
        return std::max<std::int64_t>(1, native.element_bits() / bits);
      };
      return {.products = share(weights) * share(activations), .cycles = passes};
    }
    case ArithmeticKind::bit_serial: {
      const SerialOperands serial = arithmetic.serial.value_or(SerialOperands::activations);
      const std::int64_t step = arithmetic.bits_per_cycle.value_or(1);
      const auto cycles = [&](const models::Precision& operand, SerialOperands which) {
        return is_serial(serial, which) ? ceil_divide(operand_bits(native, operand), step)
                                        : slices(native, operand);
      };
      return {.products = arithmetic.lanes.value_or(1),
              .cycles = cycles(weights, SerialOperands::weights) *
                        cycles(activations, SerialOperands::activations)};
    }
  }
  return {.products = 1, .cycles = passes};
}

models::Precision fused_format(const ElementArithmetic& arithmetic, const models::Precision& native,
                               const models::Precision& format) {
  if (arithmetic.kind != ArithmeticKind::bit_fusion || !format.is_integer()) {
    return format;
  }
  const std::int64_t brick = arithmetic.brick_bits.value_or(kDefaultBrickBits);
  const std::int64_t bits = fused_bits(brick, operand_bits(native, format));
  return models::integer_format(static_cast<int>(bits));
}

}  // namespace cairn::hw
