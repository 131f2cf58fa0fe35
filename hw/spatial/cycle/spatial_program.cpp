#include "hw/spatial/cycle/spatial_program.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "hw/cycle/pass_stream.h"
#include "hw/cycle/vector_stream.h"
#include "hw/vector_work.h"

namespace cairn::hw::cycle {
namespace {

/// Units of the array.
constexpr std::uint16_t kLoad = 0;
constexpr std::uint16_t kInputs = 1;
constexpr std::uint16_t kSums = 2;
constexpr std::uint16_t kArray = 3;
constexpr std::uint16_t kVector = 4;
constexpr std::uint16_t kStore = 5;

/// The loops around the outermost level, as passes.
PassNest passes_of(const SpatialArray& array, const SpatialArray::Solution& solution,
                   std::span<const ResolvedMemory> memories, AddressMap& map) {
  const NestMachine& machine = solution.machine;
  const LoopNest& nest = solution.result.nest;
  const SpatialCost& cost = solution.result.cost;
  const LoopProblem& problem = solution.problem;
  const std::size_t top = machine.levels - 1;
  PassNest passes;
  const std::array<PassTensor*, kOperands> tensors{&passes.weights, &passes.inputs,
                                                   &passes.outputs};
  // Outermost first.
  for (std::size_t i = kLoops; i-- > 0;) {
    const Loop loop = nest.order[top][i];
    const std::int64_t tile = nest.spread(top, index(loop));
    const std::size_t place = passes.trips.size();
    passes.trips.push_back((problem.of(loop) + tile - 1) / tile);
    for (std::size_t t = 0; t < kOperands; ++t) {
      tensors[t]->walks |= walks(static_cast<Operand>(t), loop) ? 1U << place : 0U;
    }
  }
  const NestLevel& level = machine.level[top];
  const std::int64_t places = top_places(machine, problem, nest);
  for (std::size_t t = 0; t < kOperands; ++t) {
    tensors[t]->held = level.kept[t];
    tensors[t]->places = !level.kept[t] || level.prefetch[t] || top == 0 ? places : 1;
    tensors[t]->memory =
        level.kept[t] ? memory_index(memories, array.memory_of(top, level.slot[t])) : -1;
  }
  const double finished =
      problem.products() /
      static_cast<double>(problem.of(Loop::c) * problem.of(Loop::r) * problem.of(Loop::s)) *
      problem.output_share * problem.backing_bits[index(Operand::outputs)];
  passes.finished_bits = std::min(finished, cost.dram_write_bits);
  passes.spilled_bits = cost.dram_write_bits - passes.finished_bits;
  passes.epilogue_bits = problem.epilogue_read_bits;
  passes.weights.load_bits = cost.weight_bits;
  passes.inputs.load_bits = std::max(
      0.0, cost.dram_read_bits - cost.weight_bits - passes.spilled_bits - passes.epilogue_bits);
  passes.work_s = std::max({cost.array_s, cost.port_s, cost.decode_s});
  passes.vector_s = cost.vector_s;
  passes.weights.address = map.place(passes.weights.load_bits);
  passes.inputs.address = map.place(passes.inputs.load_bits);
  passes.outputs.address = map.place(cost.dram_write_bits);
  return passes;
}

}  // namespace

DeviceUnits units_of(const SpatialArray& /*array*/, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits all;
  for (const auto& [name, moves] : {std::pair{"load weights", true},
                                    {"load inputs", true},
                                    {"load sums", true},
                                    {"array", false},
                                    {"vector unit", false},
                                    {"store", true}}) {
    all.units.push_back({.name = name, .moves_data = moves, .outstanding_bits = 0, .engine = {}});
  }
  return all;
}

ProgramOrRefusal program_of(const SpatialArray& array, const GroupView& group,
                            const OperatorCost& closed_form,
                            std::span<const ResolvedMemory> memories) {
  const models::Shape& shape = group.anchor->shape;
  const std::int32_t backing = memory_index(memories, array.backing().name);
  const NestMachine& machine = array.machine();
  Program program;
  program.activities = pass_activities();
  AddressMap map;
  if (!std::holds_alternative<models::MatMul>(shape) &&
      !std::holds_alternative<models::Convolution>(shape) &&
      !std::holds_alternative<models::Attention>(shape)) {
    auto operations = static_cast<double>(vector_operations(shape));
    for (const models::Operator* follower : group.followers) {
      operations += static_cast<double>(vector_operations(follower->shape));
    }
    const VectorWork work{.read_bits = closed_form.dram_read_bits,
                          .write_bits = closed_form.dram_write_bits,
                          .operations = operations,
                          .rate = machine.vector_rate,
                          .setup_s = machine.overhead_s};
    const std::uint64_t from = map.place(work.read_bits);
    const std::uint64_t to = map.place(work.write_bits);
    const VectorUnits units{.load = kInputs,
                            .vector = kVector,
                            .store = kStore,
                            .load_activity = 1,
                            .vector_activity = 4,
                            .store_activity = 5};
    program.streams.push_back(std::make_unique<VectorStream>(work, from, to, units, backing, -1));
    return program;
  }
  auto phases = array.phases_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&phases)) {
    return std::move(*wrong);
  }
  const auto& found = std::get<SpatialArray::Phases>(phases);
  std::vector<PassNest> nests;
  for (const SpatialArray::Solution& solution : found.nests) {
    nests.push_back(passes_of(array, solution, memories, map));
  }
  nests.front().setup_s = machine.overhead_s;
  nests.back().before_bits = found.score_bits;
  program.laps = PassStream::laps_of(nests);
  program.streams.push_back(std::make_unique<PassStream>(std::move(nests), backing,
                                                         PassUnits{.load = kLoad,
                                                                   .inputs = kInputs,
                                                                   .sums = kSums,
                                                                   .compute = kArray,
                                                                   .vector = kVector,
                                                                   .store = kStore}));
  return program;
}

}  // namespace cairn::hw::cycle
