/// \file
/// `cairn worker`: one point of a study at cycle level, in a process of its own. Not for people:
/// `cairn run` starts it (app/cycle_evaluator.h).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/study.h"
#include "search/scored.h"
#include "sim/price_cache.h"

namespace cairn::app {

/// One evaluation, as it travels to a worker.
struct PointJob {
  std::string study;     ///< resolved, as text
  std::uint64_t hash{};  ///< of the study: a worker with other models must not answer
  std::vector<std::uint32_t> choices;
};
[[nodiscard]] std::string to_text(const PointJob& job);

/// What comes back.
struct PointAnswer {
  search::Status status{search::Status::feasible};
  std::vector<double> metrics;  ///< in the order of Study::columns(); empty when infeasible
  sim::Refusal refusal;
};
[[nodiscard]] std::string to_text(const PointAnswer& answer);
/// Nothing if the text is no answer.
[[nodiscard]] std::optional<PointAnswer> parse_point_answer(const std::string& text);

/// Reads a job from standard input, writes lines as app/worker_pool.h describes them.
[[nodiscard]] ExitCode run_worker();

}  // namespace cairn::app
