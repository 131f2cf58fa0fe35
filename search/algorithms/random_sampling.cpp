#include "search/algorithms/random_sampling.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace cairn::search {

std::vector<FieldProblem> RandomSampling::preflight(const Options& options,
                                                    const SearchProblem& /*problem*/) {
  if (options.points > kMostPoints) {
    return {{"points", fmt::format("{} points are too many", options.points),
             fmt::format("at most {}", kMostPoints)}};
  }
  return {};
}

RandomSampling::RandomSampling(const Options& options, const SearchProblem& problem)
    : space_(problem.space),
      order_(problem.space->size(), derive_seed(problem.seed, "random")),
      wanted_(static_cast<std::uint64_t>(options.points)),
      scratch_(problem.space->knobs().size()) {
  pass_excluded();
}

void RandomSampling::pass_excluded() {
  if (space_->size_is_exact()) {
    return;
  }
  for (std::int64_t misses = 0; next_ < order_.size() && !space_->at(order_(next_), scratch_);) {
    next_ = ++misses < kMostMisses ? next_ + 1 : order_.size();
  }
}

PointBatch RandomSampling::ask(std::size_t n) {
  PointBatch batch{space_->knobs().size(), next_id_};
  while (batch.size() < n && !finished()) {
    const bool admitted = space_->at(order_(next_), batch.append());
    CAIRN_CHECK(admitted, "excluded points were passed");
    ++next_;
    ++next_id_;
    pass_excluded();
  }
  return batch;
}

void RandomSampling::tell(const PointBatch& /*batch*/, std::span<const Scored> /*rows*/) {}

void RandomSampling::skip(std::uint64_t points) {
  if (space_->size_is_exact()) {
    next_ = std::min<Rank>(next_ + points, order_.size());
  } else {
    for (std::uint64_t i = 0; i < points && next_ < order_.size(); ++i) {
      ++next_;
      pass_excluded();
    }
  }
  next_id_ += points;
}

}  // namespace cairn::search
