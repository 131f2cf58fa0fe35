/// \file
/// How far a constant can be trusted, and what a total made of many constants inherits.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cairn::hw {

/// From the best to the worst: a greater value is a lower confidence.
enum class Confidence : std::uint8_t {
  measured,      ///< measured on silicon by the source
  published,     ///< read in the source itself
  secondary,     ///< a third party's transcription, or the output of a published tool
  assumed,       ///< the source itself, or this project, marks it as an assumption
  memory,        ///< recalled, not checked against the source
  extrapolated,  ///< outside the range of its table
};
constexpr auto enum_names(Confidence) {
  using C = Confidence;
  using S = std::string_view;
  return std::array{
      std::pair{C::measured, S{"measured"}},   std::pair{C::published, S{"published"}},
      std::pair{C::secondary, S{"secondary"}}, std::pair{C::assumed, S{"assumed"}},
      std::pair{C::memory, S{"memory"}},       std::pair{C::extrapolated, S{"extrapolated"}}};
}

/// The lower of two confidences: what a value inherits that needs both.
[[nodiscard]] constexpr Confidence weakest(Confidence a, Confidence b) {
  return std::max(a, b);
}

/// A part of a total (joules, or an area: any unit, the same for all parts).
struct Contribution {
  double amount{};  ///< not negative
  Confidence confidence{Confidence::measured};
};

/// Share of a total from which on a constant counts for its confidence.
inline constexpr double kMaterialShare = 0.1;

/// The lowest confidence among the parts that make up at least a tenth of the total. Parts of the
/// same confidence are taken together: nine assumed parts of 5 % each are an assumed total.
/// \returns Confidence::measured for an empty or zero total.
[[nodiscard]] Confidence lowest_confidence(std::span<const Contribution> parts);

/// One constant as a report shows it.
struct ProvenanceRow {
  std::string what;   ///< `multiply int8 at 45 nm, energy`
  std::string value;  ///< `0.2 pJ/op`
  std::string source;
  Confidence confidence{Confidence::measured};
  friend bool operator==(const ProvenanceRow&, const ProvenanceRow&) = default;
};

}  // namespace cairn::hw
