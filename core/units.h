/// \file
/// Strong types for every physical quantity that crosses a module boundary.
#pragma once

#include <cmath>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace cairn {

/// Exponents of the base dimensions. A clock cycle is a base dimension of its
/// own, so cycles become seconds only by dividing by a Frequency.
struct Dim {
  int cycle{}, time{}, energy{}, length{}, data{}, op{}, potential{};
  friend constexpr bool operator==(const Dim&, const Dim&) = default;
};
constexpr Dim operator+(Dim a, Dim b) {
  return {a.cycle + b.cycle, a.time + b.time, a.energy + b.energy,      a.length + b.length,
          a.data + b.data,   a.op + b.op,     a.potential + b.potential};
}
constexpr Dim operator-(Dim a, Dim b) {
  return {a.cycle - b.cycle, a.time - b.time, a.energy - b.energy,      a.length - b.length,
          a.data - b.data,   a.op - b.op,     a.potential - b.potential};
}

namespace detail {
template <class T>
concept PlainNumber = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

template <PlainNumber T>
constexpr double to_double(T value) {
  if constexpr (std::same_as<T, double>) {
    return value;
  } else {
    return static_cast<double>(value);
  }
}

/// Product of two counts. \throws std::overflow_error above 63 bits: counts never wrap silently.
template <std::integral R, std::integral A, std::integral B>
constexpr R checked_product(A a, B b) {
  R product{};
  if (__builtin_mul_overflow(a, b, &product)) {
    throw std::overflow_error("count exceeds 63 bits");
  }
  return product;
}
}  // namespace detail

/// A number with a dimension. The stored unit is fixed per dimension (cycle,
/// second, joule, metre, bit, operation, volt); prefixes exist only when parsing
/// and printing.
template <Dim D, class Rep>
class Quantity {
 public:
  static constexpr Dim kDim = D;
  using rep = Rep;  // NOLINT(readability-identifier-naming): the name std::chrono uses

  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep value) : value_(value) {}
  /// Leaves the typed world. Only printers, serialisers and the inside of one formula call this.
  [[nodiscard]] constexpr Rep count() const { return value_; }

  constexpr Quantity& operator+=(Quantity o) {
    value_ += o.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity o) {
    value_ -= o.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity{a.value_ + b.value_};
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity{a.value_ - b.value_};
  }
  friend constexpr Quantity operator-(Quantity a) { return Quantity{-a.value_}; }
  // clang-tidy 14 takes the zero that the comparison yields for a null pointer.
  friend constexpr auto operator<=>(Quantity, Quantity) = default;  // NOLINT(modernize-use-nullptr)

 private:
  Rep value_{};
};

/// Count times whole number is a checked count; everything else is double.
template <Dim D, class Rep, detail::PlainNumber K>
constexpr auto operator*(Quantity<D, Rep> a, K k) {
  if constexpr (std::is_integral_v<Rep> && std::is_integral_v<K>) {
    return Quantity<D, Rep>{detail::checked_product<Rep>(a.count(), k)};
  } else {
    return Quantity<D, double>{detail::to_double(a.count()) * detail::to_double(k)};
  }
}
template <Dim D, class Rep, detail::PlainNumber K>
constexpr auto operator*(K k, Quantity<D, Rep> a) {
  return a * k;
}
/// Division always yields double, see below.
template <Dim D, class Rep, detail::PlainNumber K>
constexpr auto operator/(Quantity<D, Rep> a, K k) {
  return Quantity<D, double>{detail::to_double(a.count()) / detail::to_double(k)};
}

/// Product of two quantities; a plain number when the dimensions cancel.
template <Dim A, class RA, Dim B, class RB>
constexpr auto operator*(Quantity<A, RA> a, Quantity<B, RB> b) {
  if constexpr (std::is_integral_v<RA> && std::is_integral_v<RB>) {
    return Quantity<A + B, RA>{detail::checked_product<RA>(a.count(), b.count())};
  } else {
    const double product = detail::to_double(a.count()) * detail::to_double(b.count());
    if constexpr (A + B == Dim{}) {
      return product;
    } else {
      return Quantity<A + B, double>{product};
    }
  }
}
/// Division always yields double: silent integer truncation is how roofline
/// models lose their last tile. Use ceil_div() when a whole number is meant.
template <Dim A, class RA, Dim B, class RB>
constexpr auto operator/(Quantity<A, RA> a, Quantity<B, RB> b) {
  const double q = detail::to_double(a.count()) / detail::to_double(b.count());
  if constexpr (A == B) {
    return q;
  } else {
    return Quantity<A - B, double>{q};
  }
}

/// Whole number of parts of size \p b that cover \p a. Needs a >= 0 and b > 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}
template <Dim D>
constexpr std::int64_t ceil_div(Quantity<D, std::int64_t> a, Quantity<D, std::int64_t> b) {
  return ceil_div(a.count(), b.count());
}

/// The same quantity with a real number inside, for formulas that leave whole counts.
template <Dim D>
constexpr Quantity<D, double> to_real(Quantity<D, std::int64_t> q) {
  return Quantity<D, double>{static_cast<double>(q.count())};
}
/// The smallest whole count that is not less. \throws std::overflow_error beyond 63 bits or NaN.
template <Dim D>
Quantity<D, std::int64_t> ceil_count(Quantity<D, double> q) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  const double up = std::ceil(q.count());
  if (!(up >= -kLimit && up < kLimit)) {
    throw std::overflow_error("count exceeds 63 bits");
  }
  return Quantity<D, std::int64_t>{static_cast<std::int64_t>(up)};
}

using Cycles = Quantity<Dim{.cycle = 1}, std::int64_t>;
using Bits = Quantity<Dim{.data = 1}, std::int64_t>;
using Ops = Quantity<Dim{.op = 1}, std::int64_t>;
using Seconds = Quantity<Dim{.time = 1}, double>;
using Joules = Quantity<Dim{.energy = 1}, double>;
using Watts = Quantity<Dim{.time = -1, .energy = 1}, double>;
using Length = Quantity<Dim{.length = 1}, double>;
using Area = Quantity<Dim{.length = 2}, double>;
using Frequency = Quantity<Dim{.cycle = 1, .time = -1}, double>;
using Voltage = Quantity<Dim{.potential = 1}, double>;
using Bandwidth = Quantity<Dim{.time = -1, .data = 1}, double>;
using BitsPerCycle = Quantity<Dim{.cycle = -1, .data = 1}, double>;
using OpsPerSecond = Quantity<Dim{.time = -1, .op = 1}, double>;
using OpsPerCycle = Quantity<Dim{.cycle = -1, .op = 1}, double>;
using EnergyPerBit = Quantity<Dim{.energy = 1, .data = -1}, double>;
using EnergyPerOp = Quantity<Dim{.energy = 1, .op = -1}, double>;
using EnergyPerCycle = Quantity<Dim{.cycle = -1, .energy = 1}, double>;
using AreaPerBit = Quantity<Dim{.length = 2, .data = -1}, double>;
using PowerPerBit = Quantity<Dim{.time = -1, .energy = 1, .data = -1}, double>;

/// \p n bytes. \throws std::overflow_error beyond 63 bits.
constexpr Bits bytes(std::int64_t n) {
  return Bits{1} * detail::checked_product<std::int64_t>(n, 8);
}

static_assert(std::is_same_v<decltype(Cycles{1} / Frequency{1.0}), Seconds>);
static_assert(std::is_same_v<decltype(Joules{1} / Seconds{1}), Watts>);
static_assert(std::is_same_v<decltype(Bits{1} * EnergyPerBit{1}), Joules>);

}  // namespace cairn
