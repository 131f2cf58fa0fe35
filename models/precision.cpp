#include "models/precision.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace cairn::models {
namespace {

constexpr std::int64_t kMilli = 1000;
constexpr int kDefaultScaleBits = 16;
constexpr int kMicroscalingGroup = 32;  // OCP Microscaling Formats (MX) specification 1.0, table 1
constexpr int kMicroscalingScale = 8;   // E8M0
constexpr int kNvfp4Group = 16;         // one E4M3 scale for each 16 elements

struct NamedFormat {
  std::string_view name;
  Precision format;
};

constexpr Precision grouped(Precision format, int group, int scale) {
  format.group_size = group;
  format.scale_bits = static_cast<std::uint8_t>(scale);
  return format;
}

/// Names of whole formats. The first name of a value is the one that is printed.
constexpr std::array kElementNames{
    NamedFormat{"fp16", kFp16},
    NamedFormat{"bf16", kBf16},
    NamedFormat{"fp32", kFp32},
    NamedFormat{"fp64", floating_format(11, 64)},
    NamedFormat{"tf32", floating_format(8, 19)},
};

/// Block formats with a fixed group and scale; they print as element/group.
constexpr std::array kBlockNames{
    NamedFormat{"mxfp8", grouped(floating_format(4, 8), kMicroscalingGroup, kMicroscalingScale)},
    NamedFormat{"mxfp6", grouped(floating_format(3, 6), kMicroscalingGroup, kMicroscalingScale)},
    NamedFormat{"mxfp4", grouped(floating_format(2, 4), kMicroscalingGroup, kMicroscalingScale)},
    NamedFormat{"mxint8", grouped(kInt8, kMicroscalingGroup, kMicroscalingScale)},
    NamedFormat{"nvfp4", grouped(floating_format(2, 4), kNvfp4Group, kMicroscalingScale)},
};

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

/// Reads decimal digits from the front; empty if there are none or they exceed \p limit.
std::optional<int> take_number(std::string_view& text, int limit) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || text.front() == '-' || value > limit) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// `3`, `2.5`, `1.625`: a count of bits in thousandths.
std::optional<int> take_milli(std::string_view& text, int limit) {
  const std::optional<int> whole = take_number(text, limit);
  if (!whole) {
    return std::nullopt;
  }
  int milli = *whole * static_cast<int>(kMilli);
  if (take(text, ".")) {
    const std::size_t before = text.size();
    const std::string_view digits = text;
    std::optional<int> fraction = take_number(text, 999);
    const std::size_t length = before - text.size();
    if (!fraction || length > 3 || digits.front() == '+') {
      return std::nullopt;
    }
    for (std::size_t i = length; i < 3; ++i) {
      *fraction *= 10;
    }
    milli += *fraction;
  }
  return milli;
}

std::optional<Precision> parse_integer(std::string_view text, NumberKind kind, std::string& why) {
  const std::optional<int> bits = take_number(text, 64);
  if (!bits || *bits == 0 || !text.empty()) {
    why = "an integer format has 1 to 64 bits, such as int8";
    return std::nullopt;
  }
  Precision format = integer_format(*bits);
  format.kind = kind;
  return format;
}

std::optional<Precision> parse_floating(std::string_view text, std::string& why) {
  const std::optional<int> total = take_number(text, 64);
  if (total && text.empty()) {
    why = fmt::format(
        "fp{} does not say how its bits are split: fp8_e4m3 has 4 exponent and 3 mantissa bits",
        *total);
    return std::nullopt;
  }
  if (total && take(text, "_e")) {
    const std::optional<int> exponent = take_number(text, 16);
    if (exponent && take(text, "m")) {
      const std::optional<int> mantissa = take_number(text, 64);
      if (mantissa && text.empty() && *exponent > 0) {
        if (*exponent + *mantissa + 1 != *total) {
          why = fmt::format("a sign, {} exponent and {} mantissa bits are {} bits, not {}",
                            *exponent, *mantissa, *exponent + *mantissa + 1, *total);
          return std::nullopt;
        }
        return floating_format(*exponent, *total);
      }
    }
  }
  why = "a floating format is fp16, bf16, fp32 or like fp8_e4m3";
  return std::nullopt;
}

std::optional<Precision> parse_codebook(std::string_view text, std::string& why) {
  const std::optional<int> length = take_number(text, 64);
  if (length && *length > 0 && take(text, "x")) {
    const std::optional<int> index = take_number(text, 24);
    if (index && *index > 0 && text.empty()) {
      // Rounded to thousandths; storage() recovers the whole index bits.
      const int milli = static_cast<int>((*index * kMilli + *length / 2) / *length);
      return Precision{.kind = NumberKind::codebook,
                       .exponent_bits = 0,
                       .vector_length = static_cast<std::uint8_t>(*length),
                       .milli_bits = milli};
    }
  }
  why = "a codebook is cb<elements>x<index bits>, 1 to 64 elements and 1 to 24 bits, such as cb2x8";
  return std::nullopt;
}

std::optional<Precision> parse_trellis(std::string_view text, std::string& why) {
  const std::optional<int> milli = take_milli(text, 16);
  if (!milli || *milli == 0 || *milli > 16 * kMilli || !text.empty()) {
    why = "a trellis format has up to 16 bits in thousandths, such as tcq3 or tcq2.5";
    return std::nullopt;
  }
  return Precision{.kind = NumberKind::trellis, .exponent_bits = 0, .milli_bits = *milli};
}

std::optional<Precision> parse_element(std::string_view text, std::string& why) {
  for (const NamedFormat& named : kElementNames) {
    if (text == named.name) {
      return named.format;
    }
  }
  if (take(text, "uint")) {
    return parse_integer(text, NumberKind::unsigned_integer, why);
  }
  if (take(text, "int")) {
    return parse_integer(text, NumberKind::integer, why);
  }
  if (take(text, "fp")) {
    return parse_floating(text, why);
  }
  if (take(text, "cb")) {
    return parse_codebook(text, why);
  }
  if (take(text, "tcq")) {
    return parse_trellis(text, why);
  }
  why = "it begins with none of int, uint, fp, bf, cb, tcq and mx";
  return std::nullopt;
}

/// Index bits of one code word.
std::int64_t index_bits(const Precision& format) {
  return (static_cast<std::int64_t>(format.milli_bits) * format.vector_length + kMilli / 2) /
         kMilli;
}

std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
  return (Bits{a} * Quantity<Dim{}, std::int64_t>{b}).count();
}

std::string element_text(const Precision& format) {
  switch (format.kind) {
    case NumberKind::integer:
      return fmt::format("int{}", format.milli_bits / kMilli);
    case NumberKind::unsigned_integer:
      return fmt::format("uint{}", format.milli_bits / kMilli);
    case NumberKind::codebook:
      return fmt::format("cb{}x{}", format.vector_length, index_bits(format));
    case NumberKind::trellis:
      // Thousandths are printed without trailing zeros: 3, 2.5, 1.625.
      return fmt::format("tcq{}", static_cast<double>(format.milli_bits) / kMilli);
    case NumberKind::floating:
      break;
  }
  for (const NamedFormat& named : kElementNames) {
    if (named.format.exponent_bits == format.exponent_bits &&
        named.format.milli_bits == format.milli_bits) {
      return std::string{named.name};
    }
  }
  const std::int64_t total = format.milli_bits / kMilli;
  return fmt::format("fp{}_e{}m{}", total, format.exponent_bits, total - 1 - format.exponent_bits);
}

}  // namespace

Bits storage(const Precision& format, std::int64_t elements) {
  std::int64_t bits = 0;
  if (format.kind == NumberKind::codebook) {
    bits = checked_multiply(ceil_div(elements, format.vector_length), index_bits(format));
  } else if (format.milli_bits % kMilli == 0) {
    bits = checked_multiply(elements, format.milli_bits / kMilli);
  } else {
    bits = ceil_div(checked_multiply(elements, format.milli_bits), kMilli);
  }
  if (format.group_size > 0) {
    bits += checked_multiply(ceil_div(elements, format.group_size), format.scale_bits);
  }
  return Bits{bits};
}

std::optional<Precision> parse_precision(std::string_view text, std::string& why) {
  for (const NamedFormat& named : kBlockNames) {
    if (text == named.name) {
      return named.format;
    }
  }
  const std::size_t slash = text.find('/');
  std::optional<Precision> format = parse_element(text.substr(0, slash), why);
  if (!format || slash == std::string_view::npos) {
    return format;
  }
  std::string_view rest = text.substr(slash + 1);
  if (take(rest, "g")) {
    const std::optional<int> group = take_number(rest, 1 << 24);
    std::optional<int> scale = kDefaultScaleBits;
    if (take(rest, "s")) {
      scale = take_number(rest, 64);
    }
    if (group && *group > 0 && scale && *scale > 0 && rest.empty()) {
      return grouped(*format, *group, *scale);
    }
  }
  why = fmt::format(
      "'{}' is not a group: /g128 is a 16-bit scale for each 128 elements, /g32s8 an 8-bit one "
      "for each 32",
      text.substr(slash));
  return std::nullopt;
}

std::string to_text(const Precision& format) {
  std::string text = element_text(format);
  if (format.group_size > 0) {
    text += fmt::format("/g{}", format.group_size);
    if (format.scale_bits != kDefaultScaleBits) {
      text += fmt::format("s{}", format.scale_bits);
    }
  }
  return text;
}

}  // namespace cairn::models
