/// \file
/// The points that a run evaluates again at cycle level after its search: which, and what became
/// of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/study.h"
#include "report/store/result_store.h"
#include "search/pareto/archive.h"
#include "search/scored.h"

namespace cairn::app {

/// Scored::fidelity of the search, and of points that were refined after it.
inline constexpr std::uint8_t kSearchFidelity = 0;
inline constexpr std::uint8_t kRefinedFidelity = 1;

/// Ids of the points to refine, in that order: of the front the loneliest first
/// (search/pareto/crowding.h); when it is used up, of the front of what is left, and so on.
/// Depends on the stored rows of the search only.
/// \param front of the search. \param top how many; fewer when fewer points are feasible.
[[nodiscard]] std::vector<std::uint64_t> points_to_refine(
    const report::ResultReader& results, const std::vector<search::Objective>& objectives,
    const search::Front& front, std::size_t top);

struct RefinedPoint {
  std::uint64_t id{};      ///< of the row at cycle level
  std::uint64_t design{};  ///< of the analytical row of the same design
  search::Status status{};
  std::string reason;
  std::vector<double> analytical;  ///< metrics of the study
  std::vector<double> cycle;       ///< likewise; empty when the evaluation failed
  bool on_front{};
  double disagreement{};  ///< the largest of its workloads; NaN when the evaluation failed
};

struct RefinedPoints {
  std::size_t wanted{};
  std::vector<RefinedPoint> points;  ///< in the order of points_to_refine()
  [[nodiscard]] std::size_t count(search::Status status) const;
  /// The largest by its amount on the front; nothing when none was measured.
  [[nodiscard]] const RefinedPoint* worst_on_front() const;
};

/// What is stored of refined points. Empty for a study without `refine`.
[[nodiscard]] RefinedPoints read_refined(const Study& study, const report::ResultReader& results,
                                         const search::Front& front);

/// The largest disagreement on the front: of refined points, or of a search at cycle level.
struct WorstDisagreement {
  std::uint64_t design{};
  double value{};
};
[[nodiscard]] std::optional<WorstDisagreement> worst_disagreement(
    const Study& study, const report::ResultReader& results, const search::Front& front,
    const RefinedPoints& refined);

}  // namespace cairn::app
