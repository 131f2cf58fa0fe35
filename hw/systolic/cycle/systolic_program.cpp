#include "hw/systolic/cycle/systolic_program.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "hw/systolic/cycle/gemm_stream.h"
#include "hw/vector_work.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::uint16_t kUnitsOfCore = 4;
constexpr double kBitsPerByte = 8;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

CoreUnits units_of_core(std::int64_t core) {
  const auto first = static_cast<std::uint16_t>(core * kUnitsOfCore);
  return {.load = first,
          .array = static_cast<std::uint16_t>(first + 1),
          .vector = static_cast<std::uint16_t>(first + 2),
          .store = static_cast<std::uint16_t>(first + 3)};
}

CoreMemories memories_of(const SystolicArray& array, std::span<const ResolvedMemory> memories) {
  const SystolicArraySpec& spec = array.spec();
  return {.backing = memory_index(memories, spec.backing),
          .local = {memory_index(memories, spec.weights_from),
                    memory_index(memories, spec.activations_from),
                    memory_index(memories, spec.outputs_to)}};
}

/// What a group without products moves and does, of one core.
struct VectorWork {
  double read_bits{};
  double write_bits{};
  double operations{};
  double rate{};
  double setup_s{};
};

/// Chunks pass through the vector unit: loaded, worked on, stored, each behind the one before.
class VectorStream final : public Stream {
 public:
  VectorStream(const VectorWork& work, std::uint64_t from, std::uint64_t to, const CoreUnits& units,
               const CoreMemories& memories)
      : work_(work), from_(from), to_(to), units_(units), memories_(memories) {
    constexpr double kMostChunks = 256;
    constexpr double kLeastBits = 8 * 1024;  // a chunk keeps the channel busy for some bursts
    const double bits = std::max(work.read_bits, work.write_bits);
    chunks_ =
        static_cast<std::int64_t>(std::clamp(std::floor(bits / kLeastBits), 1.0, kMostChunks));
  }

  bool next(Task& task) override {
    if (at_ == 3 * chunks_) {
      return false;
    }
    const std::int64_t chunk = at_ / 3;
    switch (at_++ % 3) {
      case 0:
        task.kind = TaskKind::transfer;
        task.unit = units_.load;
        task.activity = static_cast<std::uint16_t>(SystolicActivity::load_inputs);
        task.duration = chunk == 0 ? to_femtoseconds(work_.setup_s) : 0;
        task.transfer = part(from_, work_.read_bits, chunk, false);
        task.local.at(0) = {.memory = memories_.local[1], .bits = share(work_.read_bits)};
        task.after.at(0) = chunk < kBuffers ? 0 : 3 * kBuffers - 1;  // the vector task before it
        break;
      case 1:
        task.unit = units_.vector;
        task.activity = static_cast<std::uint16_t>(SystolicActivity::vector);
        task.duration = to_femtoseconds(share(work_.operations) / work_.rate);
        task.after.at(0) = 1;
        task.after.at(1) = chunk < kBuffers ? 0 : 3 * kBuffers - 1;  // the store before it
        break;
      default:
        task.kind = TaskKind::transfer;
        task.unit = units_.store;
        task.activity = static_cast<std::uint16_t>(SystolicActivity::store);
        task.transfer = part(to_, work_.write_bits, chunk, true);
        task.local.at(0) = {.memory = memories_.local[1], .bits = share(work_.write_bits)};
        task.after.at(0) = 1;
    }
    return true;
  }

 private:
  static constexpr std::uint32_t kBuffers = 4;
  [[nodiscard]] double share(double whole) const { return whole / to_real(chunks_); }
  [[nodiscard]] Transfer part(std::uint64_t base, double bits, std::int64_t chunk,
                              bool write) const {
    const auto edge = [&](std::int64_t at) {
      return static_cast<std::uint64_t>(
          std::ceil(bits / kBitsPerByte * to_real(at) / to_real(chunks_) * (1 - 1e-12)));
    };
    return {.memory = memories_.backing,
            .write = write,
            .address = base + edge(chunk),
            .bytes = edge(chunk + 1) - edge(chunk)};
  }

  VectorWork work_;
  std::uint64_t from_{};
  std::uint64_t to_{};
  CoreUnits units_;
  CoreMemories memories_;
  std::int64_t chunks_{1};
  std::int64_t at_{};
};

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
  program.activities = kSystolicActivities;
  AddressMap map;
  for (std::int64_t core = 0; core < cores; ++core) {
    const std::uint64_t from = map.place(work.read_bits);
    const std::uint64_t to = map.place(work.write_bits);
    program.streams.push_back(
        std::make_unique<VectorStream>(work, from, to, units_of_core(core), memories));
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
    for (const auto& [name, moves] :
         {std::pair{"load", true}, {"array", false}, {"vector unit", false}, {"store", true}}) {
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
  program.activities = kSystolicActivities;
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
