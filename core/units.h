/// \file
/// Strong types for every physical quantity that crosses a module boundary.
#pragma once
#include <compare>
#include <cstdint>
#include <stdexcept>
#include <type_traits>

namespace cairn {

/// Exponents of the base dimensions. A clock cycle is a base dimension of its
/// own, so cycles become seconds only by dividing by a Frequency.
struct Dim {
  int cycle{}, time{}, energy{}, length{}, data{}, op{};
  friend constexpr bool operator==(const Dim&, const Dim&) = default;
};
constexpr Dim operator+(Dim a, Dim b) {
  return {a.cycle + b.cycle,   a.time + b.time, a.energy + b.energy,
          a.length + b.length, a.data + b.data, a.op + b.op};
}
constexpr Dim operator-(Dim a, Dim b) {
  return {a.cycle - b.cycle,   a.time - b.time, a.energy - b.energy,
          a.length - b.length, a.data - b.data, a.op - b.op};
}

/// A number with a dimension. The stored unit is fixed per dimension (cycle,
/// second, joule, metre, bit, operation); prefixes exist only when parsing and
/// printing.
template <Dim D, class Rep>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep value) : value_(value) {}
  /// Leaves the typed world. Only printers and serialisers should call this.
  [[nodiscard]] constexpr Rep count() const { return value_; }

  constexpr Quantity& operator+=(Quantity o) {
    value_ += o.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity{a.value_ + b.value_};
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity{a.value_ - b.value_};
  }
  friend constexpr Quantity operator*(Quantity a, Rep k) { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator*(Rep k, Quantity a) { return a * k; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  Rep value_{};
};

template <Dim A, class RA, Dim B, class RB>
constexpr auto operator*(Quantity<A, RA> a, Quantity<B, RB> b) {
  using R = std::common_type_t<RA, RB>;
  if constexpr (std::is_integral_v<R>) {  // counts never wrap silently
    R product{};
    if (__builtin_mul_overflow(static_cast<R>(a.count()), static_cast<R>(b.count()), &product))
      throw std::overflow_error("count exceeds 63 bits");
    return Quantity<A + B, R>{product};
  } else {
    return Quantity<A + B, R>{static_cast<R>(a.count()) * static_cast<R>(b.count())};
  }
}
/// Division always yields double: silent integer truncation is how roofline
/// models lose their last tile. Use ceil_div() when a whole number is meant.
template <Dim A, class RA, Dim B, class RB>
constexpr auto operator/(Quantity<A, RA> a, Quantity<B, RB> b) {
  const double q = static_cast<double>(a.count()) / static_cast<double>(b.count());
  if constexpr (A == B)
    return q;
  else
    return Quantity<A - B, double>{q};
}

using Cycles = Quantity<Dim{.cycle = 1}, std::int64_t>;
using Bits = Quantity<Dim{.data = 1}, std::int64_t>;
using Ops = Quantity<Dim{.op = 1}, std::int64_t>;
using Seconds = Quantity<Dim{.time = 1}, double>;
using Joules = Quantity<Dim{.energy = 1}, double>;
using Area = Quantity<Dim{.length = 2}, double>;
using Frequency = Quantity<Dim{.cycle = 1, .time = -1}, double>;
using Watts = Quantity<Dim{.time = -1, .energy = 1}, double>;
using Bandwidth = Quantity<Dim{.time = -1, .data = 1}, double>;
using EnergyPerBit = Quantity<Dim{.energy = 1, .data = -1}, double>;
using EnergyPerOp = Quantity<Dim{.energy = 1, .op = -1}, double>;

constexpr Bits bytes(std::int64_t n) {
  return Bits{8 * n};
}

static_assert(std::is_same_v<decltype(Cycles{1} / Frequency{1.0}), Seconds>);
static_assert(std::is_same_v<decltype(Joules{1} / Seconds{1}), Watts>);
static_assert(std::is_same_v<decltype(Bits{1} * EnergyPerBit{1}), Joules>);

}  // namespace cairn
