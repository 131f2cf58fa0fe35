#include "search/algorithms/exhaustive.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::search {

std::vector<FieldProblem> Exhaustive::preflight(const Options& /*options*/,
                                                const SearchProblem& problem) {
  if (problem.space->size() > kMostPoints) {
    return {{"algorithm",
             fmt::format("the space has {} points, too many to evaluate all of them",
                         rank_text(problem.space->size())),
             fmt::format("at most {}; use algorithm: random, or let fewer knobs vary",
                         rank_text(kMostPoints))}};
  }
  return {};
}

Exhaustive::Exhaustive(const Options& /*options*/, const SearchProblem& problem)
    : space_(problem.space), scratch_(problem.space->knobs().size()) {
  pass_excluded();
}

void Exhaustive::pass_excluded() {
  while (!space_->size_is_exact() && next_ < space_->size() && !space_->at(next_, scratch_)) {
    ++next_;
  }
}

PointBatch Exhaustive::ask(std::size_t n) {
  PointBatch batch{space_->knobs().size(), next_id_};
  batch.reserve(static_cast<std::size_t>(std::min<Rank>(n, space_->size() - next_)));
  while (batch.size() < n && next_ < space_->size()) {
    const bool admitted = space_->at(next_, batch.append());
    CAIRN_CHECK(admitted, "excluded points were passed");
    ++next_;
    pass_excluded();
  }
  next_id_ += batch.size();
  return batch;
}

void Exhaustive::tell(const PointBatch& /*batch*/, std::span<const Scored> /*rows*/) {}

void Exhaustive::skip(std::uint64_t points) {
  if (space_->size_is_exact()) {
    next_ = std::min<Rank>(next_ + points, space_->size());
  } else {
    for (std::uint64_t i = 0; i < points && next_ < space_->size(); ++i) {
      ++next_;
      pass_excluded();
    }
  }
  next_id_ += points;
}

}  // namespace cairn::search
