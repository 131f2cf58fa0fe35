/// \file
/// The streams of a microcontroller's program. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/mcu/cycle/core_share.h"
#include "hw/mcu/cycle/flash_lines.h"
#include "hw/mcu/mcu.h"

namespace cairn::hw::cycle {

/// Names of slices: index of Program::activities.
enum class McuActivity : std::uint16_t {
  overhead,
  compute,
  wait_for_flash,
  set_up,
  load,
  store,
  convolve,
  meet
};

/// A main memory as a transfer reaches it.
struct McuMemory {
  std::int32_t index{-1};
  double latency_s{};
  double seconds_per_bit{};  ///< 0: never limits
};

/// One operator: its plan, and where its tensors lie.
struct McuJob {
  McuPlan plan;
  std::uint64_t weights{};
  std::uint64_t inputs{};
  std::uint64_t outputs{};
  double input_bits{};
};

/// What all streams of a program share.
struct McuWork {
  std::vector<McuJob> jobs;
  std::size_t repeating{~std::size_t{0}};  ///< the job whose tiles are laps
  McuMachine machine;
  TileTransport transport;
  std::int64_t cores{1};
  double clock{};
  McuMemory flash;  ///< of weights
  McuMemory main;   ///< of activations, in a cluster
  std::int32_t scratchpad{-1};
  std::uint16_t mover{};  ///< unit: flash port, or DMA engine
  std::uint16_t convolution_unit{};
};

/// One core that waits for its flash.
[[nodiscard]] std::unique_ptr<Stream> single_core_stream(std::shared_ptr<const McuWork> work);
/// Core \p core of a cluster.
[[nodiscard]] std::unique_ptr<Stream> cluster_stream(std::shared_ptr<const McuWork> work,
                                                     std::int64_t core);
/// Tiles of \p plan.
[[nodiscard]] inline std::int64_t tiles_of(const McuPlan& plan) {
  return plan.tile.tiles(plan.tiled.rounds);
}

}  // namespace cairn::hw::cycle
