/// \file
/// Which supply voltage a clock needs.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/units.h"
#include "hw/energy/specs.h"

namespace cairn::hw {

/// A supply, and what it does to the values of the tables, which hold at the nominal voltage.
struct OperatingPoint {
  Voltage voltage{};
  double dynamic{1.0};  ///< factor on the energy of every action: (V / nominal)^2
  double leakage{1.0};  ///< factor on leakage power: V / nominal
};

/// f(V) = k (V - Vth)^alpha / V through one known operating point.
///
/// Assumes:    one supply for logic and SRAM; below the slowest clock the supply stays at its
///             minimum; leakage power grows with V (not its steeper true growth).
/// Ignores:    temperature, process corners, body bias, near-threshold operation.
/// Reference:  T. Sakurai, A. R. Newton, "Alpha-power law MOSFET model and its applications to
///             CMOS inverter delay", IEEE JSSC 25(2), 1990. With alpha = 1.3, thresholds of 0.24
///             to 0.25 V (14 to 7 nm), 0.22 to 0.25 V (20 and 16 nm) and 0.46 V (65 nm) follow the
///             delay polynomials of Stillmaker and Baas (2017) within 4 % over their ranges.
/// Checked by: tests/unit/hw/energy/voltage_frequency_test.cpp
class VoltageFrequency {
 public:
  /// \p spec as its problems() allow.
  VoltageFrequency(const VoltageFrequencySpec& spec, Voltage nominal);

  /// Fastest clock at a supply above the threshold.
  [[nodiscard]] Frequency clock_at(Voltage supply) const;
  [[nodiscard]] Frequency maximum_clock() const { return Frequency{clocks_.back()}; }
  [[nodiscard]] Voltage maximum_voltage() const { return maximum_; }
  [[nodiscard]] Voltage nominal_voltage() const { return nominal_; }

  /// The lowest supply that reaches \p clock; empty above maximum_clock().
  [[nodiscard]] std::optional<Voltage> voltage_for(Frequency clock) const;
  /// That supply with its factors; empty above maximum_clock().
  [[nodiscard]] std::optional<OperatingPoint> operating_point(Frequency clock) const;

 private:
  static constexpr std::size_t kSteps = 256;

  double scale_{};  ///< k of the formula above
  double threshold_{};
  double alpha_{};
  Voltage minimum_{};
  Voltage maximum_{};
  Voltage nominal_{};
  std::array<double, kSteps + 1> clocks_{};  ///< at equally spaced supplies, for the inversion
};

}  // namespace cairn::hw
