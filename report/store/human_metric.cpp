#include "report/store/human_metric.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace cairn::report {

namespace {

struct Prefix {
  double factor;
  std::string_view symbol;
};

constexpr std::array kDecimal{Prefix{1e-15, "f"}, Prefix{1e-12, "p"}, Prefix{1e-9, "n"},
                              Prefix{1e-6, "u"},  Prefix{1e-3, "m"},  Prefix{1.0, ""},
                              Prefix{1e3, "k"},   Prefix{1e6, "M"},   Prefix{1e9, "G"},
                              Prefix{1e12, "T"}};
constexpr std::array kBinary{Prefix{1.0, ""}, Prefix{0x1p10, "Ki"}, Prefix{0x1p20, "Mi"},
                             Prefix{0x1p30, "Gi"}, Prefix{0x1p40, "Ti"}};
constexpr std::array<std::string_view, 5> kDecimalUnits{"s", "J", "W", "Hz", "V"};

/// Four significant digits; whole numbers up to ten million without an exponent.
std::string four_digits(double value) {
  const double size = std::abs(value);
  return size >= 1e4 && size < 1e7 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

template <std::size_t N>
std::string with_prefix(double value, std::string_view unit, const std::array<Prefix, N>& table) {
  // 0.99996 would be printed as 1.000 of the smaller unit: rounding comes first.
  constexpr double kRounded = 0.99995;
  const Prefix* best = &table.front();
  for (const Prefix& prefix : table) {
    if (std::abs(value) >= prefix.factor * kRounded) {
      best = &prefix;
    }
  }
  return fmt::format("{} {}{}", four_digits(value / best->factor), best->symbol, unit);
}

}  // namespace

std::string human_metric(double value, std::string_view unit) {
  if (std::isnan(value)) {
    return "-";
  }
  if (value == 0.0 || std::isinf(value)) {
    return unit.empty() ? four_digits(value) : fmt::format("{} {}", four_digits(value), unit);
  }
  if (std::find(kDecimalUnits.begin(), kDecimalUnits.end(), unit) != kDecimalUnits.end()) {
    return with_prefix(value, unit, kDecimal);
  }
  if (unit == "B") {
    return with_prefix(value, unit, kBinary);
  }
  return unit.empty() ? four_digits(value) : fmt::format("{} {}", four_digits(value), unit);
}

}  // namespace cairn::report
