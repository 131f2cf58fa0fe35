#include "sim/cycle/cycle_pricer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/cycle/device_program.h"
#include "hw/memory/cycle/dram_controller.h"
#include "sim/cycle/family_programs.h"

namespace cairn::sim {
namespace {

using hw::cycle::DeviceUnits;
using hw::cycle::ProgramOrRefusal;
using Memories = std::span<const hw::ResolvedMemory>;

/// Whether a family has a program for the cycle level.
template <class Model>
concept HasProgram = requires(const Model& model, const hw::GroupView& group,
                              const hw::OperatorCost& closed_form, Memories memories) {
  { hw::cycle::units_of(model, memories) } -> std::same_as<DeviceUnits>;
  { hw::cycle::program_of(model, group, closed_form, memories) } -> std::same_as<ProgramOrRefusal>;
};

std::vector<SimulatedMemory> simulated(const hw::SystemSpec& spec, const hw::Machine& machine,
                                       const hw::Technology& technology) {
  std::vector<SimulatedMemory> memories;
  for (const hw::ResolvedMemory& resolved : machine.memories()) {
    SimulatedMemory memory;
    memory.name = resolved.name;
    memory.bandwidth = resolved.bandwidth;
    memory.latency_s = resolved.latency_s;
    if (const hw::MemorySpec* given = spec.memories.find(resolved.name)) {
      memory.part = given->part;
      memory.channels = given->channels;
      if (given->part && !given->read_energy && !given->write_energy) {
        memory.energies = hw::cycle::energies_of(*given->part);
        const std::optional<hw::DramFigures>& figures = technology.dram(given->kind);
        if (!memory.energies && figures) {
          memory.energies = hw::cycle::energies_of(*given->part, *figures);
        }
      }
    }
    memories.push_back(std::move(memory));
  }
  return memories;
}

/// The price of a run: everything that does not contend as the closed form has it.
hw::OperatorCost simulated_cost(const hw::OperatorCost& closed_form, const SimulationResult& run,
                                std::size_t backing, double clock, double inside_read_bits) {
  hw::OperatorCost cost = closed_form;
  const double latency = hw::cycle::to_seconds(run.duration);
  double rest = latency;
  const auto take = [&rest](double most) {
    const double part = std::min(most, rest);
    rest -= part;
    return part;
  };
  cost.weight_fill_s = take(closed_form.weight_fill_s);
  cost.input_fill_s = take(closed_form.input_fill_s);
  cost.drain_s = take(closed_form.drain_s);
  cost.busy_s = rest;
  const MemoryActivity& memory = run.memories.at(backing);
  cost.stream_s = std::clamp(memory.busy_s - cost.weight_fill_s - cost.input_fill_s - cost.drain_s,
                             0.0, cost.busy_s);
  // A family without one clock keeps the clock that its closed form counts in.
  const double rate = clock > 0 ? clock
                      : closed_form.latency_s() > 0
                          ? static_cast<double>(closed_form.cycles) / closed_form.latency_s()
                          : 0.0;
  cost.cycles = static_cast<std::int64_t>(std::ceil(latency * rate * (1 - 1e-12)));
  if (latency > 0) {
    cost.utilization = closed_form.utilization * closed_form.latency_s() / latency;
  }
  const double before = closed_form.dram_read_bits + closed_form.dram_write_bits;
  const double moved = memory.read_bits + memory.write_bits + inside_read_bits;
  if (memory.requests > 0) {
    cost.dram_read_bits = memory.read_bits + inside_read_bits;
    cost.dram_write_bits = memory.write_bits;
    double& joules = cost.energy[hw::EnergyComponent::dram];
    if (memory.energy_j && inside_read_bits == 0) {  // reads inside the memory are no commands here
      joules = *memory.energy_j;
    } else if (before > 0) {
      joules *= moved / before;
    }
  }
  return cost;
}

}  // namespace

double CyclePrice::disagreement() const {
  return closed_form.latency_s() > 0 ? cost.latency_s() / closed_form.latency_s() - 1 : 0.0;
}

std::optional<std::string> CyclePricer::missing(const hw::SystemSpec& spec,
                                                const hw::Machine& machine) {
  for (const auto& [name, memory] : spec.memories) {
    if (!memory.part) {
      continue;
    }
    const auto problems = hw::cycle::default_options(*memory.part).problems(*memory.part);
    if (!problems.empty()) {
      return fmt::format("memory {} cannot be simulated: {}: {}", name, problems.front().field,
                         problems.front().message);
    }
  }
  if (machine.coprocessing()) {
    return "devices that share the work are priced by closed forms only";
  }
  return std::visit(
      [](const auto& model) -> std::optional<std::string> {
        using Model = std::decay_t<decltype(model)>;
        if constexpr (HasProgram<Model>) {
          return std::nullopt;
        } else {
          return fmt::format("a device of kind {} has no model at cycle level", Model::Spec::kKind);
        }
      },
      machine.primary());
}

struct CyclePricer::Impl {
  Impl(const hw::SystemSpec& spec, const hw::Technology& technology, SimulationOptions options)
      : machine(spec, technology),
        backing(static_cast<std::size_t>(
            hw::cycle::memory_index(machine.memories(), machine.backing().name))) {
    DeviceUnits device;
    std::visit(
        [&](const auto& model) {
          using Model = std::decay_t<decltype(model)>;
          if constexpr (requires { model.clock(); }) {
            clock = model.clock();
          }
          if constexpr (HasProgram<Model>) {
            device = hw::cycle::units_of(model, machine.memories());
          }
        },
        machine.primary());
    simulation.emplace(std::move(device.units), device.caches, simulated(spec, machine, technology),
                       std::move(options), device.network);
  }

  hw::Machine machine;
  double clock{};
  std::size_t backing{};
  std::optional<MachineSimulation> simulation;
};

CyclePricer::CyclePricer(const hw::SystemSpec& spec, const hw::Technology& technology,
                         SimulationOptions options)
    : impl_(std::make_unique<Impl>(spec, technology, std::move(options))) {}

CyclePricer::~CyclePricer() = default;

const hw::Machine& CyclePricer::machine() const {
  return impl_->machine;
}

std::variant<CyclePrice, hw::Infeasible> CyclePricer::price(const hw::GroupView& group,
                                                            const hw::MappingConstraint& constraint,
                                                            hw::MappingObjective objective) {
  const hw::Estimate estimate = impl_->machine.price(group, constraint, objective);
  if (const auto* refusal = std::get_if<hw::Infeasible>(&estimate)) {
    return *refusal;
  }
  CyclePrice price;
  price.closed_form = std::get<hw::OperatorCost>(estimate);
  price.cost = price.closed_form;
  if (std::holds_alternative<models::Collective>(group.anchor->shape)) {
    return price;  // on the links between machines, not on this one
  }
  return std::visit(
      [&](const auto& model) -> std::variant<CyclePrice, hw::Infeasible> {
        if constexpr (HasProgram<std::decay_t<decltype(model)>>) {
          ProgramOrRefusal program =
              hw::cycle::program_of(model, group, price.closed_form, impl_->machine.memories());
          if (auto* refusal = std::get_if<hw::Infeasible>(&program)) {
            return std::move(*refusal);
          }
          const double inside = std::get<hw::cycle::Program>(program).inside_read_bits;
          price.run = impl_->simulation->run(std::move(std::get<hw::cycle::Program>(program)));
          if (!price.run.deadlock.empty()) {
            throw InternalError(fmt::format("operator {}: the simulation is deadlocked:\n{}",
                                            group.anchor->name, price.run.deadlock));
          }
          price.simulated = true;
          price.cost =
              simulated_cost(price.closed_form, price.run, impl_->backing, impl_->clock, inside);
        }
        return price;
      },
      impl_->machine.primary());
}

}  // namespace cairn::sim
