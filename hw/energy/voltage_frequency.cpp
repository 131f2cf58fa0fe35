#include "hw/energy/voltage_frequency.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {

VoltageFrequency::VoltageFrequency(const VoltageFrequencySpec& spec, Voltage nominal)
    : threshold_(spec.threshold.count()),
      alpha_(spec.alpha),
      minimum_(spec.minimum),
      maximum_(spec.maximum),
      nominal_(nominal) {
  const double reference = spec.reference_voltage.count();
  scale_ = spec.reference_clock.count() * reference / std::pow(reference - threshold_, alpha_);
  for (std::size_t i = 0; i <= kSteps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(kSteps);
    const Voltage supply = minimum_ + (maximum_ - minimum_) * share;
    clocks_.at(i) = clock_at(supply).count();
  }
}

Frequency VoltageFrequency::clock_at(Voltage supply) const {
  const double v = supply.count();
  return Frequency{scale_ * std::pow(v - threshold_, alpha_) / v};
}

std::optional<Voltage> VoltageFrequency::voltage_for(Frequency clock) const {
  const double wanted = clock.count();
  if (wanted > clocks_.back()) {
    return std::nullopt;
  }
  if (wanted <= clocks_.front()) {
    return minimum_;
  }
  const auto above = std::lower_bound(clocks_.begin(), clocks_.end(), wanted);
  const double low = *std::prev(above);
  const double position =
      static_cast<double>(above - clocks_.begin() - 1) + (wanted - low) / (*above - low);
  double v = (minimum_ + (maximum_ - minimum_) * (position / static_cast<double>(kSteps))).count();
  // One Newton step on log f: d(log f)/dV = alpha / (V - Vth) - 1 / V.
  const double slope = alpha_ / (v - threshold_) - 1.0 / v;
  v += (std::log(wanted) - std::log(clock_at(Voltage{v}).count())) / slope;
  return std::min(Voltage{v}, maximum_);
}

std::optional<OperatingPoint> VoltageFrequency::operating_point(Frequency clock) const {
  const std::optional<Voltage> supply = voltage_for(clock);
  if (!supply) {
    return std::nullopt;
  }
  const double ratio = *supply / nominal_;
  return OperatingPoint{.voltage = *supply, .dynamic = ratio * ratio, .leakage = ratio};
}

}  // namespace cairn::hw
