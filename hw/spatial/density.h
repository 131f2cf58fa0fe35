/// \file
/// Where zeros lie, and what the slowest of several lanes that skip them still has to do.
///
/// L lanes each take a window of n operand pairs and go on together when the last of them is done.
/// With x the pairs that a lane cannot skip, the window costs E[max x]:
///
///  - uniform: zeros lie at random. In a lane whose own N elements hold exactly d N non-zeros, x
///    follows the hypergeometric law; with N unknown or large the binomial (for rare non-zeros the
///    Poisson) law. Lanes that share one tensor draw from it together: that narrows each lane, and
///    spreads the lanes against each other by as much, so that their maximum is that of independent
///    binomial lanes (they are these, given their sum).
///  - structured: N of each M are kept, every lane has the same work.
///  - measured: the densities of tiles as found in a trained network; a lane meets each of them
///  with
///    the same probability, and zeros inside the tile lie at random.
///
/// Assumes:    lanes meet independent windows.
/// Ignores:    correlation of zeros between neighbouring positions and between both operands.
/// Reference:  density models as in Y. N. Wu et al., "Sparseloop", MICRO 2022.
/// Checked by: tests/unit/hw/spatial/density_test.cpp (against Monte Carlo).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn::hw {

/// Densities of tiles, at most kMost of them: more are merged to equal shares of a sorted list.
struct TileDensities {
  static constexpr std::size_t kMost = 16;
  std::array<double, kMost> density{};
  std::size_t count{};
  /// One density for everything.
  [[nodiscard]] static TileDensities uniform(double density);
  /// \p measured may have any length above zero, values from 0 to 1.
  [[nodiscard]] static TileDensities from(std::span<const double> measured);
  [[nodiscard]] double mean() const;
  /// The same table with every density multiplied by \p factor.
  [[nodiscard]] TileDensities scaled(double factor) const;
};

/// E[max over \p lanes] of the non-zero pairs in a window of \p draws.
/// \param population elements of one lane that hold exactly density x population non-zeros; 0 when
///        only the whole tensor's density is known. Ignored for more than one tile density.
/// Does not allocate; a few microseconds.
[[nodiscard]] double expected_slowest(const TileDensities& tiles, std::int64_t draws,
                                      std::int64_t population, std::int64_t lanes);

}  // namespace cairn::hw
