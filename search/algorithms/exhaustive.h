/// \file
/// Every point of the space, in the order of ranks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/algorithms/algorithm.h"

namespace cairn::search {

struct ExhaustiveOptions {
  std::string algorithm;

  template <class Archive>
  void fields(Archive& a) {
    a("algorithm", algorithm, "exhaustive");
  }
};

/// Evaluates all points: the front is exact. Neighbours differ in the last knobs of the space most
/// often, so knobs whose change is expensive belong first.
class Exhaustive {
 public:
  static constexpr std::string_view kName = "exhaustive";
  static constexpr std::string_view kHelp = "every point of the space; the front is exact";
  static constexpr std::string_view kCitation = "enumeration";
  static constexpr std::string_view kLimits = "at most 1,000,000,000 points";
  static constexpr Rank kMostPoints = 1'000'000'000;
  using Options = ExhaustiveOptions;

  [[nodiscard]] static std::vector<FieldProblem> preflight(const Options& options,
                                                           const SearchProblem& problem);
  Exhaustive(const Options& options, const SearchProblem& problem);

  [[nodiscard]] PointBatch ask(std::size_t n);
  void tell(const PointBatch& batch, std::span<const Scored> rows);
  void skip(std::uint64_t points);
  [[nodiscard]] bool finished() const { return next_ >= space_->size(); }
  [[nodiscard]] Rank planned() const { return space_->size(); }

 private:
  void pass_excluded();

  const DesignSpace* space_;
  Rank next_{};              ///< the rank of the next point; admissible, or the size
  std::uint64_t next_id_{};  ///< points asked for so far
  std::vector<std::uint32_t> scratch_;
};

}  // namespace cairn::search
