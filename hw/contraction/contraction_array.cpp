#include "hw/contraction/contraction_array.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "hw/die_area.h"
#include "hw/permute.h"
#include "hw/systolic/gemm_cost.h"

namespace cairn::hw {
namespace {

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// \p cores arrays of the size of an engine, sharing everything else.
SystolicArraySpec engine_spec(const ContractionArraySpec& spec, std::int64_t cores) {
  SystolicArraySpec engine;
  engine.rows = spec.rows;
  engine.cols = spec.cols;
  engine.cores = cores;
  engine.dataflow = spec.dataflow.value_or(Dataflow::output_stationary);
  engine.clock = spec.clock;
  engine.native = spec.native;
  engine.accumulator = spec.accumulator;
  engine.folds = spec.folds;
  engine.vector_lanes = spec.vector_lanes;
  engine.decode_lanes = spec.decode_lanes;
  engine.operator_overhead_cycles = spec.operator_overhead_cycles;
  engine.weights_from = spec.weights_from;
  engine.activations_from = spec.activations_from;
  engine.outputs_to = spec.outputs_to;
  engine.backing = spec.backing;
  return engine;
}

/// Words that can enter all engines in a cycle: both operands at their edges.
std::int64_t words_in(const ContractionArraySpec& spec) {
  return spec.engines * (spec.rows + spec.cols);
}

std::int64_t words_out(const ContractionArraySpec& spec) {
  return spec.engines * spec.cols;
}

std::int64_t distribution_stages(const ContractionArraySpec& spec) {
  const std::int64_t stages = butterfly_stages(network_ports(words_in(spec)));
  switch (spec.distribution) {
    case DistributionNetwork::bus:
      return 0;
    case DistributionNetwork::butterfly:
      return stages;
    case DistributionNetwork::benes:
      break;
  }
  return 2 * stages - 1;
}

std::int64_t reduction_stages(const ContractionArraySpec& spec) {
  return spec.reduction == ReductionNetwork::butterfly
             ? butterfly_stages(network_ports(words_out(spec)))
             : 0;
}

/// What a constraint says beside the dataflow.
bool wants_more(const MappingConstraint& wanted) {
  MappingConstraint rest = wanted;
  rest.dataflow.reset();
  rest.fused.reset();
  return !rest.empty();
}

}  // namespace

std::optional<Infeasible> ContractionArray::problem(const Spec& spec,
                                                    const DeviceContext& context) {
  return SystolicArray::problem(engine_spec(spec, 1), context);
}

ContractionArray::ContractionArray(const Spec& spec, const DeviceContext& context)
    : spec_(spec), engine_(engine_spec(spec, 1), context) {
  const Technology& technology = *context.technology;
  const OperatingPoint point = *technology.operating_point(spec.clock);
  SystolicArray(engine_spec(spec, spec.engines), context).append_area(area_);

  distribution_ = make_network(technology, words_in(spec), distribution_stages(spec),
                               spec.native.element_bits(), point.dynamic);
  reduction_ = make_network(technology, words_out(spec), reduction_stages(spec),
                            spec.accumulator.element_bits(), point.dynamic);
  add_energy_ = technology.add(spec.accumulator).energy.count() * point.dynamic;
  if (distribution_.stages > 0) {
    area_.push_back({"distribution network", distribution_.area_mm2, Confidence::assumed});
  }
  if (reduction_.stages > 0) {  // an adder in each switch
    const double adders = real(reduction_.ports / 2 * reduction_.stages) *
                          technology.add(spec.accumulator).area.count() *
                          kSquareMillimetresPerSquareMetre;
    area_.push_back({"reduction network", reduction_.area_mm2 + adders, Confidence::assumed});
  }
  leakage_ =
      technology.logic_leakage(Area{total_mm2(area_) / kSquareMillimetresPerSquareMetre}).count() *
      point.leakage;
}

std::optional<std::int64_t> ContractionArray::permute_passes(std::int64_t run) const {
  const bool in = spec_.distribution == DistributionNetwork::butterfly;
  const bool out = spec_.reduction == ReductionNetwork::butterfly;
  if (spec_.distribution == DistributionNetwork::benes || (in && out)) {
    return 1;
  }
  if (!in && !out) {
    return std::nullopt;
  }
  return butterfly_passes((in ? distribution_ : reduction_).ports, run);
}

ContractionArray::NetworkEnergy ContractionArray::network_energy(const GangShare& share,
                                                                 const Nest& nest) const {
  const GemmProblem& p = share.problem;
  const ArrayTraffic words = array_traffic(share.machine, p, nest);
  const double useful = p.useful_share * real(p.instances);
  const double weights = useful * words.weights * p.weight_bits;
  const double inputs = useful * words.activations * p.activation_bits * real(p.passes);
  const double partials = useful * words.output_reads * p.partial_bits;
  const double results = useful * words.output_writes * p.partial_bits;
  return {.movement = weights * distribution_.crossing(share.copies_of_weights) +
                      inputs * distribution_.crossing(share.copies_of_inputs) +
                      partials * distribution_.crossing(1) +
                      results * reduction_.crossing(share.summed),
          .sums = useful * words.output_writes * share.outputs_of_all * (share.summed - 1) *
                  add_energy_};
}

OperatorCost ContractionArray::cost_on(const GangShare& share, const GemmProblem& whole,
                                       const MapperResult& found) const {
  OperatorCost cost = cost_of(share.machine, share.problem, found, 0);
  const double macs = real(whole.instances) * real(whole.extent[0]) * real(whole.extent[1]) *
                      real(whole.extent[2]) * whole.useful_share * whole.dense_share;
  cost.macs = std::llround(macs);
  cost.input_fill_s += real(distribution_.stages + reduction_.stages) / clock();
  cost.utilization = macs * real(whole.passes) /
                     (real(spec_.engines * spec_.rows * spec_.cols) * clock() * cost.latency_s());
  cost.cycles = cycles_of(cost.latency_s(), clock());
  const NetworkEnergy networks = network_energy(share, found.nest);
  cost.energy[EnergyComponent::registers] += networks.movement;
  cost.energy[EnergyComponent::multiply_accumulate] += networks.sums;
  for (std::size_t d = 0; d < 3; ++d) {
    cost.mapping.tile.at(d) =
        std::min(cost.mapping.tile.at(d) * share.used.parts.at(d), whole.extent.at(d));
    cost.mapping.spatial.at(d) =
        std::min(cost.mapping.spatial.at(d) * share.used.parts.at(d), whole.extent.at(d));
  }
  return cost;
}

namespace {

/// What is minimised, and what decides between equals: smaller is better.
struct Rank {
  double score{std::numeric_limits<double>::infinity()};
  double joules{std::numeric_limits<double>::infinity()};
  [[nodiscard]] bool before(const Rank& other) const {
    constexpr double kSame = 1e-9;
    if (std::isinf(other.score) || std::abs(score - other.score) > kSame * other.score) {
      return score < other.score;
    }
    return joules < other.joules;
  }
};

/// A gang and dataflow with the rank of a nest in one tile, which no nest of it beats by much.
struct Candidate {
  Rank rank{};
  Dataflow dataflow{};
  Gang gang{};
};

/// The best few, best first. Two are within 0.7 % of thirty-two on random steps.
constexpr std::size_t kCandidates = 2;
class BestFew {
 public:
  void offer(const Candidate& candidate) {
    if (!candidate.rank.before(list_.back().rank)) {
      return;
    }
    list_.back() = candidate;
    for (std::size_t i = list_.size() - 1; i > 0 && list_.at(i).rank.before(list_.at(i - 1).rank);
         --i) {
      std::swap(list_.at(i), list_.at(i - 1));
    }
  }
  [[nodiscard]] const std::array<Candidate, kCandidates>& list() const { return list_; }

 private:
  std::array<Candidate, kCandidates> list_{};
};

}  // namespace

Estimate ContractionArray::price_product(const GemmMachine& machine, const GemmProblem& problem,
                                         const MappingConstraint& constraint,
                                         MappingObjective objective) const {
  if (wants_more(constraint)) {
    return Infeasible{
        "mapping: gangs and tiles of a contraction array are searched; only a dataflow can be "
        "given",
        "mapping", 0.0};
  }
  if (constraint.dataflow && spec_.dataflow && *constraint.dataflow != *spec_.dataflow) {
    return Infeasible{
        fmt::format("the mapping wants {}, the array is {}", cairn::to_text(*constraint.dataflow),
                    cairn::to_text(*spec_.dataflow)),
        "mapping dataflow", 0.0};
  }
  const std::optional<Dataflow> fixed = constraint.dataflow ? constraint.dataflow : spec_.dataflow;
  const bool shared_k = spec_.reduction == ReductionNetwork::butterfly;
  const int exponent = std::countr_zero(static_cast<std::uint64_t>(spec_.engines));
  BestFew best;
  std::uint32_t considered = 0;
  for (const Dataflow dataflow :
       {Dataflow::output_stationary, Dataflow::weight_stationary, Dataflow::input_stationary}) {
    if (fixed && *fixed != dataflow) {
      continue;
    }
    GemmMachine engine = machine;
    engine.dataflow = dataflow;
    each_gang(gang_limits(engine, problem, shared_k), exponent, [&](const Gang& gang) {
      const GangShare share = share_of(engine, problem, gang);
      const Nest nest{.tile = share.problem.extent,
                      .order = {Dimension::m, Dimension::n, Dimension::k},
                      .bypass = engine.forced_bypass};
      NestCost cost = evaluate(share.machine, share.problem, nest);
      const NetworkEnergy networks = network_energy(share, nest);
      cost.fixed_joules += networks.movement + networks.sums;
      best.offer({{score(cost, objective), cost.joules()}, dataflow, gang});
      ++considered;
    });
  }
  Estimate answer = Infeasible{};
  const OperatorCost* leader = nullptr;
  for (const Candidate& candidate : best.list()) {
    if (!std::isfinite(candidate.rank.score)) {
      break;
    }
    GemmMachine engine = machine;
    engine.dataflow = candidate.dataflow;
    const GangShare share = share_of(engine, problem, candidate.gang);
    const MapperResult found = find_nest(share.machine, share.problem, {}, objective);
    considered += found.considered;
    if (!found.feasible) {
      if (leader == nullptr) {
        const double capacity = engine.capacity.at(static_cast<std::size_t>(found.smallest.slot));
        answer = Infeasible{
            fmt::format("scratchpads: the smallest tiles of {} engines need {:.0f} B, {:.0f} B "
                        "over",
                        share.used.engines(), std::ceil(found.smallest.needed / 8),
                        std::ceil(found.smallest.bits / 8)),
            "scratchpad capacity",
            capacity > 0 ? found.smallest.bits / capacity
                         : std::numeric_limits<double>::infinity()};
      }
      continue;
    }
    OperatorCost cost = cost_on(share, problem, found);
    const Rank rank{score_of(cost, objective), cost.energy.total()};
    if (leader == nullptr || rank.before({score_of(*leader, objective), leader->energy.total()})) {
      answer = cost;
      leader = std::get_if<OperatorCost>(&answer);
    }
  }
  if (auto* cost = std::get_if<OperatorCost>(&answer)) {
    cost->mappings_considered = considered;
  }
  return answer;
}

Estimate ContractionArray::price_attention(const GroupView& group,
                                           const MappingConstraint& constraint,
                                           MappingObjective objective) const {
  const auto problems = engine_.attention_problems(group);
  if (const auto* wrong = std::get_if<Infeasible>(&problems)) {
    return *wrong;
  }
  const auto& both = std::get<AttentionProblems>(problems);
  const GemmMachine machine = engine_.machine_for(group.anchor->formats);
  Estimate first = price_product(machine, both.scores, constraint, objective);
  if (std::holds_alternative<Infeasible>(first)) {
    return first;
  }
  Estimate second = price_product(machine, both.values, constraint, objective);
  if (std::holds_alternative<Infeasible>(second)) {
    return second;
  }
  return attention_cost(machine, both, std::get<OperatorCost>(first),
                        std::get<OperatorCost>(second), group.fused);
}

OperatorCost ContractionArray::price_permute(const models::Operator& op,
                                             const models::Elementwise& permute,
                                             std::int64_t passes) const {
  // The step that reads the tensor pays for the first pass; its words go through the switches all
  // the same, which is counted here once more, because a shift would have needed no exchange.
  const bool in = distribution_.stages > 0;
  const SwitchNetwork& network = in ? distribution_ : reduction_;
  const double words = real(permute.rows) * real(permute.columns);
  OperatorCost cost;
  cost.busy_s = real(passes - 1) * std::ceil(words / real(network.ports)) / clock();
  cost.cycles = cycles_of(cost.busy_s, clock());
  cost.energy[EnergyComponent::registers] =
      real(passes) * words * op.formats.activations.bits_per_element() * network.crossing(1);
  cost.bottleneck = Bottleneck::scratchpad;
  return cost;
}

Estimate ContractionArray::price(const GroupView& group, const MappingConstraint& constraint,
                                 MappingObjective objective) const {
  const models::Shape& shape = group.anchor->shape;
  if (std::holds_alternative<models::Attention>(shape)) {
    return price_attention(group, constraint, objective);
  }
  if (std::holds_alternative<models::MatMul>(shape) ||
      std::holds_alternative<models::Convolution>(shape)) {
    auto problem = engine_.problem_of(group);
    if (auto* wrong = std::get_if<Infeasible>(&problem)) {
      return std::move(*wrong);
    }
    Estimate estimate = price_product(engine_.machine_for(group.anchor->formats),
                                      std::get<GemmProblem>(problem), constraint, objective);
    if (auto* cost = std::get_if<OperatorCost>(&estimate); cost != nullptr && group.fused != 0) {
      cost->mapping.fused = group.fused;
    }
    return estimate;
  }
  if (const models::Elementwise* permute = permute_of(shape);
      permute != nullptr && group.followers.empty()) {
    if (const std::optional<std::int64_t> passes = permute_passes(permute->columns)) {
      return price_permute(*group.anchor, *permute, *passes);
    }
  }
  return engine_.price(group, {}, objective);  // vector operators, and permutes without switches
}

double ContractionArray::peak_macs_per_second(const models::Formats& formats) const {
  return engine_.peak_macs_per_second(formats) * real(spec_.engines);
}

void ContractionArray::append_area(std::vector<AreaPart>& parts) const {
  parts.insert(parts.end(), area_.begin(), area_.end());
}

std::vector<std::string> ContractionArray::assumptions() const {
  std::vector<std::string> lines{
      "contraction array: dense compute; engines of a gang start and end together",
      "contraction array: banks of the scratchpads feed every port; control energy is ignored"};
  if (permute_passes(1) == 1) {
    lines.emplace_back(
        "contraction array: a tensor is read in any order at no time, as its reader is known when "
        "it is written; the backing memory moves tiles in the order in which they are stored");
  } else if (permute_passes(1)) {
    lines.emplace_back(
        "contraction array: one butterfly alone: a permute takes as many passes as the worst one "
        "with its runs");
  } else {
    lines.emplace_back(
        "contraction array: no switches: a permute moves a tensor through the vector unit");
  }
  return lines;
}

}  // namespace cairn::hw
