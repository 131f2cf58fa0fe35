/// \file
/// How a number is stored and in which format it is computed with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "core/text/text_form.h"
#include "core/units.h"

namespace cairn::models {

/// The family a number format belongs to.
enum class NumberKind : std::uint8_t {
  integer,           ///< two's complement, `int8`
  unsigned_integer,  ///< `uint8`
  floating,          ///< sign, exponent, mantissa: `fp16`, `bf16`, `fp8_e4m3`, `fp6_e3m2`
  codebook,          ///< vectors looked up in a table: `cb2x8` = vectors of 2, 8 index bits each
  trellis,           ///< trellis-coded, `tcq3`: a fractional or whole number of bits per weight
};

/// A storage format: element bits, and the scale shared by a group of elements.
///
/// Text form: `int4`, `int4/g128` (one 16-bit scale for each 128 elements), `int4/g128s8` (8-bit
/// scale), `fp16`, `bf16`, `fp8_e4m3`, `fp8_e5m2`, `fp4_e2m1`, `cb2x8` (codebook: 2 elements
/// share one 8-bit index), `tcq3` (trellis, 3 bits an element), `mxfp4` (fp4_e2m1/g32s8).
struct Precision {
  NumberKind kind{NumberKind::floating};
  std::uint8_t exponent_bits{5};   ///< floating only
  std::uint8_t vector_length{1};   ///< elements per code word (codebook), else 1
  std::uint8_t scale_bits{0};      ///< bits of the scale of one group, 0 without groups
  std::int32_t group_size{0};      ///< elements that share one scale, 0 = none (per tensor)
  std::int32_t milli_bits{16000};  ///< bits of one element x 1000, scales excluded

  friend constexpr bool operator==(const Precision&, const Precision&) = default;

  void hash_into(Hasher& hasher) const {
    hasher.add((static_cast<std::uint64_t>(kind) << 56U) ^
               (static_cast<std::uint64_t>(exponent_bits) << 48U) ^
               (static_cast<std::uint64_t>(vector_length) << 40U) ^
               (static_cast<std::uint64_t>(scale_bits) << 32U) ^
               static_cast<std::uint64_t>(static_cast<std::uint32_t>(milli_bits)));
    hasher.add(static_cast<std::int64_t>(group_size));
  }
  /// Bits of one element with its share of the scale.
  [[nodiscard]] constexpr double bits_per_element() const {
    const double scale =
        group_size > 0 ? static_cast<double>(scale_bits) / static_cast<double>(group_size) : 0.0;
    return static_cast<double>(milli_bits) / 1000.0 + scale;
  }
  /// Bits of one element without scales, rounded up: the width of a register that holds it.
  [[nodiscard]] constexpr std::int64_t element_bits() const { return (milli_bits + 999) / 1000; }
  [[nodiscard]] constexpr bool is_integer() const {
    return kind == NumberKind::integer || kind == NumberKind::unsigned_integer;
  }
  [[nodiscard]] constexpr bool is_floating() const { return kind == NumberKind::floating; }
  /// True where elements must be decoded (table or trellis) before any multiplier can use them.
  [[nodiscard]] constexpr bool is_coded() const {
    return kind == NumberKind::codebook || kind == NumberKind::trellis;
  }
};

/// Bits that \p elements occupy, scales included, rounded up to a whole bit.
[[nodiscard]] Bits storage(const Precision& format, std::int64_t elements);

/// Well-known formats.
[[nodiscard]] constexpr Precision integer_format(int bits) {
  return {.kind = NumberKind::integer, .exponent_bits = 0, .milli_bits = bits * 1000};
}
[[nodiscard]] constexpr Precision floating_format(int exponent, int total) {
  return {.kind = NumberKind::floating,
          .exponent_bits = static_cast<std::uint8_t>(exponent),
          .milli_bits = total * 1000};
}
inline constexpr Precision kFp16 = floating_format(5, 16);
inline constexpr Precision kBf16 = floating_format(8, 16);
inline constexpr Precision kFp32 = floating_format(8, 32);
inline constexpr Precision kInt8 = integer_format(8);
inline constexpr Precision kInt32 = integer_format(32);

/// Reads the text form. \p why receives the reason when the answer is empty.
[[nodiscard]] std::optional<Precision> parse_precision(std::string_view text, std::string& why);
/// Prints the text form; parse_precision() of it gives an equal value.
[[nodiscard]] std::string to_text(const Precision& format);

}  // namespace cairn::models

template <>
struct cairn::TextForm<cairn::models::Precision> {
  static constexpr std::string_view kWhat = "a number format";
  static std::optional<models::Precision> parse(std::string_view text, std::string& why) {
    return models::parse_precision(text, why);
  }
  static std::string print(const models::Precision& value) { return models::to_text(value); }
  static std::string expected() {
    return "a number format such as fp16, bf16, int8, int4/g128, fp8_e4m3, tcq3, cb2x8";
  }
};
