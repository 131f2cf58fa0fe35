#include "hw/mcu/cycle/mcu_program.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/mcu/cycle/bank_conflicts.h"
#include "hw/mcu/cycle/mcu_streams.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;
constexpr double kBitsPerWord = 32;

McuMemory memory_of(std::span<const ResolvedMemory> memories, const std::string& name) {
  const std::int32_t index = memory_index(memories, name);
  CAIRN_CHECK(index >= 0, "a microcontroller names a memory that does not exist");
  const ResolvedMemory& memory = memories[static_cast<std::size_t>(index)];
  const bool limits = std::isfinite(memory.bandwidth) && memory.bandwidth > 0;
  return {.index = index,
          .latency_s = memory.latency_s,
          .seconds_per_bit = limits ? 1.0 / memory.bandwidth : 0.0};
}

/// The same device whose loads and stores wait \p cycles for a bank.
Mcu with_bank_wait(const Mcu& mcu, double cycles, std::span<const ResolvedMemory> memories) {
  McuSpec spec = mcu.spec();
  spec.cluster->bank_conflicts = cycles;
  return {spec, DeviceContext{.memories = memories}};
}

/// The kernels of \p op as bank conflicts slow them down.
void play_conflicts(const Mcu& mcu, const models::Operator& op, McuPlan& plan,
                    std::span<const ResolvedMemory> memories) {
  // Cycles are linear in the wait, so two prices tell how many accesses there are.
  const auto cycles = [&](double wait) {
    return with_bank_wait(mcu, wait, memories).plan_of(op)->cores.total();
  };
  const double free = cycles(0);
  const double accesses = cycles(1) - free;
  if (free <= 0) {
    return;
  }
  const double words = plan.tiled.bits() / kBitsPerWord / std::max(1.0, free);
  const double most = mcu.transport().bits_per_cycle / kBitsPerWord;
  const double wait = bank_wait({.banks = *mcu.spec().cluster->banks,
                                 .cores = mcu.spec().cluster->cores,
                                 .accesses = std::min(1.0, accesses / free),
                                 .dma_words = std::min(words, most)});
  plan.kernels = with_bank_wait(mcu, wait, memories).plan_of(op)->kernels;
}

/// Whether every tile takes every core the same time and moves as many bytes.
bool even(const McuJob& job, std::int64_t cores) {
  const McuPlan& plan = job.plan;
  const auto whole = [&](double bits) {
    const double bytes = bits / kBitsPerByte * static_cast<double>(plan.tile.rounds) /
                         static_cast<double>(plan.tiled.rounds * plan.tile.parts);
    return bytes == std::floor(bytes);
  };
  if (!whole(job.input_bits) || !whole(plan.weight_bits) || !whole(plan.stored_bits)) {
    return false;
  }
  const std::span<const KernelBlocks> kernels = plan.used();
  return plan.on_unit ||
         std::all_of(kernels.begin(), kernels.end(), [&](const KernelBlocks& blocks) {
           return blocks.count() % cores == 0 && blocks.pixels % blocks.block_pixels == 0 &&
                  blocks.filters % blocks.block_filters == 0;
         });
}

}  // namespace

DeviceUnits units_of(const Mcu& mcu, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits device;
  if (!mcu.spec().cluster) {
    device.units = {{.name = "core", .moves_data = false, .outstanding_bits = 0},
                    {.name = "flash port", .moves_data = true, .outstanding_bits = 0}};
    return device;
  }
  for (std::int64_t core = 0; core < mcu.spec().cluster->cores; ++core) {
    device.units.push_back(
        {.name = fmt::format("core {}", core), .moves_data = false, .outstanding_bits = 0});
  }
  device.units.push_back({.name = "DMA", .moves_data = true, .outstanding_bits = 0});
  if (mcu.spec().engine) {
    device.units.push_back(
        {.name = "convolution unit", .moves_data = false, .outstanding_bits = 0});
  }
  return device;
}

ProgramOrRefusal program_of(const Mcu& mcu, const GroupView& group,
                            const OperatorCost& /*closed_form*/,
                            std::span<const ResolvedMemory> memories) {
  const McuSpec& spec = mcu.spec();
  auto work = std::make_shared<McuWork>();
  work->machine = mcu.machine();
  work->transport = mcu.transport();
  work->clock = mcu.clock();
  work->flash = memory_of(memories, spec.flash.memory);
  work->main = memory_of(memories, spec.sram);
  work->cores = spec.cluster ? spec.cluster->cores : 1;
  work->mover = static_cast<std::uint16_t>(work->cores);
  work->convolution_unit = static_cast<std::uint16_t>(work->cores + 1);
  if (spec.cluster) {
    work->scratchpad = memory_index(memories, spec.cluster->scratchpad);
  }
  AddressMap in_flash;
  AddressMap in_main;
  const bool one_memory = work->flash.index == work->main.index;
  const auto add = [&](const models::Operator& op) {
    std::optional<McuPlan> plan = mcu.plan_of(op);
    CAIRN_CHECK(plan.has_value(), "a group that has a price has kernels");
    if (spec.cluster && spec.cluster->banks && !plan->on_unit) {
      play_conflicts(mcu, op, *plan, memories);
    }
    McuJob job{.plan = *plan};
    job.input_bits = plan->fetched_bits - plan->weight_bits;
    AddressMap& activations = one_memory ? in_flash : in_main;
    job.weights = in_flash.place(plan->weight_bits);
    job.inputs = activations.place(spec.cluster ? job.input_bits : 0.0);
    job.outputs = activations.place(plan->stored_bits);
    work->jobs.push_back(job);
  };
  add(*group.anchor);
  for (const models::Operator* follower : group.followers) {
    if (!mcu.is_free(*follower)) {
      add(*follower);
    }
  }
  Program program;
  program.activities = {"overhead",  "compute",    "wait for flash", "set up",
                        "load tile", "store tile", "convolve",       "meet"};
  if (!spec.cluster) {
    program.streams.push_back(single_core_stream(std::move(work)));
    return program;
  }
  constexpr std::int64_t kWorthLaps = 64;
  for (std::size_t j = 0; j < work->jobs.size(); ++j) {
    const McuPlan& plan = work->jobs[j].plan;
    // Beside the last tile but one only the rest is loaded: that one is no repetition either.
    const std::int64_t laps = tiles_of(plan) - 2;
    if (laps > std::max(kWorthLaps, program.laps) && even(work->jobs[j], work->cores)) {
      program.laps = laps;
      work->repeating = j;
    }
  }
  for (std::int64_t core = 0; core < work->cores; ++core) {
    program.streams.push_back(cluster_stream(work, core));
  }
  return program;
}

}  // namespace cairn::hw::cycle
