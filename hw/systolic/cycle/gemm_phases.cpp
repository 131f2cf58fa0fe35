#include "hw/systolic/cycle/gemm_phases.h"

#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "hw/systolic/core_split.h"
#include "hw/systolic/mapper.h"

namespace cairn::hw::cycle {
namespace {

/// The part of a nest that a mapping fixes.
MappingConstraint constraint_of(const Mapping& mapping) {
  MappingConstraint c;
  c.order = mapping.order;
  for (std::size_t d = 0; d < 3; ++d) {
    c.tile.at(d) = mapping.tile.at(d);
  }
  c.bypass = mapping.bypass;
  return c;
}

/// What a core does when \p cores of them share the problem by \p split, under the fixed nest or
/// (where \p fixed is empty) the best one.
std::optional<std::pair<GemmPhase, double>> phase_of(const GemmMachine& machine,
                                                     const GemmProblem& problem, std::int64_t cores,
                                                     const MappingConstraint& fixed) {
  GemmPhase phase{.machine = machine,
                  .problem = problem,
                  .nest = {},
                  .cores = cores,
                  .repeats = 1,
                  .softmax_bits = 0};
  GemmMachine share = machine;
  share.dram_bandwidth = machine.dram_bandwidth / static_cast<double>(cores);
  const MapperResult found = find_nest(share, problem, fixed, MappingObjective::latency);
  if (!found.feasible) {
    return std::nullopt;
  }
  phase.nest = found.nest;
  return std::pair{phase, found.cost.latency_s()};
}

/// The closed form tries every way to share and keeps the best: of all ways, the one whose time is
/// \p seconds, or the fastest when that is negative.
std::optional<GemmPhase> shared(const GemmMachine& machine, const GemmProblem& problem,
                                std::int64_t cores, const MappingConstraint& fixed,
                                double seconds) {
  std::optional<GemmPhase> best;
  double least = std::numeric_limits<double>::infinity();
  const auto consider = [&](const GemmProblem& share, std::int64_t used) {
    if (const auto found = phase_of(machine, share, used, fixed)) {
      const double score = seconds < 0 ? found->second : std::abs(found->second - seconds);
      if (score < least) {
        least = score;
        best = found->first;
      }
    }
  };
  consider(problem, 1);
  for (const CoreSplit split : kCoreSplits) {
    const std::int64_t parts = std::min(cores, extent_of(problem, split));
    if (parts > 1) {
      const GemmProblem share = share_of(problem, split, parts);
      consider(share, cores_used(problem, split, share));
    }
  }
  return best;
}

Infeasible lost(const GroupView& group) {
  return {"cycle level: no loop nest gives the price of " + group.anchor->name, "mapping", 0.0};
}

}  // namespace

std::variant<std::vector<GemmPhase>, Infeasible> gemm_phases(const SystolicArray& array,
                                                             const GroupView& group,
                                                             const OperatorCost& closed_form) {
  const GemmMachine machine = array.machine_for(group.anchor->formats);
  const std::int64_t cores = array.spec().cores;
  const MappingConstraint fixed = constraint_of(closed_form.mapping);
  std::vector<GemmPhase> phases;
  if (std::holds_alternative<models::Attention>(group.anchor->shape)) {
    auto problems = array.attention_problems(group);
    if (auto* wrong = std::get_if<Infeasible>(&problems)) {
      return std::move(*wrong);
    }
    const auto& both = std::get<AttentionProblems>(problems);
    auto scores = shared(machine, both.scores, cores, fixed, -1);
    auto values = shared(machine, both.values, cores, {}, -1);
    if (!scores || !values) {
      return lost(group);
    }
    if (both.spills) {
      values->softmax_bits = both.score_bits / static_cast<double>(values->cores);
    }
    return std::vector{*scores, *values};
  }
  auto problem = array.problem_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&problem)) {
    return std::move(*wrong);
  }
  auto& p = std::get<GemmProblem>(problem);
  const bool separate =
      p.dense_share < 1.0 && p.instances > 1 && array.spec().grouped_convolution->separate;
  const std::int64_t repeats = separate ? p.instances : 1;
  if (separate) {
    p.vector_operations /= static_cast<double>(repeats);
    p.instances = 1;
  }
  auto phase =
      shared(machine, p, cores, fixed, closed_form.latency_s() / static_cast<double>(repeats));
  if (!phase) {
    return lost(group);
  }
  phase->repeats = repeats;
  return std::vector{*phase};
}

}  // namespace cairn::hw::cycle
