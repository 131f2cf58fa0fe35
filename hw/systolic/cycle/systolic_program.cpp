#include "hw/systolic/cycle/systolic_program.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "hw/cycle/vector_stream.h"
#include "hw/systolic/cycle/gemm_stream.h"
#include "hw/vector_work.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::uint16_t kUnitsOfCore = 6;
constexpr double kBitsPerByte = 8;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

CoreUnits units_of_core(std::int64_t core) {
  const auto first = static_cast<std::uint16_t>(core * kUnitsOfCore);
  return {.load = first,
          .inputs = static_cast<std::uint16_t>(first + 1),
          .sums = static_cast<std::uint16_t>(first + 2),
          .array = static_cast<std::uint16_t>(first + 3),
          .vector = static_cast<std::uint16_t>(first + 4),
          .store = static_cast<std::uint16_t>(first + 5)};
}

CoreMemories memories_of(const SystolicArray& array, std::span<const ResolvedMemory> memories) {
  const SystolicArraySpec& spec = array.spec();
  return {.backing = memory_index(memories, spec.backing),
          .local = {memory_index(memories, spec.weights_from),
                    memory_index(memories, spec.activations_from),
                    memory_index(memories, spec.outputs_to)}};
}

VectorUnits vector_units(const CoreUnits& core) {
  return {.load = core.inputs,
          .vector = core.vector,
          .store = core.store,
          .load_activity = static_cast<std::uint16_t>(SystolicActivity::load_inputs),
          .vector_activity = static_cast<std::uint16_t>(SystolicActivity::vector),
          .store_activity = static_cast<std::uint16_t>(SystolicActivity::store)};
}

Program vector_program(const SystolicArray& array, const GroupView& group,
                       const OperatorCost& closed_form, const CoreMemories& memories) {
  const GemmMachine machine = array.machine_for(group.anchor->formats);
  auto operations = to_real(vector_operations(group.anchor->shape));
  for (const models::Operator* follower : group.followers) {
    operations += to_real(vector_operations(follower->shape));
  }
  const std::int64_t cores = array.spec().cores;
  const double share = 1.0 / to_real(cores);
  const VectorWork work{.read_bits = closed_form.dram_read_bits * share,
                        .write_bits = closed_form.dram_write_bits * share,
                        .operations = operations * share,
                        .rate = machine.vector_rate,
                        .setup_s = machine.overhead_s};
  Program program;
  program.activities = systolic_activities();
  AddressMap map;
  for (std::int64_t core = 0; core < cores; ++core) {
    const std::uint64_t from = map.place(work.read_bits);
    const std::uint64_t to = map.place(work.write_bits);
    program.streams.push_back(std::make_unique<VectorStream>(
        work, from, to, vector_units(units_of_core(core)), memories.backing, memories.local[1]));
  }
  return program;
}

CoreAddresses addresses_of(const GemmPhase& phase, AddressMap& map) {
  const GemmProblem& p = phase.problem;
  const double instances = to_real(p.instances);
  // Tiles at the edges take the room of whole ones.
  const auto padded = [&](std::size_t a, std::size_t b, double bits) {
    const auto up = [&](std::size_t d) {
      const std::int64_t tile = phase.nest.tile.at(d);
      return to_real((p.extent.at(d) + tile - 1) / tile * tile);
    };
    return instances * up(a) * up(b) * std::max(bits, 1.0);
  };
  CoreAddresses at;
  at.weights = map.place(padded(1, 2, p.weight_bits));
  at.activations = map.place(padded(0, 2, p.activation_bits));
  at.sums = map.place(padded(0, 1, p.partial_bits));
  at.outputs = map.place(padded(0, 1, p.output_bits));
  at.epilogue = map.place(instances * std::max(p.epilogue_read_bits, 1.0));
  return at;
}

}  // namespace

DeviceUnits units_of(const SystolicArray& array, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits all;
  const std::int64_t cores = array.spec().cores;
  for (std::int64_t core = 0; core < cores; ++core) {
    const std::string prefix = cores > 1 ? fmt::format("core {} ", core) : std::string{};
    for (const auto& [name, moves] : {std::pair{"load weights", true},
                                      {"load inputs", true},
                                      {"load sums", true},
                                      {"array", false},
                                      {"vector unit", false},
                                      {"store", true}}) {
      all.units.push_back({.name = prefix + name, .moves_data = moves, .outstanding_bits = 0});
    }
  }
  return all;
}

ProgramOrRefusal program_of(const SystolicArray& array, const GroupView& group,
                            const OperatorCost& closed_form,
                            std::span<const ResolvedMemory> memories) {
  const CoreMemories where = memories_of(array, memories);
  const models::Shape& shape = group.anchor->shape;
  const bool products = std::holds_alternative<models::MatMul>(shape) ||
                        std::holds_alternative<models::Convolution>(shape) ||
                        std::holds_alternative<models::Attention>(shape);
  if (!products) {
    return vector_program(array, group, closed_form, where);
  }
  auto found = gemm_phases(array, group, closed_form);
  if (auto* wrong = std::get_if<Infeasible>(&found)) {
    return std::move(*wrong);
  }
  const auto& phases = std::get<std::vector<GemmPhase>>(found);
  std::int64_t cores = 1;
  for (const GemmPhase& phase : phases) {
    cores = std::max(cores, phase.cores);
  }
  Program program;
  program.activities = systolic_activities();
  program.laps = GemmStream::laps_of(phases);
  AddressMap map;
  for (std::int64_t core = 0; core < cores; ++core) {
    std::vector<GemmPhase> own;
    std::vector<CoreAddresses> addresses;
    for (const GemmPhase& phase : phases) {
      if (core < phase.cores) {
        own.push_back(phase);
        addresses.push_back(addresses_of(phase, map));
      }
    }
    program.streams.push_back(std::make_unique<GemmStream>(std::move(own), std::move(addresses),
                                                           units_of_core(core), where));
  }
  return program;
}

}  // namespace cairn::hw::cycle
