#include "core/text/quantity_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/numbers.h"
#include "core/text/utf8.h"

namespace cairn {

namespace {

// ---- Units ------------------------------------------------------------------------------------

/// Which prefixes make sense: a millibit is a misspelt megabit, and so is a millihertz.
enum class Prefixes { none, large, any, binary };

struct BaseUnit {
  std::string_view symbol;
  Dim dim;
  int multiplier;  ///< of the base unit of the dimension
  Prefixes prefixes;
};

constexpr std::array kBaseUnits{
    BaseUnit{"s", Dim{.time = 1}, 1, Prefixes::any},
    BaseUnit{"Hz", Dim{.cycle = 1, .time = -1}, 1, Prefixes::large},
    BaseUnit{"cycle", Dim{.cycle = 1}, 1, Prefixes::none},
    BaseUnit{"cycles", Dim{.cycle = 1}, 1, Prefixes::none},
    BaseUnit{"J", Dim{.energy = 1}, 1, Prefixes::any},
    BaseUnit{"W", Dim{.time = -1, .energy = 1}, 1, Prefixes::any},
    BaseUnit{"V", Dim{.potential = 1}, 1, Prefixes::any},
    BaseUnit{"m", Dim{.length = 1}, 1, Prefixes::any},
    BaseUnit{"b", Dim{.data = 1}, 1, Prefixes::binary},
    BaseUnit{"B", Dim{.data = 1}, 8, Prefixes::binary},
    BaseUnit{"op", Dim{.op = 1}, 1, Prefixes::large},
    BaseUnit{"FLOP", Dim{.op = 1}, 1, Prefixes::large},
    BaseUnit{"MAC", Dim{.op = 1}, 2, Prefixes::large},
};

struct Prefix {
  std::string_view symbol;
  int exponent10;
  double multiplier;
};

constexpr std::array kPrefixes{
    Prefix{"f", -15, 1}, Prefix{"p", -12, 1}, Prefix{"n", -9, 1}, Prefix{"u", -6, 1},
    Prefix{"m", -3, 1},  Prefix{"k", 3, 1},   Prefix{"M", 6, 1},  Prefix{"G", 9, 1},
    Prefix{"T", 12, 1},  Prefix{"P", 15, 1},
};
constexpr std::array kBinaryPrefixes{
    Prefix{"Ki", 0, 1024.0},
    Prefix{"Mi", 0, 1048576.0},
    Prefix{"Gi", 0, 1073741824.0},
    Prefix{"Ti", 0, 1099511627776.0},
};

/// The usual names of one dimension. `listed` goes into hints and exact printing, `human` (from
/// small to large) into readable printing.
struct UnitRow {
  Dim dim;
  std::vector<std::string_view> listed;
  std::vector<std::string_view> human;
};

const std::vector<UnitRow>& unit_rows() {
  static const std::vector<UnitRow> rows{
      {Dim{.cycle = 1}, {"cycles"}, {"cycles"}},
      {Dim{.data = 1},
       {"b", "B", "kB", "KiB", "MB", "MiB", "GB", "GiB"},
       {"b", "B", "KiB", "MiB", "GiB", "TiB"}},
      {Dim{.op = 1},
       {"op", "kop", "Mop", "Gop", "Top", "MAC", "GMAC"},
       {"op", "kop", "Mop", "Gop", "Top"}},
      {Dim{.time = 1}, {"s", "ms", "us", "ns", "ps"}, {"ps", "ns", "us", "ms", "s"}},
      {Dim{.energy = 1},
       {"J", "mJ", "uJ", "nJ", "pJ", "fJ"},
       {"fJ", "pJ", "nJ", "uJ", "mJ", "J", "kJ"}},
      {Dim{.time = -1, .energy = 1},
       {"W", "mW", "uW", "nW", "kW"},
       {"pW", "nW", "uW", "mW", "W", "kW"}},
      {Dim{.length = 1}, {"m", "mm", "um", "nm"}, {"nm", "um", "mm", "m"}},
      {Dim{.length = 2}, {"mm2", "um2"}, {"um2", "mm2"}},
      {Dim{.cycle = 1, .time = -1}, {"Hz", "kHz", "MHz", "GHz"}, {"Hz", "kHz", "MHz", "GHz"}},
      {Dim{.potential = 1}, {"V", "mV"}, {"mV", "V"}},
      {Dim{.time = -1, .data = 1},
       {"B/s", "kB/s", "MB/s", "GB/s", "TB/s", "GiB/s", "b/s", "Mb/s", "Gb/s"},
       {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"}},
      {Dim{.cycle = -1, .data = 1}, {"b/cycle", "B/cycle"}, {"b/cycle", "B/cycle", "KiB/cycle"}},
      {Dim{.time = -1, .op = 1},
       {"op/s", "Mop/s", "Gop/s", "Top/s", "GFLOP/s", "TFLOP/s", "GMAC/s", "TMAC/s"},
       {"op/s", "kop/s", "Mop/s", "Gop/s", "Top/s", "Pop/s"}},
      {Dim{.cycle = -1, .op = 1}, {"op/cycle", "MAC/cycle"}, {"op/cycle"}},
      {Dim{.energy = 1, .data = -1},
       {"pJ/b", "fJ/b", "nJ/b", "pJ/B", "nJ/B"},
       {"fJ/b", "pJ/b", "nJ/b", "uJ/b"}},
      {Dim{.energy = 1, .op = -1},
       {"pJ/op", "fJ/op", "nJ/op", "pJ/MAC", "fJ/MAC"},
       {"fJ/op", "pJ/op", "nJ/op", "uJ/op"}},
      {Dim{.cycle = -1, .energy = 1},
       {"pJ/cycle", "fJ/cycle", "nJ/cycle"},
       {"fJ/cycle", "pJ/cycle", "nJ/cycle", "uJ/cycle"}},
      {Dim{.length = 2, .data = -1}, {"um2/b", "mm2/b", "mm2/MiB"}, {"um2/b", "mm2/b"}},
      {Dim{.time = -1, .energy = 1, .data = -1},
       {"nW/b", "pW/b", "uW/b", "mW/MiB"},
       {"fW/b", "pW/b", "nW/b", "uW/b", "mW/b", "W/b"}},
  };
  return rows;
}

const UnitRow& row_of(Dim dim) {
  const auto& rows = unit_rows();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [dim](const UnitRow& r) { return r.dim == dim; });
  CAIRN_CHECK(row != rows.end(), "a dimension has no unit names");
  return *row;
}

/// A unit as a scale: numerator / denominator x 10^exponent10, the first two exact in double.
struct Unit {
  Dim dim;
  double numerator = 1.0;
  double denominator = 1.0;
  int exponent10 = 0;
};

std::optional<Unit> scaled(const BaseUnit& base, int power, const Prefix& prefix) {
  Unit unit;
  for (int i = 0; i < power; ++i) {
    unit.dim = unit.dim + base.dim;
    unit.numerator *= base.multiplier * prefix.multiplier;
    unit.exponent10 += prefix.exponent10;
  }
  return unit;
}

/// `mm2`, `KiB`, `cycle`: one factor of a unit.
std::optional<Unit> parse_factor(std::string_view text) {
  int power = 1;
  if (text.size() > 1 && (text.back() == '2' || text.back() == '3')) {
    power = text.back() - '0';
    text.remove_suffix(1);
  }
  for (const BaseUnit& base : kBaseUnits) {
    if (power > 1 && base.symbol != "m") {
      continue;
    }
    if (text == base.symbol) {
      return scaled(base, power, Prefix{"", 0, 1});
    }
    if (base.prefixes == Prefixes::none || !text.ends_with(base.symbol)) {
      continue;
    }
    const std::string_view lead = text.substr(0, text.size() - base.symbol.size());
    for (const Prefix& prefix : kPrefixes) {
      if (lead == prefix.symbol && (prefix.exponent10 > 0 || base.prefixes == Prefixes::any)) {
        return scaled(base, power, prefix);
      }
    }
    if (base.prefixes == Prefixes::binary) {
      for (const Prefix& prefix : kBinaryPrefixes) {
        if (lead == prefix.symbol) {
          return scaled(base, power, prefix);
        }
      }
    }
  }
  return std::nullopt;
}

/// Factors divided by `/`.
std::optional<Unit> parse_unit(std::string_view text) {
  Unit unit;
  bool first = true;
  while (true) {
    const std::size_t slash = text.find('/');
    const auto factor = parse_factor(text.substr(0, slash));
    if (!factor) {
      return std::nullopt;
    }
    if (first) {
      unit = *factor;
    } else {
      unit.dim = unit.dim - factor->dim;
      unit.denominator *= factor->numerator;
      unit.exponent10 -= factor->exponent10;
    }
    first = false;
    if (slash == std::string_view::npos) {
      return unit;
    }
    text.remove_prefix(slash + 1);
  }
}

// ---- Numbers ----------------------------------------------------------------------------------

/// A decimal number cut into its parts: `-1.5e3` is mantissa `-1.5` and exponent 3.
struct DecimalText {
  std::string_view mantissa;
  int exponent = 0;
  std::string_view rest;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) {
    ++i;
  }
  return i;
}

std::optional<DecimalText> split_number(std::string_view text) {
  const std::size_t begin = !text.empty() && text[0] == '-' ? 1 : 0;
  std::size_t i = skip_digits(text, begin);
  std::size_t digits = i - begin;
  if (i < text.size() && text[i] == '.') {
    const std::size_t end = skip_digits(text, i + 1);
    digits += end - i - 1;
    i = end;
  }
  if (digits == 0) {
    return std::nullopt;
  }
  DecimalText result{text.substr(0, i), 0, text.substr(i)};
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t first = i + 1;
    if (first < text.size() && text[first] == '+') {
      ++first;
    }
    const auto [end, error] =
        std::from_chars(text.data() + first, text.data() + text.size(), result.exponent);
    if (error == std::errc{}) {
      result.rest = text.substr(static_cast<std::size_t>(end - text.data()));
    } else if (error == std::errc::result_out_of_range) {
      return std::nullopt;
    }
  }
  return result;
}

struct NumberWithUnit {
  DecimalText number;
  Unit unit;
};

std::string fitting_units(Dim dim) {
  return "one of: " + unit_names(dim);
}

std::optional<NumberWithUnit> split_quantity(std::string_view text, Dim dim, TextProblem& problem) {
  const std::string_view all = trim(text);
  const auto number = split_number(all);
  if (!number) {
    problem = {"expected a number with a unit, found '" + shorten(all) + "'", fitting_units(dim)};
    return std::nullopt;
  }
  const std::string_view unit_text = trim(number->rest);
  if (unit_text.empty()) {
    problem = {"unit is missing", fitting_units(dim)};
    return std::nullopt;
  }
  const auto unit = parse_unit(unit_text);
  if (!unit || unit->dim != dim) {
    problem = {"unit '" + shorten(unit_text) + "' does not fit here", fitting_units(dim)};
    return std::nullopt;
  }
  return NumberWithUnit{*number, *unit};
}

/// The decimal exponent of the unit goes into the text, so that 1.2 pJ is exactly 1.2e-12.
std::optional<double> value_of(const NumberWithUnit& q) {
  const std::int64_t exponent = std::int64_t{q.number.exponent} + q.unit.exponent10;
  const auto decimal = parse_double(fmt::format("{}e{}", q.number.mantissa, exponent));
  if (!decimal) {
    return std::nullopt;
  }
  const double value = *decimal * q.unit.numerator / q.unit.denominator;
  return std::isfinite(value) ? std::optional<double>{value} : std::nullopt;
}

std::string base_unit_plural(Dim dim) {
  if (dim == Dim{.data = 1}) {
    return "bits";
  }
  return dim == Dim{.op = 1} ? "operations" : std::string{row_of(dim).listed.front()};
}

/// Exactly digits x 10^exponent x numerator in 63 bits, if the text is a whole number.
std::optional<std::int64_t> exact_count(const NumberWithUnit& q) {
  const auto whole = parse_int(q.number.mantissa);
  const int exponent = q.number.exponent + q.unit.exponent10;
  if (!whole || q.unit.denominator != 1.0 || exponent < 0 || exponent > 18) {
    return std::nullopt;
  }
  std::int64_t value = *whole;
  bool overflow =
      __builtin_mul_overflow(value, static_cast<std::int64_t>(q.unit.numerator), &value);
  for (int i = 0; i < exponent; ++i) {
    overflow = overflow || __builtin_mul_overflow(value, 10, &value);
  }
  return overflow ? std::nullopt : std::optional<std::int64_t>{value};
}

/// `digits` x 10^exponent without an exponent while that stays short.
std::string print_decimal(std::string_view scientific, int shift) {
  // scientific is to_chars' form: [-]d[.ddd]e[+-]xx
  const std::size_t e = scientific.find('e');
  std::string digits;
  std::string sign;
  for (const char c : scientific.substr(0, e)) {
    if (c == '-') {
      sign = "-";
    } else if (c != '.') {
      digits += c;
    }
  }
  std::string_view exponent_text = scientific.substr(e + 1);
  if (exponent_text.starts_with('+')) {
    exponent_text.remove_prefix(1);
  }
  const int exponent = static_cast<int>(parse_int(exponent_text).value_or(0)) + shift;
  const int count = static_cast<int>(digits.size());
  constexpr int kMostZeros = 6;
  if (exponent < -kMostZeros || exponent > count + kMostZeros) {
    std::string result = sign + digits.substr(0, 1);
    if (count > 1) {
      result += "." + digits.substr(1);
    }
    return fmt::format("{}e{}", result, exponent);
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
  }
  if (exponent + 1 >= count) {
    return sign + digits + std::string(static_cast<std::size_t>(exponent) + 1 - digits.size(), '0');
  }
  const auto point = static_cast<std::size_t>(exponent) + 1;
  return sign + digits.substr(0, point) + "." + digits.substr(point);
}

/// Shorter is better; `0.8` counts as one character more and an exponent as three.
std::size_t print_cost(std::string_view text) {
  const std::string_view number = text.substr(0, text.find(' '));
  const bool below_one = number.starts_with("0.") || number.starts_with("-0.");
  const bool exponent = number.find('e') != std::string_view::npos;
  return text.size() + (below_one ? 1U : 0U) + (exponent ? 3U : 0U);
}

}  // namespace

std::string unit_names(Dim dim) {
  std::string result;
  for (const std::string_view name : row_of(dim).listed) {
    result += result.empty() ? "" : ", ";
    result += name;
  }
  return result;
}

namespace detail {

std::optional<double> parse_real_quantity(std::string_view text, Dim dim, TextProblem& problem) {
  const auto parts = split_quantity(text, dim, problem);
  if (!parts) {
    return std::nullopt;
  }
  const auto value = value_of(*parts);
  if (!value) {
    problem = {"'" + shorten(trim(text)) + "' is too large or too small", ""};
  }
  return value;
}

std::optional<std::int64_t> parse_count_quantity(std::string_view text, Dim dim,
                                                 TextProblem& problem) {
  const auto parts = split_quantity(text, dim, problem);
  if (!parts) {
    return std::nullopt;
  }
  if (const auto exact = exact_count(*parts)) {
    return exact;
  }
  constexpr double kExactBelow = 9007199254740992.0;  // 2^53
  const auto value = value_of(*parts);
  if (!value || std::abs(*value) >= kExactBelow) {
    problem = {"'" + shorten(trim(text)) + "' is too large or too small", ""};
    return std::nullopt;
  }
  if (*value != std::floor(*value)) {
    problem = {"'" + shorten(trim(text)) + "' is not a whole number of " + base_unit_plural(dim),
               ""};
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::string print_real_quantity(double value, Dim dim) {
  const UnitRow& row = row_of(dim);
  if (!std::isfinite(value)) {
    return fmt::format("{} {}", value, row.listed.front());
  }
  std::string best;
  for (const std::string_view name : row.listed) {
    const Unit unit = parse_unit(name).value_or(Unit{});
    const double scaled_value = value * unit.denominator / unit.numerator;
    std::array<char, 40> buffer{};
    const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), scaled_value,
                                       std::chars_format::scientific);
    const std::string_view scientific{buffer.data(),
                                      static_cast<std::size_t>(printed.ptr - buffer.data())};
    std::string text = print_decimal(scientific, -unit.exponent10) + " " + std::string{name};
    TextProblem ignored;
    const auto back = parse_real_quantity(text, dim, ignored);
    const bool exact = back && *back == value;
    if (exact && (best.empty() || print_cost(text) < print_cost(best))) {
      best = std::move(text);
    }
  }
  CAIRN_CHECK(!best.empty(), "a quantity has no text that reads back");
  return best;
}

std::string print_count_quantity(std::int64_t value, Dim dim) {
  std::string best;
  for (const std::string_view name : row_of(dim).listed) {
    const Unit unit = parse_unit(name).value_or(Unit{});
    auto size = static_cast<std::int64_t>(unit.numerator);
    for (int i = 0; i < unit.exponent10; ++i) {
      size *= 10;
    }
    if (value % size != 0) {
      continue;
    }
    std::string text = fmt::format("{} {}", value / size, name);
    if (best.empty() || text.size() < best.size()) {
      best = std::move(text);
    }
  }
  return best;
}

std::string human_quantity(double value, Dim dim, int digits) {
  const UnitRow& row = row_of(dim);
  std::string_view chosen = row.human.front();
  double chosen_value = value;
  for (const std::string_view name : row.human) {
    const Unit unit = parse_unit(name).value_or(Unit{});
    const double scaled_value =
        value * unit.denominator / unit.numerator * std::pow(10.0, -unit.exponent10);
    const bool first = name == row.human.front();
    // A number that rounds up to the next unit belongs there: 999.97 MHz is 1 GHz.
    const double rounding = 1.0 - 0.5 * std::pow(10.0, -digits);
    if (first || std::abs(scaled_value) >= rounding) {
      chosen = name;
      chosen_value = scaled_value;
    }
  }
  if (value == 0.0) {
    chosen = row.listed.front();
  }
  return human_double(chosen_value, digits) + " " + std::string{chosen};
}

}  // namespace detail

}  // namespace cairn
