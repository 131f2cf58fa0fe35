#include "hw/systolic/gemm_cost.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

/// Products a second when every PE is busy and needs one cycle for them.
double slots_per_second(const GemmMachine& machine) {
  const std::int64_t in_time =
      machine.dataflow == Dataflow::output_stationary ? machine.products : 1;
  return static_cast<double>(machine.rows * machine.cols * in_time) * machine.clock;
}

}  // namespace

Mapping mapping_of(const GemmMachine& machine, const GemmProblem& p, const Nest& nest,
                   std::uint8_t fused) {
  Mapping m;
  m.kind = MappingKind::array;
  m.dataflow = machine.dataflow;
  m.order = nest.order;
  m.tile = nest.tile;
  m.bypass = nest.bypass;
  m.fused = fused;
  for (std::size_t d = 0; d < 3; ++d) {
    m.trips.at(d) = (p.extent.at(d) + nest.tile.at(d) - 1) / nest.tile.at(d);
  }
  const ArrayAxes axes = axes_of(machine.dataflow);
  m.spatial.at(static_cast<std::size_t>(axes.rows)) = std::min(machine.rows, p.of(axes.rows));
  m.spatial.at(static_cast<std::size_t>(axes.cols)) = std::min(machine.cols, p.of(axes.cols));
  return m;
}

Bottleneck limit_of(const NestCost& c) {
  const double waiting = c.weight_fill_s + c.input_fill_s + c.drain_s;
  if (waiting > c.busy_s) {
    // Filling and draining are DRAM time as well; only small operators wait on latency alone.
    return c.stream_s >= c.array_s || c.weight_fill_s > c.array_s ? Bottleneck::dram
                                                                  : Bottleneck::latency;
  }
  const double most = std::max({c.array_s, c.stream_s, c.vector_s, c.decode_s, c.port_s});
  return most == c.array_s    ? Bottleneck::compute
         : most == c.stream_s ? Bottleneck::dram
         : most == c.vector_s ? Bottleneck::vector
         : most == c.decode_s ? Bottleneck::decode
                              : Bottleneck::scratchpad;
}

std::int64_t cycles_of(double seconds, double clock) {
  // A whole number of cycles up to rounding of the division by the clock.
  return static_cast<std::int64_t>(std::ceil(seconds * clock * (1.0 - 1e-12)));
}

OperatorCost cost_of(const GemmMachine& machine, const GemmProblem& p, const MapperResult& found,
                     std::uint8_t fused) {
  const NestCost& nest = found.cost;
  OperatorCost cost;
  cost.weight_fill_s = nest.weight_fill_s;
  cost.input_fill_s = nest.input_fill_s;
  cost.busy_s = nest.busy_s;
  cost.drain_s = nest.drain_s;
  cost.stream_s = nest.stream_s;
  cost.dram_read_bits = nest.dram_read_bits;
  cost.dram_write_bits = nest.dram_write_bits;
  cost.weight_bits = nest.weight_bits;
  cost.cycles = machine.timing == SystolicTiming::scalesim
                    ? nest.array_cycles
                    : cycles_of(cost.latency_s(), machine.clock);
  const double macs = static_cast<double>(p.instances) * static_cast<double>(p.extent[0]) *
                      static_cast<double>(p.extent[1]) * static_cast<double>(p.extent[2]) *
                      p.useful_share * p.dense_share;
  cost.macs = std::llround(macs);
  const double slots = slots_per_second(machine);
  cost.utilization = macs * static_cast<double>(p.passes) / (slots * cost.latency_s());
  cost.energy[EnergyComponent::multiply_accumulate] = macs * machine.mac_energy;
  cost.energy[EnergyComponent::registers] = macs * machine.register_energy;
  cost.energy[EnergyComponent::vector] = p.vector_operations * machine.vector_energy;
  cost.energy[EnergyComponent::decode] = nest.decode_joules;
  cost.energy[EnergyComponent::scratchpad] = nest.scratchpad_joules;
  cost.energy[EnergyComponent::dram] = nest.dram_joules;
  cost.bottleneck = limit_of(nest);
  cost.mappings_considered = found.considered;
  cost.mapping = mapping_of(machine, p, found.nest, fused);
  return cost;
}

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
  if (b.latency_s() > a.latency_s()) {
    c.bottleneck = b.bottleneck;
  }
  c.utilization = (a.utilization * a.latency_s() + b.utilization * b.latency_s()) / c.latency_s();
  return c;
}

OperatorCost repeated(const OperatorCost& one, std::int64_t count, double clock) {
  OperatorCost c = one;
  const auto times = static_cast<double>(count);
  c.busy_s = times * one.latency_s() - one.weight_fill_s - one.input_fill_s - one.drain_s;
  c.stream_s = times * (one.weight_fill_s + one.input_fill_s + one.stream_s + one.drain_s) -
               one.weight_fill_s - one.input_fill_s - one.drain_s;
  c.macs = one.macs * count;
  c.dram_read_bits *= times;
  c.dram_write_bits *= times;
  c.weight_bits *= times;
  for (double& joules : c.energy.joules) {
    joules *= times;
  }
  c.cycles = cycles_of(c.latency_s(), clock);
  return c;
}

OperatorCost on_cores(const OperatorCost& one, std::int64_t used, std::int64_t all) {
  OperatorCost c = one;
  const auto times = static_cast<double>(used);
  c.macs = one.macs * used;
  c.dram_read_bits *= times;
  c.dram_write_bits *= times;
  c.weight_bits *= times;
  for (double& joules : c.energy.joules) {
    joules *= times;
  }
  c.utilization = one.utilization * times / static_cast<double>(all);
  return c;
}

double score_of(const OperatorCost& cost, MappingObjective objective) {
  switch (objective) {
    case MappingObjective::latency:
      return cost.latency_s();
    case MappingObjective::energy:
      return cost.energy.total();
    case MappingObjective::energy_delay:
      break;
  }
  return cost.latency_s() * cost.energy.total();
}

OperatorCost attention_cost(const GemmMachine& machine, const AttentionProblems& both,
                            const OperatorCost& first, const OperatorCost& second,
                            std::uint8_t fused) {
  OperatorCost total = in_sequence(first, second);
  if (both.fused) {
    const double on_chip = both.score_bits * both.visible * static_cast<double>(both.scores.passes);
    total.energy[EnergyComponent::scratchpad] +=
        on_chip * (machine.write_energy[1] + machine.read_energy[1]);
    total.fused_bits_saved = 2 * both.score_bits;
    total.mapping.fused = fused;
  } else if (both.spills) {
    const double seconds = 2 * both.score_bits / machine.dram_bandwidth;
    total.busy_s += seconds;
    total.stream_s += seconds;
    total.dram_read_bits += both.score_bits;
    total.dram_write_bits += both.score_bits;
    total.energy[EnergyComponent::dram] +=
        both.score_bits * (machine.dram_read_energy + machine.dram_write_energy);
    total.cycles = cycles_of(total.latency_s(), machine.clock);
  }
  return total;
}

}  // namespace cairn::hw
