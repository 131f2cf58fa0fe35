/// \file
/// Hypervolume: how much of the objective space a set of points dominates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn::search {

struct Hypervolume {
  double value{};           ///< in the product of the objectives' units
  bool exact{true};         ///< false: Monte Carlo
  double standard_error{};  ///< of `value`; 0 when exact
};

struct HypervolumeOptions {
  std::uint64_t seed{20240601};              ///< of the Monte Carlo samples
  std::size_t samples{1U << 17U};            ///< standard error at most 0.14 % of the sampled box
  std::size_t exact_up_to{~std::size_t{0}};  ///< sample beyond so many points already
};

/// Most points (after dropping dominated ones) for which \p objectives are measured exactly: no
/// bound for up to three, then what takes about a second (measured by bench/search_bench.cpp).
[[nodiscard]] std::size_t exact_hypervolume_limit(std::size_t objectives);

/// Volume between \p points and \p reference; every objective is minimised.
///
/// One to three objectives: sweeps, O(n log n). Four and more: the exclusive volumes of WFG, with
/// the three-dimensional sweep at the bottom. Beyond exact_hypervolume_limit() points: the share of
/// uniform samples of the box [best value of each objective, reference] that a point dominates.
///
/// \param points rows of \p objectives numbers; those not better than the reference in every
///        objective add nothing, nor do dominated ones and repetitions.
/// \param reference as many numbers as there are objectives.
///
/// Reference:  L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes",
///             IEEE Trans. Evolutionary Computation 16(1), 2012.
///             C. M. Fonseca, L. Paquete, M. Lopez-Ibanez, "An improved dimension-sweep algorithm
///             for the hypervolume indicator", IEEE CEC 2006 (the three-dimensional sweep).
/// Checked by: tests/unit/search/hypervolume_test.cpp (by hand; inclusion-exclusion; DTLZ fronts).
[[nodiscard]] Hypervolume hypervolume(std::span<const double> points, std::size_t objectives,
                                      std::span<const double> reference,
                                      const HypervolumeOptions& options = {});

}  // namespace cairn::search
