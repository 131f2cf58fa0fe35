#include "hw/spatial/spatial_array.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "hw/permute.h"
#include "hw/vector_work.h"
#include "models/compression/effects.h"

namespace cairn::hw {
namespace {

using models::Precision;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Can the PEs multiply this format, once decoded?
bool computable(const Precision& native, const Precision& operand) {
  if (operand.is_coded()) {
    return true;
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

/// Cycles of a PE per MAC: wide integers are multiplied in slices of the native width.
std::int64_t passes_of(const Precision& native, const Precision& operand) {
  if (native.is_floating() || operand.is_coded() || !operand.is_integer()) {
    return 1;
  }
  return (operand.element_bits() + native.element_bits() - 1) / native.element_bits();
}

std::uint8_t fused_bit(models::FusionKind kind) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(kind));
}

std::int64_t cycles_of(double seconds, double clock) {
  return static_cast<std::int64_t>(std::ceil(seconds * clock * (1.0 - 1e-12)));
}

LoopList list_of(std::initializer_list<Loop> loops) {
  LoopList list;
  for (const Loop loop : loops) {
    list.loop[list.count++] = loop;
  }
  return list;
}

LoopList list_of(const std::vector<Loop>& loops) {
  LoopList list;
  for (const Loop loop : loops) {
    if (list.count < kLoops && std::find(list.begin(), list.end(), loop) == list.end()) {
      list.loop[list.count++] = loop;
    }
  }
  return list;
}

/// How a dataflow lays loops across the PEs, what a PE holds, and what passes by first.
NestRules rules_of(SpatialDataflow dataflow) {
  using L = Loop;
  NestRules rules;
  switch (dataflow) {
    case SpatialDataflow::weight_stationary:
      rules.spread_y[0] = list_of({L::c, L::r, L::s});
      rules.spread_x[0] = list_of({L::k});
      rules.around = {L::q, L::p, L::n, L::s, L::r, L::c, L::k, L::g};
      break;
    case SpatialDataflow::output_stationary:
      rules.spread_y[0] = list_of({L::q, L::p, L::n});
      rules.spread_x[0] = list_of({L::k});
      rules.around = {L::s, L::r, L::c, L::q, L::p, L::n, L::k, L::g};
      break;
    case SpatialDataflow::input_stationary:
      rules.spread_y[0] = list_of({L::c, L::r, L::s});
      rules.spread_x[0] = list_of({L::q, L::p, L::n});
      rules.around = {L::k, L::s, L::r, L::c, L::q, L::p, L::n, L::g};
      break;
    case SpatialDataflow::row_stationary:
      // A set of kernel rows by output rows; folded where the outputs have more rows than x; more
      // sets take other filters, and above each other also other channels.
      rules.spread_y[0] = list_of({L::r, L::p, L::c, L::k});
      rules.spread_x[0] = list_of({L::p, L::k});
      rules.whole_rows = true;
      rules.whole = list_of({L::r});
      rules.always = list_of({L::p});
      rules.inside = list_of({L::s, L::c, L::k});
      rules.around = {L::q, L::n, L::p, L::k, L::s, L::r, L::c, L::g};
      break;
  }
  for (std::size_t l = 1; l < kMaxLevels; ++l) {
    rules.spread_x[l] = list_of({L::k, L::g});
    rules.spread_y[l] = list_of({L::p, L::n, L::q});
  }
  return rules;
}

Dataflow plain_dataflow(SpatialDataflow dataflow) {
  switch (dataflow) {
    case SpatialDataflow::output_stationary:
      return Dataflow::output_stationary;
    case SpatialDataflow::input_stationary:
      return Dataflow::input_stationary;
    case SpatialDataflow::weight_stationary:
    case SpatialDataflow::row_stationary:
      break;
  }
  return Dataflow::weight_stationary;
}

Bottleneck limit_of(const SpatialCost& c, double clock) {
  const double waiting = c.weight_fill_s + c.input_fill_s + c.drain_s + c.exposed_s;
  if (waiting > c.busy_s - c.exposed_s) {
    return c.stream_s >= c.array_s || waiting > c.array_s ? Bottleneck::dram : Bottleneck::latency;
  }
  const double busy = c.busy_s - c.exposed_s;
  if (busy <= c.array_s) {
    const double others = c.bus_cycles + c.reload_cycles;
    return c.work_cycles >= c.bus_cycles && c.work_cycles / clock * 2 >= c.array_s
               ? Bottleneck::compute
           : others > c.work_cycles ? Bottleneck::scratchpad
                                    : Bottleneck::compute;
  }
  if (busy <= c.vector_s) {
    return Bottleneck::vector;
  }
  if (busy <= c.decode_s) {
    return Bottleneck::decode;
  }
  return busy <= c.port_s ? Bottleneck::scratchpad : Bottleneck::dram;
}

/// One after the other on the same array; the second streams behind the first.
OperatorCost in_sequence(const OperatorCost& a, const OperatorCost& b) {
  OperatorCost c = a;
  c.busy_s += a.drain_s + b.weight_fill_s + b.input_fill_s + b.busy_s;
  c.stream_s += a.drain_s + b.weight_fill_s + b.input_fill_s + b.stream_s;
  c.drain_s = b.drain_s;
  c.cycles += b.cycles;
  c.macs += b.macs;
  c.dram_read_bits += b.dram_read_bits;
  c.dram_write_bits += b.dram_write_bits;
  c.weight_bits += b.weight_bits;
  c.mappings_considered += b.mappings_considered;
  for (std::size_t i = 0; i < kEnergyComponents; ++i) {
    c.energy.joules.at(i) += b.energy.joules.at(i);
  }
  c.bottleneck = b.latency_s() > a.latency_s() ? b.bottleneck : a.bottleneck;
  c.utilization = (a.utilization * a.latency_s() + b.utilization * b.latency_s()) / c.latency_s();
  return c;
}

double packed_bits(const Precision& format, double density, models::SparseStorage storage,
                   std::int64_t elements, std::int64_t row) {
  const double plain = format.bits_per_element();
  if (storage == models::SparseStorage::dense || elements == 0) {
    return plain;
  }
  const models::StoredTensor stored = models::stored_tensor(
      format, models::Sparsity{.density = density, .storage = storage}, elements, row);
  return std::min(plain, stored.total() / static_cast<double>(elements));
}

}  // namespace

std::optional<Infeasible> SpatialArray::problem(const Spec& spec, const DeviceContext& context) {
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

SpatialArray::SpatialArray(const Spec& spec, const DeviceContext& context)
    : spec_(spec),
      backing_(*context.find(spec.backing)),
      rules_(rules_of(spec.dataflow)),
      technology_(*context.technology) {
  const OperatingPoint point = *technology_.operating_point(spec.clock);
  voltage_scale_ = point.dynamic;
  const double register_energy = technology_.register_access().energy.count() * voltage_scale_;

  NestMachine& m = base_;
  m.levels = spec.levels.size();
  m.clock = spec.clock.count();
  m.dram_bandwidth = backing_.bandwidth;
  m.dram_latency = backing_.latency_s;
  m.dram_read_energy = backing_.read_energy;
  m.dram_write_energy = backing_.write_energy;
  std::int64_t instances = 1;
  for (std::size_t i = 0; i < spec.levels.size(); ++i) {
    const SpatialLevelSpec& from = spec.levels[i];
    const std::size_t l = spec.levels.size() - 1 - i;  // the file begins outside
    NestLevel& level = m.level.at(l);
    level.x = from.x;
    level.y = from.y;
    instances *= from.x * from.y;
    level.network = from.network;
    level.hop_energy = from.hop_energy ? from.hop_energy->count() : 2 * register_energy;
    level.port.fill(kInfinity);
    level.prefetch.fill(!from.prefetch.has_value());
    if (from.prefetch) {
      for (const Operand tensor : *from.prefetch) {
        level.prefetch[index(tensor)] = true;
      }
    }
    const auto bus = [](const std::optional<BitsPerCycle>& bits) {
      return bits ? bits->count() : kInfinity;
    };
    level.bus = {bus(from.weight_bus), bus(from.input_bus), bus(from.output_bus)};
    for (std::size_t t = 0; t < kOperands; ++t) {
      const std::optional<std::string>& name = from.memory(static_cast<Operand>(t));
      level.slot[t] = static_cast<std::uint8_t>(t);
      if (!name) {
        continue;
      }
      level.kept[t] = true;
      if (*name == SpatialLevelSpec::kRegisters) {
        in_registers_[l][t] = true;
        slot_names_[l][t] = *name;
        // What stays costs nothing to use; a sum is read and written for each MAC.
        level.read_energy[t] = t == index(Operand::outputs) ? register_energy : 0.0;
        level.write_energy[t] = register_energy;
        continue;
      }
      const ResolvedMemory& memory = *context.find(*name);
      for (std::size_t other = 0; other < t; ++other) {
        if (from.memory(static_cast<Operand>(other)) == name) {
          level.slot[t] = level.slot[other];
          break;
        }
      }
      const std::size_t slot = level.slot[t];
      slot_names_[l][slot] = *name;
      level.capacity[slot] = memory.capacity_bits / static_cast<double>(instances);
      level.port[slot] = memory.bandwidth / static_cast<double>(instances) / m.clock;
      level.read_energy[t] = memory.read_energy * voltage_scale_;
      level.write_energy[t] = memory.write_energy * voltage_scale_;
    }
    if (from.spread_x) {
      rules_.spread_x.at(l) = list_of(*from.spread_x);
    }
    if (from.spread_y) {
      rules_.spread_y.at(l) = list_of(*from.spread_y);
    }
  }
  m.vector_rate = static_cast<double>(spec.vector_lanes) * m.clock;
  m.decode_rate = static_cast<double>(spec.decode_lanes.value_or(spec.vector_lanes)) * m.clock;
  m.overhead_s = static_cast<double>(spec.operator_overhead_cycles) / m.clock;
  m.clock_energy = static_cast<double>(spec.clocked_bits) * static_cast<double>(m.pes()) *
                   technology_.movement(Movement::register_write).energy.count() * voltage_scale_;
  tiles_ = spec.zeros.densities.empty() ? TileDensities::uniform(1)
                                        : TileDensities::from(spec.zeros.densities);
  if (tiles_.mean() > 0) {
    const double scale = 1.0 / tiles_.mean();
    for (std::size_t i = 0; i < tiles_.count; ++i) {
      tiles_.density[i] *= scale;
    }
  }

  std::vector<AreaPart> area;
  append_area(area);
  double logic_mm2 = 0;
  for (const AreaPart& part : area) {
    logic_mm2 += part.mm2;
  }
  leakage_ = technology_.logic_leakage(Area{logic_mm2 / kSquareMillimetresPerSquareMetre}).count() *
             point.leakage;
}

void SpatialArray::skip_zeros(const LoopProblem& p, NestMachine& m) const {
  const ZeroSpec& zeros = spec_.zeros;
  const auto share = [](ZeroHandling how, ZeroHandling wanted, double density) {
    return how == wanted ? density : 1.0;
  };
  const double gated = share(zeros.weights, ZeroHandling::gate, p.weight_density) *
                       share(zeros.inputs, ZeroHandling::gate, p.input_density);
  const double skipped = share(zeros.weights, ZeroHandling::skip, p.weight_density) *
                         share(zeros.inputs, ZeroHandling::skip, p.input_density);
  m.toggle_share = gated * skipped;
  if (zeros.weights != ZeroHandling::skip && zeros.inputs != ZeroHandling::skip) {
    return;
  }
  m.extra_pe_joules = zeros.intersection_energy.count() * voltage_scale_;
  if (skipped >= 1) {  // nothing to skip, and nothing to wait for
    return;
  }
  // The window lies along the reduction; a short one is a window of its own.
  const std::int64_t reduction = p.of(Loop::c) * p.of(Loop::r) * p.of(Loop::s);
  const std::int64_t window = std::min(zeros.window, reduction);
  std::int64_t draws = window;
  double density = skipped;
  if (zeros.weights == ZeroHandling::skip && p.block > 0) {  // N of M: the same in every lane
    draws = std::max<std::int64_t>(1, (window * p.kept + p.block - 1) / p.block);
    density = share(zeros.inputs, ZeroHandling::skip, p.input_density);
  }
  const bool own = zeros.balanced && zeros.inputs != ZeroHandling::skip && tiles_.count == 1;
  const double slowest =
      expected_slowest(tiles_.scaled(density), draws, own ? reduction : 0, zeros.lanes);
  // A window takes a whole cycle at least: the one in which it is found to be empty.
  const double cycles = std::max(slowest, 1.0) + static_cast<double>(zeros.intersection_cycles);
  m.work_share = cycles / static_cast<double>(window);
}

NestMachine SpatialArray::machine_for(const models::Formats& formats, const LoopProblem& p) const {
  NestMachine m = base_;
  const Precision weight = formats.weights.is_coded() ? spec_.native : formats.weights;
  m.mac_energy =
      technology_.multiply_accumulate(weight, formats.activations).energy.count() * voltage_scale_;
  m.vector_energy =
      technology_.vector_operation(formats.activations).energy.count() * voltage_scale_;
  m.decode_energy =
      technology_.decode_operation(formats.weights, spec_.native).energy.count() * voltage_scale_;
  for (std::size_t l = 0; l < m.levels; ++l) {
    for (std::size_t t = 0; t < kOperands; ++t) {
      if (in_registers_[l][t]) {  // one element
        m.level[l].capacity[t] = t == index(Operand::outputs) ? p.partial_bits : p.bits[t];
      }
    }
  }
  skip_zeros(p, m);
  return m;
}

std::variant<LoopProblem, Infeasible> SpatialArray::problem_of(const GroupView& group) const {
  const models::Operator& anchor = *group.anchor;
  const Precision& native = spec_.native;
  if (std::optional<Infeasible> wrong = unsupported(native, anchor)) {
    return std::move(*wrong);
  }
  LoopProblem p = loop_problem(anchor);
  p.partial_bits = static_cast<double>(spec_.accumulator.element_bits());
  p.passes =
      passes_of(native, anchor.formats.weights) * passes_of(native, anchor.formats.activations);
  p.decode_operations = models::decode_operations_per_weight(anchor.formats.weights);
  p.input_density = anchor.input_density;

  auto outputs = static_cast<double>(models::output_elements(anchor.shape));
  const models::Operator* last = &anchor;
  for (const models::Operator* follower : group.followers) {
    if (const auto* second = std::get_if<models::MatMul>(&follower->shape)) {  // the same input
      p.extent[index(Loop::k)] += second->n;
      outputs += static_cast<double>(models::output_elements(follower->shape));
      continue;
    }
    p.vector_operations += static_cast<double>(vector_operations(follower->shape));
    outputs = static_cast<double>(models::output_elements(follower->shape));
    if (const auto* e = std::get_if<models::Elementwise>(&follower->shape)) {
      const double made =
          p.products() / static_cast<double>(p.of(Loop::c) * p.of(Loop::r) * p.of(Loop::s));
      if (e->inputs > 1 && outputs * 2 > made) {  // a residual comes from behind the chip
        p.epilogue_read_bits += outputs * static_cast<double>(e->inputs - 1) *
                                follower->formats.activations.bits_per_element();
      }
    }
    last = follower;
  }
  const double made =
      p.products() / static_cast<double>(p.of(Loop::c) * p.of(Loop::r) * p.of(Loop::s));
  p.output_share = outputs / made;
  p.bits[index(Operand::outputs)] = last->formats.outputs.bits_per_element();
  p.backing_bits[index(Operand::inputs)] =
      packed_bits(anchor.formats.activations, anchor.input_density, spec_.packing.inputs,
                  models::input_elements(anchor.shape), p.input_cols);
  p.backing_bits[index(Operand::outputs)] =
      packed_bits(last->formats.outputs, anchor.output_density, spec_.packing.outputs,
                  static_cast<std::int64_t>(outputs), p.of(Loop::q));
  return p;
}

Infeasible SpatialArray::too_large(const SpatialResult& result) const {
  const NestOverflow& over = result.smallest;
  const NestLevel& level = base_.level.at(over.level);
  const std::string& name = slot_names_.at(over.level).at(over.slot);
  const double capacity = level.capacity.at(over.slot);
  return {fmt::format("memories.{}.capacity: the smallest tile needs {:.0f} B in each instance of "
                      "level {}, {:.0f} B over; {:.0f} B would fit it",
                      name, std::ceil(over.needed / 8),
                      spec_.levels.at(spec_.levels.size() - 1 - over.level).name,
                      std::ceil(over.bits / 8), std::ceil(over.needed / 8)),
          fmt::format("{}.capacity", name), capacity > 0 ? over.bits / capacity : kInfinity};
}

Estimate SpatialArray::solve(const models::Formats& formats, const LoopProblem& p,
                             const MappingConstraint& constraint,
                             MappingObjective objective) const {
  if (constraint.dataflow && *constraint.dataflow != plain_dataflow(spec_.dataflow)) {
    return Infeasible{
        fmt::format("the mapping wants {}, the array is {}", cairn::to_text(*constraint.dataflow),
                    cairn::to_text(spec_.dataflow)),
        "mapping dataflow", 0.0};
  }
  const NestMachine m = machine_for(formats, p);
  const SpatialResult found = find_nest(m, rules_, p, constraint, objective);
  if (!found.feasible) {
    if (found.considered > 0) {
      return Infeasible{"mapping: no nest of this dataflow agrees with what is fixed", "mapping",
                        0.0};
    }
    return too_large(found);
  }
  const SpatialCost& nest = found.cost;
  OperatorCost cost;
  cost.weight_fill_s = nest.weight_fill_s;
  cost.input_fill_s = nest.input_fill_s;
  cost.busy_s = nest.busy_s;
  cost.drain_s = nest.drain_s;
  cost.stream_s = nest.stream_s;
  cost.dram_read_bits = nest.dram_read_bits;
  cost.dram_write_bits = nest.dram_write_bits;
  cost.weight_bits = nest.weight_bits;
  cost.cycles = cycles_of(cost.latency_s(), m.clock);
  const double macs = p.products() * p.useful_share;
  cost.macs = std::llround(macs);
  cost.utilization = macs * static_cast<double>(p.passes) * std::min(1.0, m.work_share) /
                     (static_cast<double>(m.pes()) * m.clock * cost.latency_s());
  cost.energy[EnergyComponent::multiply_accumulate] = nest.mac_joules;
  cost.energy[EnergyComponent::registers] = nest.register_joules;
  cost.energy[EnergyComponent::vector] = nest.vector_joules;
  cost.energy[EnergyComponent::decode] = nest.decode_joules;
  cost.energy[EnergyComponent::scratchpad] = nest.scratchpad_joules;
  cost.energy[EnergyComponent::dram] = nest.dram_joules;
  cost.bottleneck = limit_of(nest, m.clock);
  cost.mappings_considered = found.considered;
  cost.mapping = mapping_of(m, p, found.nest);
  cost.mapping.dataflow = plain_dataflow(spec_.dataflow);
  return cost;
}

std::variant<SpatialArray::Solution, Infeasible> SpatialArray::solve_group(
    const GroupView& group, const MappingConstraint& constraint, MappingObjective objective) const {
  auto problem = problem_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&problem)) {
    return std::move(*wrong);
  }
  const auto& p = std::get<LoopProblem>(problem);
  Solution solution{p, machine_for(group.anchor->formats, p), {}};
  solution.result = find_nest(solution.machine, rules_, p, constraint, objective);
  if (!solution.result.feasible) {
    return too_large(solution.result);
  }
  return solution;
}

SpatialArray::AttentionProblems SpatialArray::attention_problems(const GroupView& group) const {
  const models::Operator& op = *group.anchor;
  const auto& a = std::get<models::Attention>(op.shape);
  const std::int64_t queries = a.queries * (a.heads / a.kv_heads);
  const std::int64_t keys = a.visible_keys();

  AttentionProblems both;
  both.fused = group.fused == fused_bit(models::FusionKind::attention);
  LoopProblem& scores = both.scores;
  scores.extent[index(Loop::g)] = a.batch * a.kv_heads;
  scores.extent[index(Loop::q)] = queries;
  scores.extent[index(Loop::k)] = keys;
  scores.extent[index(Loop::c)] = a.head_dim;
  scores.input_cols = queries;
  const double activation_bits = op.formats.activations.bits_per_element();
  scores.bits = {op.formats.weights.bits_per_element(), activation_bits, activation_bits};
  scores.backing_bits = scores.bits;
  scores.partial_bits = static_cast<double>(spec_.accumulator.element_bits());
  scores.decode_operations = models::decode_operations_per_weight(op.formats.weights);
  scores.passes =
      passes_of(spec_.native, op.formats.weights) * passes_of(spec_.native, op.formats.activations);
  scores.useful_share = static_cast<double>(a.visible_pairs()) /
                        (static_cast<double>(a.queries) * static_cast<double>(keys));
  scores.vector_operations = static_cast<double>(vector_operations(op.shape));

  LoopProblem& values = both.values;
  values = scores;
  values.extent[index(Loop::k)] = a.head_dim;
  values.extent[index(Loop::c)] = keys;
  values.vector_operations = 0;
  values.bits[index(Operand::outputs)] = op.formats.outputs.bits_per_element();
  values.backing_bits = values.bits;

  const double elements = static_cast<double>(scores.of(Loop::g)) * static_cast<double>(queries) *
                          static_cast<double>(keys);
  both.score_bits = elements * activation_bits;
  if (both.fused) {  // the softmax of a block of queries keeps its scores on the chip
    scores.output_share = 0;
    values.backing_bits[index(Operand::inputs)] = 0;
    return both;
  }
  // The softmax between reads and writes the scores once more where a row does not fit.
  const std::size_t top = base_.levels - 1;
  const std::size_t slot = base_.level[top].slot[index(Operand::inputs)];
  both.spills = static_cast<double>(keys) * activation_bits > base_.level[top].capacity[slot];
  return both;
}

Estimate SpatialArray::price_attention(const GroupView& group, const MappingConstraint& constraint,
                                       MappingObjective objective) const {
  const models::Operator& op = *group.anchor;
  if (std::optional<Infeasible> wrong = unsupported(spec_.native, op)) {
    return std::move(*wrong);
  }
  const AttentionProblems both = attention_problems(group);
  Estimate first = solve(op.formats, both.scores, constraint, objective);
  if (std::holds_alternative<Infeasible>(first)) {
    return first;
  }
  Estimate second = solve(op.formats, both.values, {}, objective);
  if (std::holds_alternative<Infeasible>(second)) {
    return second;
  }
  OperatorCost total = in_sequence(std::get<OperatorCost>(first), std::get<OperatorCost>(second));
  if (both.fused) {
    total.fused_bits_saved = 2 * both.score_bits;
    total.mapping.fused = group.fused;
  } else if (both.spills) {
    const double seconds = 2 * both.score_bits / base_.dram_bandwidth;
    total.busy_s += seconds;
    total.stream_s += seconds;
    total.dram_read_bits += both.score_bits;
    total.dram_write_bits += both.score_bits;
    total.energy[EnergyComponent::dram] +=
        both.score_bits * (base_.dram_read_energy + base_.dram_write_energy);
    total.cycles = cycles_of(total.latency_s(), base_.clock);
  }
  return total;
}

std::variant<SpatialArray::Phases, Infeasible> SpatialArray::phases_of(
    const GroupView& group) const {
  Phases phases;
  const auto add = [&](const LoopProblem& p, const MappingConstraint& constraint) {
    Solution solution{p, machine_for(group.anchor->formats, p), {}};
    solution.result = find_nest(solution.machine, rules_, p, constraint, MappingObjective::latency);
    const bool found = solution.result.feasible;
    phases.nests.push_back(solution);
    return found;
  };
  const MappingConstraint fixed = spec_.mapping.value_or(MappingConstraint{});
  if (std::holds_alternative<models::Attention>(group.anchor->shape)) {
    const AttentionProblems both = attention_problems(group);
    if (!add(both.scores, fixed) || !add(both.values, {})) {
      return too_large(phases.nests.back().result);
    }
    phases.score_bits = both.spills ? both.score_bits : 0.0;
    return phases;
  }
  auto problem = problem_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&problem)) {
    return std::move(*wrong);
  }
  if (!add(std::get<LoopProblem>(problem), fixed)) {
    return too_large(phases.nests.back().result);
  }
  return phases;
}

Estimate SpatialArray::price_vector(const GroupView& group) const {
  const models::Operator& first = *group.anchor;
  const models::Operator& last = group.followers.empty() ? first : *group.followers.back();
  const std::size_t top = base_.levels - 1;
  const NestLevel& buffer = base_.level[top];
  const std::size_t inputs = index(Operand::inputs);
  const double capacity = buffer.kept[inputs] && top > 0 ? buffer.capacity[buffer.slot[inputs]] : 0;
  auto operations = static_cast<double>(vector_operations(first.shape));
  const double in_bits = first.formats.activations.bits_per_element();
  double read_bits = static_cast<double>(models::input_elements(first.shape)) * in_bits *
                     static_cast<double>(input_passes(first.shape, in_bits, capacity));
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
  double dram_s = moved / base_.dram_bandwidth;
  double vector_s = operations / base_.vector_rate;
  if (const models::Elementwise* permute = permute_of(first.shape)) {
    vector_s += (permute_moves(*permute, static_cast<double>(spec_.vector_lanes)) -
                 static_cast<double>(vector_operations(first.shape))) /
                base_.vector_rate;
    dram_s = moved / backing_.bandwidth_of_runs(permute_run_bits(*permute, in_bits, capacity));
  }
  cost.input_fill_s = base_.dram_latency + base_.overhead_s;
  // Chunks are read, worked on and written, each behind the one before.
  const double chunks = vector_chunks(std::max(cost.dram_read_bits, cost.dram_write_bits));
  cost.busy_s = std::max(dram_s + vector_s / chunks, vector_s + dram_s / chunks);
  cost.stream_s = dram_s;
  cost.cycles = cycles_of(cost.latency_s(), base_.clock);
  cost.energy[EnergyComponent::vector] =
      operations * technology_.vector_operation(first.formats.activations).energy.count() *
      voltage_scale_;
  cost.energy[EnergyComponent::dram] =
      cost.dram_read_bits * base_.dram_read_energy + cost.dram_write_bits * base_.dram_write_energy;
  if (top > 0 && buffer.kept[inputs]) {
    cost.energy[EnergyComponent::scratchpad] =
        moved * (buffer.read_energy[inputs] + buffer.write_energy[inputs]);
  }
  cost.energy[EnergyComponent::registers] = base_.clock_energy * base_.clock * cost.latency_s();
  cost.bottleneck = cost.input_fill_s > cost.busy_s ? Bottleneck::latency
                    : dram_s >= vector_s            ? Bottleneck::dram
                                                    : Bottleneck::vector;
  cost.mapping.fused = group.fused;
  return cost;
}

Estimate SpatialArray::price(const GroupView& group, const MappingConstraint& constraint,
                             MappingObjective objective) const {
  const MappingConstraint& chosen =
      constraint.empty() && spec_.mapping ? *spec_.mapping : constraint;
  const models::Shape& shape = group.anchor->shape;
  if (std::holds_alternative<models::Attention>(shape)) {
    return price_attention(group, chosen, objective);
  }
  if (!std::holds_alternative<models::MatMul>(shape) &&
      !std::holds_alternative<models::Convolution>(shape)) {
    return price_vector(group);
  }
  auto problem = problem_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&problem)) {
    return std::move(*wrong);
  }
  Estimate estimate =
      solve(group.anchor->formats, std::get<LoopProblem>(problem), chosen, objective);
  if (auto* cost = std::get_if<OperatorCost>(&estimate)) {
    cost->mapping.fused = group.fused;
  }
  return estimate;
}

double SpatialArray::peak_macs_per_second(const models::Formats& formats) const {
  const std::int64_t passes =
      passes_of(spec_.native, formats.weights) * passes_of(spec_.native, formats.activations);
  return static_cast<double>(base_.pes()) * base_.clock / static_cast<double>(passes);
}

void SpatialArray::append_area(std::vector<AreaPart>& parts) const {
  const auto mm2 = [](Area area) { return area.count() * kSquareMillimetresPerSquareMetre; };
  const auto pes = static_cast<double>(base_.pes());
  const ArithmeticFigures mac = technology_.multiply_accumulate(spec_.native, spec_.native);
  // Flip-flops: those that are stated, or an operand pair and a sum.
  const auto flops = static_cast<double>(std::max(
      spec_.clocked_bits, 2 * spec_.native.element_bits() + spec_.accumulator.element_bits()));
  parts.push_back({"PEs",
                   pes * (mm2(mac.area) + flops * mm2(Area{technology_.register_area().count()})),
                   mac.area_confidence});
  const ArithmeticFigures lane = technology_.vector_operation(models::kFp32);
  parts.push_back({"vector unit", static_cast<double>(spec_.vector_lanes) * mm2(lane.area),
                   lane.area_confidence});
  if (spec_.decode_lanes) {  // a lane holds the multiplier and adders of a decoder
    const ArithmeticFigures decoder = technology_.multiply(models::kInt32, models::kInt32);
    parts.push_back({"weight decoder", static_cast<double>(*spec_.decode_lanes) * mm2(decoder.area),
                     decoder.area_confidence});
  }
}

std::vector<std::string> SpatialArray::assumptions() const {
  std::vector<std::string> lines{
      "spatial array: instances run in step; bank conflicts and control beyond clocked flip-flops "
      "are ignored",
      "spatial array: channel groups run one after the other unless a level spreads loop g"};
  if (spec_.zeros.weights == ZeroHandling::skip || spec_.zeros.inputs == ZeroHandling::skip) {
    lines.emplace_back(
        "spatial array: zeros lie at random within a tile; lanes wait for the slowest of a window");
  }
  return lines;
}

}  // namespace cairn::hw
