#include "hw/systolic/systolic_array.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/enum_names.h"
#include "hw/die_area.h"
#include "hw/permute.h"
#include "hw/systolic/core_split.h"
#include "hw/systolic/gemm_cost.h"
#include "hw/vector_work.h"
#include "models/compression/effects.h"

namespace cairn::hw {
namespace {

using models::Precision;

std::array<std::string, 3> role_names(const SystolicArraySpec& spec) {
  return {spec.weights_from, spec.activations_from, spec.outputs_to};
}

/// Can the PEs multiply this format, once decoded?
bool computable(const Precision& native, const Precision& operand) {
  if (operand.is_coded()) {
    return true;  // the decoder delivers the native format
  }
  if (native.is_floating()) {
    return operand.is_integer() || operand.element_bits() <= native.element_bits();
  }
  return operand.is_integer();
}

std::optional<Infeasible> unsupported(const Precision& native, const models::Operator& op) {
  for (const Precision& operand : {op.formats.weights, op.formats.activations}) {
    if (!computable(native, operand)) {
      return Infeasible{
          fmt::format("the array multiplies {}, operator {} is in {}", models::to_text(native),
                      op.name, models::to_text(operand)),
          "native format",
          static_cast<double>(operand.element_bits()) / static_cast<double>(native.element_bits()) -
              1.0};
    }
  }
  return std::nullopt;
}

/// Parts of a constraint that follow from others, and so can only be wrong.
std::optional<Infeasible> contradiction(const MappingConstraint& wanted, const Mapping& used) {
  constexpr std::string_view kLetters = "mnk";
  for (std::size_t d = 0; d < 3; ++d) {
    if (wanted.trips.at(d) && *wanted.trips.at(d) != used.trips.at(d)) {
      return Infeasible{
          fmt::format("mapping: dram {0}{1} does not agree with tile {0}{2}, which "
                      "takes {3} trips",
                      kLetters[d], *wanted.trips.at(d), used.tile.at(d), used.trips.at(d)),
          "mapping trips", 0.0};
    }
    if (wanted.spatial.at(d) && *wanted.spatial.at(d) != used.spatial.at(d)) {
      return Infeasible{
          fmt::format("mapping: array {0}{1}, but the array and this operator make it "
                      "{0}{2}",
                      kLetters[d], *wanted.spatial.at(d), used.spatial.at(d)),
          "mapping array", 0.0};
    }
  }
  return std::nullopt;
}

constexpr double real(std::int64_t value) {
  return static_cast<double>(value);
}

std::uint8_t fused_bit(models::FusionKind kind) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(kind));
}

/// Lays the groups of a convolution side by side as dense blocks of \p channels input channels.
void pack_groups(GemmProblem& p, std::int64_t channels) {
  const std::int64_t per_group = p.window.channels;
  const std::int64_t packed = std::clamp<std::int64_t>(channels / per_group, 1, p.instances);
  const std::int64_t blocks = (p.instances + packed - 1) / packed;
  // The last block may be part full: its outputs and products do not exist.
  const double filled = static_cast<double>(p.instances) /
                        (static_cast<double>(blocks) * static_cast<double>(packed));
  p.dense_share *= filled / static_cast<double>(packed);
  p.output_share *= filled;
  p.epilogue_read_bits *= static_cast<double>(p.instances) / static_cast<double>(blocks);
  p.instances = blocks;
  p.extent[1] *= packed;
  p.extent[2] *= packed;
  p.window.channels *= packed;
}

}  // namespace

std::optional<Infeasible> SystolicArray::problem(const Spec& spec, const DeviceContext& context) {
  const ResolvedMemory* backing = context.find(spec.backing);
  if (backing == nullptr || !std::isfinite(backing->bandwidth)) {
    return Infeasible{fmt::format("memories.{}: a backing memory needs `bandwidth`", spec.backing),
                      "backing bandwidth", 0.0};
  }
  if (std::string slow = context.technology->clock_problem(spec.clock); !slow.empty()) {
    return Infeasible{std::move(slow), "clock", context.technology->clock_excess(spec.clock)};
  }
  return std::nullopt;
}

SystolicArray::SystolicArray(const Spec& spec, const DeviceContext& context)
    : spec_(spec), backing_(*context.find(spec.backing)), technology_(*context.technology) {
  const auto roles = role_names(spec);
  const OperatingPoint point = *technology_.operating_point(spec.clock);
  voltage_scale_ = point.dynamic;

  GemmMachine& g = base_;
  g.rows = spec.rows;  // machine_for() multiplies by the products of an element
  g.cols = spec.cols;
  g.dataflow = spec.dataflow;
  g.timing = spec.timing;
  g.overlap = spec.folds;
  g.ping_pong = spec.ping_pong;
  g.fill_first = spec.fill_first;
  g.clock = spec.clock.count();
  g.dram_bandwidth = backing_.bandwidth;
  g.dram_latency = backing_.latency_s;
  g.dram_read_energy = backing_.read_energy;
  g.dram_write_energy = backing_.write_energy;
  g.port_bandwidth.fill(std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const ResolvedMemory& memory = *context.find(roles.at(i));
    const auto first = static_cast<std::size_t>(std::find(roles.begin(), roles.end(), roles.at(i)) -
                                                roles.begin());
    g.slot.at(i) = static_cast<std::uint8_t>(first);
    slot_names_.at(first) = memory.name;
    if (memory.name == backing_.name) {
      g.forced_bypass = static_cast<std::uint8_t>(g.forced_bypass | (1U << i));
      continue;
    }
    g.capacity.at(first) = memory.capacity_bits / static_cast<double>(spec.cores);
    g.port_bandwidth.at(first) = memory.bandwidth / static_cast<double>(spec.cores);
    g.read_energy.at(i) = memory.read_energy * voltage_scale_;
    g.write_energy.at(i) = memory.write_energy * voltage_scale_;
  }
  // Of one core.
  const double lane_rate = g.clock / static_cast<double>(spec.cores);
  g.vector_rate = static_cast<double>(spec.vector_lanes) * lane_rate;
  g.decode_rate = static_cast<double>(spec.decode_lanes.value_or(spec.vector_lanes)) * lane_rate;
  g.overhead_s = static_cast<double>(spec.operator_overhead_cycles) / g.clock;

  std::vector<AreaPart> area;
  append_logic(area);
  const double logic_mm2 = total_mm2(area);
  leakage_ = technology_.logic_leakage(Area{logic_mm2 / kSquareMillimetresPerSquareMetre}).count() *
             point.leakage;
  if (spec.two_ported) {
    two_ported_mm2_ =
        context.find(spec.activations_from)->area_mm2 +
        (spec.outputs_to == spec.activations_from ? 0.0 : context.find(spec.outputs_to)->area_mm2);
  }
}

GemmMachine SystolicArray::machine_for(const models::Formats& formats) const {
  GemmMachine g = base_;
  const Precision weight = formats.weights.is_coded() ? spec_.native : formats.weights;
  const ProductRate rate =
      product_rate(spec_.arithmetic, spec_.native, formats.weights, formats.activations);
  g.products = rate.products;
  if (axes_of(spec_.dataflow).rows == Dimension::k) {
    g.rows *= rate.products;
  }
  g.mac_energy = product_energy(weight, formats.activations) * voltage_scale_;
  // One partial sum moves on for all the products that an element adds up.
  const double moved_bits =
      static_cast<double>(formats.activations.element_bits()) +
      static_cast<double>(spec_.accumulator.element_bits()) / static_cast<double>(rate.products);
  // Each bit that moves on is read from one pipeline register and written to the next.
  g.register_energy =
      2 * moved_bits * technology_.register_access().energy.count() * voltage_scale_;
  g.vector_energy =
      technology_.vector_operation(formats.activations).energy.count() * voltage_scale_;
  g.decode_energy =
      technology_.decode_operation(formats.weights, spec_.native).energy.count() * voltage_scale_;
  return g;
}

double SystolicArray::product_energy(const Precision& weight, const Precision& activation) const {
  const ElementArithmetic& arithmetic = spec_.arithmetic;
  if (arithmetic.kind != ArithmeticKind::bit_serial) {
    return technology_
        .multiply_accumulate(fused_format(arithmetic, spec_.native, weight),
                             fused_format(arithmetic, spec_.native, activation))
        .energy.count();
  }
  // Every cycle of a product adds the other operand, shifted, to a running sum.
  const ProductRate rate = product_rate(arithmetic, spec_.native, weight, activation);
  const SerialOperands serial = arithmetic.serial.value_or(SerialOperands::activations);
  const Precision& parallel = serial == SerialOperands::weights ? activation : weight;
  const std::int64_t bits = serial == SerialOperands::both
                                ? arithmetic.bits_per_cycle.value_or(1)
                                : std::min(parallel.element_bits(), spec_.native.element_bits());
  const double step =
      technology_.add(models::integer_format(static_cast<int>(bits))).energy.count();
  const double sum = technology_.add(spec_.accumulator).energy.count();
  return static_cast<double>(rate.cycles) * step + sum / static_cast<double>(rate.products);
}

std::variant<GemmProblem, Infeasible> SystolicArray::problem_of(const GroupView& group) const {
  const models::Operator& anchor = *group.anchor;
  const Precision& native = spec_.native;
  if (std::optional<Infeasible> wrong = unsupported(native, anchor)) {
    return std::move(*wrong);
  }
  GemmProblem p = gemm_problem(anchor);
  p.partial_bits = static_cast<double>(spec_.accumulator.element_bits());
  const ProductRate rate =
      product_rate(spec_.arithmetic, native, anchor.formats.weights, anchor.formats.activations);
  p.passes = rate.cycles;
  p.preload_bits = spec_.preload_outputs ? p.partial_bits : 0.0;
  p.decode_operations = models::decode_operations_per_weight(anchor.formats.weights);

  const auto first_outputs = static_cast<double>(models::output_elements(anchor.shape));
  double outputs = first_outputs;
  const models::Operator* last = &anchor;
  for (const models::Operator* follower : group.followers) {
    if (std::holds_alternative<models::MatMul>(follower->shape)) {  // reads the same input
      p.extent[1] += std::get<models::MatMul>(follower->shape).n;
      outputs += static_cast<double>(models::output_elements(follower->shape));
      continue;
    }
    p.vector_operations += static_cast<double>(vector_operations(follower->shape));
    outputs = static_cast<double>(models::output_elements(follower->shape));
    if (const auto* e = std::get_if<models::Elementwise>(&follower->shape)) {
      const bool joins_halves = outputs * 2 <= static_cast<double>(p.instances) *
                                                   static_cast<double>(p.extent[0]) *
                                                   static_cast<double>(p.extent[1]);
      if (e->inputs > 1 && !joins_halves) {  // a residual comes from DRAM
        p.epilogue_read_bits += outputs * static_cast<double>(e->inputs - 1) *
                                follower->formats.activations.bits_per_element() /
                                static_cast<double>(p.instances);
      }
    }
    last = follower;
  }
  const double products = static_cast<double>(p.instances) * static_cast<double>(p.extent[0]) *
                          static_cast<double>(p.extent[1]);
  p.output_share = outputs / products;
  p.output_bits = last->formats.outputs.bits_per_element();
  if (p.window.channels > 0) {
    if (spec_.padded_inputs) {
      const auto& shape = std::get<models::Convolution>(anchor.shape);
      p.window.in_height =
          (shape.output_height() - 1) * shape.stride_height + p.window.kernel_height;
      p.window.in_width = (shape.output_width() - 1) * shape.stride_width + p.window.kernel_width;
    }
    if (spec_.grouped_convolution && p.instances > 1) {
      pack_groups(p, spec_.grouped_convolution->channels * rate.products);
    }
    if (spec_.convolution == ConvolutionLowering::direct) {
      p.position_channels = p.window.channels;
    }
  }
  return p;
}

Infeasible SystolicArray::too_large(const GemmMachine& machine, const MapperResult& result) const {
  const auto slot = static_cast<std::size_t>(result.smallest.slot);
  const double capacity = machine.capacity.at(slot);
  return {fmt::format("memories.{}.capacity: tile m{} n{} k{} needs {:.0f} B, {:.0f} B over",
                      slot_names_.at(slot), result.nest.tile[0], result.nest.tile[1],
                      result.nest.tile[2], std::ceil(result.smallest.needed / 8),
                      std::ceil(result.smallest.bits / 8)),
          fmt::format("{}.capacity", slot_names_.at(slot)),
          capacity > 0 ? result.smallest.bits / capacity : std::numeric_limits<double>::infinity()};
}

Estimate SystolicArray::solve(const GemmMachine& machine, const GemmProblem& problem,
                              const MappingConstraint& constraint,
                              MappingObjective objective) const {
  if (constraint.dataflow && *constraint.dataflow != machine.dataflow) {
    return Infeasible{
        fmt::format("the mapping wants {}, the array is {}", cairn::to_text(*constraint.dataflow),
                    cairn::to_text(machine.dataflow)),
        "mapping dataflow", 0.0};
  }
  if (problem.dense_share < 1.0 && spec_.grouped_convolution->separate && problem.instances > 1) {
    GemmProblem one = problem;  // a block is a layer of its own
    one.instances = 1;
    one.vector_operations /= static_cast<double>(problem.instances);
    Estimate estimate = on_all_cores(machine, one, constraint, objective);
    if (auto* cost = std::get_if<OperatorCost>(&estimate)) {
      *cost = repeated(*cost, problem.instances, machine.clock);
      cost->macs = std::llround(static_cast<double>(problem.instances) * real(problem.extent[0]) *
                                real(problem.extent[1]) * real(problem.extent[2]) *
                                problem.useful_share * problem.dense_share);
    }
    return estimate;
  }
  return on_all_cores(machine, problem, constraint, objective);
}

Estimate SystolicArray::on_all_cores(const GemmMachine& machine, const GemmProblem& problem,
                                     const MappingConstraint& constraint,
                                     MappingObjective objective) const {
  if (spec_.cores == 1) {
    return on_one_core(machine, problem, constraint, objective);
  }
  // One core alone with the whole memory, or equal shares of one extent: each core fetches its own
  // operands, so what all of them need crosses the backing memory once for each. Cores without a
  // share are idle.
  Estimate best = on_one_core(machine, problem, constraint, objective);
  if (auto* alone = std::get_if<OperatorCost>(&best)) {
    *alone = on_cores(*alone, 1, spec_.cores);
  }
  for (const CoreSplit split : kCoreSplits) {
    const std::int64_t whole = extent_of(problem, split);
    const std::int64_t parts = std::min(spec_.cores, whole);
    if (parts == 1) {
      continue;
    }
    const GemmProblem share = share_of(problem, split, parts);
    const std::int64_t used = cores_used(problem, split, share);
    GemmMachine core = machine;
    core.dram_bandwidth = machine.dram_bandwidth / static_cast<double>(used);
    Estimate estimate = on_one_core(core, share, constraint, objective);
    if (auto* cost = std::get_if<OperatorCost>(&estimate)) {
      *cost = on_cores(*cost, used, spec_.cores);
      const auto* leader = std::get_if<OperatorCost>(&best);
      if (leader == nullptr || score_of(*cost, objective) < score_of(*leader, objective)) {
        best = std::move(estimate);
      }
    }
  }
  if (auto* cost = std::get_if<OperatorCost>(&best)) {  // the last share may be smaller
    cost->macs =
        std::llround(real(problem.instances) * real(problem.extent[0]) * real(problem.extent[1]) *
                     real(problem.extent[2]) * problem.useful_share * problem.dense_share);
  }
  return best;
}

Estimate SystolicArray::on_one_core(const GemmMachine& machine, const GemmProblem& problem,
                                    const MappingConstraint& constraint,
                                    MappingObjective objective) const {
  const MapperResult found = find_nest(machine, problem, constraint, objective);
  if (!found.feasible) {
    return too_large(machine, found);
  }
  OperatorCost cost = cost_of(machine, problem, found, 0);
  if (std::optional<Infeasible> wrong = contradiction(constraint, cost.mapping)) {
    return std::move(*wrong);
  }
  return cost;
}

Estimate SystolicArray::price_gemm(const GroupView& group, const MappingConstraint& constraint,
                                   MappingObjective objective) const {
  auto problem = problem_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&problem)) {
    return std::move(*wrong);
  }
  const auto& p = std::get<GemmProblem>(problem);
  Estimate estimate = solve(machine_for(group.anchor->formats), p, constraint, objective);
  if (auto* cost = std::get_if<OperatorCost>(&estimate); cost != nullptr && group.fused != 0) {
    cost->mapping.fused = group.fused;
  }
  return estimate;
}

std::variant<AttentionProblems, Infeasible> SystolicArray::attention_problems(
    const GroupView& group) const {
  const models::Operator& op = *group.anchor;
  const auto& a = std::get<models::Attention>(op.shape);
  if (std::optional<Infeasible> wrong = unsupported(spec_.native, op)) {
    return std::move(*wrong);
  }
  const std::int64_t queries = a.queries * (a.heads / a.kv_heads);
  const std::int64_t keys = a.visible_keys();

  AttentionProblems both;
  both.fused = group.fused == fused_bit(models::FusionKind::attention);
  both.visible = static_cast<double>(a.visible_pairs()) /
                 (static_cast<double>(a.queries) * static_cast<double>(keys));
  GemmProblem& scores = both.scores;
  scores.instances = a.batch * a.kv_heads;
  scores.extent = {queries, keys, a.head_dim};
  scores.weight_bits = op.formats.weights.bits_per_element();
  scores.activation_bits = op.formats.activations.bits_per_element();
  scores.output_bits = op.formats.activations.bits_per_element();
  scores.partial_bits = static_cast<double>(spec_.accumulator.element_bits());
  scores.decode_operations = models::decode_operations_per_weight(op.formats.weights);
  scores.passes =
      product_rate(spec_.arithmetic, spec_.native, op.formats.weights, op.formats.activations)
          .cycles;
  scores.useful_share = both.visible;
  scores.vector_operations = static_cast<double>(vector_operations(op.shape));

  both.values = scores;
  both.values.extent = {queries, a.head_dim, keys};
  both.values.vector_operations = 0;
  both.values.output_bits = op.formats.outputs.bits_per_element();

  both.score_bits = static_cast<double>(scores.instances) * static_cast<double>(queries) *
                    static_cast<double>(keys) * scores.output_bits;
  if (both.fused) {
    // Scores of a block of queries stay in the activation scratchpad: keys and values pass by
    // once for each block, and rows need not fit at once (online softmax keeps two numbers a row).
    both.scores.output_share = 0;
    both.values.activation_bits = 0;  // read from the scratchpad, where the scores already lie
    return both;
  }
  // The softmax between reads and writes the scores once more where a row does not fit.
  const double row_bits = static_cast<double>(keys) * scores.output_bits;
  both.spills = row_bits > base_.capacity.at(static_cast<std::size_t>(base_.slot[1]));
  return both;
}

Estimate SystolicArray::price_attention(const GroupView& group, const MappingConstraint& constraint,
                                        MappingObjective objective) const {
  const auto problems = attention_problems(group);
  if (const auto* wrong = std::get_if<Infeasible>(&problems)) {
    return *wrong;
  }
  const auto& both = std::get<AttentionProblems>(problems);
  const GemmMachine machine = machine_for(group.anchor->formats);
  Estimate first = solve(machine, both.scores, constraint, objective);
  if (std::holds_alternative<Infeasible>(first)) {
    return first;
  }
  Estimate second = solve(machine, both.values, {}, objective);
  if (std::holds_alternative<Infeasible>(second)) {
    return second;
  }
  return attention_cost(machine, both, std::get<OperatorCost>(first),
                        std::get<OperatorCost>(second), group.fused);
}

Estimate SystolicArray::price_vector(const GroupView& group) const {
  const GemmMachine machine = machine_for(group.anchor->formats);
  const models::Operator& first = *group.anchor;
  const models::Operator& last = group.followers.empty() ? first : *group.followers.back();
  auto operations = static_cast<double>(vector_operations(first.shape));
  const double in_bits = first.formats.activations.bits_per_element();
  const double activations_capacity =
      machine.capacity.at(static_cast<std::size_t>(machine.slot[1]));
  double read_bits = static_cast<double>(models::input_elements(first.shape)) * in_bits *
                     static_cast<double>(input_passes(first.shape, in_bits, activations_capacity));
  if (std::holds_alternative<models::Embedding>(first.shape)) {  // gathers rows of the table
    read_bits = static_cast<double>(models::output_elements(first.shape)) *
                first.formats.weights.bits_per_element();
  } else {
    read_bits += static_cast<double>(first.parameters) * in_bits;
  }
  for (const models::Operator* follower : group.followers) {
    operations += static_cast<double>(vector_operations(follower->shape));
  }
  OperatorCost cost;
  cost.dram_read_bits = read_bits;
  cost.dram_write_bits = static_cast<double>(models::output_elements(last.shape)) *
                         last.formats.outputs.bits_per_element();
  const double moved = cost.dram_read_bits + cost.dram_write_bits;
  double dram_s = moved / machine.dram_bandwidth;
  // Every core works on its share; the machine is one of them.
  const double vector_rate = machine.vector_rate * static_cast<double>(spec_.cores);
  double vector_s = operations / vector_rate;
  if (const models::Elementwise* permute = permute_of(first.shape)) {
    // Turned tile by tile in the activation scratchpad, whose ports see each bit twice.
    vector_s += (permute_moves(*permute, static_cast<double>(spec_.vector_lanes)) -
                 static_cast<double>(vector_operations(first.shape))) /
                vector_rate;
    vector_s = std::max(vector_s, 2 * moved / machine.port_bandwidth.at(machine.slot[1]));
    dram_s = moved /
             backing_.bandwidth_of_runs(permute_run_bits(*permute, in_bits, activations_capacity));
  }
  cost.input_fill_s = machine.dram_latency + machine.overhead_s;
  // Chunks are read, worked on and written, each behind the one before.
  const double chunks = vector_chunks(std::max(cost.dram_read_bits, cost.dram_write_bits) /
                                      static_cast<double>(spec_.cores));
  cost.busy_s = std::max(dram_s + vector_s / chunks, vector_s + dram_s / chunks);
  cost.stream_s = dram_s;
  cost.cycles = cycles_of(cost.latency_s(), machine.clock);
  cost.energy[EnergyComponent::vector] = operations * machine.vector_energy;
  cost.energy[EnergyComponent::dram] = cost.dram_read_bits * machine.dram_read_energy +
                                       cost.dram_write_bits * machine.dram_write_energy;
  cost.energy[EnergyComponent::scratchpad] = (cost.dram_read_bits + cost.dram_write_bits) *
                                             (machine.read_energy[1] + machine.write_energy[1]);
  cost.bottleneck = cost.input_fill_s > cost.busy_s ? Bottleneck::latency
                    : dram_s >= vector_s            ? Bottleneck::dram
                                                    : Bottleneck::vector;
  cost.mapping.fused = group.fused;
  return cost;
}

Estimate SystolicArray::price(const GroupView& group, const MappingConstraint& constraint,
                              MappingObjective objective) const {
  const MappingConstraint& chosen =
      constraint.empty() && spec_.mapping ? *spec_.mapping : constraint;
  const models::Shape& shape = group.anchor->shape;
  if (std::holds_alternative<models::MatMul>(shape) ||
      std::holds_alternative<models::Convolution>(shape)) {
    return price_gemm(group, chosen, objective);
  }
  if (std::holds_alternative<models::Attention>(shape)) {
    return price_attention(group, chosen, objective);
  }
  return price_vector(group);
}

double SystolicArray::peak_macs_per_second(const models::Formats& formats) const {
  const ProductRate rate =
      product_rate(spec_.arithmetic, spec_.native, formats.weights, formats.activations);
  return static_cast<double>(spec_.rows * spec_.cols * spec_.cores) * base_.clock *
         rate.per_cycle();
}

void SystolicArray::append_logic(std::vector<AreaPart>& parts) const {
  const auto mm2 = [](Area area) { return area.count() * kSquareMillimetresPerSquareMetre; };
  const auto pes = static_cast<double>(spec_.rows * spec_.cols * spec_.cores);
  const ArithmeticFigures mac = technology_.multiply_accumulate(spec_.native, spec_.native);
  // Activation, weight (a second one where the next is shifted in behind it), product, partial sum.
  const std::int64_t weights = spec_.folds == FoldOverlap::pipelined ? 2 : 1;
  const auto bits = static_cast<double>((1 + weights + 2) * spec_.native.element_bits() +
                                        spec_.accumulator.element_bits());
  parts.push_back({"array",
                   pes * (mm2(mac.area) + mm2(Area{bits * technology_.register_area().count()})),
                   mac.area_confidence});
  const ArithmeticFigures lane = technology_.vector_operation(models::kFp32);
  parts.push_back({"vector unit", static_cast<double>(spec_.vector_lanes) * mm2(lane.area),
                   lane.area_confidence});
  if (spec_.decode_lanes) {  // a lane holds the multiplier and adders of a trellis or scale decoder
    const ArithmeticFigures decoder = technology_.multiply(models::kInt32, models::kInt32);
    parts.push_back({"weight decoder", static_cast<double>(*spec_.decode_lanes) * mm2(decoder.area),
                     decoder.area_confidence});
  }
}

void SystolicArray::append_area(std::vector<AreaPart>& parts) const {
  append_logic(parts);
  const LayoutFactors& layout = technology_.layout();
  if (two_ported_mm2_ > 0) {
    parts.push_back({"second ports of scratchpads", (layout.second_port - 1) * two_ported_mm2_,
                     Confidence::assumed});
  }
  if (spec_.host_bandwidth) {
    parts.push_back(
        {"host link",
         layout.host_link_phy(*spec_.host_bandwidth).count() * kSquareMillimetresPerSquareMetre,
         Confidence::assumed});
  }
}

std::vector<std::string> SystolicArray::assumptions() const {
  std::vector<std::string> lines{
      "systolic array: dense compute; pruning shrinks storage and traffic only",
      "systolic array: the next tile is always prefetched; bank conflicts are ignored",
      "systolic array: idle PEs burn no dynamic energy; control energy is ignored"};
  if (spec_.timing == SystolicTiming::scalesim) {
    lines.emplace_back(
        "systolic array: cycle counts as SCALE-Sim prints them, memory never stalls");
  }
  return lines;
}

}  // namespace cairn::hw
