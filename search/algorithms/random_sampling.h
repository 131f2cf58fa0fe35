/// \file
/// Points drawn uniformly, none of them twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/algorithms/algorithm.h"
#include "search/algorithms/rank_permutation.h"

namespace cairn::search {

struct RandomSamplingOptions {
  std::string algorithm;
  std::int64_t points{};

  template <class Archive>
  void fields(Archive& a) {
    a("algorithm", algorithm, "random");
    a("points", points, "how many points to draw", AtLeast{1});
  }
};

/// Walks a pseudo-random permutation of the ranks: no memory of what was drawn is needed, and the
/// first n points are the same however many are asked for.
class RandomSampling {
 public:
  static constexpr std::string_view kName = "random";
  static constexpr std::string_view kHelp = "points drawn uniformly without repetition";
  static constexpr std::string_view kCitation =
      "J. Bergstra and Y. Bengio, \"Random search for hyper-parameter optimization\", JMLR 13, "
      "2012";
  static constexpr std::string_view kLimits =
      "at most 1,000,000,000 points; learns nothing; ends early if 10,000,000 points in a row "
      "break "
      "a requirement that is checked point by point";
  static constexpr std::int64_t kMostPoints = 1'000'000'000;
  /// So many points in a row that a requirement excludes end the search.
  static constexpr std::int64_t kMostMisses = 10'000'000;
  using Options = RandomSamplingOptions;

  [[nodiscard]] static std::vector<FieldProblem> preflight(const Options& options,
                                                           const SearchProblem& problem);
  RandomSampling(const Options& options, const SearchProblem& problem);

  [[nodiscard]] PointBatch ask(std::size_t n);
  void tell(const PointBatch& batch, std::span<const Scored> rows);
  void skip(std::uint64_t points);
  [[nodiscard]] bool finished() const { return next_id_ >= wanted_ || next_ >= order_.size(); }
  [[nodiscard]] Rank planned() const {
    return wanted_ < order_.size() ? Rank{wanted_} : order_.size();
  }

 private:
  void pass_excluded();

  const DesignSpace* space_;
  RankPermutation order_;
  Rank next_{};  ///< place in the order; that of an admissible point, or the size
  std::uint64_t wanted_;
  std::uint64_t next_id_{};
  std::vector<std::uint32_t> scratch_;
};

}  // namespace cairn::search
