#include "hw/energy/confidence.h"

#include <cstddef>

namespace cairn::hw {

Confidence lowest_confidence(std::span<const Contribution> parts) {
  constexpr std::size_t kLevels = static_cast<std::size_t>(Confidence::extrapolated) + 1;
  std::array<double, kLevels> amounts{};
  double total = 0.0;
  for (const Contribution& part : parts) {
    amounts.at(static_cast<std::size_t>(part.confidence)) += part.amount;
    total += part.amount;
  }
  if (!(total > 0.0)) {
    return Confidence::measured;
  }
  for (std::size_t level = kLevels; level-- > 1;) {
    if (amounts.at(level) >= kMaterialShare * total) {
      return static_cast<Confidence>(level);
    }
  }
  return Confidence::measured;
}

}  // namespace cairn::hw
